"""The scores of a validation and how sure they are, by the bootstrap of an evaluation.

A validation plays the same episodes each time, so two of them are compared episode by episode: pairing takes
out how hard a stream is, which is most of the width of a single score's interval.
"""

from __future__ import annotations

from collections.abc import Sequence
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


class ValidationIntervals:
    """Intervals of validation scores over the groups of the streams, or over the streams of a single group.

    Args:
        streams: The validation streams.
        tasks: What is played of them, in the order of the scores.
        num_resamples: Bootstrap resamples of an interval.
    """

    def __init__(self, streams: Sequence[Stream], tasks: Sequence[RolloutTask], num_resamples: int) -> None:
        self._units = pd.DataFrame(
            [(streams[task.stream].group, streams[task.stream].id) for task in tasks],
            columns=["group", "stream"],
        )
        self._num_resamples = num_resamples

    def score(self, scores: Scores) -> Interval:
        """Return the mean of the scores with its 95 % interval."""
        return self._interval(np.array(scores, np.float64))

    def difference(self, scores: Scores, others: Scores) -> Interval:
        """Return the mean of `scores` less `others` with its 95 % interval, over what both have scored."""
        return self._interval(np.array(scores, np.float64) - np.array(others, np.float64))

    def _interval(self, values: np.ndarray) -> Interval:
        return bootstrap_mean(self._units.assign(score=values), num_resamples=self._num_resamples)
