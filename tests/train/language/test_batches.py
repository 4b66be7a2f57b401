from __future__ import annotations

import numpy as np
import pytest
import torch

from builders import make_row, make_trajectory
from memdojo.train.language.batches import UpdateRows, pad_rows, share_out
from memdojo.train.language.trajectories import LanguageTrajectory, Row


def test_rows_are_put_one_after_the_other_with_the_ids_that_were_sampled() -> None:
    first = LanguageTrajectory(
        "s", (make_row(prompt=[1, 2], response=[3]), make_row(prompt=[4], response=[5, 6]))
    )
    second = LanguageTrajectory("s", (make_row(prompt=[7], response=[8]),))
    update = UpdateRows.of([(first,), (second,)])
    assert update.group_numbers.tolist() == [0, 0, 1]
    assert update.lengths.tolist() == [3, 3, 2]
    assert update.starts.tolist() == [0, 1, 3, 4]
    assert update.num_response_tokens.tolist() == [1, 2, 1]
    assert update.sampler_log_probs.tolist() == [-1] * 4


@pytest.mark.parametrize(
    "row",
    [
        make_row(prompt=[]),
        make_row(response=[]),
        Row(np.ones(1, np.int32), np.ones(2, np.int32), np.zeros(1, np.float32), 0.0),
    ],
)
def test_a_row_that_is_not_whole_is_refused(row: Row) -> None:
    with pytest.raises(ValueError, match=r"row 1 has .*a row needs a prompt, a response and the sampler's"):
        UpdateRows.of([(LanguageTrajectory("s", (make_row(), row)),)])


def test_a_micro_batch_holds_rows_padded_on_the_right_and_says_where_responses_are() -> None:
    rows = (make_row(prompt=[1, 2], response=[3]), make_row(prompt=[4], response=[5, 6, 7]))
    batch = pad_rows(UpdateRows.of([(LanguageTrajectory("s", rows),)]), [1, 0])
    assert batch.input_ids.tolist() == [[4, 5, 6, 7], [1, 2, 3, 0]]
    assert batch.predictors.tolist() == [0, 1, 2, 5]
    assert batch.targets.tolist() == [5, 6, 7, 3]
    assert batch.prompt_ends.tolist() == [0, 5]
    assert batch.rows.tolist() == [1, 0]
    assert batch.tokens.tolist() == [1, 2, 3, 0]
    assert batch.token_rows.tolist() == [1, 1, 1, 0]


def test_a_micro_batch_of_no_rows_points_nowhere() -> None:
    batch = pad_rows(UpdateRows.of([(make_trajectory(0.0),)]), [])
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
