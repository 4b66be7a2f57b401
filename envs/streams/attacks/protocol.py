"""`Adversary`: what plans an attack on a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .scene import Scene, Target


@dataclass(frozen=True, slots=True)
class Said:
    """A turn that an adversary puts into a stream.

    Attributes:
        speaker: Who says it, as the stream has it.
        gap: Where it stands: before the chunk of this index, from 1 to the number of chunks, which is behind
            the last one.
    """

    speaker: str
    text: str
    gap: int


@dataclass(frozen=True, slots=True)
class Strike:
    """What an adversary does to make some questions fail.

    Attributes:
        turns: What it says, at least one, in the order of the dialogue.
        targets: The questions at which it aims.
        wants_lures: Whether the answers must become the targets' lures; if not, any wrong answer will do.
    """

    turns: tuple[Said, ...]
    targets: tuple[Target, ...]
    wants_lures: bool = True


class Adversary(Protocol):
    """Plans attacks; `memdojo.register.adversary` makes one known by name."""

    @property
    def name(self) -> str:
        """What a person types."""
        ...

    def usual_turns(self, stream_turns: int) -> int:
        """Return how many turns it puts into a stream of so many where nobody says."""
        ...

    def plan(self, scene: Scene, num_turns: int, rng: np.random.Generator) -> Iterator[Strike]:
        """Yield strikes, the most wanted first, until there is nothing left at which to aim.

        Args:
            scene: The stream as the adversary sees it. It knows all of it: questions, answers and evidence.
            num_turns: How many turns may be said in all. Strikes are carried out as long as theirs fit in.
            rng: What its choices are drawn from.
        """
        ...


def within(strikes: Iterable[Strike], num_turns: int) -> Iterator[Strike]:
    """Yield strikes in their order as long as their turns are not more than so many in all."""
    for strike in strikes:
        num_turns -= len(strike.turns)
        if num_turns < 0:
            return
        yield strike
