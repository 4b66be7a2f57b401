import math

import numpy as np
import pytest

from memdojo.errors import ConfigError
from memdojo.eval.statistics.reliable import (
    improvement_interval,
    interquartile_interval,
    interquartile_mean,
    probability_of_improvement,
)


def scores(*runs: list[float]) -> np.ndarray:
    return np.array(runs, dtype=np.float64)


def test_the_interquartile_mean_leaves_out_a_quarter_at_either_end() -> None:
    # Of 0 1 2 3 4 5 6 100 two are cut at either end: (2 + 3 + 4 + 5) / 4.
    assert interquartile_mean(scores([0, 1, 2, 3], [100, 6, 5, 4])) == 3.5
    # Of six scores one is cut at either end (6 // 4 = 1): (1 + 2 + 3 + 4) / 4.
    assert interquartile_mean(scores([0, 1, 2], [3, 4, 50])) == 2.5
    assert interquartile_mean(scores([0.25, 0.75])) == 0.5
    assert math.isnan(interquartile_mean(np.zeros((1, 0))))


def test_the_probability_of_improvement_is_the_share_of_pairs_won_mean_over_groups() -> None:
    # First group: 3 > 2, 3 > 1, 1 < 2, 1 = 1: (1 + 1 + 0 + 0.5) / 4. Second group: both lose twice: 0.
    first, second = scores([3, 0], [1, 0]), scores([2, 1], [1, 1])
    assert probability_of_improvement(first, second) == pytest.approx((2.5 / 4 + 0) / 2)
    assert probability_of_improvement(second, first) == pytest.approx(1 - 0.3125)
    assert probability_of_improvement(first, first) == 0.5
    # The numbers of runs may differ.
    assert probability_of_improvement(scores([1.0]), scores([0.0], [2.0], [0.5])) == pytest.approx(2 / 3)
    with pytest.raises(ConfigError, match="2 groups and the other 1"):
        probability_of_improvement(first, scores([1]))


def test_intervals_draw_runs_within_each_group_and_need_two() -> None:
    assert all(map(math.isnan, interquartile_interval(scores([1, 2, 3]))))
    assert all(map(math.isnan, improvement_interval(scores([1]), scores([0]))))
    # The same runs in every group: every resample has the same scores.
    assert interquartile_interval(scores([1, 2], [1, 2])) == (1.5, 1.5)
    # One group, runs 0 and 1: a resample of two has the mean 0, 0.5 or 1 with 1/4, 1/2, 1/4.
    assert interquartile_interval(scores([0], [1]), num_resamples=500) == (0, 1)
    assert interquartile_interval(scores([0], [1]), num_resamples=500, confidence=0.4) == (0.5, 0.5)
    low, high = improvement_interval(scores([0], [1]), scores([0.5]), num_resamples=500)
    assert (low, high) == (0, 1)
