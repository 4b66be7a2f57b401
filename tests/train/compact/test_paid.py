"""What the decisions of a design are paid."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from memdojo.rewards.outcomes import OperationOutcome, QuestionOutcome, StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.train.compact.paid import Place, decision_rewards

REWARD = Reward({"token_f1": 1.0, "operation_cost": 0.1})
ADD = OperationOutcome("ADD", applied=True, malformed=False, text_tokens=3)


def _question(id, answer, error=""):
    return QuestionOutcome(id, "1", ("Rex",), False, answer, error, frozenset(), frozenset(), ())


def _step(index, *questions, operations=(ADD,)):
    return StepOutcome(index, questions, operations, 4, 0, 2, 0, 10, 0.0, 0.0, index == 1)


STEPS = (
    _step(0, _question("a", "Rex")),
    _step(1, _question("b", "Rex"), _question("c", "Bo"), _question("d", "Rex")),
)


def _column(places, steps=STEPS, reward=REWARD):
    rewards, _ = decision_rewards(reward, steps, [Place(*place) for place in places])
    return rewards[:, 0]


def test_a_decision_for_a_question_is_paid_that_question():
    # Four questions, so a right answer is worth a quarter; two steps of one ADD, each a cost of 0.05.
    paid = _column([(0, None), (0, 0), (1, 0), (1, 1)])
    # What nobody decided on, the costs and question d, goes to the decision that wrote.
    assert paid == pytest.approx([0.25 - 0.1, 0.25, 0.25, 0.0])


def test_of_several_decisions_for_a_question_the_last_is_paid():
    assert _column([(0, None), (1, 0), (1, 0), (1, None)])[1:3] == pytest.approx([0.0, 0.25])


def test_without_a_decision_that_wrote_the_first_is_paid_the_rest():
    paid = _column([(1, 1), (1, 2)])
    assert paid == pytest.approx([0.0 + 0.5 - 0.1, 0.25])
    assert _column([]) == pytest.approx([0.75 - 0.1])


@pytest.mark.parametrize("places", [[], [(0, None)], [(0, 0), (1, None)], [(0, None), (1, 2), (1, 2)]])
def test_nothing_is_lost(places):
    assert _column(places).sum() == pytest.approx(0.65)


def test_a_missing_answer_is_unscored_and_at_worst_worth_nothing():
    failed = dataclasses.replace(STEPS[0], questions=(_question("a", None, "no reply"),))
    rewards, at_worst = decision_rewards(REWARD, (failed, STEPS[1]), [Place(0), Place(0, 0), Place(1, 0)])
    assert np.isnan(rewards[:2, 0]).all()
    assert at_worst[:, 0] == pytest.approx([0.25 - 0.1, 0.0, 0.25])
