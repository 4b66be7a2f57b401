from __future__ import annotations

import dataclasses
import pickle
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.prompts.memsifter import BriefRankingFormat, MemSifterFormat
from memdojo.envs.prompts.protocol import ParseErrorKind, RankingView, showing
from memdojo.envs.types import MemoryEntry

SESSIONS = tuple(
    MemoryEntry(id, "session", text, time, 0, 0, ())
    for id, text, time in (
        (4, "Ann: I moved\nAnn: to Boston.", datetime(2023, 5, 8, 14, 30)),
        (7, "Bob: My dog is called Oscar.", datetime(2023, 6, 1)),
        (9, "Ann: I paint.", None),
    )
)
VIEW = RankingView("Where does Ann\nlive?", datetime(2023, 7, 1), SESSIONS, 2)
FORMAT, BRIEF = MemSifterFormat(), BriefRankingFormat()


def many(number: int, top_k: int = 10) -> RankingView:
    entries = tuple(MemoryEntry(10 * n, "session", f"Ann: {n}", None, 0, 0, ()) for n in range(1, number + 1))
    return RankingView("What?", None, entries, top_k)


def kinds(completion: str, view: RankingView = VIEW) -> list[ParseErrorKind]:
    parsed = FORMAT.parse(completion, view)
    if parsed.errors:
        assert parsed.decision == ()
    return [error.kind for error in parsed.errors]


def test_sessions_are_numbered_and_dated_and_the_question_asks_for_a_number_of_them() -> None:
    assert FORMAT.render(VIEW) == (
        "SESSION 1 [2023-05-08]\nAnn: I moved\nAnn: to Boston.\n\n"
        "SESSION 2 [2023-06-01]\nBob: My dog is called Oscar.\n\n"
        "SESSION 3\nAnn: I paint.\n\n"
        "QUESTION [2023-07-01] Where does Ann live?\nRANK exactly 2 of the 3 sessions"
    )
    assert "RANK exactly 3 of the 3 sessions" in FORMAT.render(dataclasses.replace(VIEW, top_k=10))
    assert FORMAT.render(RankingView(None, None, (), 2)) == BRIEF.render(RankingView(None, None, (), 2))


def test_the_brief_format_has_the_question_first_and_no_instructions() -> None:
    (message,) = BRIEF.messages(VIEW)
    assert message.content == (
        "QUESTION Where does Ann live?\n1\nAnn: I moved\nAnn: to Boston.\n2\nBob: My dog is called Oscar.\n"
        "3\nAnn: I paint.\nCHOOSE 2"
    )
    assert BRIEF.parse("3,1", VIEW).decision == (9, 4)
    assert BRIEF.parse("3,1", VIEW).errors == ()
    assert [error.kind for error in BRIEF.parse("3", VIEW).errors] == [ParseErrorKind.TOO_FEW]


@pytest.mark.parametrize(
    "completion",
    [
        "<ranking>3,1</ranking>",
        "<think>Boston?</think><ranking>3,1</ranking>",
        # A template that opens the thoughts itself leaves their end.
        "Boston?\n</think>\n\n<ranking> 3 , 1 </ranking>",
        # What stands in the thoughts is worth nothing.
        "<think>First <ranking>1,2</ranking>, no.</think><ranking>3,1</ranking>",
        # What was given before is passed over.
        "<ranking>3,3,1,3</ranking>",
    ],
)
def test_a_ranking_stands_behind_the_thoughts_if_there_are_any(completion: str) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert (parsed.decision, parsed.errors) == ((9, 4), ())


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("", ParseErrorKind.MISSING_LINE),
        ("3,1", ParseErrorKind.MISSING_LINE),
        ("<think>endless", ParseErrorKind.MISSING_LINE),
        ("<think>endless <ranking>3,1</ranking>", ParseErrorKind.MISSING_LINE),
        ("<ranking>3,1</ranking></think>", ParseErrorKind.MISSING_LINE),
        ("<ranking>3,1</ranking><ranking>1,2</ranking>", ParseErrorKind.DUPLICATE),
        ("<ranking></ranking>", ParseErrorKind.NOT_A_NUMBER),
        ("<ranking>3,one</ranking>", ParseErrorKind.NOT_A_NUMBER),
        ("<ranking>3,1.0</ranking>", ParseErrorKind.NOT_A_NUMBER),
        ("<ranking>3 1</ranking>", ParseErrorKind.NOT_A_NUMBER),
        ("<ranking>3,\u0661</ranking>", ParseErrorKind.NOT_A_NUMBER),
        ("<ranking>3,4</ranking>", ParseErrorKind.OUT_OF_RANGE),
        ("<ranking>0,1</ranking>", ParseErrorKind.OUT_OF_RANGE),
        ("<ranking>-1,1</ranking>", ParseErrorKind.OUT_OF_RANGE),
        ("<ranking>3</ranking>", ParseErrorKind.TOO_FEW),
        ("<ranking>3,3</ranking>", ParseErrorKind.TOO_FEW),
        ("<ranking>3,1,2</ranking>", ParseErrorKind.TOO_MANY),
    ],
)
def test_whatever_is_no_such_ranking_is_malformed_as_a_whole(completion: str, kind: ParseErrorKind) -> None:
    assert kinds(completion) == [kind]


def test_exactly_ten_of_many_sessions_or_all_of_few() -> None:
    ten, eleven = ",".join(map(str, range(1, 11))), ",".join(map(str, range(1, 12)))
    assert kinds(f"<ranking>{ten}</ranking>", many(30)) == []
    assert kinds(f"<ranking>{eleven}</ranking>", many(30)) == [ParseErrorKind.TOO_MANY]
    assert kinds("<ranking>1,2,3</ranking>", many(3)) == []
    assert kinds("<ranking>1,2</ranking>", many(3)) == [ParseErrorKind.TOO_FEW]


@given(st.permutations(range(1, 13)), st.integers(1, 12), st.integers(1, 12))
def test_what_is_written_is_parsed_and_begins_with_what_was_meant(
    order: list[int], top_k: int, length: int
) -> None:
    view = many(12, top_k)
    ranking = tuple(10 * number for number in order[: min(length, top_k)])
    for format in (FORMAT, BRIEF):
        parsed = format.parse(format.write(ranking, view), view)
        assert parsed.errors == ()
        assert parsed.decision[: len(ranking)] == ranking
        assert len(parsed.decision) == top_k


def test_a_short_ranking_is_filled_up_with_the_latest() -> None:
    assert FORMAT.write((10,), many(5, 3)) == "<ranking>1,5,4</ranking>"


@pytest.mark.parametrize("ranking", [(4, 4), (4, 7, 9), (5,)])
def test_a_ranking_without_words_cannot_be_written(ranking: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"ranking|not in list"):
        FORMAT.write(ranking, VIEW)


def test_a_shorter_prompt_keeps_those_that_stay_and_numbers_them_anew() -> None:
    view = dataclasses.replace(VIEW, staying=(4, 9, 7))
    assert [entry.id for entry in showing(view, 2).candidates] == [4, 9]
    assert [entry.id for entry in showing(view, 1).candidates] == [4]
    # Without an order those that were said first go first.
    assert [entry.id for entry in showing(VIEW, 2).candidates] == [7, 9]
    assert FORMAT.parse("<ranking>2,1</ranking>", showing(view, 2)).decision == (9, 4)


def test_the_order_in_which_candidates_would_go_is_never_shown() -> None:
    for format in (FORMAT, BRIEF):
        assert format.messages(dataclasses.replace(VIEW, staying=(9, 7, 4))) == format.messages(VIEW)


def test_the_formats_pickle_and_their_examples_parse() -> None:
    for format in (FORMAT, BRIEF):
        assert pickle.loads(pickle.dumps(format)).render(VIEW) == format.render(VIEW)
        for example in format.examples:
            assert format.parse(example, many(3, 3)).errors == ()
