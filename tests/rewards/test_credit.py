from __future__ import annotations

from dataclasses import replace

import pytest

from memdojo.rewards import AnswerabilityOutcome, Reward, StepOutcome, answerability

STEP = StepOutcome(
    step=3,
    questions=(),
    operations=(),
    num_questions=4,
    num_evidence_questions=4,
    num_steps=8,
    memory_tokens=10,
    stream_tokens=100,
    potential_before=0.0,
    potential_after=1.0,
    terminal=False,
)


def test_a_step_is_paid_what_it_adds_to_the_score_of_the_questions_to_come() -> None:
    outcome = replace(STEP, answerability=AnswerabilityOutcome(0.75, 0.5, 2))
    assert answerability(outcome) == -0.25
    reward = Reward({"answerability": 2.0, "evidence_kept": 1.0})
    score = reward(outcome)
    assert score.value == 0.5
    # Both are for the step alone.
    assert reward.by_step(score) == 0.5


def test_a_missing_answer_leaves_no_value_and_counts_nothing_at_worst() -> None:
    outcome = replace(STEP, answerability=AnswerabilityOutcome(0.75, 0.5, 2, "no answer to the question 'q'"))
    score = Reward({"answerability": 2.0})(outcome)
    assert (score.value, score.at_worst) == (None, -0.5)
    assert score.why == "step 3: no answer to the question 'q'"


def test_a_step_at_which_nobody_was_asked_is_a_programmers_error() -> None:
    with pytest.raises(ValueError, match="the questions to come were not asked at step 3"):
        Reward({"answerability": 1.0})(STEP)


@pytest.mark.parametrize(
    ("weights", "metric"),
    [
        ({"answerability": 1.0}, "official"),
        ({"answerability": 1.0, "judge": 1.0}, "official"),
        ({"answerability": 1.0, "judge": 1.0, "rouge_l": 0.1}, "rouge_l"),
        ({"answerability": 1.0, "bleu_1": 0.5, "token_f1": 1.0}, "token_f1"),
        ({"answerability": 1.0, "token_f1": 1.0, "rouge_l": 1.0}, "rouge_l"),
    ],
)
def test_answers_are_scored_by_the_metric_that_weighs_most_and_is_no_judge(
    weights: dict[str, float], metric: str
) -> None:
    assert Reward(weights).answer_metric == metric


def test_a_reward_says_that_questions_to_come_must_be_asked_and_answered() -> None:
    reward = Reward({"answerability": 1.0})
    assert reward.needs_answerability
    assert reward.needs_answers
    assert not Reward({"token_f1": 1.0}).needs_answerability
