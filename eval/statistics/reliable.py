"""Interquartile means and the probability of improvement over seeds.

Agarwal, Schwarzer, Castro, Courville and Bellemare, "Deep Reinforcement Learning at the Edge of the
Statistical Precipice", NeurIPS 2021, sections 4.1 to 4.3. Their tasks are the groups of the held-out streams
here (a conversation, a persona), and the score of a run on a group is the mean over the group's questions.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from memdojo.errors import ConfigError

from .bootstrap import CONFIDENCE, NUM_RESAMPLES, percentiles

Scores = npt.NDArray[np.float64]
"""Scores of a method, shape (num_runs, num_groups)."""


def interquartile_mean(scores: Scores) -> float:
    """Return the mean of the middle half of all scores of all runs; NaN if there is none.

    A quarter of the scores, rounded down, is left out at either end.
    """
    flat = np.sort(scores, axis=None)
    cut = len(flat) // 4
    return float(flat[cut : len(flat) - cut].mean()) if len(flat) else math.nan


def interquartile_interval(
    scores: Scores, *, seed: int = 0, num_resamples: int = NUM_RESAMPLES, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the percentile interval of the interquartile mean, by a bootstrap stratified by group.

    In each resample the runs of every group are drawn with replacement, independently of the other groups.
    NaN with one run, which says nothing about others.
    """
    num_runs, num_groups = scores.shape
    if num_runs < 2 or not num_groups:
        return math.nan, math.nan
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(num_resamples):
        drawn = rng.integers(num_runs, size=(num_runs, num_groups))
        means.append(interquartile_mean(np.take_along_axis(scores, drawn, axis=0)))
    return percentiles(means, confidence)


def probability_of_improvement(first: Scores, second: Scores) -> float:
    """Return how probable it is that a run of `first` beats one of `second` on a group drawn at random.

    The mean over the groups of the share of pairs of runs in which the first scores higher; ties count half
    (the Mann-Whitney U statistic).

    Args:
        first: Shape (num_runs, num_groups).
        second: On the same groups; its number of runs may differ.

    Raises:
        ConfigError: If the groups differ in number.
    """
    if first.shape[1] != second.shape[1]:
        raise ConfigError(
            f"one method has {first.shape[1]} groups and the other {second.shape[1]}; compare the same ones."
        )
    differences = first[:, None, :] - second[None, :, :]
    wins = (differences > 0) + 0.5 * (differences == 0)
    return float(wins.mean()) if wins.size else math.nan


def improvement_interval(
    first: Scores,
    second: Scores,
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Return the percentile interval of the probability of improvement, runs drawn anew in every group.

    NaN where both methods have one run.
    """
    if max(len(first), len(second)) < 2 or not first.shape[1]:
        return math.nan, math.nan
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(num_resamples):
        drawn = [
            np.take_along_axis(scores, rng.integers(len(scores), size=scores.shape), axis=0)
            for scores in (first, second)
        ]
        values.append(probability_of_improvement(*drawn))
    return percentiles(values, confidence)
