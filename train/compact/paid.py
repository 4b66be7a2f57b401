"""What episodes were paid, as trajectories have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from memdojo.agents.compact.base import Decision
from memdojo.rewards.outcomes import EpisodeOutcome, StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import Score, sum_scores

from .trajectories import Trajectory, TrajectoryGroup

Probe = list[tuple[Decision, EpisodeOutcome]]
"""One decision: what was drawn for it, each with the episode that came of it."""


def step_rewards(scores: Sequence[Score]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what each is worth, NaN where unscored, and with what is missing worth 0, shapes (S, 1)."""
    rewards = [np.nan if score.value is None else score.value for score in scores]
    at_worst = [score.at_worst if score.value is None else score.value for score in scores]
    return np.array(rewards)[:, None], np.array(at_worst)[:, None]


def operation_counts(steps: Sequence[StepOutcome]) -> Counter[str]:
    """Count the operations of an episode by kind, and those that were not applied as `rejected`."""
    return Counter(
        operation.kind if operation.applied else "rejected" for step in steps for operation in step.operations
    )


def probed_group(
    probes: Sequence[Probe], outcome: EpisodeOutcome, reward: Reward, memory: Mapping[str, float]
) -> TrajectoryGroup:
    """Return one trajectory for each alternative, of one step for each decision that was probed.

    A step is paid the return of the episode that came of it, divided by the number of decisions, so that the
    return of a trajectory is the mean of what its alternatives came to.

    Args:
        probes: At least one, all with as many alternatives.
        outcome: Of the episode whose decisions they are.
        reward: Pays.
        memory: Figures of that episode.
    """
    # Alternatives share episodes.
    outcomes = {id(each): each for probe in probes for _, each in probe}
    score_of = {key: sum_scores([reward(step) for step in each.steps]) for key, each in outcomes.items()}
    counts = operation_counts(outcome.steps)
    group = []
    for alternatives in zip(*probes, strict=True):
        scores = [score_of[id(each)] for _, each in alternatives]
        rewards, at_worst = step_rewards(scores)
        trajectory = Trajectory.of(
            outcome.stream_id,
            [decision for decision, _ in alternatives],
            rewards / len(probes),
            _mean_parts(scores),
            counts,
            greedy=False,
            memory=memory,
        )
        scored = trajectory.scored
        group.append(trajectory if scored else trajectory.missing_answers(at_worst / len(probes)))
    return tuple(group)


def _mean_parts(scores: Sequence[Score]) -> dict[str, float]:
    names = dict.fromkeys(name for score in scores for name in score.parts)
    return {name: float(np.mean([score.parts.get(name, 0.0) for score in scores])) for name in names}
