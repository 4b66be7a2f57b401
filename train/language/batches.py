"""Micro-batches from groups of episodes: the rows to train on, their advantages and their padding.

Axes: R rows of an update, N response tokens of them (all one after the other), B rows of a micro-batch, L its
longest row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..algorithms.advantages import (
    FloatArray,
    IntArray,
    generalised_advantages,
    group_relative_advantages,
    group_relative_row_advantages,
    group_relative_step_advantages,
)
from ..config.tables import AlgorithmConfig
from .trajectories import LanguageGroup, LanguageTrajectory, Row

EQUAL_RETURNS = 1e-9
"""Returns that differ by no more are equal: the same rewards in another order add up to other last digits."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The groups that an update learns from, and what was left out.

    Attributes:
        groups: Without the trajectories and groups that cannot teach anything.
        counts: Trajectories left out: `dropped_unscored`, `dropped_alone` (nothing scored to compare with)
            and `dropped_equal` (of `skipped_groups` groups whose returns are all equal).
    """

    groups: tuple[LanguageGroup, ...]
    counts: Mapping[str, float]


def select_groups(groups: Sequence[LanguageGroup], algorithm: AlgorithmConfig) -> Selection:
    """Leave out what cannot be learnt from: what could not be scored, and what GRPO cannot compare.

    Raises:
        ValueError: If no trajectory at all could be scored.
    """
    kept: list[LanguageGroup] = []
    unscored = alone = equal = skipped = 0
    for group in groups:
        scored = tuple(trajectory for trajectory in group if is_trainable(trajectory))
        unscored += len(group) - len(scored)
        if algorithm.name == "grpo" and len(scored) < 2:
            alone += len(scored)
        elif algorithm.skip_equal_groups and _are_equal(scored, algorithm):
            equal += len(scored)
            skipped += 1
        elif scored:
            kept.append(scored)
    if unscored == sum(map(len, groups)):
        raise ValueError("no trajectory of this update could be scored; look at the answerer's errors.")
    counts = {
        "dropped_unscored": unscored,
        "dropped_alone": alone,
        "dropped_equal": equal,
        "skipped_groups": skipped,
    }
    return Selection(tuple(kept), counts)


def is_trainable(trajectory: LanguageTrajectory) -> bool:
    """Return whether an episode ran to its end and every row of it could be scored."""
    return trajectory.scored and len(trajectory.rows) > 0 and not bool(np.isnan(trajectory.rewards).any())


def grpo_advantages(groups: Sequence[LanguageGroup], algorithm: AlgorithmConfig) -> FloatArray:
    """Compare the episodes of each group, as `algorithm.advantage` says.

    Args:
        groups: Of scored trajectories, which may differ in their number of rows.

    Returns:
        Shape (R,), in order of group, trajectory and time.
    """
    return np.concatenate([_group_advantages(group, algorithm) for group in groups])


def ppo_advantages(
    groups: Sequence[LanguageGroup], values_R: FloatArray, algorithm: AlgorithmConfig
) -> tuple[FloatArray, FloatArray]:
    """Estimate advantages by GAE over the rows of each episode: the value bootstraps across contexts.

    Args:
        groups: Of scored trajectories.
        values_R: The critic's value at the end of each row's prompt, shape (R,).

    Returns:
        Advantages, standardised over all rows, which count alike, and the critic's targets; both (R,).
    """
    advantages, targets, start = [], [], 0
    for trajectory in (trajectory for group in groups for trajectory in group):
        stop = start + len(trajectory.rows)
        of_episode = generalised_advantages(
            trajectory.rewards,
            values_R[start:stop],
            discount=algorithm.discount,
            gae_lambda=algorithm.gae_lambda,
        )
        advantages.append(of_episode[0])
        targets.append(of_episode[1])
        start = stop
    joined = np.concatenate(advantages)
    return (joined - joined.mean()) / (joined.std() + 1e-6), np.concatenate(targets)


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


def _are_equal(group: Sequence[LanguageTrajectory], algorithm: AlgorithmConfig) -> bool:
    """Return whether there is nothing to compare: equal episodes or, where rows are compared, equal rows."""
    compared = [
        trajectory.row_rewards if algorithm.advantage == "rows" else np.array([trajectory.episode_return])
        for trajectory in group
    ]
    return float(np.ptp(np.concatenate(compared))) <= EQUAL_RETURNS


def _group_advantages(group: LanguageGroup, algorithm: AlgorithmConfig) -> FloatArray:
    rewards = [trajectory.rewards for trajectory in group]
    num_rows_G = np.array([len(trajectory.rows) for trajectory in group])
    if algorithm.advantage == "rows":
        worths = [trajectory.row_rewards for trajectory in group]
        return np.concatenate(group_relative_row_advantages(worths))
    if algorithm.advantage == "trajectory":
        returns_G = np.array([trajectory.episode_return for trajectory in group])
        return np.repeat(group_relative_advantages(returns_G[None])[0], num_rows_G)
    padded_GS = np.zeros((len(group), num_rows_G.max()))
    for place, rewards_S in enumerate(rewards):
        padded_GS[place, : len(rewards_S)] = rewards_S
    advantages_GS = group_relative_step_advantages(
        padded_GS[None], num_steps_BG=num_rows_G[None], discount=algorithm.discount
    )[0]
    pairs = zip(advantages_GS, num_rows_G, strict=True)
    return np.concatenate([advantages_S[:num_rows] for advantages_S, num_rows in pairs])


def _fill(rows: Sequence[int], lengths: IntArray, max_tokens: int) -> list[list[int]]:
    """Cut rows, longest first, into micro-batches; the first row of each sets the width of all its rows."""
    filled: list[list[int]] = []
    for row in rows:
        if filled and (len(filled[-1]) + 1) * lengths[filled[-1][0]] <= max_tokens:
            filled[-1].append(row)
        else:
            filled.append([row])
    return filled
