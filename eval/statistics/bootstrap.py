"""Percentile bootstrap intervals over groups, and paired differences between two policies.

Questions of one conversation are not independent draws, so whole groups are resampled and keep all of their
questions (a cluster bootstrap; Davison and Hinkley 1997, section 3.8). Everything works on sums and counts of
groups: the mean of a resample is the sum of its scores over the number of its questions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from memdojo.errors import ConfigError

FloatArray = npt.NDArray[np.float64]

MIN_UNITS = 6
"""Units below which an interval gives no verdict. With five, even differences that all have the same sign
come about by chance in 2 of 32 cases (a sign test), which is more than the 5 % that an interval leaves out;
and the bootstrap of two equal differences is a point."""

NUM_RESAMPLES = 2000
CONFIDENCE = 0.95


class ResamplingUnit(StrEnum):
    """What was resampled."""

    GROUP = "group"
    STREAM = "stream"
    """Only one group was there, so its streams were resampled; they are less independent than groups."""
    NONE = "none"
    """There was only one stream, so there is no interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over questions with its percentile interval.

    Attributes:
        mean: Mean over all questions; NaN if none is scored.
        low, high: Ends of the interval; NaN where `unit` is NONE.
        num_questions: Questions in the mean.
        num_units: Groups (or streams, see `unit`) that have at least one of them.
    """

    mean: float
    low: float
    high: float
    num_questions: int
    num_units: int
    unit: ResamplingUnit

    @property
    def excludes_zero(self) -> bool | None:
        """Whether 0 lies outside of the interval; None without one, or with fewer than `MIN_UNITS` units."""
        if self.unit is ResamplingUnit.NONE or self.num_units < MIN_UNITS:
            return None
        return self.low > 0 or self.high < 0


def bootstrap_mean(
    table: pd.DataFrame,
    column: str = "score",
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the mean of a column over questions with its interval over groups.

    Args:
        table: One row per question (and seed), with the columns `group`, `stream` and `column`. Rows whose
            value is NaN are unscored and left out.
        column: Which value is averaged.
        seed: Seeds the resampling; the same table and seed give the same interval.
        num_resamples: How many resamples are drawn.
        confidence: Share of the resampled means that the interval holds, half of the rest on either side.

    Raises:
        ConfigError: If `num_resamples` or `confidence` is out of range.
    """
    if num_resamples < 1 or not 0 < confidence < 1:
        raise ConfigError(
            f"num_resamples is {num_resamples} and confidence {confidence}; "
            "give at least 1 resample and a confidence between 0 and 1."
        )
    scored = table.loc[table[column].notna(), ["group", "stream", column]]
    if scored.empty:
        return Interval(math.nan, math.nan, math.nan, 0, 0, ResamplingUnit.NONE)
    values = scored[column].astype(float)
    mean, num_questions = float(values.mean()), len(values)
    for unit in (ResamplingUnit.GROUP, ResamplingUnit.STREAM):
        # A stream's id is unique within its group only.
        keys = ["group"] if unit is ResamplingUnit.GROUP else ["group", "stream"]
        units = values.groupby([scored[key] for key in keys], sort=True)
        sums, counts = np.asarray(units.sum(), np.float64), np.asarray(units.count(), np.float64)
        if len(sums) > 1:
            low, high = percentile_interval(sums, counts, seed, num_resamples, confidence)
            return Interval(mean, low, high, num_questions, len(sums), unit)
    return Interval(mean, math.nan, math.nan, num_questions, 1, ResamplingUnit.NONE)


def percentile_interval(
    sums: FloatArray, counts: FloatArray, seed: int, num_resamples: int, confidence: float
) -> tuple[float, float]:
    """Return the ends of the percentile interval of a ratio of sums over resampled units.

    Args:
        sums: Sum of the scores of each unit, shape (num_units,).
        counts: Number of scored questions of each unit, all positive, shape (num_units,).
    """
    return percentiles(resampled_means(sums, counts, np.random.default_rng(seed), num_resamples), confidence)


def percentiles(values: npt.ArrayLike, confidence: float) -> tuple[float, float]:
    """Return the ends between which a share of the values lies, half of the rest on either side."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.asarray(values, np.float64), [tail, 1 - tail])
    return float(low), float(high)


def resampled_means(
    sums: FloatArray, counts: FloatArray, rng: np.random.Generator, num_resamples: int
) -> FloatArray:
    """Draw as many units as there are, with replacement; return each mean, shape (num_resamples,).

    How often each unit is drawn follows a multinomial distribution, so one matrix product does all resamples.
    """
    num_units = len(sums)
    weights = rng.multinomial(num_units, np.full(num_units, 1 / num_units), size=num_resamples)
    return (weights @ sums) / (weights @ counts)


def question_means(table: pd.DataFrame, column: str = "score") -> pd.DataFrame:
    """Average rows over seeds: one row per question, with `group`, `stream`, `question` and `column`.

    Unscored rows leave the mean; a question that no seed scored is left out.
    """
    keys = ["group", "stream", "question"]
    return table.loc[table[column].notna()].groupby(keys, sort=True)[column].mean().reset_index()


def paired_differences(first: pd.DataFrame, second: pd.DataFrame, column: str = "score") -> pd.DataFrame:
    """Return `first` minus `second` question by question, over the questions that both have scored.

    Returns:
        A table with `group`, `stream`, `question` and `difference`, fit for `bootstrap_mean`.
    """
    keys = ["group", "stream", "question"]
    both = question_means(first, column).merge(
        question_means(second, column), on=keys, suffixes=("_first", "_second"), validate="one_to_one"
    )
    both["difference"] = both[f"{column}_first"] - both[f"{column}_second"]
    return both[[*keys, "difference"]]


def bootstrap_difference(
    first: pd.DataFrame,
    second: pd.DataFrame,
    column: str = "score",
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the mean of `first` minus `second` over the same questions, with its interval over groups.

    Both policies met the same questions, so pairing takes out how hard a group is, which is most of the
    width of the two single intervals.
    """
    return bootstrap_mean(
        paired_differences(first, second, column),
        "difference",
        seed=seed,
        num_resamples=num_resamples,
        confidence=confidence,
    )


def bootstrap_normalised(
    table: pd.DataFrame,
    lower: pd.DataFrame,
    upper: pd.DataFrame,
    column: str = "score",
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Return the interval of where the mean of a policy lies between those of two bounds.

    Policy and bounds met the same questions, so all three are resampled together: a group that is hard for
    one is hard for the others. Resamples in which the upper bound is not above the lower one are left out.

    Args:
        table: Rows of the policy, as for `question_means`.
        lower: Rows of what counts as 0.
        upper: Rows of what counts as 1.
        column: Which value is averaged.
        seed: Seeds the resampling.
        num_resamples: How many resamples are drawn.
        confidence: Share of the resamples that the interval holds.

    Returns:
        Both ends; NaN where there are fewer than two groups.
    """
    parts = []
    for part in (table, lower, upper):
        groups = question_means(part, column).groupby("group")[column]
        parts.append(pd.DataFrame({"sum": groups.sum(), "count": groups.count()}))
    shared = parts[0].index.intersection(parts[1].index).intersection(parts[2].index)
    if len(shared) < 2:
        return math.nan, math.nan
    means, low, high = (
        resampled_means(
            part.loc[shared, "sum"].to_numpy(np.float64),
            part.loc[shared, "count"].to_numpy(np.float64),
            np.random.default_rng(seed),
            num_resamples,
        )
        for part in parts
    )
    is_bounded = high > low
    if not is_bounded.any():
        return math.nan, math.nan
    return percentiles((means - low)[is_bounded] / (high - low)[is_bounded], confidence)
