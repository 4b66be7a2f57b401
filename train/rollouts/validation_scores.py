"""The scores of a validation and how sure they are, by the bootstrap of an evaluation.

A validation plays the same episodes each time, so two of them are compared episode by episode: pairing takes
out how hard a stream is, which is most of the width of a single score's interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from memdojo.envs.types import Stream
from memdojo.eval.statistics.bootstrap import Interval, bootstrap_mean

from .tasks import RolloutTask

Scores = Sequence[float | None]
"""Score of each validation task, in their order; None where it could not be scored."""


def task_scores(groups: Sequence[Sequence[Any]]) -> list[float | None]:
    """Return the mean return of the scored episodes of each validation task."""
    scored = [[each.episode_return for each in group if each.scored] for group in groups]
    return [float(np.mean(returns)) if returns else None for returns in scored]


class ValidationScores:
    """Means of validation scores, and intervals over the groups of the streams, or the streams of one group.

    Of a mixture the mean is that of the means of its parts, each with its weight, however many streams a part
    has.

    Args:
        streams: The validation streams; in a mixture the source of each is the spec of its part.
        tasks: What is played of them, in the order of the scores.
        num_resamples: Bootstrap resamples of an interval.
        weights: The weight of each spec of a mixture; None or a single one if there is none.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        tasks: Sequence[RolloutTask],
        num_resamples: int,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        played = [streams[task.stream] for task in tasks]
        self._units = pd.DataFrame([(each.group, each.id) for each in played], columns=["group", "stream"])
        self._num_resamples = num_resamples
        self._parts = [each.source for each in played] if weights and len(weights) > 1 else []
        self._shares = np.ones(len(tasks))
        if self._parts and weights:
            sizes, total = Counter(self._parts), sum(weights[part] for part in set(self._parts))
            shares = {part: weights[part] / total / size for part, size in sizes.items()}
            # A task's score times this: their plain mean is the weighted mean of the parts' means.
            self._shares = np.array([shares[part] * len(tasks) for part in self._parts])

    def of_parts(self, scores: Scores) -> dict[str, float]:
        """Return the mean score of each part of a mixture that has one, by its spec."""
        values: dict[str, list[float]] = {}
        for part, score in zip(self._parts, scores, strict=bool(self._parts)):
            if score is not None:
                values.setdefault(part, []).append(score)
        return {part: float(np.mean(of_part)) for part, of_part in values.items()}

    def score(self, scores: Scores) -> Interval:
        """Return the mean of the scores with its 95 % interval."""
        return self._interval(np.array(scores, np.float64))

    def difference(self, scores: Scores, others: Scores) -> Interval:
        """Return the mean of `scores` less `others` with its 95 % interval, over what both have scored."""
        return self._interval(np.array(scores, np.float64) - np.array(others, np.float64))

    def _interval(self, values: np.ndarray) -> Interval:
        return bootstrap_mean(
            self._units.assign(score=values * self._shares), num_resamples=self._num_resamples
        )
