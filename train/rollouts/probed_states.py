"""`ProbedStates`: which decisions of an episode are probed, for every kind of policy."""

from __future__ import annotations

import heapq
from typing import Generic, Protocol, Self, TypeVar

import numpy as np


class Forkable(Protocol):
    """An episode, alone or with what has been played of it."""

    def fork(self, seed: int) -> Self:
        """Return an independent one in the same state, whose draws `seed` seeds."""
        ...


StateT = TypeVar("StateT", bound=Forkable)


class ProbedStates(Generic[StateT]):
    """Draws some of the states of a greedy episode while it is played, and keeps forks of them.

    They are drawn without replacement, each with the weight of what the policy leaves to other decisions than
    its likeliest (weighted reservoir sampling: Efraimidis and Spirakis 2006, A-Res).

    Args:
        number: How many states to keep, if there are as many.
        seed: Of the draw and of what is drawn in the forks.
    """

    LEAST_WEIGHT = 1e-3
    """A policy may be sure and wrong."""

    def __init__(self, number: int, seed: int) -> None:
        self._number = number
        self._rng = np.random.default_rng(seed)
        self._num_seen = 0
        self._kept: list[tuple[float, int, StateT]] = []

    def see(self, state: StateT, log_prob: float) -> None:
        """Keep a fork of a state, or not, before anything is done in it.

        Args:
            state: As the decision finds it.
            log_prob: Of the decision that the episode goes on with.
        """
        weight = 1 - np.exp(log_prob) + self.LEAST_WEIGHT
        key = float(np.log(self._rng.random()) / weight)
        seed = int(self._rng.integers(2**31))
        if len(self._kept) < self._number:
            heapq.heappush(self._kept, (key, self._num_seen, state.fork(seed)))
        elif key > self._kept[0][0]:
            heapq.heapreplace(self._kept, (key, self._num_seen, state.fork(seed)))
        self._num_seen += 1

    def in_order(self) -> list[StateT]:
        """Return the forks that were kept, in order of time."""
        return [state for _, _, state in sorted(self._kept, key=lambda kept: kept[1])]

    def places(self) -> list[int]:
        """Return which of the states that were seen are kept, counted from 0, in order of time."""
        return sorted(place for _, place, _ in self._kept)
