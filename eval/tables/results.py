"""The results of an evaluation: one row per policy, and differences from the best baseline."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import dropwhile, takewhile
from typing import NamedTuple

import numpy as np
import pandas as pd

from memdojo.agents.baselines.registry import ALL_KNOWING, LOWER_BOUND, UPPER_BOUND
from memdojo.envs.memory.operations import operation_kinds
from memdojo.errors import ConfigError, unknown_name

from ..findings.experience import has_tasks, stream_areas
from ..playing.episodes import ROLE_PREFIX
from ..playing.evaluate import Evaluation
from ..playing.missing import UNSCORED
from ..statistics.bootstrap import (
    NUM_RESAMPLES,
    Interval,
    bootstrap_difference,
    bootstrap_mean,
    question_means,
)

CATEGORY_PREFIX = "category "
"""In front of the category in the names of the per-category columns of a summary."""

AVERAGES = {"category_average": "mean of categories", "abstention": "all unanswerable"}
"""Columns of a summary that stand beside those of the categories, as far as they exist, and how tables for
people call them: a category may be called `abstention` as well."""

_SIDE_FIGURES = ("evicted", "rejected", "malformed")
STORE_AND_TIME_FIGURES = (
    "mean_entries",
    "final_entries",
    "final_tokens",
    "compression",
    "tokens_kept",
    "tokens_written",
    "tokens_read",
    "by_rule",
    "seconds",
)
"""Columns of `Evaluation.streams` about the store, who decided, and the time; some policies lack some."""


class TokenCosts(NamedTuple):
    """Tokens that were handed over for a question, and written at a turn, in the mean."""

    read: float
    written: float


def token_costs(streams: pd.DataFrame) -> TokenCosts:
    """Return what a policy's episodes cost.

    Args:
        streams: Its rows of `Evaluation.streams`, at least one.
    """
    return TokenCosts(
        float(streams["tokens_read"].sum() / streams["questions"].sum()),
        float(streams["tokens_written"].sum() / streams["turns"].sum()),
    )


def role_counts(streams: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return what was counted of the work that a model did for policies' roles, by the policy's name.

    Args:
        streams: `Evaluation.streams`.
    """
    columns = [column for column in map(str, streams) if column.startswith(ROLE_PREFIX)]
    counted = streams.dropna(subset=columns) if columns else streams.iloc[:0]
    return {
        str(policy): {
            column.removeprefix(ROLE_PREFIX): round(float(rows[column].sum())) for column in columns
        }
        for policy, rows in counted.groupby("policy", sort=False)
    }


def summary_table(
    evaluation: Evaluation, *, seed: int = 0, num_resamples: int = NUM_RESAMPLES
) -> pd.DataFrame:
    """Return one row per policy, the best score first.

    Every mean over questions is taken over the seeds first, so that a policy with more episodes weighs no
    more, and leaves questions without a score out. Columns:

    - `policy`, `baseline`: its name, and whether it is hand-made.
    - `score`, `low`, `high`, `unit`, `num_units`: the mean score, its interval, and what was resampled.
    - `normalised`: 0 for the no-op's score and 1 for the oracle's; NaN where the oracle is not above.
    - `num_questions`: questions in the mean.
    - `unscored`, `unscored_share`: questions without a score of their own in any seed, and the share of the
      policy's answers whose score could not be had (see `count_missing`).
    - `counted_failed`: whether these answers count 0 in the mean, because they are too many to leave out.
    - `category X`: mean score of the questions of category X.
    - `category_average`: mean of these means, where there are several categories.
    - `abstention`: mean score of the unanswerable questions, where there are any.
    - `area`, `area_low`, `area_high`: where streams have tasks, the area under the success curve, each stream
      weighing alike, with its interval; see `memdojo.eval.findings.experience`.
    - `Evaluation.metrics`, averaged alike; those without any value are left out.
    - `operation_figures` and `STORE_AND_TIME_FIGURES`, averaged over episodes.

    Args:
        evaluation: What was measured.
        seed: Seeds the resampling.
        num_resamples: How many resamples an interval takes.
    """
    intervals = {policy: _interval(evaluation, policy, seed, num_resamples) for policy in evaluation.policies}
    rows = [
        {
            **_score_columns(evaluation, policy, interval),
            "normalised": normalise(interval.mean, intervals[LOWER_BOUND].mean, intervals[UPPER_BOUND].mean),
            **_category_columns(evaluation, policy),
            **_area_columns(evaluation, policy, seed, num_resamples),
            **_metric_columns(evaluation, policy),
            **_episode_columns(evaluation, policy),
        }
        for policy, interval in intervals.items()
    ]
    table = pd.DataFrame(rows)
    empty = [column for column in evaluation.metrics if table[column].isna().all()]
    table = table.drop(columns=empty)
    # A stable sort, so that equal scores stay in the order in which they were asked for.
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def normalise(score: float, lower: float, upper: float) -> float:
    """Return where `score` lies between two bounds: 0 at the lower, 1 at the upper, beyond them outside.

    NaN if the upper bound is not above the lower one, for then it bounds nothing.
    """
    return (score - lower) / (upper - lower) if upper > lower else math.nan


def operation_figures(table: pd.DataFrame) -> list[str]:
    """Return the columns that count operations: one for each kind, then what came of them.

    Args:
        table: `Evaluation.streams` or a summary. The kinds stand together there, memdojo's own first, so
            that unregistered ones are found as well.
    """
    kinds = {kind.lower() for kind in operation_kinds()}
    ends = {*_SIDE_FIGURES, *STORE_AND_TIME_FIGURES}
    from_first = dropwhile(lambda column: column not in kinds, table.columns)
    found = list(takewhile(lambda column: column not in ends, from_first))
    return [*found, *(column for column in _SIDE_FIGURES if column in table)]


def check_reference(reference: str, policies: Collection[str]) -> None:
    """Refuse what is not the name of one of the policies of an evaluation.

    Raises:
        UnknownNameError: With the near names.
    """
    if reference not in policies:
        raise unknown_name("policy of this evaluation", reference, policies)


def paired_table(
    evaluation: Evaluation,
    reference: str | None = None,
    *,
    column: str = "score",
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> pd.DataFrame:
    """Return each policy's difference from one of them over the same questions, the largest first.

    Args:
        evaluation: What was measured.
        reference: Name of the policy that is subtracted; None takes `best_baseline`.
        column: Which values are compared.
        seed: Seeds the resampling.
        num_resamples: How many resamples an interval takes.

    Returns:
        Columns `policy`, `minus`, `difference`, `low`, `high`, `excludes_zero` (None where there are too few
        groups to tell), `num_questions`, `unit` and `num_units`.

    Raises:
        UnknownNameError: If no policy is called `reference`.
        ConfigError: If `reference` is None and there is no baseline beside the oracle.
    """
    reference = reference or best_baseline(evaluation)
    check_reference(reference, evaluation.policies)
    against = evaluation.of(reference)
    rows = []
    for policy in evaluation.policies:
        if policy == reference:
            continue
        difference = bootstrap_difference(
            evaluation.of(policy), against, column, seed=seed, num_resamples=num_resamples
        )
        rows.append(
            {
                "policy": policy,
                "minus": reference,
                "difference": difference.mean,
                "low": difference.low,
                "high": difference.high,
                "excludes_zero": difference.excludes_zero,
                "num_questions": difference.num_questions,
                "unit": difference.unit.value,
                "num_units": difference.num_units,
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def best_baseline(evaluation: Evaluation) -> str:
    """Return the hand-made policy of the highest mean score, those left out that know the stream.

    Raises:
        ConfigError: If there is none that is scored.
    """
    means = {
        policy: question_means(evaluation.of(policy))["score"].mean()
        for policy in evaluation.policies
        if policy in evaluation.baselines - ALL_KNOWING
    }
    scored = {policy: mean for policy, mean in means.items() if not math.isnan(mean)}
    if not scored:
        raise ConfigError("no baseline beside the oracle has a scored question; name what to compare with.")
    return max(scored, key=scored.__getitem__)


def category_names(summary: pd.DataFrame) -> list[str]:
    """Return the columns of a summary that hold the scores of one category."""
    return [column for column in summary.columns if column.startswith(CATEGORY_PREFIX)]


def _interval(evaluation: Evaluation, policy: str, seed: int, num_resamples: int) -> Interval:
    means = question_means(evaluation.of(policy))
    return bootstrap_mean(means, seed=seed, num_resamples=num_resamples)


def _score_columns(evaluation: Evaluation, policy: str, interval: Interval) -> dict[str, object]:
    rows = evaluation.of(policy)
    keys = ["stream", "question"]
    num_questions = len(rows[keys].drop_duplicates())
    # Rows that were not made of records do not say why a score is missing.
    missing = rows[UNSCORED] if UNSCORED in rows else rows["score"].isna() & False
    own = rows["score"].notna() & ~missing
    return {
        "policy": policy,
        "baseline": policy in evaluation.baselines,
        "score": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "unit": interval.unit.value,
        "num_units": interval.num_units,
        "num_questions": interval.num_questions,
        "unscored": num_questions - len(rows.loc[own, keys].drop_duplicates()),
        "unscored_share": float(missing.sum() / max((rows["score"].notna() | missing).sum(), 1)),
        "counted_failed": bool((missing & rows["score"].notna()).any()),
    }


def _category_columns(evaluation: Evaluation, policy: str) -> dict[str, float]:
    rows = evaluation.of(policy)
    categories = sorted(category for category in rows["category"].unique() if category)
    by_category = {
        f"{CATEGORY_PREFIX}{category}": _mean(rows[rows["category"] == category], "score")
        for category in categories
    }
    return by_category | _average_columns(rows, list(by_category.values()))


def _average_columns(rows: pd.DataFrame, by_category: Sequence[float]) -> dict[str, float]:
    """Return what LongMemEval reports beside the overall score, by the names in `AVERAGES`."""
    averages = {}
    if len(by_category) > 1:
        averages["category_average"] = float(pd.Series(by_category).mean())
    if rows["unanswerable"].any():
        averages["abstention"] = _mean(rows[rows["unanswerable"]], "score")
    return averages


def _area_columns(evaluation: Evaluation, policy: str, seed: int, num_resamples: int) -> dict[str, float]:
    if not has_tasks(evaluation.questions):
        return {}
    areas = stream_areas(evaluation.of(policy))
    area = bootstrap_mean(areas, "area", seed=seed, num_resamples=num_resamples)
    return {"area": area.mean, "area_low": area.low, "area_high": area.high}


def _metric_columns(evaluation: Evaluation, policy: str) -> dict[str, float]:
    rows = evaluation.of(policy)
    return {column: _mean(rows, column) for column in evaluation.metrics}


def _mean(rows: pd.DataFrame, column: str) -> float:
    return float(question_means(rows, column)[column].mean())


def _episode_columns(evaluation: Evaluation, policy: str) -> dict[str, float]:
    episodes = evaluation.streams[evaluation.streams["policy"] == policy]
    return {
        column: float(np.mean(episodes[column].to_numpy(dtype=np.float64)))
        for column in (*operation_figures(episodes), *STORE_AND_TIME_FIGURES)
        if column in episodes
    }
