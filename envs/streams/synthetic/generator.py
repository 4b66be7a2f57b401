"""Synthetic streams: seeded dialogues with questions, and the operations of an all-knowing manager."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np

from memdojo.errors import ConfigError

from ...types import Add, Chunk, Delete, Noop, PlannedOperation, Stream, Turn, Update
from .draws import Draws
from .genre import FRIENDS_TALK, Genre
from .phrasings.partition import check_split
from .plan import Event, EventKind, Plan, make_plan
from .questions import QuestionWriter
from .settings import SyntheticSettings

NOTHING = (PlannedOperation(Noop.kind),)


def synthetic_streams(
    settings: SyntheticSettings, split: str, seed: int, num_streams: int, genre: Genre = FRIENDS_TALK
) -> Iterator[Stream]:
    """Generate the streams 0 to `num_streams` - 1 of a split, one at a time.

    Args:
        split: "train", "validation" or "test"; no two share names, values or phrasings.
        seed: Not negative. The same settings, split, seed, index and genre give the same stream.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If `seed` or `num_streams` is negative, or the settings are not of the genre.
    """
    check_split(split)
    if num_streams < 0:
        raise ConfigError(f"num_streams is {num_streams}; give 0 or more.")
    _check_seed(seed)
    _check_settings(settings, genre)
    return (generate_stream(settings, split, seed, index, genre) for index in range(num_streams))


def generate_stream(
    settings: SyntheticSettings, split: str, seed: int, index: int, genre: Genre = FRIENDS_TALK
) -> Stream:
    """Generate one stream; equal arguments give equal streams.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If `seed` or `index` is negative, or the settings are not of the genre.
    """
    check_split(split)
    _check_seed(seed)
    if index < 0:
        raise ConfigError(f"index is {index}; give 0 or more.")
    _check_settings(settings, genre)
    realm = f"{genre.prefix}{split}"
    draws = Draws(np.random.default_rng([seed, index, zlib.crc32(realm.encode())]), split)
    plan = make_plan(settings, draws, _session_times(settings, draws), genre.cast)
    chunks, ids = _write_chunks(plan, settings, genre.wording(plan, settings, draws))
    chunk_ends = _chunk_ends(chunks)
    questions = QuestionWriter(settings, plan, draws, ids, chunk_ends).write()
    first, second = plan.speakers
    return Stream(
        id=f"{genre.name}:{split}:{seed}:{index}",
        group=f"{realm}:{seed}:{index}:{first}+{second}",
        chunks=chunks,
        questions=questions,
        source=f"{genre.name}:{split}",
        oracle=MappingProxyType(_oracle(plan, chunks, ids)),
    )


def recommended_capacity(stream: Stream, settings: SyntheticSettings = FRIENDS_TALK.defaults) -> int:
    """Entries that a store should hold to be as tight as `settings.capacity_pressure` says, at least 1."""
    num_turns = sum(len(chunk.turns) for chunk in stream.chunks)
    return max(1, math.floor(settings.capacity_pressure * num_turns + 0.5))


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise ConfigError(f"seed is {seed}; give 0 or more.")


def _session_times(settings: SyntheticSettings, draws: Draws) -> tuple[datetime, ...]:
    time = datetime(2022, 1, 1) + timedelta(days=draws.number(0, 730))
    times = []
    for _ in range(settings.num_sessions):
        time = time.replace(hour=draws.number(7, 21), minute=draws.number(0, 59))
        times.append(time)
        time += timedelta(days=draws.number(2, 16))
    return tuple(times)


def _check_settings(settings: SyntheticSettings, genre: Genre) -> None:
    if type(settings) is not type(genre.defaults):
        raise ConfigError(
            f"settings are {type(settings).__name__}; streams of {genre.name} take "
            f"{type(genre.defaults).__name__}."
        )


def _write_chunks(
    plan: Plan, settings: SyntheticSettings, texts: Iterator[str]
) -> tuple[tuple[Chunk, ...], tuple[str, ...]]:
    length, step = settings.turns_per_session, settings.turns_per_chunk
    chunks: list[Chunk] = []
    ids: list[str] = []
    for session, time in enumerate(plan.times):
        for start in range(0, length, step):
            turns = []
            for place in range(start, min(start + step, length)):
                speaker = plan.speakers[plan.speaker_of(session * length + place, length)]
                turns.append(Turn(f"s{session + 1}:t{place + 1}", speaker, next(texts), time))
            ids.extend(turn.id for turn in turns)
            chunks.append(Chunk(len(chunks), tuple(turns), f"session {session + 1}", time))
    return tuple(chunks), tuple(ids)


def _chunk_ends(chunks: tuple[Chunk, ...]) -> tuple[int, ...]:
    ends, seen = [], 0
    for chunk in chunks:
        seen += len(chunk.turns)
        ends.append(seen - 1)
    return tuple(ends)


def _oracle(
    plan: Plan, chunks: tuple[Chunk, ...], ids: tuple[str, ...]
) -> dict[str, tuple[PlannedOperation, ...]]:
    turns = (turn for chunk in chunks for turn in chunk.turns)
    return {
        turn.id: _planned(plan.events[index], turn, ids) if index in plan.events else NOTHING
        for index, turn in enumerate(turns)
    }


def _planned(event: Event, turn: Turn, ids: tuple[str, ...]) -> tuple[PlannedOperation, ...]:
    if event.kind is EventKind.DISTRACTOR:
        return NOTHING
    target = ids[event.previous.turn] if event.previous is not None else None
    if event.kind is EventKind.RETRACTION:
        return (PlannedOperation(Delete.kind, target=target),)
    kind = Add.kind if target is None else Update.kind
    return (PlannedOperation(kind, f"{turn.speaker}: {turn.text}", target),)
