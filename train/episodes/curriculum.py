"""A curriculum by priority: the units that teach most come first.

Source: MemSifter (arXiv, March 2026): a sample is drawn with priority 1 - |score - 0.2|, so that those on
which the policy now and then succeeds come most often.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

TARGET_SCORE = 0.2
MIN_PRIORITY = 0.05
"""Scores may be far from the target: a unit must not die out all the same."""


class ScoredEpisode(Protocol):
    """The part of an episode that a curriculum looks at, for either kind of policy."""

    @property
    def scored(self) -> bool: ...  # noqa: D102

    @property
    def parts(self) -> Mapping[str, float]: ...  # noqa: D102


def priority(score: float | None) -> float:
    """Return 1 - |score - 0.2|, at least 0.05; 1 for a unit whose last group could not be scored."""
    return 1.0 if score is None else max(MIN_PRIORITY, 1 - abs(score - TARGET_SCORE))


def group_score(group: Sequence[ScoredEpisode], passing: Collection[str] = ()) -> float | None:
    """Return the mean of what the reward paid the group's scored episodes; None if there is none.

    Args:
        group: Episodes of one unit.
        passing: Parts of the reward that count for nothing, because their weights change with the updates.
    """
    paid = [
        sum(value for part, value in episode.parts.items() if part not in passing)
        for episode in group
        if episode.scored
    ]
    return float(np.mean(paid)) if paid else None


class PriorityCurriculum:
    """Draws units by the scores that their last groups had.

    Units that were never played come first, in a shuffled order. Then an update draws its units without
    replacement, with probabilities proportional to `priority` (Efraimidis and Spirakis 2006); one that plays
    more groups than there are units goes through all of them, and draws anew. What is drawn depends on the
    seed, the update and the scores alone.

    Args:
        num_units: How many there are.
        seed: Of the run.
    """

    def __init__(self, num_units: int, seed: int) -> None:
        self._num_units = num_units
        self._seed = seed
        self._scores: dict[int, float | None] = {}

    def draw(self, update: int, count: int, refill: int = 0) -> list[int]:
        """Return the units of an update, or of its `refill`th refill, by their index."""
        rng = np.random.default_rng((self._seed, update, self._num_units, 1 + refill))
        drawn: list[int] = []
        while len(drawn) < count:
            drawn += self._order(rng)
        return drawn[:count]

    def record(
        self,
        units: Sequence[int],
        groups: Sequence[Sequence[ScoredEpisode]],
        passing: Collection[str] = (),
    ) -> None:
        """Keep the scores of the groups that were played of these units; see `group_score`."""
        for unit, group in zip(units, groups, strict=True):
            self._scores[unit] = group_score(group, passing)

    def state(self) -> dict[str, float | None]:
        """Return the scores by the unit's index, as JSON has it."""
        return {str(unit): score for unit, score in self._scores.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on with the scores that `state` returned.

        Raises:
            ValueError: If a unit or a score is none; also a `TypeError` or `AttributeError`.
        """
        scores = {int(unit): None if score is None else float(score) for unit, score in state.items()}
        if any(not 0 <= unit < self._num_units for unit in scores):
            raise ValueError(f"there are scores of other units than the {self._num_units} of the curriculum")
        self._scores = scores

    def _order(self, rng: np.random.Generator) -> list[int]:
        shuffled = np.random.default_rng((self._seed, self._num_units)).permutation(self._num_units)
        unseen = [unit for unit in shuffled.tolist() if unit not in self._scores]
        keys = {
            unit: float(rng.random() ** (1 / priority(score))) for unit, score in sorted(self._scores.items())
        }
        return [*unseen, *sorted(keys, key=lambda unit: -keys[unit])]
