import numpy as np
import pytest

from memdojo.train.algorithms.advantages import (
    generalised_advantages,
    group_relative_advantages,
    group_relative_position_advantages,
    group_relative_row_advantages,
    group_relative_step_advantages,
    rewards_to_go,
    weights_of_added_losses,
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


def test_without_the_division_a_group_in_which_all_failed_teaches_its_small_differences_as_small() -> None:
    # Nobody answers; a shaping reward of 0.1 or 0.01 for one of the two is all there is.
    for shaping in (0.1, 0.01):
        returns = np.array([[shaping, 0.0], [1.0, 0.0]])
        divided = group_relative_advantages(returns, eps=1e-12)
        # Divided, both groups teach alike, whatever the shaping pays.
        assert divided == pytest.approx(np.array([[1.0, -1.0], [1.0, -1.0]]))
        plain = group_relative_advantages(returns, normalise=False)
        assert plain == pytest.approx(np.array([[shaping / 2, -shaping / 2], [0.5, -0.5]]))


@pytest.mark.parametrize("normalise", [True, False])
def test_equal_episodes_have_no_advantage(normalise: bool) -> None:
    equal = np.full((1, 3), 0.7)
    # What is left is the rounding of a mean.
    assert group_relative_advantages(equal, normalise=normalise) == pytest.approx(0, abs=1e-9)
    steps = np.broadcast_to(np.array([0.5, 0.25]), (1, 3, 2))
    assert not group_relative_step_advantages(steps, normalise=normalise).any()
    chosen = np.ones((3, 2), dtype=bool)
    assert not group_relative_position_advantages(steps[0], chosen, normalise=normalise).any()
    rows = group_relative_row_advantages([np.array([0.5, 0.5])] * 3, normalise=normalise)
    assert not np.concatenate(rows).any()


def test_undivided_step_and_row_advantages_are_differences() -> None:
    rewards_BGS = np.array([[[1.0, 0.0], [0.0, 3.0]]])
    expected = np.array([[[-1.0, -1.5], [1.0, 1.5]]])
    assert group_relative_step_advantages(rewards_BGS, normalise=False) == pytest.approx(expected)
    first, second = group_relative_row_advantages([np.array([1.0, 3.0]), np.array([5.0])], normalise=False)
    assert (first.tolist(), second.tolist()) == ([-2, 0], [2])


def test_each_position_is_compared_by_its_own_deviation() -> None:
    # To go: (5, 4), (1, 0) and (3, 2): both positions have the deviation sqrt(8 / 3). With a discount of 0
    # the first pays 1 to everybody and is skipped, and the second 4, 0 and 2.
    rewards = np.array([[1.0, 4.0], [1.0, 0.0], [1.0, 2.0]])
    chosen = np.ones((3, 2), dtype=bool)
    unit = 2 / np.sqrt(8 / 3)
    both = np.array([[unit, unit], [-unit, -unit], [0, 0]])
    assert group_relative_position_advantages(rewards, chosen, eps=1e-12) == pytest.approx(both)
    late = group_relative_position_advantages(rewards, chosen, discount=0.0, eps=1e-12)
    assert late == pytest.approx(both * [0, 1])
    # A tenth of the difference at one position weighs as much: step by step it would weigh a tenth.
    small = group_relative_position_advantages(rewards * [1, 0.1], chosen, discount=0.0, eps=1e-12)
    assert small == pytest.approx(both * [0, 1])
    plain = group_relative_position_advantages(rewards, chosen, normalise=False)
    assert plain == pytest.approx(np.array([[2.0, 2.0], [-2.0, -2.0], [0.0, 0.0]]))


def test_who_chose_nothing_at_a_position_is_not_compared_there() -> None:
    rewards = np.array([[1.0, 9.0], [3.0, 5.0], [0.0, 1.0]])
    chosen = np.array([[True, False], [True, False], [False, True]])
    # At the first position 1 and 3 are left, at the second one choice alone, which nothing is compared with.
    advantages = group_relative_position_advantages(rewards, chosen, discount=0.0, eps=1e-12)
    assert advantages == pytest.approx(np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]))


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


def test_weights_turn_a_mean_over_all_choices_into_a_sum_of_two_means() -> None:
    # Six choices, two of them local: a global one weighs 6 / 4, a local one 0.5 * 6 / 2.
    is_local, num_choices = np.array([False, False, True]), np.array([3, 1, 2])
    weights = weights_of_added_losses(is_local, num_choices, local_weight=0.5)
    assert weights == pytest.approx([1.5, 1.5, 1.5])
    # Losses of 2, 6 and 4: (3 * 2 + 6) / 4 = 3 of the global, and 4 of the local choices.
    assert (weights * num_choices * [2, 6, 4]).sum() / 6 == pytest.approx(3 + 0.5 * 4)
    heavier = weights_of_added_losses(is_local, num_choices, local_weight=2.0)
    assert heavier == pytest.approx([1.5, 1.5, 6])


@pytest.mark.parametrize(("is_local", "weight"), [(False, 1.0), (True, 0.25)])
def test_the_loss_of_choices_of_one_kind_stands_alone(is_local: bool, weight: float) -> None:
    weights = weights_of_added_losses(np.array([is_local] * 2), np.array([1, 3]), local_weight=0.25)
    assert weights == pytest.approx([weight, weight])


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
