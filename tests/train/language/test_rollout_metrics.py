from __future__ import annotations

import numpy as np
import pytest

from memdojo.errors import EngineError
from memdojo.train.language.rollout_metrics import play_metrics
from memdojo.train.language.trajectories import LanguageTrajectory, Row


def _row(prompt: int, response: int, *, left_out: int = 0, cut_off: bool = False) -> Row:
    ids = np.arange(response, dtype=np.int32)
    return Row(np.arange(prompt, dtype=np.int32), ids, ids.astype(np.float32), 0.0, 0, left_out, cut_off)


def test_figures_are_means_over_the_rows_of_all_episodes() -> None:
    whole = LanguageTrajectory("s", (_row(10, 2), _row(20, 4, left_out=3)))
    failed = LanguageTrajectory("s", (_row(30, 6, cut_off=True),), failure="answer: time-out")
    unshown = LanguageTrajectory("s", (), failure="prompt: too long")
    metrics = play_metrics([(whole, failed), (unshown,)], 7, seconds=2.0)
    assert metrics == pytest.approx(
        {
            "prompts/tokens": 20.0,
            "prompts/shortened_share": 1 / 3,
            "responses/tokens": 4.0,
            "responses/cut_off_share": 1 / 3,
            "rollouts/steps_per_s": 1.5,
            "rollouts/tokens_per_s": 6.0,
            "dropped/answer": 1.0,
            "dropped/prompt": 1.0,
        }
    )


def test_episodes_in_which_nothing_was_asked_have_no_prompts() -> None:
    unasked = LanguageTrajectory("s", (_row(0, 0),))
    asked = play_metrics([(unasked, LanguageTrajectory("s", (_row(10, 2),)))], 7, seconds=2.0)
    assert (asked["prompts/tokens"], asked["rollouts/steps_per_s"]) == (10.0, 0.5)
    assert play_metrics([(unasked,)], 7, seconds=2.0) == {
        "rollouts/steps_per_s": 0.0,
        "rollouts/tokens_per_s": 0.0,
    }


def test_an_update_of_which_every_episode_failed_says_why() -> None:
    failed = LanguageTrajectory("s", (), failure="answer: step 0: no answer to question 'q1': refused")
    with pytest.raises(
        EngineError, match=r"none of the 2 episodes of update 7 .* no answer to question 'q1'"
    ):
        play_metrics([(failed, failed)], 7, seconds=1.0)
