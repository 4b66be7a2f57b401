"""What episodes were paid, as trajectories have it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memdojo.agents.compact.base import Decision
from memdojo.rewards.outcomes import EpisodeOutcome, StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import Score, sum_scores

from .trajectories import Trajectory, TrajectoryGroup

Probe = list[tuple[Decision, EpisodeOutcome]]
"""One decision: what was drawn for it, each with the episode that came of it."""


class Place(NamedTuple):
    """Where a decision of a memory design was made.

    Attributes:
        step: The step.
        question: Place of the question that was read for, among those of the step; None for another decision.
    """

    step: int
    question: int | None = None


def step_rewards(scores: Sequence[Score]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what each is worth, NaN where unscored, and with what is missing worth 0, shapes (S, 1)."""
    rewards = [np.nan if score.value is None else score.value for score in scores]
    at_worst = [score.at_worst if score.value is None else score.value for score in scores]
    return np.array(rewards)[:, None], np.array(at_worst)[:, None]


def decision_rewards(
    reward: Reward, steps: Sequence[StepOutcome], places: Sequence[Place]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what each decision of an episode is paid, as `step_rewards` does for steps, shapes (D, 1).

    The last decision that was made for a question is paid what the step is worth with the question less what
    it is worth without it. All else goes to the last decision before it that was made for no question, or to
    the first of all. So what the decisions are paid adds up to what the steps are paid.

    Args:
        reward: Pays.
        steps: The episode, or the end of it.
        places: Of the decisions, in order. With none there is one row, with all of it.
    """
    rows = np.zeros((max(len(places), 1), 1)), np.zeros((max(len(places), 1), 1))
    last_at = {place: row for row, place in enumerate(places)}
    others = [(place.step, row) for row, place in enumerate(places) if place.question is None]
    for index, outcome in enumerate(steps):
        asked = [question for question in range(len(outcome.questions)) if Place(index, question) in last_at]
        without = [_without(outcome, question) for question in asked]
        paid = step_rewards([reward(each) for each in (outcome, *without)])
        rest = max((row for step, row in others if step <= index), default=0)
        for of_rows, (whole, *left) in zip(rows, (each[:, 0] for each in paid), strict=True):
            shares = [whole - each for each in left]
            for question, share in zip(asked, shares, strict=True):
                of_rows[last_at[Place(index, question)], 0] += share
            of_rows[rest, 0] += whole - sum(shares)
    return rows


def _without(outcome: StepOutcome, question: int) -> StepOutcome:
    others = outcome.questions[:question] + outcome.questions[question + 1 :]
    return dataclasses.replace(outcome, questions=others)


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
