import dataclasses
import math

import numpy as np
import pytest

from memdojo.rewards import QuestionOutcome, Reward, StepOutcome
from memdojo.train.compact.trajectories import Trajectory
from memdojo.train.language.trajectories import LanguageTrajectory, Row
from memdojo.train.loop import rollout_metrics
from memdojo.train.rollouts.unscored import bound_unscored


def _trajectory(reward: float, at_worst: float | None = None) -> Trajectory:
    empty = np.zeros((1, 1))
    worst = np.zeros((0, 0)) if at_worst is None else np.array([[at_worst]])
    return Trajectory(
        "s", {}, empty.astype(int), empty, empty, np.array([[reward]]), {}, {}, rewards_at_worst=worst
    )


def _returns(groups: object) -> list[list[float]]:
    return [[each.episode_return for each in group] for group in groups]  # type: ignore[attr-defined]


def test_few_unscored_episodes_are_left_as_they_are() -> None:
    groups = ((_trajectory(1.0), _trajectory(math.nan, 0.25)), (_trajectory(0.5), _trajectory(0.0)))
    assert bound_unscored(groups, 0.25) is groups
    assert rollout_metrics(groups)["rollouts/return"] == pytest.approx(0.5)
    assert rollout_metrics(groups)["rollouts/unscored"] == 1


def test_too_many_unscored_episodes_count_at_their_worst() -> None:
    groups = ((_trajectory(1.0), _trajectory(math.nan, 0.25)), (_trajectory(0.5), _trajectory(0.0)))
    bounded = bound_unscored(groups, 0.2)
    assert _returns(bounded) == [[1.0, 0.25], [0.5, 0.0]]
    # (1 + 0.25 + 0.5 + 0) / 4; it has no score of its own all the same.
    assert rollout_metrics(bounded)["rollouts/return"] == pytest.approx(0.4375)
    assert rollout_metrics(bounded)["rollouts/unscored"] == 1


def test_what_failed_for_another_reason_and_what_nobody_scored_is_left() -> None:
    broken = ((_trajectory(1.0), _trajectory(math.nan)),)
    assert bound_unscored(broken, 0.0) is broken
    outage = ((_trajectory(math.nan, 0.0), _trajectory(math.nan, 0.5)),)
    assert bound_unscored(outage, 0.05) is outage


def test_a_language_policys_episode_counts_what_it_had_earned() -> None:
    ids, log_probs = np.zeros(1, np.int32), np.zeros(1, np.float32)
    rows = (
        Row(ids, ids, log_probs, 0.5),
        Row(ids, ids, log_probs, math.nan, reward_at_worst=0.125),
    )
    failed = LanguageTrajectory("s", rows, failure="answer: timed out", is_missing_answers=True)
    prompt = LanguageTrajectory("s", rows[:1], failure="prompt: too long")
    scored = LanguageTrajectory("s", rows[:1])
    ((first, second, third),) = bound_unscored(((failed, prompt, scored),), 0.05)
    assert first.scored
    assert first.episode_return == 0.625
    assert not second.scored
    assert third is scored


def test_a_step_at_its_worst_is_worth_what_its_other_answers_earn() -> None:
    question = QuestionOutcome("a", "", ("red",), False, "red", "", frozenset(), frozenset(), ())
    lost = dataclasses.replace(question, question_id="b", answer=None, answer_error="timed out")
    step = StepOutcome(0, (question, lost), (), 4, 0, 1, 0, 1, 0.25, 0.75, True)
    score = Reward({"token_f1": 2.0, "evidence_kept": 1.0})(step)
    # One of four questions is right: 2 * 1/4, and the gain of potential is 1/2.
    assert (score.value, score.at_worst) == (None, 1.0)
    judged = dataclasses.replace(question, verdict=1.0)
    unjudged = dataclasses.replace(question, question_id="b")
    step = dataclasses.replace(step, questions=(judged, unjudged))
    assert Reward({"judge": 1.0})(step).at_worst == 0.25


def test_groups_of_equal_returns_are_counted_among_those_that_can_be_compared() -> None:
    equal, unequal = (_trajectory(0.5), _trajectory(0.5)), (_trajectory(0.5), _trajectory(0.25))
    alone = (_trajectory(0.5), _trajectory(math.nan))
    assert rollout_metrics((equal, unequal, equal, equal, alone))["rollouts/equal_groups"] == 0.75
    assert "rollouts/equal_groups" not in rollout_metrics((alone,))
