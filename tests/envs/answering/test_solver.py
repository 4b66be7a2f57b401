from memdojo.envs.answering import AnswerRequest, ExtractiveAnswerer
from memdojo.envs.answering.solver import answer_key, case_told, edited_answer, solve
from memdojo.envs.streams.cases import Case, Verdict, case_text

OPTIONS = ("A", "B", "C")


def told(answer: str, verdict: Verdict = Verdict.RIGHT, text: str = "Sort the red box.") -> str:
    return "Report: " + case_text(Case(text, answer, verdict))


def test_the_majority_of_the_cases_decides_and_the_first_of_two() -> None:
    assert solve("Sort the red box.", OPTIONS, [told("A"), told("B"), told("b ")]) == "B"
    assert solve("Sort the red box.", OPTIONS, [told("C"), told("B")]) == "C"


def test_a_wrong_answer_votes_against_itself() -> None:
    against = [told("A", Verdict.WRONG), told("B", Verdict.WRONG)]

    assert solve("Sort the red box.", OPTIONS, against) == "C"
    assert solve("Sort the red box.", OPTIONS, [told("A", Verdict.WRONG), told("A"), told("A")]) == "A"


def test_without_cases_an_option_is_taken_whatever_their_order() -> None:
    guesses = {solve(f"Sort box {number}.", OPTIONS, []) for number in range(30)}

    assert guesses == set(OPTIONS)
    assert solve("Sort the red box.", (), []) == ""


def test_votes_for_what_is_no_option_count_nothing() -> None:
    assert solve("Sort the red box.", ("A", "B"), [told("Z"), told("B")]) == "B"
    assert solve("Sort the red box.", ("A", "B"), ["Ann: it goes to Z", told("B")]) == "B"


def test_an_answer_is_edited_where_the_tasks_differ() -> None:
    case = Case("Book 3 lamps for Ann.", "book(item=lamps, count=3)", Verdict.RIGHT)

    assert edited_answer(case, "Book 5 chairs for Bob.") == "book(item=chairs, count=5)"
    assert edited_answer(case, "Book 3 lamps for Ann.") == case.answer
    # Two words in the place of one: nobody says which of them it is.
    assert edited_answer(case, "Book 3 desk lights for Ann.") == case.answer


def test_an_option_is_not_edited_where_its_words_stand_in_texts() -> None:
    case = told("weather", text="tell me the weather in Rome")

    assert solve("tell me the news in Rome", ("news", "weather"), [case]) == "weather"


def test_the_extractive_reader_solves_tasks() -> None:
    request = AnswerRequest("Book 5 chairs.", (told("book(3, lamps)", text="Book 3 lamps."),), options=())

    assert ExtractiveAnswerer().answer([request])[0].text == "book(5, chairs)"


def test_a_case_is_told_without_what_stands_in_front_of_it() -> None:
    case = Case("Sort the red box.", "A", Verdict.GIVEN)
    assert case_told(f"[2024-05-01] Report: {case_text(case)}") == case
    assert case_told("Report: Sort the red box.") is None
    assert answer_key(" North \n Pole") == answer_key("north pole")
