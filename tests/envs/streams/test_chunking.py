from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.types import Chunk, Question, Stream, Turn


def stream(*sessions: int, turns_per_chunk: int = 2, ask_after: tuple[int | None, ...] = (None,)) -> Stream:
    """A stream with that many turns in each session."""
    chunks: list[Chunk] = []
    for session, num_turns in enumerate(sessions):
        turns = [
            Turn(f"s{session}t{i}", "Ann", f"Said {session} {i}.", datetime(2023, 5, 1 + session))
            for i in range(num_turns)
        ]
        for first in range(0, num_turns, turns_per_chunk):
            part = tuple(turns[first : first + turns_per_chunk])
            chunks.append(Chunk(len(chunks), part, f"session {session}", part[0].time))
    questions = tuple(
        Question(f"q{i}", f"What {i}?", ("x",), ask_after=after) for i, after in enumerate(ask_after)
    )
    return Stream("s", "g", tuple(chunks), questions)


def test_a_chunk_never_crosses_a_session() -> None:
    cut = rechunk(stream(3, 3), 2)
    assert [[turn.id for turn in chunk.turns] for chunk in cut.chunks] == [
        ["s0t0", "s0t1"],
        ["s0t2"],
        ["s1t0", "s1t1"],
        ["s1t2"],
    ]
    assert [chunk.index for chunk in cut.chunks] == [0, 1, 2, 3]
    assert [chunk.session for chunk in cut.chunks] == ["session 0", "session 0", "session 1", "session 1"]


def test_smaller_chunks_ask_after_the_last_turn_of_the_old_chunk() -> None:
    cut = rechunk(stream(4, ask_after=(0, None)), 1)
    assert [question.ask_after for question in cut.questions] == [1, None]


def test_larger_chunks_never_ask_earlier_than_before() -> None:
    cut = rechunk(stream(4, turns_per_chunk=1, ask_after=(0, 1, 2)), 2)
    assert [question.ask_after for question in cut.questions] == [0, 0, 1]


def test_turns_keep_their_order_and_number() -> None:
    original = stream(5, 4, 1, turns_per_chunk=3)
    for size in (1, 2, 3, 100):
        assert rechunk(original, size).turns == original.turns


def test_a_stream_that_fits_is_returned_as_it_is() -> None:
    original = stream(4)
    assert rechunk(original, 2) is original


def test_recutting_twice_gives_what_cutting_once_does() -> None:
    original = stream(5, 3, turns_per_chunk=3, ask_after=(1, None))
    assert rechunk(rechunk(original, 2), 1) == rechunk(original, 1)


def test_a_chunk_of_no_turns_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one turn"):
        rechunk(stream(2), 0)


def test_a_chunk_never_crosses_a_day() -> None:
    late, early = datetime(2023, 5, 9, 23, 50), datetime(2023, 5, 10, 0, 10)
    turns = tuple(Turn(f"t{i}", "Ann", f"Said {i}.", time) for i, time in enumerate((late, early, early)))
    cut = rechunk(Stream("s", "g", (Chunk(0, turns, "1", late),), ()), 3)
    assert [[turn.id for turn in chunk.turns] for chunk in cut.chunks] == [["t0"], ["t1", "t2"]]
    assert [chunk.time for chunk in cut.chunks] == [late, early]


def test_a_chunk_ends_at_a_silence_where_turns_have_times_of_their_own() -> None:
    minutes = (0, 20, 40, 80, 90)
    turns = tuple(
        Turn(f"t{n}", "Ann", f"Said {n}.", datetime(2023, 5, 1, 9) + timedelta(minutes=minute))
        for n, minute in enumerate(minutes)
    )
    original = Stream("s", "g", (Chunk(0, turns, "morning", turns[0].time),), ())
    cut = rechunk(original, 10)
    assert [[turn.id for turn in chunk.turns] for chunk in cut.chunks] == [["t0", "t1", "t2"], ["t3", "t4"]]
    assert [chunk.time for chunk in cut.chunks] == [turns[0].time, turns[3].time]


def test_a_turn_without_a_time_goes_on_with_its_chunk() -> None:
    turns = tuple(Turn(f"t{n}", "Ann", "Said.", time) for n, time in enumerate((datetime(2023, 5, 1), None)))
    original = Stream("s", "g", (Chunk(0, turns, "", turns[0].time),), ())
    assert rechunk(original, 10) is original
