"""Rollout tasks, and the episodes at which they start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import TRUNK_SEED
from memdojo.eval.records.types import EpisodeRecord, StepRecord


@dataclass(frozen=True, slots=True)
class RolloutTask:
    """One trajectory group to be played.

    Attributes:
        stream: Index of the stream.
        seeds: One for each trajectory.
        window: First turn and number of turns, where the episode is a part of the stream.
        question: Index of the question, for a retriever.
        step: Index of the chunk at which a manager acts once, on a memory that was written before.
        fork_turn: Turns that one episode plays before it forks into the group, for a manager. The policy
            learns from what comes after them.
        probes: Decisions of a greedy episode that are replayed, for a manager: each with operations, or
            completions, drawn from the policy, and greedily from there. The policy learns from these
            decisions alone; 0 for episodes that are played in one go.
        alternatives: How many are drawn for each of them. Each is a trajectory of a language policy; one of
            a compact policy has an alternative to every decision.
        greedy: Whether the likeliest action is taken (validation) or one is drawn (training).
        update: For which it is played: what the reward's parts weigh may depend on it.
        recorded: Whether all that is done in it is written down, for a manager's whole streams.
    """

    stream: int
    seeds: tuple[int, ...]
    window: tuple[int, int] | None = None
    question: int | None = None
    fork_turn: int = 0
    probes: int = 0
    alternatives: int = 0
    step: int | None = None
    greedy: bool = False
    update: int = 0
    recorded: bool = False

    @property
    def trunk_seed(self) -> int:
        """Seeds what the trajectories of the group have in common."""
        return self.seeds[0] + TRUNK_SEED

    @property
    def is_one_step(self) -> bool:
        """True if a single step is all that is learned from, and so is an episode of its own."""
        return self.question is not None or self.step is not None


def record_of(episode: ManagerEpisode, steps: Sequence[StepRecord]) -> EpisodeRecord:
    """Return the record of an episode that has ended; the policy's name is left to who keeps it."""
    stream = episode.context.stream
    figures = {
        "capacity_entries": episode.store.capacity.max_entries,
        "capacity_tokens": episode.store.capacity.max_tokens,
    }
    return EpisodeRecord("", 0, stream.id, stream.group, tuple(steps), figures=figures)
