from __future__ import annotations

import pickle
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from memdojo.envs.prompts.protocol import (
    MAX_FRAGMENT_CHARACTERS,
    AnswerDecision,
    AnswerView,
    ManagerView,
    ParseErrorKind,
    RankingView,
    source_turns,
)
from memdojo.envs.types import Add, Capacity, Chunk, Delete, MemoryEntry, Noop, Operation, Turn, Update

TIME = datetime(2023, 5, 8, 14, 30)
CHUNK = Chunk(
    3,
    (
        Turn("t1", "Ann", "I moved to Boston.", TIME),
        Turn("t2", "Bob", "My dog is called Oscar.", TIME.replace(minute=31)),
    ),
    "session 1",
    TIME,
)
ENTRIES = (
    MemoryEntry(4, "fact", "Bob likes\ntea", None, 0, 0, ("t0",)),
    MemoryEntry(9, "fact", "Ann paints", datetime(2023, 5, 1), 1, 1, ("t0",)),
)
VIEW = ManagerView(CHUNK, ENTRIES, Capacity(max_entries=5), 6)
RANKING = RankingView("Where is Ann?", None, ENTRIES, 5)
ANSWER = AnswerView("Where is Ann?", TIME, ENTRIES)
FORMAT = PlainFormat()


def kinds(completion: str) -> list[ParseErrorKind]:
    return [error.kind for error in FORMAT.parse(completion, VIEW).errors]


def test_a_manager_sees_the_memory_then_what_is_new() -> None:
    assert FORMAT.render(VIEW) == (
        "MEMORY 2/5 entries\n"
        "[4] Bob likes tea\n"
        "[9] [2023-05-01] Ann paints\n"
        "NEW 2023-05-08\n"
        "Ann: I moved to Boston.\n"
        "Bob: My dog is called Oscar."
    )


def test_a_limit_on_tokens_is_shown_and_no_limit_is_not() -> None:
    limited = ManagerView(None, ENTRIES, Capacity(max_tokens=20), 6)
    assert (
        FORMAT.render(limited)
        == "MEMORY 2 entries, 6/20 tokens\n[4] Bob likes tea\n[9] [2023-05-01] Ann paints\nEND"
    )


def test_messages_carry_the_instructions() -> None:
    system, user = FORMAT.messages(VIEW)
    assert (system.role, system.content) == ("system", FORMAT.instructions)
    assert (user.role, user.content) == ("user", FORMAT.render(VIEW))


def test_each_line_is_an_operation() -> None:
    parsed = FORMAT.parse(
        "ADD Ann lives in Boston\n\n  UPDATE 4 Bob's dog is Oscar \nREPLACE 9,4 tea\nDELETE 9\r\nNOOP", VIEW
    )
    assert parsed.errors == ()
    assert parsed.decision == (
        Add("Ann lives in Boston", ("t1",), TIME),
        Update(4, "Bob's dog is Oscar", ("t2",), TIME.replace(minute=31)),
        Add("tea", ("t1", "t2"), TIME.replace(minute=31), evicts=(9, 4)),
        Delete(9),
        Noop(),
    )


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("", ParseErrorKind.EMPTY),
        (" \n\t\n", ParseErrorKind.EMPTY),
        ("I will add this", ParseErrorKind.UNKNOWN_VERB),
        ("add lower case", ParseErrorKind.UNKNOWN_VERB),
        ("ADD: with a colon", ParseErrorKind.UNKNOWN_VERB),
        ("- ADD in a list", ParseErrorKind.UNKNOWN_VERB),
        ("ADD", ParseErrorKind.MISSING_TEXT),
        ("UPDATE", ParseErrorKind.BAD_ID),
        ("UPDATE 4", ParseErrorKind.MISSING_TEXT),
        ("UPDATE four text", ParseErrorKind.BAD_ID),
        ("UPDATE 4,9 text", ParseErrorKind.BAD_ID),
        ("UPDATE -4 text", ParseErrorKind.BAD_ID),
        ("UPDATE 99999999999999999999 text", ParseErrorKind.BAD_ID),
        ("UPDATE ４ text", ParseErrorKind.BAD_ID),
        ("REPLACE 4", ParseErrorKind.MISSING_TEXT),
        ("REPLACE 4,9", ParseErrorKind.MISSING_TEXT),
        ("REPLACE 4, 9 text", ParseErrorKind.BAD_ID),
        ("DELETE", ParseErrorKind.BAD_ID),
        ("DELETE all", ParseErrorKind.BAD_ID),
        ("DELETE 4 because", ParseErrorKind.EXTRA_TEXT),
        ("NOOP it is", ParseErrorKind.EXTRA_TEXT),
        ("ADD lone \ud800", ParseErrorKind.NOT_UNICODE),
    ],
)
def test_a_malformed_line_is_an_error_of_its_kind(line: str, kind: ParseErrorKind) -> None:
    assert kinds(line) == [kind]
    assert FORMAT.parse(line, VIEW).decision == ()


def test_well_formed_lines_count_beside_malformed_ones() -> None:
    parsed = FORMAT.parse("Sure!\nDELETE 4\nUPDATE x y\nNOOP", VIEW)
    assert parsed.decision == (Delete(4), Noop())
    assert [error.kind for error in parsed.errors] == [ParseErrorKind.UNKNOWN_VERB, ParseErrorKind.BAD_ID]
    assert str(parsed.errors[0]) == "'Sure!': a line starts with ADD, REPLACE, UPDATE, DELETE or NOOP."


def test_lines_beyond_the_limit_are_one_error() -> None:
    parsed = PlainFormat(max_operations=2).parse("NOOP\n" * 10_000, VIEW)
    assert parsed.decision == (Noop(), Noop())
    assert [error.kind for error in parsed.errors] == [ParseErrorKind.TOO_MANY]


def test_an_error_quotes_no_more_than_a_line_of_a_huge_text() -> None:
    (error,) = FORMAT.parse("x" * 1_000_000, VIEW).errors
    assert len(error.fragment) == MAX_FRAGMENT_CHARACTERS


def test_sources_are_the_turns_whose_words_the_text_shares() -> None:
    assert [turn.id for turn in source_turns("moving to Boston", CHUNK)] == ["t1"]
    assert [turn.id for turn in source_turns("Oscar lives in Boston", CHUNK)] == ["t1", "t2"]
    assert [turn.id for turn in source_turns("unrelated", CHUNK)] == ["t1", "t2"]


def test_a_changed_entry_is_rendered_anew() -> None:
    before = FORMAT.render(VIEW)
    changed = MemoryEntry(4, "fact", "Bob hates tea", None, 0, 1, ("t0",))
    after = FORMAT.render(ManagerView(CHUNK, (changed, ENTRIES[1]), Capacity(max_entries=5), 6))
    assert after == before.replace("Bob likes tea", "Bob hates tea")


def test_formats_pickle_and_their_examples_parse() -> None:
    for format, view in ((FORMAT, VIEW), (PlainRankingFormat(), RANKING), (PlainAnswerFormat(), ANSWER)):
        assert pickle.loads(pickle.dumps(format)).render(view) == format.render(view)
    assert [FORMAT.parse(example, VIEW).errors for example in FORMAT.examples] == [()] * len(FORMAT.examples)


words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=8)
texts = (
    st.lists(words, min_size=1, max_size=6).map(" ".join).filter(lambda text: " ".join(text.split()) == text)
)
ids = st.integers(0, 999_999_999)


def sourced(text: str) -> tuple[tuple[str, ...], datetime | None]:
    turns = source_turns(text, CHUNK)
    return tuple(turn.id for turn in turns), turns[-1].time


operations = st.one_of(
    texts.map(lambda text: Add(text, *sourced(text))),
    st.tuples(texts, st.lists(ids, min_size=1, max_size=4)).map(
        lambda pair: Add(pair[0], *sourced(pair[0]), evicts=tuple(pair[1]))
    ),
    st.tuples(ids, texts).map(lambda pair: Update(pair[0], pair[1], *sourced(pair[1]))),
    ids.map(Delete),
    st.just(Noop()),
)


@given(st.lists(operations, min_size=1, max_size=8))
def test_what_is_written_parses_to_the_same_operations(written: list[Operation]) -> None:
    parsed = FORMAT.parse(FORMAT.write(written, VIEW), VIEW)
    assert parsed.decision == tuple(written)
    assert parsed.errors == ()


@given(st.text(st.characters(), max_size=200))
def test_no_text_makes_parsing_raise(completion: str) -> None:
    parsed = FORMAT.parse(completion, VIEW)
    assert parsed.decision or parsed.errors
    PlainRankingFormat().parse(completion, RANKING)
    PlainAnswerFormat().parse(completion, ANSWER)


def test_a_proxy_retriever_sees_numbered_candidates_and_the_question() -> None:
    format = PlainRankingFormat()
    assert format.render(RANKING) == (
        "CANDIDATES\n1. Bob likes tea\n2. [2023-05-01] Ann paints\nQUESTION Where is Ann?\nCHOOSE at most 5"
    )
    assert format.render(RankingView(None, None, (), 5)) == "END"


@pytest.mark.parametrize("completion", ["2, 1", "2 1", "2\n1\n", " 2,1,"])
def test_a_ranking_gives_the_ids_of_the_numbered_candidates(completion: str) -> None:
    parsed = PlainRankingFormat().parse(completion, RANKING)
    assert (parsed.decision, parsed.errors) == ((9, 4), ())


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("", ParseErrorKind.EMPTY),
        ("1, 1", ParseErrorKind.DUPLICATE),
        ("1, two", ParseErrorKind.NOT_A_NUMBER),
        ("1.5", ParseErrorKind.NOT_A_NUMBER),
        ("9" * 5000, ParseErrorKind.NOT_A_NUMBER),
        ("3", ParseErrorKind.OUT_OF_RANGE),
        ("0", ParseErrorKind.OUT_OF_RANGE),
        ("-1", ParseErrorKind.OUT_OF_RANGE),
        ("The best is 1", ParseErrorKind.NOT_A_NUMBER),
    ],
)
def test_a_malformed_ranking_counts_for_nothing(completion: str, kind: ParseErrorKind) -> None:
    parsed = PlainRankingFormat().parse(completion, RANKING)
    assert parsed.decision == ()
    assert [error.kind for error in parsed.errors] == [kind]


@given(st.permutations([4, 9]), st.integers(1, 2))
def test_a_ranking_that_is_written_parses_to_itself(ids: list[int], length: int) -> None:
    format = PlainRankingFormat()
    assert format.parse(format.write(ids[:length], RANKING), RANKING).decision == tuple(ids[:length])


def test_an_answer_agent_sees_entries_under_their_ids() -> None:
    format = PlainAnswerFormat()
    assert format.render(ANSWER) == (
        "MEMORY\n[4] Bob likes tea\n[9] [2023-05-01] Ann paints\nQUESTION [2023-05-08] Where is Ann?"
    )
    assert format.render(AnswerView(None, None, ())) == "END"


@pytest.mark.parametrize(
    ("completion", "decision", "error_kinds"),
    [
        ("USE 9, 4\nANSWER in Boston", AnswerDecision((9, 4), "in Boston"), []),
        ("ANSWER Boston\nUSE", AnswerDecision((), "Boston"), []),
        ("", AnswerDecision((), ""), [ParseErrorKind.EMPTY]),
        ("ANSWER Boston", AnswerDecision((), "Boston"), [ParseErrorKind.MISSING_LINE]),
        ("USE 9", AnswerDecision((9,), ""), [ParseErrorKind.MISSING_LINE]),
        ("USE 9\nANSWER", AnswerDecision((9,), ""), [ParseErrorKind.MISSING_TEXT]),
        ("USE 5\nANSWER Boston", AnswerDecision((), "Boston"), [ParseErrorKind.OUT_OF_RANGE]),
        ("USE 9, 9\nANSWER Boston", AnswerDecision((), "Boston"), [ParseErrorKind.DUPLICATE]),
        ("USE 9\nUSE 4\nANSWER Boston", AnswerDecision((9,), "Boston"), [ParseErrorKind.DUPLICATE]),
        ("Well\nUSE 9\nANSWER Boston", AnswerDecision((9,), "Boston"), [ParseErrorKind.UNKNOWN_VERB]),
        ("USE 9\nANSWER \ud800", AnswerDecision((9,), ""), [ParseErrorKind.NOT_UNICODE]),
    ],
)
def test_an_answer_is_what_its_lines_say(
    completion: str, decision: AnswerDecision, error_kinds: list[ParseErrorKind]
) -> None:
    parsed = PlainAnswerFormat().parse(completion, ANSWER)
    assert parsed.decision == decision
    assert [error.kind for error in parsed.errors] == error_kinds


@given(st.permutations([4, 9]), st.integers(0, 2), texts)
def test_an_answer_that_is_written_parses_to_itself(ids: list[int], length: int, text: str) -> None:
    format, decision = PlainAnswerFormat(), AnswerDecision(tuple(ids[:length]), text)
    parsed = format.parse(format.write(decision, ANSWER), ANSWER)
    assert (parsed.decision, parsed.errors) == (decision, ())
