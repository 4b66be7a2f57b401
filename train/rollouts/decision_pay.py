"""What the decisions of a policy are paid of what the steps of its episode are worth."""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memdojo.rewards.outcomes import StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import Score


class Place(NamedTuple):
    """Where a decision was made.

    Attributes:
        step: The step.
        question: Place of the question that a memory design read for, among those of the step; None for any
            other decision.
    """

    step: int
    question: int | None = None


class Paid(NamedTuple):
    """What something is worth.

    Attributes:
        value: NaN where it is unscored.
        at_worst: The same with all that is missing worth 0.
        by_step: How much of it is for a step alone.
        by_call: How much of that is for its calls.
    """

    value: float
    at_worst: float
    by_step: float = 0.0
    by_call: float = 0.0

    @classmethod
    def of(cls, score: Score) -> Paid:
        """Return what a score is worth."""
        return cls(math.nan, score.at_worst) if score.value is None else cls(score.value, score.value)


@dataclass(frozen=True, slots=True)
class StepPay:
    """What a step is worth, and how much of that is for questions.

    Attributes:
        whole: The step.
        questions: What it is worth with a question less what it is worth without it, by the question's place;
            of the questions for which something was decided.
    """

    whole: Paid
    questions: Mapping[int, Paid] = field(default_factory=dict)


def pay_of_questions(
    reward: Reward, outcome: StepOutcome, score: Score, asked: Iterable[int | None]
) -> dict[int, Paid]:
    """Return how much of what a step is worth is for questions; see `StepPay`.

    Args:
        reward: Pays.
        outcome: Of the step.
        score: What the reward makes of it.
        asked: The questions for which something was decided; None, and what comes twice, counts for nothing.
    """
    whole = Paid.of(score)
    shares = {}
    for question in sorted({each for each in asked if each is not None}):
        others = outcome.questions[:question] + outcome.questions[question + 1 :]
        without = Paid.of(reward(dataclasses.replace(outcome, questions=others)))
        shares[question] = Paid(whole.value - without.value, whole.at_worst - without.at_worst)
    return shares


def pay_by_decision(steps: Sequence[StepPay], places: Sequence[Place]) -> npt.NDArray[np.float64]:
    """Return what each decision is paid, as the columns of `Paid`, shape (D, 4).

    The last decision that was made for a question is paid what is for that question. All else of a step goes
    to the last decision up to it that was made for no question, or to the first of all. So what the decisions
    are paid adds up to what the steps are paid.

    Args:
        steps: The episode, or the end of it.
        places: Of the decisions, in order. With none there is one row, with all of it.
    """
    rows = np.zeros((max(len(places), 1), len(Paid._fields)))
    last_at = {place: row for row, place in enumerate(places)}
    others = [row for row, place in enumerate(places) if place.question is None]
    made_at = [places[row].step for row in others]
    for index, step in enumerate(steps):
        rest = np.array(step.whole)
        for question, share in step.questions.items():
            rows[last_at[Place(index, question)]] += share
            rest = rest - share
        num_before = bisect_right(made_at, index)
        rows[others[num_before - 1] if num_before else 0] += rest
    return rows
