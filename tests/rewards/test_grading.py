from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from memdojo.errors import ConfigError, UnknownNameError
from memdojo.rewards import (
    METRICS,
    NO_INFORMATION,
    QuestionOutcome,
    Reward,
    StepOutcome,
    exact_match,
    grade,
    grade_names,
    metric,
    question_metric_names,
    register_reward_part,
    reward_part,
    reward_part_names,
)
from memdojo.rewards.parts import PARTS

QUESTION = QuestionOutcome(
    question_id="q1",
    category="3",
    references=("red; or so",),
    unanswerable=False,
    answer="red",
    answer_error="",
    evidence=frozenset(),
    stored=frozenset(),
    retrieved=(),
)
STEP = StepOutcome(0, (), (), 4, 0, 1, 0, 1, 0.0, 0.0, True)


@pytest.fixture
def scratch_metrics() -> Iterator[None]:
    with METRICS.temporarily():
        yield


def test_official_grades_each_question_by_its_own_metric() -> None:
    # One word of three (red, or, so): F1 = 2/4. LoCoMo keeps the reference before the semicolon.
    assert grade("official", QUESTION) == pytest.approx(1 / 2)
    assert grade("official", replace(QUESTION, metric="locomo")) == 1
    assert grade("official", replace(QUESTION, metric="exact_match")) == 0
    assert grade("official", replace(QUESTION, metric="longmemeval_judge", verdict=1.0)) == 1


def test_a_judged_question_is_ungraded_without_a_verdict() -> None:
    judged = replace(QUESTION, metric="longmemeval_judge")
    assert grade("official", judged) is None
    assert grade("token_f1", judged) == pytest.approx(1 / 2)
    assert grade("judge", replace(QUESTION, verdict=0.0)) == 0
    assert grade("official", replace(QUESTION, answer=None, answer_error="timed out")) is None


def test_an_unanswerable_question_wants_no_information_whatever_explains_it() -> None:
    question = replace(QUESTION, unanswerable=True)
    assert grade("token_f1", question) == 0
    assert grade("official", replace(question, answer=NO_INFORMATION, metric="locomo")) == 1


def test_an_official_reward_is_the_mean_over_the_questions() -> None:
    questions = (QUESTION, replace(QUESTION, metric="locomo"), replace(QUESTION, metric="judge", verdict=1.0))
    score = Reward({"official": 1.0})(replace(STEP, questions=questions))
    assert score.value == pytest.approx((0.5 + 1 + 1) / 4)


def test_a_missing_verdict_leaves_the_step_unscored_and_says_so() -> None:
    judged = replace(QUESTION, question_id="q7", metric="longmemeval_judge")
    score = Reward({"official": 1.0, "token_f1": 1.0})(replace(STEP, questions=(QUESTION, judged)))
    assert score.value is None
    assert score.why == "step 0: official wants a judge's verdict on question 'q7' and there is none"
    assert score.parts == pytest.approx({"token_f1": 2 * 0.5 / 4})


def test_every_grade_is_a_reward_part_and_every_one_but_official_a_questions_metric() -> None:
    assert set(grade_names()) <= set(reward_part_names())
    assert set(grade_names()) - set(question_metric_names()) == {"official"}
    judged = {name for name in grade_names() if reward_part(name).needs_verdicts}
    assert judged == {
        "judge",
        "longmemeval_judge",
        "realmem_judge",
        "locomo_plus_judge",
        "beam_judge",
        "beam_published_judge",
    }
    assert all(reward_part(name).needs_answers for name in grade_names())


@pytest.mark.usefixtures("scratch_metrics")
def test_other_peoples_metrics_are_parts_and_questions_may_name_them() -> None:
    def first_letter(prediction: str, references: Sequence[str]) -> float:
        return float(prediction[:1] in {reference[:1] for reference in references})

    METRICS.add("first_letter", first_letter)
    METRICS.add("first_letter", first_letter)
    assert metric("first_letter")("rot", ["red"]) == 1
    step = replace(STEP, questions=(replace(QUESTION, metric="first_letter", answer="rot"),))
    assert Reward({"first_letter": 1.0})(step).value == Reward({"official": 1.0})(step).value == 0.25
    with pytest.raises(ConfigError, match="'first_letter' is registered already"):
        METRICS.add("first_letter", exact_match)
    with pytest.raises(ConfigError, match="'first_letter' is registered already"):
        register_reward_part("first_letter")(lambda outcome: 0.0)


@pytest.mark.parametrize("name", ["official", "locomo", "operation_cost", "token_f1"])
def test_a_metric_cannot_take_the_name_of_another_grade_or_part(name: str) -> None:
    with pytest.raises(ConfigError, match="registered already"):
        METRICS.add(name, lambda prediction, references: 1.0)


def test_a_metrics_name_is_one_word() -> None:
    with pytest.raises(ConfigError, match=r"'recall@5' cannot name a metric"):
        METRICS.add("recall@5", exact_match)


def test_a_metric_that_nobody_registered_is_told() -> None:
    with pytest.raises(UnknownNameError, match="unknown metric 'rouge'"):
        grade("official", replace(QUESTION, metric="rouge"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "gave None for the answer 'red'; a metric returns a number from 0 to 1"),
        (float("nan"), "gave nan"),
        (float("inf"), "gave inf"),
        (1.5, "gave 1.5"),
        (-0.1, "gave -0.1"),
        (True, "gave True"),
        ("0.5", "gave '0.5'"),
        ([0.5], r"gave \[0.5\]"),
        (2**70, "gave 1180591620717411303424"),
    ],
)
def test_a_metric_that_gives_no_score_is_named(scratch_metrics: None, given: Any, message: str) -> None:
    METRICS.add("mine", lambda prediction, references: given)
    with pytest.raises(ConfigError, match=f"the metric 'mine' {message}"):
        grade("mine", QUESTION)
    with pytest.raises(ConfigError, match=f"the metric 'mine' {message}"):
        grade("official", replace(QUESTION, metric="mine"))


def test_a_metric_that_fails_is_named(scratch_metrics: None) -> None:
    METRICS.add("mine", lambda prediction, references: len(prediction) / 0)
    with pytest.raises(
        ConfigError, match=r"'mine' failed on the answer 'red' \(ZeroDivisionError: .*\); mend"
    ):
        grade("mine", QUESTION)


def test_what_rounding_or_another_kind_of_number_does_to_a_score_is_mended(scratch_metrics: None) -> None:
    for given, score in (
        (1 + 1e-12, 1.0),
        (-1e-12, 0.0),
        (np.float32(0.5), 0.5),
        (Fraction(1, 4), 0.25),
        (1, 1),
    ):
        with METRICS.temporarily():
            METRICS.add("mine", lambda prediction, references, given=given: given)
            assert grade("mine", QUESTION) == score
            assert type(grade("mine", QUESTION)) is float


@pytest.mark.parametrize("given", [float("nan"), float("inf"), True, "0.5", [1.0]])
def test_a_reward_part_that_gives_no_number_is_named(given: Any) -> None:
    with PARTS.temporarily():
        register_reward_part("mine")(lambda outcome: given)
        with pytest.raises(
            ConfigError, match=r"the reward part 'mine' gave .*; a part returns a finite number"
        ):
            Reward({"mine": 1.0})(STEP)


def test_nuggets_are_graded_by_their_words_where_there_are_some() -> None:
    question = replace(
        QUESTION, answer="a red boat", nuggets=("red boat", "blue car"), metric="nugget_recall"
    )
    assert grade("official", question) == 0.5
    assert grade("nugget_recall", replace(question, unanswerable=True, answer=NO_INFORMATION)) == 1
    assert grade("nugget_recall", replace(question, nuggets=("Response should avoid: cars",))) is None
    with pytest.raises(ConfigError, match="nugget_recall grades by a question's nuggets and 'q1' has none"):
        grade("nugget_recall", replace(question, nuggets=()))
