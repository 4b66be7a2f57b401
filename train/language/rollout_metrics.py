"""`play_metrics`: the metrics of the episodes of an update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from memdojo.errors import EngineError

from .trajectories import LanguageGroup, LanguageTrajectory


def play_metrics(groups: Sequence[LanguageGroup], update: int, seconds: float) -> dict[str, float]:
    """Return figures about prompts, responses, speed and dropped episodes.

    Args:
        groups: All that were played.
        update: Number of the update.
        seconds: That it took to play them.

    Raises:
        EngineError: If not one episode can be trained on.
    """
    trajectories = [trajectory for group in groups for trajectory in group]
    failures = [trajectory.failure for trajectory in trajectories if not trajectory.scored]
    if len(failures) == len(trajectories):
        raise EngineError(
            f"none of the {len(trajectories)} episodes of update {update} can be trained on; "
            f"the first one failed with: {failures[0]}"
        )
    rows = [row for trajectory in trajectories for row in trajectory.rows if len(row.response_ids)]
    lengths = np.array([len(row.response_ids) for row in rows])
    kinds = Counter(failure.partition(":")[0] for failure in failures)
    figures = {
        "rollouts/steps_per_s": len(rows) / seconds,
        "rollouts/tokens_per_s": float(lengths.sum()) / seconds,
        **{f"dropped/{kind}": float(count) for kind, count in kinds.items()},
        **_mean_grades(trajectories),
    }
    if not rows:
        return figures
    return figures | {
        "prompts/tokens": float(np.mean([len(row.prompt_ids) for row in rows])),
        "prompts/shortened_share": float(np.mean([row.num_left_out > 0 for row in rows])),
        "responses/tokens": float(lengths.mean()),
        "responses/cut_off_share": float(np.mean([row.is_cut_off for row in rows])),
    }


def _mean_grades(trajectories: Sequence[LanguageTrajectory]) -> dict[str, float]:
    """Return the mean grade of each metric that pays, over the questions of each data set."""
    totals: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for trajectory in trajectories:
        for name, (total, number) in trajectory.grades.items():
            totals[name] += total  # type: ignore[assignment]  # A Counter adds any numbers.
            numbers[name] += number
    return {name: totals[name] / number for name, number in sorted(numbers.items())}
