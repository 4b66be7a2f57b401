"""Batches of episodes, played and recorded."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from memdojo.agents.baselines.registry import NamedRetriever
from memdojo.agents.play import play_manager, play_retrieval
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.episodes.written_memory import stores_of
from memdojo.envs.memory.retrieval.per_speaker import for_stream
from memdojo.envs.memory.store import MemoryStore
from memdojo.rewards.outcomes import EpisodeOutcome

from ..records.recording import WatchedPolicy, WatchedRetrievers
from ..records.types import StepRecord
from .result_rows import Row
from .settings import EvalSettings


class Start(NamedTuple):
    """An episode to be played."""

    context: StreamContext
    repetition: int
    seed: int


class Played(NamedTuple):
    """An episode that was played, with figures that its steps do not tell."""

    steps: tuple[StepRecord, ...]
    figures: Row


def play_managers(policy: ManagerPolicy, batch: Sequence[Start], settings: EvalSettings) -> list[Played]:
    """Play one episode per start side by side."""
    episodes = [
        ManagerEpisode(
            start.context,
            settings.capacity(start.context.stream),
            retriever=settings.retriever.build(start.context, start.seed),
            top_k=_top_k(settings.retriever, settings),
            answerer=settings.answerer,
            seed=start.seed,
        )
        for start in batch
    ]
    watched = WatchedPolicy(policy)
    began = time.perf_counter()
    outcomes = play_manager(watched, episodes, settings.answerer)
    seconds = _shares_of_time(time.perf_counter() - began - watched.seconds, outcomes)
    return [
        Played(
            watched.steps(episode),
            {"capacity_entries": episode.store.capacity.max_entries, "seconds": seconds_here},
        )
        for episode, seconds_here in zip(episodes, seconds, strict=True)
    ]


def play_retrievers(
    retriever: NamedRetriever, batch: Sequence[Start], settings: EvalSettings
) -> list[Played]:
    """Play one episode per start side by side, each with a retriever of its own."""
    answerer = settings.answerer if retriever.answerer is None else retriever.answerer
    episodes = [
        RetrievalEpisode(
            start.context,
            granularity=settings.granularity,
            top_k=_top_k(retriever, settings),
            answerer=answerer,
            seed=start.seed,
            memory=_memory(start.context, settings),
        )
        for start in batch
    ]
    built = [
        for_stream(retriever.build(start.context, start.seed), start.context.speaker_of) for start in batch
    ]
    watched = WatchedRetrievers(episodes, built)
    began = time.perf_counter()
    outcomes = play_retrieval(watched, episodes, answerer)
    seconds = _shares_of_time(time.perf_counter() - began - watched.seconds, outcomes)
    return [
        Played(watched.steps(episode, outcome), {"seconds": seconds_here})
        for episode, outcome, seconds_here in zip(episodes, outcomes, seconds, strict=True)
    ]


def _top_k(retriever: NamedRetriever, settings: EvalSettings) -> int:
    return sys.maxsize if retriever.takes_all else settings.top_k


def _memory(context: StreamContext, settings: EvalSettings) -> list[MemoryStore] | None:
    """Return stores of an episode's own for each question; None for all that was said."""
    if settings.memories is None:
        return None
    return stores_of(context, settings.memories.of_stream[context.stream.id])


def _shares_of_time(seconds: float, outcomes: Sequence[EpisodeOutcome]) -> list[float]:
    """Give each episode its part of a batch's time: the steps are taken side by side, so by their number."""
    num_steps = sum(len(outcome.steps) for outcome in outcomes)
    return [seconds * len(outcome.steps) / max(num_steps, 1) for outcome in outcomes]
