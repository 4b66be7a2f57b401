"""Random choices of one stream, all from one generator."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import TypeVar

import numpy as np

from .phrasings.partition import share

T = TypeVar("T")


class Draws:
    """Draws from the share of the pools that belongs to one split.

    Phrasings are dealt from shuffled decks, one deck per pool, so that a dialogue uses every phrasing before
    it repeats one.
    """

    def __init__(self, rng: np.random.Generator, split: str) -> None:
        self.split = split
        self._rng = rng
        self._numbers: list[float] = []
        self._decks: dict[int, list[str]] = {}

    def uniform(self) -> float:
        """A number in [0, 1)."""
        # Drawn in batches: a call of the generator costs far more than the number.
        if not self._numbers:
            self._numbers = self._rng.random(256).tolist()
        return self._numbers.pop()

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.uniform() < probability

    def number(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def fraction(self, mean: float) -> float:
        """A number in [0, 1] with the given mean, from a beta distribution that is uniform for 0.5."""
        if mean == 0.5:
            return self.uniform()
        mean = min(max(mean, 0.02), 0.98)
        return float(self._rng.beta(2 * mean, 2 * (1 - mean)))

    def one(self, items: Sequence[T]) -> T:
        """Any of `items`, all equally likely."""
        return items[int(self.uniform() * len(items))]

    def take(self, deck: MutableSequence[T]) -> T:
        """Remove any item from `deck`, whose order is not kept."""
        place = int(self.uniform() * len(deck))
        deck[place], deck[-1] = deck[-1], deck[place]
        return deck.pop()

    def phrase(self, pool: tuple[str, ...]) -> str:
        """The next phrasing of `pool` that belongs to the split."""
        # Keyed by identity: the shares are cached for good, and hashing long tuples of strings costs more.
        dealt = share(pool, self.split)
        deck = self._decks.get(id(dealt))
        if not deck:
            deck = self._decks[id(dealt)] = list(dealt)
        return self.take(deck)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All of `items` in random order."""
        rest = list(items)
        return [self.take(rest) for _ in items]
