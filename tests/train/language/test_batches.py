from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from memdojo.train.config.tables import AlgorithmConfig
from memdojo.train.language.batches import (
    UpdateRows,
    grpo_advantages,
    pad_rows,
    ppo_advantages,
    select_groups,
    share_out,
)
from memdojo.train.language.trajectories import LanguageGroup, LanguageTrajectory, Row


def _row(reward: float = 0.0, prompt: Sequence[int] = (1,), response: Sequence[int] = (2,)) -> Row:
    return Row(
        np.array(prompt, np.int32), np.array(response, np.int32), -np.ones(len(response), np.float32), reward
    )


def _episode(*rewards: float, failure: str = "") -> LanguageTrajectory:
    return LanguageTrajectory("s", tuple(map(_row, rewards)), failure=failure)


def _algorithm(name: str = "grpo", **settings: Any) -> AlgorithmConfig:
    return AlgorithmConfig.model_validate({"name": name, "num_updates": 1, **settings})


def test_a_failed_attempt_is_untrainable_and_not_a_zero() -> None:
    failed = _episode(0.0, failure="the answerer timed out")
    unknown = _episode(1.0, math.nan)
    empty = LanguageTrajectory("s", ())
    selection = select_groups([(failed, _episode(1.0), unknown, _episode(3.0), empty)], _algorithm())
    assert [trajectory.episode_return for trajectory in selection.groups[0]] == [1, 3]
    assert selection.counts == {
        "dropped_unscored": 3,
        "dropped_alone": 0,
        "dropped_equal": 0,
        "skipped_groups": 0,
    }
    # The mean of 1 and 3 is 2, which a zero would have moved, and their deviation 1.
    advantages = grpo_advantages(selection.groups, _algorithm(advantage="trajectory"))
    assert advantages == pytest.approx([-1, 1], rel=1e-5)


def test_grpo_leaves_out_who_has_nobody_to_compare_with_and_ppo_does_not() -> None:
    groups = [(_episode(1.0), _episode(2.0, failure="refused")), (_episode(0.0), _episode(1.0))]
    selection = select_groups(groups, _algorithm())
    assert len(selection.groups) == 1
    assert selection.counts["dropped_alone"] == 1
    assert [len(group) for group in select_groups(groups, _algorithm("ppo")).groups] == [1, 2]


def test_groups_of_equal_returns_are_skipped_only_on_request() -> None:
    # The same rewards in another order differ in the last digit.
    equal = (_episode(0.1, 0.2, 0.3), _episode(0.3, 0.2, 0.1))
    groups = [equal, (_episode(0.0), _episode(1.0))]
    assert len(select_groups(groups, _algorithm()).groups) == 2
    selection = select_groups(groups, _algorithm(skip_equal_groups=True))
    assert len(selection.groups) == 1
    assert selection.counts["dropped_equal"] == 2
    assert selection.counts["skipped_groups"] == 1


def test_an_update_of_which_nothing_could_be_scored_is_refused() -> None:
    with pytest.raises(ValueError, match="no trajectory of this update could be scored"):
        select_groups([(_episode(math.nan), _episode(1.0, failure="refused"))], _algorithm("ppo"))


def test_whole_episodes_are_compared_and_count_alike_whatever_their_rows() -> None:
    # Returns 1 and 3: were rows to count, the mean would be (1 + 1 + 1 + 3) / 4 and not 2.
    group = (_episode(1.0, 0.0, 0.0), _episode(3.0))
    advantages = grpo_advantages([group], _algorithm(advantage="trajectory"))
    assert advantages == pytest.approx([-1, -1, -1, 1], rel=1e-5)


def test_rows_are_compared_and_count_alike_whatever_their_episode() -> None:
    # Paid for the episode: 1, 1, 1 and 3. Mean 1.5, deviation sqrt((3 * 0.25 + 2.25) / 4).
    group = (_episode(0.0, 0.0, 1.0), _episode(3.0))
    advantages = grpo_advantages([group], _algorithm(advantage="rows"))
    assert advantages == pytest.approx(np.array([-0.5, -0.5, -0.5, 1.5]) / math.sqrt(0.75), rel=1e-5)


def _steps(*rewards: tuple[float, float]) -> LanguageTrajectory:
    """Return an episode whose rows are paid for the episode, and for their step alone, undivided."""
    num_steps = len(rewards)
    rows = [
        dataclasses.replace(_row(shared + own / num_steps), step_reward=own / num_steps, num_steps=num_steps)
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
    advantages = grpo_advantages([group], _algorithm(advantage="rows"))
    expected = np.array([0.76, 0.26, -0.84, 0.16, -0.34]) / math.sqrt(0.2984)
    assert advantages == pytest.approx(expected, rel=1e-4)


def test_episodes_of_equal_returns_teach_by_their_rows() -> None:
    group = (_steps((0.5, 1.0), (0.0, 0.0)), _steps((0.5, 0.0), (0.0, 1.0)))
    for advantage, num_left in (("rows", 1), ("trajectory", 0)):
        algorithm = _algorithm(advantage=advantage, skip_equal_groups=True)
        assert len(select_groups([group], algorithm).groups) == num_left
    alike = (_steps((0.5, 1.0), (0.0, 1.0)),) * 2
    assert not select_groups([alike], _algorithm(advantage="rows", skip_equal_groups=True)).groups


def test_steps_are_compared_where_several_episodes_have_them() -> None:
    # To go: 3, 2, 2 and 1, 0. Means 2, 1 and, of the one that has a third row, 2.
    group = (_episode(1.0, 0.0, 2.0), _episode(1.0, 0.0))
    advantages = grpo_advantages([group], _algorithm(advantage="step"))
    assert advantages == pytest.approx(np.array([1, 1, 0, -1, -1]) / math.sqrt(4 / 5), rel=1e-5)


@pytest.mark.parametrize("advantage", ["trajectory", "rows"])
def test_no_row_loses_the_advantage_of_its_episode(advantage: str) -> None:
    # Paid at the last row alone, which once was the only one to be trained on.
    group = (_episode(0.0, 0.0, 0.0, 1.0), _episode(0.0, 0.0, 0.0, 0.0))
    advantages = grpo_advantages([group], _algorithm(advantage=advantage))
    assert advantages == pytest.approx([1] * 4 + [-1] * 4, rel=1e-5)


def test_groups_are_compared_within_themselves() -> None:
    low, high = (_episode(0.0), _episode(1.0)), (_episode(10.0), _episode(14.0))
    for advantage in ("trajectory", "step", "rows"):
        advantages = grpo_advantages([low, high], _algorithm(advantage=advantage))
        assert advantages == pytest.approx([-1, 1, -1, 1], rel=1e-4)


def test_the_critic_bootstraps_across_contexts_but_not_across_episodes() -> None:
    groups: list[LanguageGroup] = [(_episode(0.0, 2.0),), (_episode(1.0),)]
    values = np.array([0.5, 1.0, 4.0])
    advantages, targets = ppo_advantages(groups, values, _algorithm("ppo", discount=0.5, gae_lambda=0.5))
    # Deltas: 0.5 * 1 - 0.5 = 0 and 2 - 1 = 1; advantages 0 + 0.25 * 1 and 1. The other episode: 1 - 4 = -3.
    raw = np.array([0.25, 1.0, -3.0])
    assert targets == pytest.approx(raw + values)
    assert advantages == pytest.approx((raw - raw.mean()) / raw.std(), rel=1e-5)


def test_rows_are_put_one_after_the_other_with_the_ids_that_were_sampled() -> None:
    first = LanguageTrajectory("s", (_row(prompt=[1, 2], response=[3]), _row(prompt=[4], response=[5, 6])))
    second = LanguageTrajectory("s", (_row(prompt=[7], response=[8]),))
    update = UpdateRows.of([(first,), (second,)])
    assert update.group_numbers.tolist() == [0, 0, 1]
    assert update.lengths.tolist() == [3, 3, 2]
    assert update.starts.tolist() == [0, 1, 3, 4]
    assert update.num_response_tokens.tolist() == [1, 2, 1]
    assert update.sampler_log_probs.tolist() == [-1] * 4


@pytest.mark.parametrize(
    "row",
    [
        _row(prompt=[]),
        _row(response=[]),
        Row(np.ones(1, np.int32), np.ones(2, np.int32), np.zeros(1, np.float32), 0.0),
    ],
)
def test_a_row_that_is_not_whole_is_refused(row: Row) -> None:
    with pytest.raises(ValueError, match=r"row 1 has .*a row needs a prompt, a response and the sampler's"):
        UpdateRows.of([(LanguageTrajectory("s", (_row(), row)),)])


def test_a_micro_batch_holds_rows_padded_on_the_right_and_says_where_responses_are() -> None:
    rows = (_row(prompt=[1, 2], response=[3]), _row(prompt=[4], response=[5, 6, 7]))
    batch = pad_rows(UpdateRows.of([(LanguageTrajectory("s", rows),)]), [1, 0])
    assert batch.input_ids.tolist() == [[4, 5, 6, 7], [1, 2, 3, 0]]
    assert batch.predictors.tolist() == [0, 1, 2, 5]
    assert batch.targets.tolist() == [5, 6, 7, 3]
    assert batch.prompt_ends.tolist() == [0, 5]
    assert batch.rows.tolist() == [1, 0]
    assert batch.tokens.tolist() == [1, 2, 3, 0]
    assert batch.token_rows.tolist() == [1, 1, 1, 0]


def test_a_micro_batch_of_no_rows_points_nowhere() -> None:
    batch = pad_rows(UpdateRows.of([(_episode(0.0),)]), [])
    assert batch.input_ids.shape == (1, 1)
    for name in batch.__slots__[1:]:
        assert getattr(batch, name).shape == (0,)
        assert getattr(batch, name).dtype is torch.long


def test_micro_batches_are_filled_longest_first_up_to_the_budget_with_padding() -> None:
    lengths = np.array([2, 5, 3, 5, 1])
    # Two of width 5 fill 10; then 3 + 2 + 1 at width 3 take 9.
    assert share_out(lengths, range(5), max_tokens=10) == [[[1, 3], [2, 0, 4]]]


def test_a_row_longer_than_the_budget_has_a_micro_batch_of_its_own() -> None:
    assert share_out(np.array([3, 50, 4]), range(3), max_tokens=8) == [[[1], [2, 0]]]


@pytest.mark.parametrize("num_processes", [1, 2, 3, 7])
def test_every_row_is_in_exactly_one_micro_batch_and_processes_have_equally_many(num_processes: int) -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 40, size=23)
    chosen = [row for row in range(23) if row not in (4, 9)]
    shares = share_out(lengths, chosen, max_tokens=64, num_processes=num_processes)
    assert sorted(row for share in shares for batch in share for row in batch) == chosen
    assert len({len(share) for share in shares}) == 1
    for batch in (batch for share in shares for batch in share if batch):
        assert len(batch) * max(lengths[batch]) <= 64
    tokens = [sum(int(lengths[row]) for batch in share for row in batch) for share in shares]
    assert max(tokens) - min(tokens) <= lengths.max()
    assert shares == share_out(lengths, chosen, max_tokens=64, num_processes=num_processes)


def test_a_process_without_rows_still_takes_part() -> None:
    assert share_out(np.array([5, 4]), range(2), max_tokens=5, num_processes=3) == [[[0]], [[1]], [[]]]
