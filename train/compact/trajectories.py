"""Trajectories of compact policies: the rollouts that the learner trains on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from memdojo.agents.compact.base import Decision
from memdojo.errors import ConfigError
from memdojo.eval.records.types import EpisodeRecord


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """One episode: D decisions of P choices each; time runs over decisions, and within one over choices.

    Attributes:
        stream_id: The stream that was played.
        observations: What the policy saw at each decision, every array of shape (D, ...). Empty for a greedy
            episode, which is not learned from.
        actions: Shape (D, P); -1 where there was nothing left to choose.
        log_probs: Of each choice under the behaviour policy, shape (D, P).
        values: The critic's estimate before each choice, shape (D, P).
        rewards: Shape (D, P); NaN where a step could not be scored.
        parts: Sum of each reward part over the episode, by name.
        counts: Operations of the episode by kind, and those that were not applied as `rejected`.
        memory: What a manager's memory came to; see `memory_figures`.
        record: All that was done, where the task wants it recorded.
        rewards_at_worst: As `rewards`, with what is missing worth 0; empty where nothing is missing.
        counted_failed: True if these took the place of the rewards; see `bound_unscored`.
        is_local: True if its group has forked from one memory in mid-stream.
    """

    stream_id: str
    observations: Mapping[str, npt.NDArray[Any]]
    actions: npt.NDArray[np.int64]
    log_probs: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]
    rewards: npt.NDArray[np.float64]
    parts: Mapping[str, float]
    counts: Mapping[str, int]
    memory: Mapping[str, float] = field(default_factory=dict)
    record: EpisodeRecord | None = None
    rewards_at_worst: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    counted_failed: bool = False
    is_local: bool = False

    @classmethod
    def of(
        cls,
        stream_id: str,
        decisions: Sequence[Decision],
        rewards: npt.NDArray[np.float64],
        parts: Mapping[str, float],
        counts: Mapping[str, int],
        *,
        greedy: bool,
        memory: Mapping[str, float] | None = None,
        record: EpisodeRecord | None = None,
    ) -> Trajectory:
        """Stack decisions in order of time."""
        names = () if greedy else decisions[0].observation
        return cls(
            stream_id,
            {name: np.stack([decision.observation[name] for decision in decisions]) for name in names},
            np.stack([decision.actions for decision in decisions]),
            np.stack([decision.log_probs for decision in decisions]),
            np.stack([decision.values for decision in decisions]),
            rewards,
            parts,
            counts,
            memory or {},
            record,
        )

    def missing_answers(self, rewards_at_worst: npt.NDArray[np.float64]) -> Trajectory:
        """Return the episode with what it is worth if its missing answers are worth 0, shape (D, P)."""
        return dataclasses.replace(self, rewards_at_worst=rewards_at_worst)

    @property
    def scored(self) -> bool:
        """False if a step could not be scored: a failed attempt must be untrainable, not a zero."""
        return not bool(np.isnan(self.rewards).any())

    @property
    def is_missing_answers(self) -> bool:
        """True if it is known what the episode is worth where its missing answers are worth 0."""
        return self.rewards_at_worst.size > 0

    def at_worst(self) -> Trajectory:
        """Return the episode scored with its missing answers at 0."""
        return dataclasses.replace(self, rewards=self.rewards_at_worst, counted_failed=True)

    @property
    def loss_mask(self) -> npt.NDArray[np.bool_]:
        """True where something was chosen, shape (D, P)."""
        chosen: npt.NDArray[np.bool_] = self.actions >= 0
        return chosen

    @property
    def num_choices(self) -> npt.NDArray[np.int64]:
        """1 where something was chosen, shape (D, P)."""
        return self.loss_mask.astype(np.int64)

    @property
    def row_rewards(self) -> npt.NDArray[np.float64]:
        """Raise a `ConfigError`: what is paid for a step alone is not known."""
        raise ConfigError("algorithm.advantage is 'rows', which only language policies have; use 'step'.")

    @property
    def row_call_rewards(self) -> npt.NDArray[np.float64]:
        """Raise a `ConfigError`, as `row_rewards` does."""
        return self.row_rewards

    @property
    def episode_return(self) -> float:
        """Sum of all rewards; NaN if the episode is unscored."""
        return float(self.rewards.sum())


TrajectoryGroup = tuple[Trajectory, ...]
"""G trajectories of one stream, or of forks of one state."""
