import math

import numpy as np
import pandas as pd
import pytest

from memdojo.errors import ConfigError
from memdojo.eval.statistics.bootstrap import (
    ResamplingUnit,
    bootstrap_difference,
    bootstrap_mean,
    paired_differences,
    question_means,
    resampled_means,
)


def table(rows: list[tuple[str, str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["group", "stream", "question", "score"])


TWO_GROUPS = table(
    [("a", "a1", "q1", 0.0), ("b", "b1", "q2", 1.0), ("b", "b1", "q3", 1.0), ("b", "b1", "q4", 1.0)]
)


def test_groups_are_resampled_with_all_their_questions() -> None:
    # Two draws of {a: 0/1, b: 3/3}: aa has the mean 0, bb 1, and ab 3/4, since b brings three questions.
    means = resampled_means(np.array([0.0, 3.0]), np.array([1.0, 3.0]), np.random.default_rng(0), 4000)
    values, counts = np.unique(means, return_counts=True)
    assert values.tolist() == [0.0, 0.75, 1.0]
    np.testing.assert_allclose(counts / 4000, [0.25, 0.5, 0.25], atol=0.03)


def test_interval_of_a_tiny_table_worked_by_hand() -> None:
    interval = bootstrap_mean(TWO_GROUPS)
    # A quarter of the resamples is 0 and a quarter 1, so the 2.5 % and 97.5 % quantiles are these.
    assert (interval.mean, interval.low, interval.high) == (0.75, 0.0, 1.0)
    assert (interval.num_questions, interval.num_units, interval.unit) == (4, 2, ResamplingUnit.GROUP)
    assert not interval.excludes_zero


def test_half_of_the_resamples_lies_within_an_interval_of_half_confidence() -> None:
    interval = bootstrap_mean(TWO_GROUPS, confidence=0.4)
    assert (interval.low, interval.high) == (0.75, 0.75)


def test_equal_groups_have_an_interval_without_width() -> None:
    rows = [(group, group, f"q{number}", float(number % 2)) for group in "abcdef" for number in range(4)]
    interval = bootstrap_mean(table(rows))
    assert (interval.mean, interval.low, interval.high) == (0.5, 0.5, 0.5)
    assert interval.excludes_zero


def test_fewer_than_six_groups_give_no_verdict() -> None:
    rows = [(group, group, "q", 0.5) for group in "abcdef"]
    assert bootstrap_mean(table(rows)).excludes_zero is True
    few = bootstrap_mean(table(rows[:5]))
    assert (few.low, few.high, few.excludes_zero) == (0.5, 0.5, None)
    assert bootstrap_mean(table(rows[:1])).excludes_zero is None
    of_one_group = [("a", stream, "q", -0.5) for stream in "abcdef"]
    assert bootstrap_mean(table(of_one_group)).excludes_zero is True


def test_same_seed_same_interval_and_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    rows = [(f"g{number % 7}", "s", f"q{number}", float(rng.random())) for number in range(100)]
    first = bootstrap_mean(table(rows), seed=1)
    assert first == bootstrap_mean(table(rows), seed=1)
    assert first.low == bootstrap_mean(table(rows[::-1]), seed=1).low
    assert first != bootstrap_mean(table(rows), seed=2)
    assert first.low < first.mean < first.high


def test_unscored_questions_leave_mean_and_groups() -> None:
    rows = [("a", "a1", "q1", 1.0), ("b", "b1", "q2", 0.0), ("c", "c1", "q3", math.nan)]
    interval = bootstrap_mean(table(rows))
    assert (interval.mean, interval.num_questions, interval.num_units) == (0.5, 2, 2)


def test_one_group_falls_back_to_its_streams_and_says_so() -> None:
    interval = bootstrap_mean(table([("a", "a1", "q1", 1.0), ("a", "a2", "q1", 0.0)]))
    assert interval.unit is ResamplingUnit.STREAM
    assert (interval.low, interval.high, interval.num_units) == (0.0, 1.0, 2)


def test_one_stream_has_no_interval() -> None:
    interval = bootstrap_mean(table([("a", "a1", "q1", 1.0), ("a", "a1", "q2", 0.0)]))
    assert interval.unit is ResamplingUnit.NONE
    assert interval.mean == 0.5
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert not interval.excludes_zero


def test_nothing_scored_has_no_mean() -> None:
    interval = bootstrap_mean(table([("a", "a1", "q1", math.nan)]))
    assert math.isnan(interval.mean)
    assert interval.num_questions == 0


def test_seeds_are_averaged_before_questions() -> None:
    rows = [
        ("a", "a1", "q1", 0.0),
        ("a", "a1", "q1", 1.0),
        ("a", "a1", "q2", 1.0),
        ("a", "a1", "q2", math.nan),
    ]
    means = question_means(table(rows))
    assert means["score"].tolist() == [0.5, 1.0]


def test_differences_are_paired_by_question_and_skip_what_only_one_side_scored() -> None:
    first = table([("a", "a1", "q1", 0.5), ("a", "a1", "q2", 1.0), ("b", "b1", "q1", math.nan)])
    second = table([("a", "a1", "q1", 0.25), ("b", "b1", "q1", 1.0), ("a", "a1", "q2", 1.0)])
    differences = paired_differences(first, second)
    assert differences["question"].tolist() == ["q1", "q2"]
    assert differences["difference"].tolist() == [0.25, 0.0]


def test_pairing_takes_out_how_hard_a_group_is() -> None:
    # Groups differ by up to 0.9, the policies by exactly 0.1 everywhere.
    levels = [0.0, 0.3, 0.6, 0.9, 0.3, 0.6]
    worse = table([(f"g{place}", "s", "q", level) for place, level in enumerate(levels)])
    better = worse.assign(score=worse["score"] + 0.1)
    difference = bootstrap_difference(better, worse)
    assert difference.mean == pytest.approx(0.1)
    assert difference.low == pytest.approx(0.1)
    assert difference.high == pytest.approx(0.1)
    assert difference.excludes_zero
    alone = bootstrap_mean(better)
    assert alone.high - alone.low > 0.3


@pytest.mark.parametrize("options", [{"num_resamples": 0}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="give at least 1 resample"):
        bootstrap_mean(TWO_GROUPS, **options)
