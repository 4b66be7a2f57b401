"""`DOUBT_FEATURES`: what speaks for and against believing a turn, as far as a memory can know."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from memdojo.envs.streams.rendering import render_turn, split_turn
from memdojo.envs.streams.turn_features import SURFACE_FEATURES, surface_features
from memdojo.envs.types import MemoryEntry, Turn

from ...statements import stated
from .likeness import most_alike
from .memory import DesignMemory
from .wording import gives_orders, is_hearsay, is_machine, is_question_answered, is_unsure, tells_of_another

MIN_SPEAKERS = 2
"""Who comes before so many have spoken is no stranger: a dialogue takes two."""

SAME_WORDS = 0.6
"""Share of the words of two texts, of all that either has, from which on one is the other said again."""

DOUBT_FEATURES = (
    *("is_stranger", "is_machine", "speaker_share", "is_hearsay", "gives_orders", "answers_a_question"),
    *("is_unsure", "tells_of_another", "others_lately", "unknown_names", "nearness", "second_nearness"),
    *("same_words", "is_repeated", "contradicts", "by_same_speaker", "age", "is_confirmed", "num_entries"),
    *SURFACE_FEATURES,
)
"""Of who says it: whether nobody of that name has spoken though others have, whether it is the name of a
program, and the share of the entries that this one told. Of how it is said: as hearsay, as an order, as a
question with its answer behind it, as a guess, of somebody who is none of the speakers, and the share of the
last entries that are so; the share of names that never occurred. Against what is held: cosines of the two
entries that are most alike, the share of words that the most literal one shares, whether it says the same, or
the same with another value, whether the same speaker told it, how old it is, and whether something that waits
says this too."""

LOG_SCALE = 5.0
"""The logarithms of ages and counts are divided by it, so that they are about as large as all else."""

_MAX_COMPARED = 8
_LATELY = 8
_WORD = re.compile(r"\w+(?:['’]\w+)?")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What speaks for and against a turn.

    Attributes:
        features: `DOUBT_FEATURES`.
        is_stranger: Whether nobody of the speaker's name has spoken, while `MIN_SPEAKERS` others have.
        is_second_hand: Whether a program or hearsay tells it, it gives orders, or answers a question that it
            asks itself.
        contradicts: Whether an entry says the same with another value.
        confirms: The waiting entries that say the same, if somebody says it who is no stranger.
    """

    features: tuple[float, ...]
    is_stranger: bool
    is_second_hand: bool
    contradicts: bool
    confirms: tuple[MemoryEntry, ...]


def doubt(memory: DesignMemory, turn: Turn, waiting: Sequence[MemoryEntry]) -> Doubt:
    """Return what speaks for and against a turn.

    Args:
        memory: Tells who has spoken and what was said.
        turn: What is said now.
        waiting: Entries that nobody reads yet.
    """
    text = render_turn(turn)
    speaker, said = split_turn(text)
    held = memory.store.readable
    speakers = [split_turn(entry.text)[0] for entry in held]
    names = frozenset(speakers) | {speaker}
    is_stranger = len(set(speakers)) >= MIN_SPEAKERS and speaker not in speakers
    second_hand = (is_machine(speaker), is_hearsay(said), gives_orders(said), is_question_answered(said))
    alike = most_alike(memory, text, held, _MAX_COMPARED)
    nearness = [*(hit.score for hit in alike), 0.0, 0.0][:2]
    literal = max(alike, key=lambda hit: (same_words(said, hit.entry.text), hit.entry.id), default=None)
    nearest = None if literal is None else literal.entry
    shared = 0.0 if nearest is None else same_words(said, nearest.text)
    is_repeated = shared == 1
    contradicts = (SAME_WORDS <= shared < 1) or any(_states_another(text, hit.entry.text) for hit in alike)
    saying_so = [entry for entry in waiting if same_words(said, entry.text) >= SAME_WORDS]
    lately = [tells_of_another(split_turn(entry.text)[1], names) for entry in held[-_LATELY:]]
    features = (
        is_stranger,
        second_hand[0],
        speakers.count(speaker) / max(len(held), 1),
        *second_hand[1:],
        is_unsure(said),
        tells_of_another(said, names),
        sum(lately) / _LATELY,
        _unknown_names(said, held, names),
        *nearness,
        shared,
        is_repeated,
        contradicts,
        nearest is not None and split_turn(nearest.text)[0] == speaker,
        0.0 if nearest is None else np.log1p(max(memory.step - nearest.updated_step, 0)) / LOG_SCALE,
        bool(saying_so),
        np.log1p(len(held)) / LOG_SCALE,
        *surface_features(text),
    )
    return Doubt(
        tuple(map(float, features)),
        is_stranger,
        any(second_hand),
        contradicts,
        () if is_stranger or second_hand[0] else tuple(saying_so),
    )


def same_words(first: str, second: str) -> float:
    """Return the share of the words of two texts that both have, whoever says them, in [0, 1]."""
    mine, theirs = _words(split_turn(first)[1]), _words(split_turn(second)[1])
    return len(mine & theirs) / max(len(mine | theirs), 1)


@lru_cache(maxsize=1 << 15)
def _words(said: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(said))


@lru_cache(maxsize=1 << 15)
def _stated(text: str) -> tuple[str, str] | None:
    found = stated(*split_turn(text))
    return None if found is None else (found.about, found.value)


def _states_another(new: str, old: str) -> bool:
    """Return whether two texts state different values of the same attribute."""
    mine, theirs = _stated(new), _stated(old)
    return mine is not None and theirs is not None and mine[0] == theirs[0] and mine[1] != theirs[1]


def _unknown_names(said: str, held: Sequence[MemoryEntry], names: frozenset[str]) -> float:
    """Return the share of the words with a capital, but I, that neither a speaker nor an entry has."""
    capitals = {word.casefold() for word in _WORD.findall(said) if word[0].isupper() and len(word) > 1}
    for entry in held:
        if not capitals:
            return 0.0
        capitals -= _words(split_turn(entry.text)[1])
    capitals -= {word.casefold() for name in names for word in name.split()}
    return min(len(capitals), 3) / 3
