import pytest

from memdojo.envs.streams.cases import Case, Verdict, case_text, read_case


@pytest.mark.parametrize("verdict", Verdict)
def test_a_case_is_read_back_from_its_text(verdict: Verdict) -> None:
    case = Case("Sort the red box.", "shelf B", verdict)

    assert read_case(case_text(case)) == case
    assert read_case(" ".join(case_text(case).split())) == case


def test_the_last_lines_count_where_a_task_has_such_lines_itself() -> None:
    text = case_text(Case("Do it.\nANSWER: no\nVERDICT: right", "yes", Verdict.WRONG))

    case = read_case(text)

    assert case is not None
    assert (case.answer, case.verdict) == ("yes", Verdict.WRONG)


@pytest.mark.parametrize("text", ["", "Ann: I moved.", "Do it. ANSWER: yes", "ANSWER: a VERDICT: maybe"])
def test_other_texts_tell_no_case(text: str) -> None:
    assert read_case(text) is None
