"""`rechunk`: a stream cut into chunks of another size."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from ..types import Chunk, Stream, Turn
from .turn_features import begins_session


def of_one_day(first: datetime | None, second: datetime | None) -> bool:
    """Return whether two times are of one date, or one of them is not known."""
    return first is None or second is None or first.date() == second.date()


def _goes_on(first: datetime | None, previous: datetime | None, time: datetime | None) -> bool:
    """Return whether a chunk that began at one time may go on after another: no new day, and no silence."""
    if previous is not None and time is not None and begins_session(previous, time):
        return False
    return of_one_day(first, time)


def rechunk(stream: Stream, turns_per_chunk: int) -> Stream:
    """Return the stream in chunks of at most `turns_per_chunk` turns.

    None crosses a session, a day or half an hour's silence, at which a live dialogue begins a new session. A
    chunk is shown with one date, from which "yesterday" counts.

    A question is asked after the new chunk that holds the last turn which it followed before, so it never
    comes earlier than it did. The stream is returned as it is where its chunks fit already.

    Raises:
        ValueError: If `turns_per_chunk` is not positive.
    """
    if turns_per_chunk < 1:
        raise ValueError(f"turns_per_chunk is {turns_per_chunk}; a chunk has at least one turn.")
    pieces: list[tuple[Chunk, list[Turn]]] = []
    new_index_of_turn: dict[str, int] = {}
    previous_session: str | None = None
    for chunk in stream.chunks:
        for turn in chunk.turns:
            if (
                not pieces
                or chunk.session != previous_session
                or len(pieces[-1][1]) == turns_per_chunk
                or not _goes_on(pieces[-1][1][0].time, pieces[-1][1][-1].time, turn.time)
            ):
                pieces.append((chunk, []))
            previous_session = chunk.session
            pieces[-1][1].append(turn)
            new_index_of_turn[turn.id] = len(pieces) - 1
    chunks = tuple(
        Chunk(index, tuple(turns), chunk.session, turns[0].time or chunk.time)
        for index, (chunk, turns) in enumerate(pieces)
    )
    if chunks == stream.chunks:
        return stream
    last_turn_ids = [chunk.turns[-1].id for chunk in stream.chunks]
    questions = tuple(
        question
        if question.ask_after is None
        else dataclasses.replace(question, ask_after=new_index_of_turn[last_turn_ids[question.ask_after]])
        for question in stream.questions
    )
    return dataclasses.replace(stream, chunks=chunks, questions=questions)
