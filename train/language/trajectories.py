"""Rows and trajectories of language policies: the rollouts that the learner trains on.

Axes: T tokens of a response, S rows (steps) of an episode, G episodes of a group.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from memdojo.eval.records.types import EpisodeRecord


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One context of an episode: a prompt and what was sampled after it.

    Attributes:
        prompt_ids: Token ids of the prompt, shape (num_prompt_tokens,).
        response_ids: The sampled ids, shape (T,).
        log_probs: Of each sampled id under the behaviour policy, shape (T,).
        reward: What the step paid; NaN if it could not be scored. Those of an episode add up to its return.
        step_reward: What of it is for this step alone, by parts that are `by_step`; the rest is for the
            episode.
        call_reward: What of that is for the step's calls, by parts that are `by_call`.
        has_calls: Whether there was one; see `rewards.mem_alpha.calls_of`.
        reward_at_worst: What the step is worth if it could not be scored and all that is missing is worth 0.
        num_steps: Steps of the whole episode, by which parts that are `by_step` are divided.
        weights_version: Version of the weights that sampled it.
        num_left_out: Entries that had to be left out so that the prompt fitted.
        is_cut_off: True if the response ended at its limit of tokens.
    """

    prompt_ids: npt.NDArray[np.int32]
    response_ids: npt.NDArray[np.int32]
    log_probs: npt.NDArray[np.float32]
    reward: float
    weights_version: int = 0
    num_left_out: int = 0
    is_cut_off: bool = False
    step_reward: float = 0.0
    num_steps: int = 1
    reward_at_worst: float = 0.0
    call_reward: float = 0.0
    has_calls: bool = True

    @property
    def num_tokens(self) -> int:
        """Tokens of prompt and response."""
        return len(self.prompt_ids) + len(self.response_ids)


@dataclass(frozen=True, slots=True, eq=False)
class LanguageTrajectory:
    """One episode: its rows in order of time, each an independent context.

    Attributes:
        stream_id: The stream that was played.
        rows: At least one, unless the episode failed. That of an episode in which a memory design had nothing
            to decide is the only one without a response.
        parts: Sum of each reward part over the episode, by name.
        counts: Operations of the episode by kind, those that were not applied as `rejected` and pieces of
            completions that could not be parsed as `malformed`.
        failure: Why the episode cannot be trained on, such as a missing answer; "" if it can.
        memory: What a manager's memory came to; see `memory_figures`.
        record: All that was done, where the task wants it recorded.
        grades: Of each metric that pays and each data set, as `METRIC/DATA SET`, the sum of the questions'
            grades and their number.
        is_missing_answers: True if it failed because an answer or a verdict was missing.
        counted_failed: True if its missing answers count 0; see `bound_unscored`.
        is_local: True if its group has forked from one memory in mid-stream.
        decision: Of an alternative to a decision that is probed, which of them that is, from 0.
    """

    stream_id: str
    rows: tuple[Row, ...]
    parts: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    failure: str = ""
    grades: Mapping[str, tuple[float, int]] = field(default_factory=lambda: MappingProxyType({}))
    memory: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    record: EpisodeRecord | None = None
    is_missing_answers: bool = False
    counted_failed: bool = False
    is_local: bool = False
    decision: int = 0

    def at_worst(self) -> LanguageTrajectory:
        """Return the episode scored with its missing answers at 0; what was not played any more earns 0."""
        rows = tuple(
            dataclasses.replace(row, reward=row.reward_at_worst) if math.isnan(row.reward) else row
            for row in self.rows
        )
        return dataclasses.replace(self, rows=rows, failure="", counted_failed=True)

    @property
    def scored(self) -> bool:
        """False if the episode or a row of it failed: a failed attempt must be untrainable, not a zero."""
        return not self.failure and len(self.rows) > 0 and not bool(np.isnan(self.rewards).any())

    @property
    def rewards(self) -> npt.NDArray[np.float64]:
        """Reward of each row, shape (S,)."""
        return np.array([row.reward for row in self.rows], dtype=np.float64)

    @property
    def loss_mask(self) -> npt.NDArray[np.bool_]:
        """True at the rows that have a response, shape (S,)."""
        return np.array([len(row.response_ids) > 0 for row in self.rows], dtype=bool)

    @property
    def num_choices(self) -> npt.NDArray[np.int64]:
        """Tokens of each row's response, shape (S,)."""
        return np.array([len(row.response_ids) for row in self.rows], dtype=np.int64)

    @property
    def row_rewards(self) -> npt.NDArray[np.float64]:
        """What each row is worth when rows are compared with each other, shape (S,).

        All that is paid for the episode, whatever the step at which it is paid, and what is for the row's
        step alone, undivided by the number of steps; nothing for the calls of a row that has none.
        """
        own_S = np.array([row.step_reward for row in self.rows], dtype=np.float64)
        for_no_calls_S = np.array([0.0 if row.has_calls else row.call_reward for row in self.rows])
        num_steps_S = np.array([row.num_steps for row in self.rows], dtype=np.float64)
        worth_S: npt.NDArray[np.float64] = (self.rewards - own_S).sum() + (
            own_S - for_no_calls_S
        ) * num_steps_S
        return worth_S

    @property
    def row_call_rewards(self) -> npt.NDArray[np.float64]:
        """What of `row_rewards` is for the row's calls, shape (S,); NaN at rows without a call."""
        return np.array(
            [row.call_reward * row.num_steps if row.has_calls else math.nan for row in self.rows],
            dtype=np.float64,
        )

    @property
    def episode_return(self) -> float:
        """Sum of all rewards."""
        return float(self.rewards.sum())


LanguageGroup = tuple[LanguageTrajectory, ...]
"""G trajectories of one stream, or of forks of one state."""


def by_decision(groups: Iterable[LanguageGroup]) -> list[LanguageGroup]:
    """Return a group for each decision that was probed, since alternatives to one decision are compared.

    Args:
        groups: What was played, one for each task. Those in which nothing was probed are left as they are.
    """
    return [
        tuple(alternatives)
        for group in groups
        for _, alternatives in groupby(group, key=lambda trajectory: trajectory.decision)
    ]
