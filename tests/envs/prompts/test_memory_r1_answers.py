from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.prompts.memory_r1 import MemoryR1AnswerFormat
from memdojo.envs.prompts.protocol import AnswerDecision, AnswerView, ParseErrorKind
from memdojo.envs.types import MemoryEntry

ENTRIES = (
    MemoryEntry(4, "turn", "Ann moved\nto Boston.", datetime(2023, 5, 1), 0, 0, ("t0",)),
    MemoryEntry(9, "turn", "Bob paints.", None, 1, 1, ("t1",)),
)
VIEW = AnswerView("Where does\nAnn live?", datetime(2023, 6, 2), ENTRIES)
FORMAT = MemoryR1AnswerFormat()


def test_memories_are_numbered_as_they_are_shown_with_their_dates() -> None:
    assert FORMAT.render(VIEW) == (
        "Notes:\n1. [2023-05-01] Ann moved to Boston.\n2. Bob paints.\n\n"
        "Question (asked on 2023-06-02): Where does Ann live?"
    )
    assert FORMAT.render(AnswerView("Who?", None, ())) == "Notes:\n(none)\n\nQuestion: Who?"
    assert FORMAT.render(AnswerView(None, None, ENTRIES)) == "END"
    system, user = FORMAT.messages(VIEW)
    assert (system.role, user.role, user.content) == ("system", "user", FORMAT.render(VIEW))
    assert "at most five words" in system.content


@pytest.mark.parametrize(
    ("completion", "useful", "answer"),
    [
        ("**Memories:** 1\n**Answer:** Boston", (4,), "Boston"),
        ("**Memories:** 2 ,1\n\n**Answer:**\n  in   Boston \n", (9, 4), "in Boston"),
        ("Ann moved, so 1 it is.\n**Memories:** 1 **Answer:** Boston", (4,), "Boston"),
        ("**Memories:** none\n**Answer:** Paris", (), "Paris"),
    ],
)
def test_the_selected_memories_and_the_answer_are_read(
    completion: str, useful: tuple[int, ...], answer: str
) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert parsed.errors == ()
    assert parsed.decision == AnswerDecision(useful, answer)


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("", ParseErrorKind.EMPTY),
        ("Boston", ParseErrorKind.MISSING_LINE),
        ("**Memories:** 1\nBoston", ParseErrorKind.MISSING_LINE),
        ("**Answer:** Boston", ParseErrorKind.MISSING_LINE),
        ("**Answer:** Boston **Memories:** 1", ParseErrorKind.MISSING_LINE),
        ("**Memories:** 1\n**Answer:** Boston\n**Answer:** Paris", ParseErrorKind.DUPLICATE),
        ("**Memories:** 1\n**Answer:** ", ParseErrorKind.MISSING_TEXT),
        ("**Memories:** 1\n**Answer:** Boston\nor Paris", ParseErrorKind.EXTRA_TEXT),
        ("**Memories:** the first\n**Answer:** Boston", ParseErrorKind.NOT_A_NUMBER),
        ("**Memories:** 0\n**Answer:** Boston", ParseErrorKind.NOT_A_NUMBER),
        ("**Memories:**\n**Answer:** Boston", ParseErrorKind.NOT_A_NUMBER),
        ("**Memories:** 3\n**Answer:** Boston", ParseErrorKind.OUT_OF_RANGE),
        ("**Memories:** 1, 1\n**Answer:** Boston", ParseErrorKind.DUPLICATE),
        ("**Memories:** 1\n**Answer:** Bos\ud800ton", ParseErrorKind.NOT_UNICODE),
    ],
)
def test_what_is_malformed_is_one_error_and_no_answer(completion: str, kind: ParseErrorKind) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert [error.kind for error in parsed.errors] == [kind]
    assert parsed.decision == AnswerDecision((), "")


def test_what_is_written_is_read_back() -> None:
    for decision in (AnswerDecision((9, 4), "two cats"), AnswerDecision((), "Paris")):
        assert FORMAT.parse(FORMAT.write(decision, VIEW), VIEW).decision == decision
    with pytest.raises(ValueError, match="entry 7 is not among the 2 entries shown"):
        FORMAT.write(AnswerDecision((7,), "Boston"), VIEW)
    with pytest.raises(ValueError, match="the answer is empty"):
        FORMAT.write(AnswerDecision((4,), " "), VIEW)


def test_its_examples_parse() -> None:
    assert all(FORMAT.parse(example, VIEW).errors == () for example in FORMAT.examples)


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    parsed = FORMAT.parse(text, VIEW)
    assert bool(parsed.errors) == (parsed.decision == AnswerDecision((), ""))
