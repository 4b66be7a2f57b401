import numpy as np
import pytest

from memdojo.train.algorithms.advantages import (
    generalised_advantages,
    group_relative_advantages,
    group_relative_row_advantages,
    group_relative_step_advantages,
    rewards_to_go,
)


def test_group_relative_advantages_standardise_within_each_group() -> None:
    advantages = group_relative_advantages(np.array([[1.0, 3.0], [10.0, 10.0]]), eps=0.0 + 1e-12)
    # Group one: mean 2, population deviation 1. Group two has no spread and says nothing.
    assert advantages == pytest.approx(np.array([[-1.0, 1.0], [0.0, 0.0]]))


def test_an_unscored_trajectory_counts_in_no_group_mean() -> None:
    advantages = group_relative_advantages(np.array([[0.0, 2.0, np.nan]]), eps=1e-12)
    assert advantages[0, :2] == pytest.approx([-1.0, 1.0])
    assert np.isnan(advantages[0, 2])


def test_group_relative_advantages_refuse_another_shape() -> None:
    with pytest.raises(ValueError, match="num_groups, group_size"):
        group_relative_advantages(np.zeros(3))


def test_rewards_to_go_are_discounted_sums() -> None:
    # 1 + 0.5 * (2 + 0.5 * 4) = 3;  2 + 0.5 * 4 = 4;  4.
    assert rewards_to_go(np.array([1.0, 2.0, 4.0]), discount=0.5) == pytest.approx([3.0, 4.0, 4.0])


def test_step_advantages_compare_rewards_to_go_at_the_same_step() -> None:
    rewards_BGS = np.array([[[1.0, 0.0], [0.0, 3.0]]])
    # To go: (1, 0) and (3, 3); means (2, 1.5); deviations (-1, -1.5), (1, 1.5); their scale sqrt(13 / 8).
    scale = np.sqrt(13 / 8)
    expected = np.array([[[-1.0, -1.5], [1.0, 1.5]]]) / scale
    assert group_relative_step_advantages(rewards_BGS, eps=1e-12) == pytest.approx(expected)


def test_a_step_at_which_nothing_was_at_stake_gives_no_step_advantage() -> None:
    rewards_BGS = np.array([[[1.0, 0.5], [0.0, 0.5]]])
    assert group_relative_step_advantages(rewards_BGS)[0, :, 1] == pytest.approx([0.0, 0.0])


def test_padding_counts_in_no_step_mean() -> None:
    # To go: (3, 2, 2), (1, 0). At the third step there is one episode only, and nothing to compare it with.
    rewards_BGS = np.array([[[1.0, 0.0, 2.0], [1.0, 0.0, 99.0]]])
    advantages = group_relative_step_advantages(rewards_BGS, num_steps_BG=np.array([[3, 2]]), eps=1e-12)
    assert advantages * np.sqrt(4 / 5) == pytest.approx(np.array([[[1, 1, 0], [-1, -1, 0]]]))


def test_an_unscored_step_takes_its_trajectory_out_of_every_step_mean() -> None:
    rewards_BGS = np.array([[[1.0, 0.0], [5.0, np.nan], [0.0, 3.0]]])
    with_it = group_relative_step_advantages(rewards_BGS)[0]
    assert np.isnan(with_it[1]).all()
    assert with_it[[0, 2]] == pytest.approx(group_relative_step_advantages(rewards_BGS[:, [0, 2]])[0])
    # What lies in the padding is nobody's.
    padded = np.array([[[1.0, 0.0], [0.0, np.nan]]])
    advantages = group_relative_step_advantages(padded, num_steps_BG=np.array([[2, 1]]), eps=1e-12)
    assert advantages * np.sqrt(0.5 / 3) == pytest.approx(np.array([[[0.5, 0], [-0.5, 0]]]))


def test_row_advantages_standardise_over_all_rows_of_a_group() -> None:
    # Mean (1 + 3 + 5) / 3 = 3, deviation sqrt((4 + 0 + 4) / 3).
    advantages = group_relative_row_advantages([np.array([1.0, 3.0]), np.array([5.0])], eps=1e-12)
    assert [a.tolist() for a in advantages] == [
        pytest.approx(np.array([-2, 0]) / np.sqrt(8 / 3)),
        pytest.approx([2 / np.sqrt(8 / 3)]),
    ]


def test_an_unscored_row_takes_its_trajectory_out_of_the_group() -> None:
    rewards = [np.array([0.0, 0.0]), np.array([9.0, np.nan]), np.array([3.0])]
    advantages = group_relative_row_advantages(rewards)
    assert np.isnan(advantages[1]).all()
    # Mean (0 + 0 + 3) / 3 = 1, deviation sqrt((1 + 1 + 4) / 3).
    assert np.concatenate([advantages[0], advantages[2]]) == pytest.approx(
        np.array([-1, -1, 2]) / np.sqrt(2), rel=1e-5
    )


def test_gae_equals_a_sum_worked_by_hand() -> None:
    rewards, values = np.array([1.0, 0.0, 2.0]), np.array([0.5, 1.0, 1.5])
    # deltas with discount 0.9: 1 + .9 - .5 = 1.4;  0 + 1.35 - 1 = .35;  2 + 0 - 1.5 = .5.
    # discount * lambda = .45: A2 = .5, A1 = .35 + .225 = .575, A0 = 1.4 + .25875 = 1.65875.
    advantages, targets = generalised_advantages(rewards, values, discount=0.9, gae_lambda=0.5)
    assert advantages == pytest.approx([1.65875, 0.575, 0.5])
    assert targets == pytest.approx([2.15875, 1.575, 2.0])


def test_gae_with_lambda_one_is_return_minus_value() -> None:
    rewards, values = np.array([1.0, 2.0, 3.0]), np.array([5.0, 1.0, 0.0])
    advantages, _ = generalised_advantages(rewards, values, gae_lambda=1.0)
    assert advantages == pytest.approx([1.0, 4.0, 3.0])


def test_gae_bootstraps_from_the_final_value_of_a_truncated_episode() -> None:
    advantages, _ = generalised_advantages(np.array([1.0]), np.array([0.0]), discount=0.5, final_value=4.0)
    assert advantages == pytest.approx([3.0])


def test_gae_refuses_series_of_different_lengths() -> None:
    with pytest.raises(ValueError, match="equal in length"):
        generalised_advantages(np.zeros(2), np.zeros(3))
