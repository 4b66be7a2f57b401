"""Rollout tasks, and the episodes at which they start."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from memdojo.envs.answering import Answerer
from memdojo.envs.episodes.archive import NO_TIERS, Granularity, Tiers
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.episodes.written_memory import StoredByQuestion, stores_of
from memdojo.envs.types import Stream
from memdojo.eval.records.types import EpisodeRecord, StepRecord
from memdojo.rewards.outcomes import StepOutcome


@dataclass(frozen=True, slots=True)
class RolloutTask:
    """One trajectory group to be played.

    Attributes:
        stream: Index of the stream.
        seeds: One for each trajectory.
        window: First turn and number of turns, where the episode is a part of the stream.
        question: Index of the question, for a retriever.
        step: Index of the chunk at which a manager acts once, on a memory that was written before.
        fork_turn: Turns that one episode plays before it forks into the group, for a manager. What is learnt
            from is what comes after them.
        greedy: Whether the likeliest action is taken (validation) or one is drawn (training).
        update: For which it is played: what the reward's parts weigh may depend on it.
        recorded: Whether all that is done in it is written down, for a manager's whole streams.
    """

    stream: int
    seeds: tuple[int, ...]
    window: tuple[int, int] | None = None
    question: int | None = None
    fork_turn: int = 0
    step: int | None = None
    greedy: bool = False
    update: int = 0
    recorded: bool = False


def question_starts(
    stream: Stream,
    top_k: int,
    answerer: Answerer | None,
    *,
    granularity: Granularity = Granularity.TURN,
    tiers: Tiers = NO_TIERS,
    memory: StoredByQuestion | None = None,
) -> list[RetrievalEpisode]:
    """Return an episode that waits at each question of a stream, in the order in which they are asked.

    Over all that was said, or over what a manager has left of it in `memory`.
    """
    context = StreamContext(stream)
    # Nobody answers on the way: the rankings that count are those of the forks.
    episode = RetrievalEpisode(
        context,
        granularity=granularity,
        top_k=top_k,
        tiers=tiers,
        memory=None if memory is None else stores_of(context, memory),
    )
    starts = []
    while episode.question is not None:
        start = episode.fork()
        start.answerer = answerer
        starts.append(start)
        episode.step(())
    return starts


def record_of(episode: ManagerEpisode, steps: Sequence[StepRecord]) -> EpisodeRecord:
    """Return the record of an episode that has ended; the policy's name is left to who keeps it."""
    stream = episode.context.stream
    figures = {"capacity_entries": episode.store.capacity.max_entries}
    return EpisodeRecord("", 0, stream.id, stream.group, tuple(steps), figures=figures)


def as_episode(outcome: StepOutcome) -> StepOutcome:
    """Normalise the step of one question as an episode of its own."""
    question = outcome.questions[0]
    return dataclasses.replace(
        outcome,
        step=0,
        num_steps=1,
        num_questions=1,
        num_evidence_questions=int(bool(question.evidence)),
        terminal=True,
    )
