"""Success over streams of tasks: its curve, the area under it, and what the order of the tasks does to it.

For a stream of n tasks with the scores y_1 … y_n, the success curve is y itself, its running mean is
m_t = (y_1 + … + y_t) / t, the performance curve of StreamBench (arXiv:2406.08747, figure 1), and the area
under that is (m_1 + … + m_n) / n: of two policies with the same success, the earlier one has more.
Repetitions are averaged first, then the streams; tasks without a score are left out of every mean.

All functions take rows of `Evaluation.questions`, or of `eval.csv`. Rows without a number in the column
`task` are questions of dialogues, and passed over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from memdojo.errors import ConfigError

TASK = "task"
"""Column with the place of a task among those of its stream, from 1; absent where no stream has tasks."""

_STREAM = ["group", "stream"]


@dataclass(frozen=True, slots=True)
class OrderRobustness:
    """What the order of the tasks does to the area under the success curve.

    Attributes:
        mean: Of the areas, one for each order.
        worst: The smallest of them.
        spread: The largest minus the smallest; 0 where the order does not matter.
    """

    mean: float
    worst: float
    spread: float


def has_tasks(questions: pd.DataFrame) -> bool:
    """True if some of the rows are those of tasks."""
    return TASK in questions and bool(questions[TASK].notna().any())


def success_curve(questions: pd.DataFrame) -> pd.DataFrame:
    """Return the success by place in the stream, averaged over streams.

    Args:
        questions: Rows of one policy.

    Returns:
        Columns `task` (from 1, ascending), `success`, `running_mean` and `num_streams`, the streams with that
        many tasks. No rows where there is no task with a score.
    """
    columns = [TASK, "success", "running_mean", "num_streams"]
    if not has_tasks(questions):
        return pd.DataFrame(columns=columns)
    means = _by_stream(questions).groupby(TASK, sort=True)
    table = means[["success", "running_mean"]].mean().assign(num_streams=means.size())
    return table.reset_index()[columns]


def stream_areas(questions: pd.DataFrame) -> pd.DataFrame:
    """Return the area under the success curve of each stream, in [0, 1] where scores are.

    Args:
        questions: Rows of one policy.

    Returns:
        Columns `group`, `stream` and `area`; no rows where there is no task with a score.
    """
    if not has_tasks(questions):
        return pd.DataFrame(columns=[*_STREAM, "area"])
    areas = _by_stream(questions).groupby(_STREAM, sort=True)["running_mean"].mean()
    return areas.rename("area").reset_index()


def success_area(questions: pd.DataFrame) -> float:
    """Return the area under the success curve, averaged over streams; NaN where no task has a score.

    Args:
        questions: Rows of one policy.
    """
    return float(stream_areas(questions)["area"].astype(float).mean())


def order_robustness(orders: Sequence[pd.DataFrame]) -> OrderRobustness:
    """Compare the areas under the success curves of one policy on the same tasks in several orders.

    Args:
        orders: Its rows, those of one evaluation for each order.

    Raises:
        ConfigError: If there are fewer than two orders, or one has no task with a score.
    """
    areas = [success_area(questions) for questions in orders]
    if len(areas) < 2 or any(map(math.isnan, areas)):
        raise ConfigError(
            f"there are {len(areas)} orders with {sum(map(math.isnan, areas))} without a scored task; give "
            "evaluations of the same tasks in at least two orders."
        )
    return OrderRobustness(sum(areas) / len(areas), min(areas), max(areas) - min(areas))


def _by_stream(questions: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each stream and task with a score: its mean over repetitions, and that so far."""
    scored = questions[questions[TASK].notna() & questions["score"].notna()]
    means = scored.groupby([*_STREAM, TASK], sort=True)["score"].mean().rename("success").reset_index()
    means[TASK] = means[TASK].astype("int64")
    sums = means.groupby(_STREAM)["success"].cumsum()
    return means.assign(running_mean=sums / (means.groupby(_STREAM).cumcount() + 1))
