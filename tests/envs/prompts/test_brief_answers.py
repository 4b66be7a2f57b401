from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.prompts.brief import BriefAnswerFormat
from memdojo.envs.prompts.protocol import AnswerDecision, AnswerView, ParseErrorKind
from memdojo.envs.types import MemoryEntry

ENTRIES = (
    MemoryEntry(9, "turn", "Ann: I paint\nat night.", datetime(2023, 5, 1), 0, 0, ("t0",)),
    MemoryEntry(4, "turn", "Ann: My dog is called Oscar.", None, 1, 1, ("t1",)),
)
VIEW = AnswerView("What is Ann's dog called?", None, ENTRIES)
FORMAT = BriefAnswerFormat()


def test_the_question_stands_before_the_numbered_entries() -> None:
    text = (
        "QUESTION What is Ann's dog called?\nMEMORY\n1 Ann: I paint at night.\n2 Ann: My dog is called Oscar."
    )
    assert FORMAT.render(VIEW) == text
    assert FORMAT.render(AnswerView(None, None, ENTRIES)) == "END"
    (message,) = FORMAT.messages(VIEW)
    assert (message.role, message.content) == ("user", text)


def test_the_answer_is_what_the_reader_makes_of_the_marked_entries() -> None:
    assert FORMAT.parse("01", VIEW).decision == AnswerDecision((4,), "Oscar")
    assert FORMAT.parse(" 11\n", VIEW).decision == AnswerDecision((9, 4), "Oscar")
    # A missing mark leaves out, and one too many means nothing.
    assert FORMAT.parse("1", VIEW).decision.useful == (9,)
    assert FORMAT.parse("0111", VIEW).decision == AnswerDecision((4,), "Oscar")
    nothing = FORMAT.parse("00", VIEW)
    assert (nothing.errors, nothing.decision.useful) == ((), ())
    assert "Oscar" not in nothing.decision.answer


def test_an_empty_memory_has_one_mark() -> None:
    empty = AnswerView("Who?", None, ())
    assert FORMAT.write(AnswerDecision((), "x"), empty) == "0"
    for marks in "01":
        parsed = FORMAT.parse(marks, empty)
        assert (parsed.errors, parsed.decision.useful) == ((), ())


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("", ParseErrorKind.EMPTY),
        ("Oscar", ParseErrorKind.NOT_A_NUMBER),
        ("0 1", ParseErrorKind.NOT_A_NUMBER),
        ("02", ParseErrorKind.NOT_A_NUMBER),
        ("\ud800", ParseErrorKind.NOT_A_NUMBER),
    ],
)
def test_anything_but_marks_is_one_error_and_no_answer(completion: str, kind: ParseErrorKind) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert [error.kind for error in parsed.errors] == [kind]
    assert parsed.decision == AnswerDecision((), "")


def test_what_is_written_marks_the_same_entries() -> None:
    for useful in ((4,), (9, 4), ()):
        written = FORMAT.write(AnswerDecision(useful, "whatever"), VIEW)
        assert FORMAT.parse(written, VIEW).decision.useful == useful
    with pytest.raises(ValueError, match="entry 7 is not among the 2 entries shown"):
        FORMAT.write(AnswerDecision((7,), "Oscar"), VIEW)


def test_its_examples_parse() -> None:
    assert all(FORMAT.parse(example, VIEW).errors == () for example in FORMAT.examples)


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    assert len(FORMAT.parse(text, VIEW).errors) <= 1
