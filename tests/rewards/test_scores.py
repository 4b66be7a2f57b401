from __future__ import annotations

import pickle

import pytest

from memdojo.rewards import Score, mean_score, sum_scores


def test_an_unscored_score_says_why_and_is_not_zero() -> None:
    score = Score(None, why="the answerer timed out")
    assert not score.scored
    assert score != Score(0.0)
    assert Score(0.0).scored


def test_an_unscored_score_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="say why"):
        Score(None)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Score(value)


def test_the_mean_leaves_the_unscored_out() -> None:
    scores = [
        Score(1.0, {"f1": 1.0}),
        Score(None, {"f1": 9.0}, "timed out"),
        Score(0.5, {"f1": 0.6, "cost": -0.1}),
    ]
    mean = mean_score(scores)
    assert mean.value == pytest.approx(0.75)
    assert mean.parts == pytest.approx({"f1": 0.8, "cost": -0.1})


def test_the_mean_of_nothing_scored_is_unscored() -> None:
    assert mean_score([]).value is None
    assert "timed out" in mean_score([Score(None, why="timed out")]).why


def test_a_sum_with_one_unscored_step_is_unscored() -> None:
    total = sum_scores(
        [Score(1.0, {"f1": 1.0}), Score(None, {"cost": -0.5}, "refused"), Score(2.0, {"f1": 2.0})]
    )
    assert total == Score(None, {"f1": 3.0, "cost": -0.5}, "refused", at_worst=3.0)


def test_the_steps_of_an_episode_add_up() -> None:
    assert sum_scores([Score(0.5, {"a": 0.5}), Score(-0.25, {"a": -0.5, "b": 0.25})]) == Score(
        0.25, {"a": 0.0, "b": 0.25}
    )
    assert sum_scores([]) == Score(0.0)


def test_scores_pickle() -> None:
    score = Score(0.5, {"f1": 0.5})
    assert pickle.loads(pickle.dumps(score)) == score
