"""`poison`: a stream with what an adversary has said in it."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from memdojo.errors import ConfigError, unknown_name

from ...types import Chunk, Noop, PlannedOperation, Poison, Question, Stream, Turn
from ..source import ATTACK, ATTACK_OPTIONS
from .protocol import Adversary, Said, Strike, within
from .registry import make_adversary
from .scene import By, Scene


@dataclass(frozen=True, slots=True)
class Attack:
    """An adversary and what it may do.

    Attributes:
        adversary: Its name.
        records: Turns that it puts into each stream, at most; with 0 it does nothing, as if nobody attacked.
        share: The same as a share of the stream's turns. Without either it is as many as the adversary
            usually takes.
        by: Who says them.
        seed: What its choices are drawn from, for each stream apart.
        corrected_after: So many chunks behind a target's last turn who told the fact says again what is
            right; None lets it stand.

    Raises:
        UnknownNameError: If there is no such adversary, or nobody of the kind.
        ConfigError: If a number is impossible, or records and a share are both given.
    """

    adversary: str
    records: int | None = None
    share: float | None = None
    by: str = By.PARTICIPANT.value
    seed: int = 0
    corrected_after: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.adversary, str):
            raise ConfigError(f"{ATTACK} is {self.adversary!r}; give the name of an adversary.")
        make_adversary(self.adversary)
        if self.by not in list(By):
            raise unknown_name("speaker of an attack (attack_by)", str(self.by), [by.value for by in By])
        if self.records is not None and self.share is not None:
            raise ConfigError(
                f"attack_records is {self.records!r} and attack_share is {self.share!r}; give one of the two."
            )
        for name, least in (("records", 0), ("seed", 0), ("corrected_after", 1)):
            value = getattr(self, name)
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and (not is_whole or value < least):
                raise ConfigError(f"attack_{name} is {value!r}; give a whole number from {least}.")
        if self.share is not None and not _is_positive(self.share):
            raise ConfigError(f"attack_share is {self.share!r}; give a number above 0.")

    @classmethod
    def of_options(cls, options: Mapping[str, Any]) -> tuple[Self | None, dict[str, Any]]:
        """Return the attack that options of streams tell, None if they tell none, and all other options.

        Raises:
            UnknownNameError: As the class.
            ConfigError: As the class, or if something is said about an attack without its name.
        """
        others = {name: value for name, value in options.items() if name not in ATTACK_OPTIONS}
        given = {name: options[name] for name in ATTACK_OPTIONS if options.get(name) is not None}
        if not given:
            return None, others
        if ATTACK not in given:
            name, value = next(iter(given.items()))
            raise ConfigError(f"{name} is {value!r} without an attack; name the adversary with {ATTACK}.")
        fields = {name.removeprefix(f"{ATTACK}_"): value for name, value in given.items() if name != ATTACK}
        return cls(given[ATTACK], **fields), others


def poison(stream: Stream, attack: Attack) -> Stream:
    """Return the stream with what the adversary has said in it, as its `poison` tells.

    Everything that was there stays as it was; each new turn is a chunk of its own, between two others. It has
    the session of the chunk before it, and a time between those of its neighbours. A question is asked after
    the same chunk as before. Where the stream has a plan, that does nothing at the new turns.

    Raises:
        ConfigError: If the stream is poisoned already.
    """
    if stream.poison is not None:
        raise ConfigError(
            f"stream {stream.id!r} is poisoned already, by {stream.poison.adversary!r}; attack clean streams."
        )
    adversary = make_adversary(attack.adversary)
    key = [attack.seed, zlib.crc32(stream.id.encode()), zlib.crc32(attack.adversary.encode())]
    rng = np.random.default_rng(key)
    scene = Scene(stream, By(attack.by), attack.corrected_after or 0, rng)
    num_turns = attack.records
    if num_turns is None:
        num_turns = _turns_of(attack.share, adversary, len(stream.turns))
    planned = adversary.plan(scene, num_turns, rng) if num_turns else ()
    return _carried_out(stream, attack, list(within(planned, num_turns)))


def _turns_of(share: float | None, adversary: Adversary, stream_turns: int) -> int:
    usual = adversary.usual_turns(stream_turns) if share is None else round(share * stream_turns)
    return max(1, usual)


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


@dataclass(frozen=True, slots=True)
class _New:
    """A turn to be put in; `corrects` is the question of which it says what is right."""

    said: Said
    corrects: str = ""


def _carried_out(stream: Stream, attack: Attack, strikes: Sequence[Strike]) -> Stream:
    new: list[_New] = []
    targets: dict[str, tuple[str, ...]] = {}
    for strike in strikes:
        new += map(_New, strike.turns)
        for target in strike.targets:
            targets[target.question.id] = target.lures if strike.wants_lures else ()
            if attack.corrected_after is not None:
                gap = strike.turns[-1].gap + attack.corrected_after
                new.append(_New(Said(target.owner, target.truth, gap), target.question.id))
    # Equal gaps keep the order in which they were planned.
    new.sort(key=lambda each: each.said.gap)
    chunks, index_of, ids = _with_turns(stream, [each.said for each in new])
    injected = {id for id, each in zip(ids, new, strict=True) if not each.corrects}
    corrections = {each.corrects: id for id, each in zip(ids, new, strict=True) if each.corrects}
    nothing = (PlannedOperation(Noop.kind),)
    oracle = {**stream.oracle, **(dict.fromkeys(ids, nothing) if stream.oracle else {})}
    return dataclasses.replace(
        stream,
        chunks=chunks,
        questions=tuple(_asked_after(question, index_of) for question in stream.questions),
        oracle=MappingProxyType(oracle),
        poison=Poison(
            attack.adversary,
            attack.seed,
            frozenset(injected),
            MappingProxyType(targets),
            MappingProxyType(corrections),
        ),
    )


def _asked_after(question: Question, index_of: Sequence[int]) -> Question:
    if question.ask_after is None:
        return question
    return dataclasses.replace(question, ask_after=index_of[question.ask_after])


def _with_turns(
    stream: Stream, new: Sequence[Said]
) -> tuple[tuple[Chunk, ...], tuple[int, ...], tuple[str, ...]]:
    """Return the chunks with new ones among them, the new index of each old one, and the new turns' ids."""
    taken = {turn.id for turn in stream.turns}
    waiting = list(reversed(new))
    chunks: list[Chunk] = []
    index_of: list[int] = []
    ids: list[str] = []
    for chunk in stream.chunks:
        index_of.append(len(chunks))
        chunks.append(dataclasses.replace(chunk, index=len(chunks)))
        following = stream.chunks[chunk.index + 1] if chunk.index + 1 < len(stream.chunks) else None
        gap = []
        while waiting and waiting[-1].gap == chunk.index + 1:
            gap.append(waiting.pop())
        times = _times_between(chunk, following, len(gap))
        for said, time in zip(gap, times, strict=True):
            id = _new_id(chunk.turns[-1].id, taken)
            ids.append(id)
            turn = Turn(id, said.speaker, said.text, time)
            chunks.append(Chunk(len(chunks), (turn,), chunk.session, chunk.time))
    return tuple(chunks), tuple(index_of), tuple(ids)


def _new_id(before: str, taken: set[str]) -> str:
    """Return an unused id that follows another one."""
    number = 1
    while (id := f"{before}+{number}") in taken:
        number += 1
    taken.add(id)
    return id


def _times_between(chunk: Chunk, following: Chunk | None, count: int) -> list[datetime | None]:
    """Return times from the end of a chunk to the beginning of the next one of its session."""
    start = chunk.turns[-1].time
    end = following.turns[0].time if following is not None and following.session == chunk.session else None
    if start is None or end is None or end < start:
        return [start] * count
    return [start + (end - start) * number / (count + 1) for number in range(1, count + 1)]
