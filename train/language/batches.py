"""Micro-batches from groups of episodes: the rows of an update, their shares and their padding.

Axes: R rows of an update, N response tokens of them (all one after the other), B rows of a micro-batch, L its
longest row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..algorithms.advantages import IntArray
from .trajectories import LanguageGroup, Row


@dataclass(frozen=True, slots=True, eq=False)
class UpdateRows:
    """All rows of an update in order of group, trajectory and time.

    Attributes:
        rows: R rows.
        group_numbers: The group of each row, shape (R,).
        lengths: Tokens of each row, prompt and response, shape (R,).
        starts: Where each row's response tokens begin among the N of the update; the last is N itself.
        sampler_log_probs: Of all response tokens under the behaviour policy, shape (N,).
    """

    rows: tuple[Row, ...]
    group_numbers: IntArray
    lengths: IntArray
    starts: IntArray
    sampler_log_probs: npt.NDArray[np.float32]

    @classmethod
    def of(cls, groups: Sequence[LanguageGroup]) -> UpdateRows:
        """Put the rows of `groups` one after the other.

        Raises:
            ValueError: If a row has no prompt, no response, or not one log-probability for each token of it.
        """
        rows = tuple(row for group in groups for trajectory in group for row in trajectory.rows)
        for number, row in enumerate(rows):
            if not (len(row.prompt_ids) and len(row.response_ids) == len(row.log_probs) > 0):
                raise ValueError(
                    f"row {number} has {len(row.prompt_ids)} prompt tokens, {len(row.response_ids)} "
                    f"response tokens and {len(row.log_probs)} log-probabilities; a row needs a prompt, a "
                    "response and the sampler's log-probability of each token of it."
                )
        sizes = [sum(len(trajectory.rows) for trajectory in group) for group in groups]
        return cls(
            rows,
            np.repeat(np.arange(len(groups)), sizes),
            np.array([row.num_tokens for row in rows], dtype=np.int64),
            np.cumsum([0, *(len(row.response_ids) for row in rows)], dtype=np.int64),
            np.concatenate([row.log_probs for row in rows]).astype(np.float32, copy=False),
        )

    @property
    def num_response_tokens(self) -> IntArray:
        """Of each row, shape (R,)."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True, eq=False)
class MicroBatch:
    """Rows that go through the network together, padded on the right to the longest.

    Attention is causal, so what stands to the right of a token cannot reach it and no mask is needed. A
    process that has no rows left takes part with a micro-batch of none.

    Attributes:
        input_ids: Prompt, response and padding, shape (B, L).
        predictors: Places in `input_ids.flatten()` whose next token is a response token, one for each of the
            micro-batch's response tokens.
        targets: That next token.
        prompt_ends: Places in `input_ids.flatten()` of the last prompt tokens, one for each row.
        rows: Numbers of the rows among the R of the update.
        tokens: Numbers of the response tokens among the N of the update.
        token_rows: The row of each response token, among the R of the update.
    """

    input_ids: Tensor
    predictors: Tensor
    targets: Tensor
    prompt_ends: Tensor
    rows: Tensor
    tokens: Tensor
    token_rows: Tensor

    def to(self, device: torch.device) -> MicroBatch:
        """Return the same on a device."""
        return MicroBatch(*(getattr(self, name).to(device) for name in self.__slots__))


def share_out(
    lengths: IntArray, rows: Sequence[int], *, max_tokens: int, num_processes: int = 1
) -> list[list[list[int]]]:
    """Deal rows to processes, about as many tokens to each, and fill micro-batches with them.

    Args:
        lengths: Tokens of each row of the update, shape (R,).
        rows: Numbers of the rows to deal; each is in exactly one micro-batch.
        max_tokens: Tokens of a micro-batch, padding included; a longer row has one of its own.

    Returns:
        For each process its micro-batches as numbers of rows, longest first. All processes have equally many,
        as they must meet at every one; some may be empty.
    """
    # Dealt in order of length, the shares differ by no more than the longest row does from the shortest.
    order = sorted(rows, key=lambda row: (-lengths[row], row))
    shares = [_fill(order[process::num_processes], lengths, max_tokens) for process in range(num_processes)]
    longest = max(map(len, shares))
    return [share + [[] for _ in range(longest - len(share))] for share in shares]


def pad_rows(update: UpdateRows, numbers: Sequence[int]) -> MicroBatch:
    """Build the micro-batch of the rows with these numbers, which may be none."""
    longest = max((int(update.lengths[number]) for number in numbers), default=1)
    input_ids = np.zeros((max(len(numbers), 1), longest), dtype=np.int64)
    prompt_ends = np.zeros(len(numbers), dtype=np.int64)
    predictors: list[npt.NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    targets: list[npt.NDArray[np.int32]] = [np.zeros(0, dtype=np.int32)]
    tokens: list[npt.NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    for place, number in enumerate(numbers):
        row = update.rows[number]
        input_ids[place, : row.num_tokens] = np.concatenate([row.prompt_ids, row.response_ids])
        prompt_ends[place] = place * longest + len(row.prompt_ids) - 1
        predictors.append(prompt_ends[place] + np.arange(len(row.response_ids)))
        targets.append(row.response_ids)
        tokens.append(np.arange(update.starts[number], update.starts[number + 1]))
    rows = np.array(numbers, dtype=np.int64)
    arrays = (
        input_ids,
        np.concatenate(predictors),
        np.concatenate(targets).astype(np.int64),
        prompt_ends,
        rows,
        np.concatenate(tokens),
        np.repeat(rows, update.num_response_tokens[rows]),
    )
    return MicroBatch(*map(torch.from_numpy, arrays))


def _fill(rows: Sequence[int], lengths: IntArray, max_tokens: int) -> list[list[int]]:
    """Cut rows, longest first, into micro-batches; the first row of each sets the width of all its rows."""
    filled: list[list[int]] = []
    for row in rows:
        if filled and (len(filled[-1]) + 1) * lengths[filled[-1][0]] <= max_tokens:
            filled[-1].append(row)
        else:
            filled.append([row])
    return filled
