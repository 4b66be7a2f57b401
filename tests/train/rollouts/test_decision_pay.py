"""What decisions are paid of what steps are worth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from memdojo.rewards.outcomes import OperationOutcome, QuestionOutcome, StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.train.rollouts.decision_pay import Paid, Place, StepPay, pay_by_decision, pay_of_questions

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


def _paid(places, steps=STEPS):
    places = [Place(*place) for place in places]
    asked = [[place.question for place in places if place.step == index] for index in range(len(steps))]
    return pay_by_decision([_step_pay(*each) for each in zip(steps, asked, strict=True)], places)


def _step_pay(step, asked):
    score = REWARD(step)
    return StepPay(Paid.of(score), pay_of_questions(REWARD, step, score, asked))


def _column(places):
    return _paid(places)[:, 0]


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
    values, at_worst, *_ = _paid([(0, None), (0, 0), (1, 0)], (failed, STEPS[1])).T
    assert np.isnan(values[:2]).all()
    assert at_worst == pytest.approx([0.25 - 0.1, 0.0, 0.25])


def test_what_is_for_a_step_alone_goes_with_what_is_for_no_question():
    pay = _step_pay(STEPS[0], [0, 0, None])
    whole = pay.whole._replace(by_step=-0.05, by_call=-0.02)
    rows = pay_by_decision([dataclasses.replace(pay, whole=whole)], [Place(0), Place(0, 0)])
    assert rows[:, 2:].tolist() == [[-0.05, -0.02], [0.0, 0.0]]
