from datetime import datetime
from types import MappingProxyType

import numpy as np
import pytest

from builders import make_stream
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.streams.windows import (
    first_sessions,
    linked_chunks,
    num_sessions,
    sample_windows,
    step_window,
    window,
)
from memdojo.envs.types import Add, Chunk, Delete, Noop, PlannedOperation, Question, Stream, Turn, Update
from memdojo.errors import ConfigError

ADD, UPDATE, DELETE, NOOP = (
    Add.kind,
    Update.kind,
    Delete.kind,
    Noop.kind,
)


TURNS = [Turn(f"t{n}", "Ann", f"text {n}") for n in range(8)]
PARTS = (TURNS[0:2], TURNS[2:5], TURNS[5:6], TURNS[6:8])
STREAM = Stream(
    "s",
    "g",
    chunks=tuple(
        Chunk(n, tuple(part), f"session {n // 2}", datetime(2024, 1, 1 + n)) for n, part in enumerate(PARTS)
    ),
    questions=(
        Question("early", "?", ("a",), evidence=frozenset({"t1"}), ask_after=0),
        Question("middle", "?", ("b",), evidence=frozenset({"t3", "t4"}), ask_after=2),
        Question("wide", "?", ("c",), evidence=frozenset({"t1", "t6"})),
        Question("end", "?", ("d",), evidence=frozenset({"t5"})),
        Question("none", "?", (), unanswerable=True),
    ),
    source="test",
    oracle=MappingProxyType(
        {
            "t0": (PlannedOperation(ADD, "zero"),),
            "t1": (PlannedOperation(UPDATE, "one", "t0"),),
            "t3": (PlannedOperation(UPDATE, "three", "t1"), PlannedOperation(ADD, "other")),
            "t4": (PlannedOperation(UPDATE, "four", "t0"),),
            "t5": (PlannedOperation(NOOP),),
            "t6": (PlannedOperation(DELETE, target="t0"),),
            "t7": (PlannedOperation(DELETE, target="t2"),),
        }
    ),
)
"""Turns t0 to t7 in chunks (t0 t1)(t2 t3 t4)(t5)(t6 t7), a session for every two chunks."""


def _kept(stream: Stream | None) -> list[tuple[str, int | None]]:
    assert stream is not None
    assert check_stream(stream) == []
    return [(question.id, question.ask_after) for question in stream.questions]


def test_a_window_cuts_and_renumbers_the_chunks() -> None:
    cut = window(STREAM, 3, 4)
    assert cut is not None
    assert (cut.id, cut.group, cut.source) == ("s[3:7]", "g", "test")
    assert [[turn.id for turn in chunk.turns] for chunk in cut.chunks] == [["t3", "t4"], ["t5"], ["t6"]]
    assert [chunk.index for chunk in cut.chunks] == [0, 1, 2]
    assert [chunk.session for chunk in cut.chunks] == ["session 0", "session 1", "session 1"]
    assert cut.chunks[0].time == datetime(2024, 1, 2)


def test_a_window_keeps_the_questions_whose_whole_evidence_lies_inside() -> None:
    assert _kept(window(STREAM, 3, 4)) == [("middle", 1), ("end", None)]
    assert _kept(window(STREAM, 0, 3)) == [("early", 0)]


def test_a_question_asked_after_the_window_comes_at_its_end() -> None:
    assert _kept(window(STREAM, 3, 2)) == [("middle", None)]


def test_a_window_of_everything_keeps_every_question_that_has_evidence() -> None:
    assert _kept(window(STREAM, 0, 8)) == [("early", 0), ("middle", 2), ("wide", None), ("end", None)]
    assert _kept(window(STREAM, 4, 100)) == [("end", None)]


def test_a_window_without_a_question_is_none() -> None:
    assert window(STREAM, 6, 2) is None


@pytest.mark.parametrize(("start", "length"), [(-1, 3), (8, 1), (0, 0)])
def test_a_window_outside_the_stream_is_refused(start: int, length: int) -> None:
    with pytest.raises(ConfigError, match="turns are numbered 0 to 7"):
        window(STREAM, start, length)


def test_the_oracle_of_a_window_adds_what_was_said_before_it() -> None:
    cut = window(STREAM, 2, 6)
    assert cut is not None
    assert dict(cut.oracle) == {
        "t3": (PlannedOperation(ADD, "three"), PlannedOperation(ADD, "other")),
        "t4": (PlannedOperation(UPDATE, "four", "t3"),),
        "t5": (PlannedOperation(NOOP),),
        "t6": (PlannedOperation(DELETE, target="t3"),),
        "t7": (PlannedOperation(DELETE, target="t2"),),
    }
    short = window(STREAM, 5, 2)
    assert short is not None
    assert dict(short.oracle) == {"t5": (PlannedOperation(NOOP),), "t6": (PlannedOperation(NOOP),)}


def test_the_oracle_of_the_whole_stream_is_unchanged() -> None:
    cut = window(STREAM, 0, 8)
    assert cut is not None
    assert cut.oracle == STREAM.oracle


def test_sampled_windows_are_those_that_keep_a_question() -> None:
    every = {start for start in range(8 - 2 + 1) if window(STREAM, start, 2) is not None}
    sampled = sample_windows(STREAM, 2, 100, np.random.default_rng(0))
    assert {each.id for each in sampled} == {f"s[{start}:{start + 2}]" for start in every}
    assert len(sampled) == len(every) == 5
    assert len(sample_windows(STREAM, 2, 3, np.random.default_rng(0))) == 3


def test_sampling_depends_on_nothing_but_the_generator() -> None:
    draws = [sample_windows(STREAM, 3, 2, np.random.default_rng(seed)) for seed in (5, 5)]
    assert draws[0] == draws[1]


def test_a_window_longer_than_the_stream_is_the_whole_stream() -> None:
    assert [each.id for each in sample_windows(STREAM, 50, 4, np.random.default_rng(0))] == ["s[0:8]"]


def test_no_window_is_sampled_where_no_evidence_fits() -> None:
    wide = Stream("s", "g", STREAM.chunks, STREAM.questions[2:3])
    assert sample_windows(wide, 5, 3, np.random.default_rng(0)) == []
    with pytest.raises(ConfigError, match="at least one turn"):
        sample_windows(wide, 0, 3, np.random.default_rng(0))


# Windows of a single step


def _linked_stream() -> Stream:
    """Seven turns in chunks of two, a question about t1 and t4, one about t5 and one without an answer."""
    turns = [Turn(f"t{number}", "Ann", f"Word {number}.") for number in range(7)]
    chunks = tuple(Chunk(index, tuple(turns[2 * index : 2 * index + 2])) for index in range(4))
    questions = (
        Question("both", "Words?", ("1, 4",), evidence=frozenset({"t1", "t4"})),
        Question("five", "Word?", ("5",), evidence=frozenset({"t5"}), ask_after=3),
        Question("none", "What?", (), evidence=frozenset({"t6"}), unanswerable=True),
    )
    return Stream("s", "g", chunks, questions, "source")


def test_chunks_are_linked_to_the_questions_with_evidence_in_them() -> None:
    # t1 is in chunk 0, t4 and t5 in chunk 2; t6 is needed by no answer.
    assert linked_chunks(_linked_stream()) == (0, 2)


def test_a_window_of_one_step_ends_with_the_chunk_and_asks_what_is_linked_to_it() -> None:
    cut = step_window(_linked_stream(), 2, num_turns=3)
    assert (cut.id, cut.group, cut.source) == ("s@2", "g", "source")
    # Three turns before t4, the first of them out of the middle of a chunk.
    assert [[turn.id for turn in chunk.turns] for chunk in cut.chunks] == [["t1"], ["t2", "t3"], ["t4", "t5"]]
    assert [chunk.index for chunk in cut.chunks] == [0, 1, 2]
    assert [(question.id, question.ask_after) for question in cut.questions] == [
        ("both", None),
        ("five", None),
    ]
    assert [set(question.evidence) for question in cut.questions] == [{"t1", "t4"}, {"t5"}]
    assert check_stream(cut) == []


def test_evidence_outside_the_window_is_left_out() -> None:
    stream = _linked_stream()
    assert set(step_window(stream, 2, num_turns=1).questions[0].evidence) == {"t4"}
    # What is said later is not there yet.
    first = step_window(stream, 0, num_turns=24)
    assert [turn.id for turn in first.turns] == ["t0", "t1"]
    assert [set(question.evidence) for question in first.questions] == [{"t1"}]


def test_a_window_without_turns_or_questions_is_refused() -> None:
    for chunk, num_turns in ((1, 24), (4, 24), (2, 0)):
        with pytest.raises(ConfigError, match="a question must have evidence in the chunk"):
            step_window(_linked_stream(), chunk, num_turns)


def test_the_first_sessions_are_the_chunks_and_plans_as_they_were() -> None:
    assert num_sessions(STREAM) == 2
    cut = first_sessions(STREAM, 1)
    assert cut is not None
    assert (cut.id, cut.group, cut.source) == ("s[:1 sessions]", "g", "test")
    assert cut.chunks == STREAM.chunks[:2]
    assert cut.oracle == {turn: STREAM.oracle[turn] for turn in ("t0", "t1", "t3", "t4")}


def test_the_first_sessions_keep_what_is_asked_in_them() -> None:
    # "middle" is asked in the second session, "wide" and "end" have evidence there; "none" has no answer.
    assert _kept(first_sessions(STREAM, 1)) == [("early", 0), ("none", None)]


def test_a_question_at_the_very_end_is_asked_earlier_if_its_answer_is_the_same() -> None:
    questions = (
        Question("at the end", "?", ("a",), evidence=frozenset({"t0"})),
        Question("after the last chunk", "?", ("b",), evidence=frozenset({"t0", "t1"}), ask_after=3),
        Question("half outside", "?", ("c",), evidence=frozenset({"t1", "t2"})),
        Question("nobody knows where", "?", ("d",)),
        Question("never said", "?", (), unanswerable=True),
        Question("taken back within", "?", (), evidence=frozenset({"t1"}), unanswerable=True),
        Question("taken back later", "?", (), evidence=frozenset({"t3"}), unanswerable=True),
        Question("asked within", "?", ("e",), ask_after=1),
        Question("asked in the next session", "?", ("f",), evidence=frozenset({"t0"}), ask_after=2),
    )
    stream = make_stream("a", "b", "c", "d", questions=questions, session=("one", "one", "two", "three"))
    assert _kept(first_sessions(stream, 1)) == [
        ("at the end", None),
        ("after the last chunk", None),
        ("never said", None),
        ("taken back within", None),
        ("asked within", 1),
    ]
    # t2 is said in the second session.
    assert [id for id, _ in _kept(first_sessions(stream, 2))] == [
        "at the end",
        "after the last chunk",
        "half outside",
        "never said",
        "taken back within",
        "asked within",
        "asked in the next session",
    ]


def test_a_stream_of_no_more_sessions_stays_whole() -> None:
    assert first_sessions(STREAM, 2) is STREAM
    assert first_sessions(STREAM, 99) is STREAM
    # Chunks that name no session are one.
    unnamed = make_stream("a", "b", "c")
    assert first_sessions(unnamed, 1) is unnamed


def test_first_sessions_without_a_question_are_none_and_no_sessions_are_refused() -> None:
    later = Question("later", "?", ("a",), evidence=frozenset({"t1"}))
    assert first_sessions(make_stream("a", "b", questions=[later], session=("one", "two")), 1) is None
    with pytest.raises(ConfigError, match="count is 0; give a positive number of sessions"):
        first_sessions(STREAM, 0)
