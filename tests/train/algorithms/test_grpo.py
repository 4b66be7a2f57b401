from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from builders import make_row, make_trajectory
from memdojo.train.algorithms.grpo import Grpo
from memdojo.train.algorithms.ppo import Ppo
from memdojo.train.algorithms.settings import GrpoSettings, PpoSettings
from memdojo.train.language.trajectories import LanguageGroup, LanguageTrajectory

PPO = Ppo(PpoSettings(name="ppo", num_updates=1))


def _grpo(**settings: Any) -> Grpo:
    return Grpo(GrpoSettings.model_validate({"name": "grpo", "num_updates": 1, **settings}))


def _advantages(groups: Sequence[LanguageGroup], **settings: Any) -> np.ndarray:
    return _grpo(**settings).estimate(groups, np.zeros(0)).advantages


def test_a_failed_attempt_is_untrainable_and_not_a_zero() -> None:
    failed = make_trajectory(0.0, failure="the answerer timed out")
    unknown = make_trajectory(1.0, math.nan)
    empty = LanguageTrajectory("s", ())
    selection = _grpo().select([(failed, make_trajectory(1.0), unknown, make_trajectory(3.0), empty)])
    assert [trajectory.episode_return for trajectory in selection.groups[0]] == [1, 3]
    assert selection.counts == {
        "dropped_unscored": 3,
        "dropped_alone": 0,
        "dropped_equal": 0,
        "skipped_groups": 0,
    }
    # The mean of 1 and 3 is 2, which a zero would have moved, and their deviation 1.
    advantages = _advantages(selection.groups, advantage="trajectory")
    assert advantages == pytest.approx([-1, 1], rel=1e-5)


def test_grpo_leaves_out_who_has_nobody_to_compare_with_and_ppo_does_not() -> None:
    groups = [
        (make_trajectory(1.0), make_trajectory(2.0, failure="refused")),
        (make_trajectory(0.0), make_trajectory(1.0)),
    ]
    selection = _grpo().select(groups)
    assert len(selection.groups) == 1
    assert selection.counts["dropped_alone"] == 1
    assert [len(group) for group in PPO.select(groups).groups] == [
        1,
        2,
    ]


def test_groups_of_equal_returns_are_skipped_only_on_request() -> None:
    # The same rewards in another order differ in the last digit.
    equal = (make_trajectory(0.1, 0.2, 0.3), make_trajectory(0.3, 0.2, 0.1))
    groups = [equal, (make_trajectory(0.0), make_trajectory(1.0))]
    assert len(_grpo().select(groups).groups) == 2
    selection = _grpo(skip_equal_groups=True).select(groups)
    assert len(selection.groups) == 1
    assert selection.counts["dropped_equal"] == 2
    assert selection.counts["skipped_groups"] == 1


def test_an_update_of_which_nothing_could_be_scored_is_refused() -> None:
    with pytest.raises(ValueError, match="no trajectory of this update could be scored"):
        PPO.select([(make_trajectory(math.nan), make_trajectory(1.0, failure="refused"))])


def test_whole_episodes_are_compared_and_count_alike_whatever_their_rows() -> None:
    # Returns 1 and 3: were rows to count, the mean would be (1 + 1 + 1 + 3) / 4 and not 2.
    group = (make_trajectory(1.0, 0.0, 0.0), make_trajectory(3.0))
    advantages = _advantages([group], advantage="trajectory")
    assert advantages == pytest.approx([-1, -1, -1, 1], rel=1e-5)


def test_rows_are_compared_and_count_alike_whatever_their_episode() -> None:
    # Paid for the episode: 1, 1, 1 and 3. Mean 1.5, deviation sqrt((3 * 0.25 + 2.25) / 4).
    group = (make_trajectory(0.0, 0.0, 1.0), make_trajectory(3.0))
    advantages = _advantages([group], advantage="rows")
    assert advantages == pytest.approx(np.array([-0.5, -0.5, -0.5, 1.5]) / math.sqrt(0.75), rel=1e-5)


def _steps(*rewards: tuple[float, float]) -> LanguageTrajectory:
    """Return an episode whose rows are paid for the episode, and for their step alone, undivided."""
    num_steps = len(rewards)
    rows = [
        dataclasses.replace(
            make_row(shared + own / num_steps), step_reward=own / num_steps, num_steps=num_steps
        )
        for shared, own in rewards
    ]
    return LanguageTrajectory("s", tuple(rows))


def test_what_is_for_the_episode_is_shared_by_all_rows_and_what_is_for_a_step_is_its_own() -> None:
    # Two and three chunks. Answers pay 0.6 and 0.0 at the end, the calls of each chunk 1, 0.5 and 0, 1, 0.5.
    # Each row is worth r1 + r2,t: 1.6, 1.1 and 0, 1, 0.5. Mean 4.2 / 5 = 0.84, and the deviations squared
    # 0.5776, 0.0676, 0.7056, 0.0256, 0.1156 have the mean 1.492 / 5 = 0.2984.
    group = (_steps((0.0, 1.0), (0.6, 0.5)), _steps((0.0, 0.0), (0.0, 1.0), (0.0, 0.5)))
    assert group[0].row_rewards == pytest.approx([1.6, 1.1])
    assert group[1].row_rewards == pytest.approx([0.0, 1.0, 0.5])
    # The rewards of an episode still add up to its return: 0.6 + 0.75 and 0.5.
    assert [trajectory.episode_return for trajectory in group] == pytest.approx([1.35, 0.5])
    advantages = _advantages([group], advantage="rows")
    expected = np.array([0.76, 0.26, -0.84, 0.16, -0.34]) / math.sqrt(0.2984)
    assert advantages == pytest.approx(expected, rel=1e-4)


def _calling(shared: float, *calls: float | None) -> LanguageTrajectory:
    """Return an episode that ends with what is paid for it, whose rows' calls pay so; None without a call."""
    num_steps = len(calls)
    rows = [
        dataclasses.replace(
            make_row(share / num_steps),
            step_reward=share / num_steps,
            call_reward=share / num_steps,
            has_calls=call is not None,
            num_steps=num_steps,
        )
        # Alone, a row without a call is paid in full.
        for call in calls
        for share in (1.0 if call is None else call,)
    ]
    rows[-1] = dataclasses.replace(rows[-1], reward=rows[-1].reward + shared)
    return LanguageTrajectory("s", tuple(rows))


def test_a_row_without_a_call_takes_the_mean_of_the_rows_with_calls() -> None:
    # Answers pay 0.6 and 0; calls 1 and 0.2 in two rows of the first episode, and 0.3 in one of the other's.
    group = (_calling(0.6, 1.0, None, 0.2), _calling(0.0, 0.3, None))
    assert group[0].row_rewards == pytest.approx([1.6, 0.6, 0.8])
    assert group[1].row_rewards == pytest.approx([0.3, 0.0])
    # Rows with calls are paid 1.5 / 3 = 0.5 for them: the silent ones are worth 1.1 and 0.5. The mean of the
    # five is (1.6 + 1.1 + 0.8 + 0.3 + 0.5) / 5 = 0.86; deviations squared 0.5476, 0.0576, 0.0036, 0.3136 and
    # 0.1296, whose mean is 1.052 / 5.
    expected = np.array([0.74, 0.24, -0.06, -0.56, -0.36]) / math.sqrt(1.052 / 5)
    assert _advantages([group], advantage="rows") == pytest.approx(expected, rel=1e-4)


def test_silence_neither_gains_nor_loses_by_what_is_paid_for_calls() -> None:
    # Where answers are alike, the silent row stands in the middle, whether calls mostly fail or succeed.
    for calls in ((0.0, 0.2, 0.1), (1.1, 0.9, 1.0)):
        silent = _advantages(
            [(_calling(0.5, None), *(_calling(0.5, call) for call in calls))], advantage="rows"
        )
        assert silent[0] == pytest.approx(0, abs=1e-6)
    # Without any call there is nothing to prefer but the answers.
    mute = (_calling(0.0, None, None), _calling(1.0, None, None))
    assert _advantages([mute], advantage="rows") == pytest.approx([-1, -1, 1, 1], rel=1e-4)
    alike = _grpo(advantage="rows", skip_equal_groups=True).select(
        [(_calling(0.5, None), _calling(0.5, 0.7))]
    )
    assert not alike.groups


def test_episodes_of_equal_returns_teach_by_their_rows() -> None:
    group = (_steps((0.5, 1.0), (0.0, 0.0)), _steps((0.5, 0.0), (0.0, 1.0)))
    for advantage, num_left in (("rows", 1), ("trajectory", 0)):
        algorithm = _grpo(advantage=advantage, skip_equal_groups=True)
        assert len(algorithm.select([group]).groups) == num_left
    alike = (_steps((0.5, 1.0), (0.0, 1.0)),) * 2
    assert not _grpo(advantage="rows", skip_equal_groups=True).select([alike]).groups


def test_steps_are_compared_where_several_episodes_have_them() -> None:
    # To go: 3, 2, 2 and 1, 0. Means 2, 1 and, of the one that has a third row, 2.
    group = (make_trajectory(1.0, 0.0, 2.0), make_trajectory(1.0, 0.0))
    advantages = _advantages([group], advantage="step")
    assert advantages == pytest.approx(np.array([1, 1, 0, -1, -1]) / math.sqrt(4 / 5), rel=1e-5)


def test_positions_are_compared_where_several_episodes_have_them() -> None:
    # To go: 4, 2, 2 and 1, 0. The deviation of the first position is 1.5, of the second 1; nobody shares the
    # third with the first episode.
    group = (make_trajectory(2.0, 0.0, 2.0), make_trajectory(1.0, 0.0))
    assert _advantages([group], advantage="position") == pytest.approx([1, 1, 0, -1, -1], rel=1e-5)
    plain = _advantages([group], advantage="position", normalise=False)
    assert plain == pytest.approx([1.5, 1, 0, -1.5, -1])


def test_a_group_is_skipped_if_no_position_of_it_teaches_anything() -> None:
    algorithm = _grpo(advantage="position", skip_equal_groups=True)
    # Equal returns, of which the rewards to go of the second position differ.
    taught = (make_trajectory(1.0, 0.0), make_trajectory(0.0, 1.0))
    assert algorithm.select([taught, (make_trajectory(1.0, 0.5),) * 2]).groups == (taught,)


@pytest.mark.parametrize("advantage", ["trajectory", "step", "position", "rows"])
def test_undivided_advantages_of_a_group_in_which_all_failed_are_as_small_as_its_differences(
    advantage: str,
) -> None:
    # Nobody answers; one of the two is paid 0.02 for its form.
    failed = (make_trajectory(0.02), make_trajectory(0.0))
    assert _advantages([failed], advantage=advantage, normalise=False) == pytest.approx([0.01, -0.01])
    assert _advantages([failed], advantage=advantage) == pytest.approx([1, -1], rel=1e-3)
    equal = (make_trajectory(0.3), make_trajectory(0.3))
    for normalise in (True, False):
        assert not _advantages([equal], advantage=advantage, normalise=normalise).any()


@pytest.mark.parametrize("advantage", ["trajectory", "rows"])
def test_no_row_loses_the_advantage_of_its_episode(advantage: str) -> None:
    # Paid at the last row alone, which once was the only one to be trained on.
    group = (make_trajectory(0.0, 0.0, 0.0, 1.0), make_trajectory(0.0, 0.0, 0.0, 0.0))
    advantages = _advantages([group], advantage=advantage)
    assert advantages == pytest.approx([1] * 4 + [-1] * 4, rel=1e-5)


def test_global_and_local_losses_are_added_where_starts_are_mixed() -> None:
    # Responses of three tokens and one in the global group, of two in the local one: eight tokens, four of
    # each kind. A global token weighs 8 / 4 = 2, a local one 0.5 * 8 / 4 = 1.
    whole = tuple(
        LanguageTrajectory("s", (make_row(reward, response=range(tokens)),))
        for reward, tokens in ((1.0, 3), (0.0, 1))
    )
    local = tuple(
        LanguageTrajectory("s", (make_row(reward, response=(2, 3)),), is_local=True) for reward in (4.0, 2.0)
    )
    mixed = {"group_start": "mixed", "groups_per_update": 2}
    assert _advantages([whole, local]) == pytest.approx([1, -1, 1, -1], rel=1e-5)
    assert _advantages([whole, local], **mixed) == pytest.approx([2, -2, 1, -1], rel=1e-5)
    # Where rows count alike, two are of each kind: 4 / 2 and 3 * 4 / 2.
    by_row = _advantages([whole, local], **mixed, loss_average="sequence", local_weight=3.0)
    assert by_row == pytest.approx([2, -2, 6, -6], rel=1e-5)


def test_starts_are_mixed_by_a_share_spread_over_the_places_of_an_update() -> None:
    def forks(**settings: Any) -> list[int | None]:
        settings = {"group_start": "mixed", "groups_per_update": 8, **settings}
        algorithm = GrpoSettings.model_validate({"name": "grpo", "num_updates": 1, **settings})
        return [algorithm.earliest_fork(place) for place in range(8)]

    assert forks(local_share=0.25) == [None, 1, None, None, None, 1, None, None]
    assert forks(local_share=0.5).count(1) == 4
    assert forks(group_start="fork") == [0] * 8
    assert forks(group_start="stream") == [None] * 8


def test_groups_are_compared_within_themselves() -> None:
    low, high = (make_trajectory(0.0), make_trajectory(1.0)), (make_trajectory(10.0), make_trajectory(14.0))
    for advantage in ("trajectory", "step", "rows"):
        advantages = _advantages([low, high], advantage=advantage)
        assert advantages == pytest.approx([-1, 1, -1, 1], rel=1e-4)
