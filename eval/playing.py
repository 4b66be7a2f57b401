"""Play a batch of episodes and measure what their outcomes do not tell."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from memdojo.agents.baselines import NamedRetriever
from memdojo.agents.play import play_manager, play_retrieval
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.manager_episode import ManagerEpisode
from memdojo.envs.memory.retrievers import Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.retrieval_episode import RetrievalEpisode
from memdojo.envs.stream_context import StreamContext
from memdojo.envs.types import Hit, Operation
from memdojo.rewards.outcomes import EpisodeOutcome

from .rows import Row
from .settings import EvalSettings


class Start(NamedTuple):
    """An episode to be played."""

    context: StreamContext
    repetition: int
    seed: int


class Played(NamedTuple):
    """An episode that was played, with figures that its outcome does not tell."""

    outcome: EpisodeOutcome
    figures: Row


def play_managers(policy: ManagerPolicy, batch: Sequence[Start], settings: EvalSettings) -> list[Played]:
    """Play one episode per start side by side."""
    episodes = [
        ManagerEpisode(
            start.context,
            settings.capacity(start.context.stream),
            retriever=settings.retriever.build(start.context, start.seed),
            top_k=settings.top_k,
            answerer=settings.answerer,
            seed=start.seed,
        )
        for start in batch
    ]
    watched = _WatchedPolicy(policy)
    began = time.perf_counter()
    outcomes = play_manager(watched, episodes, settings.answerer)
    seconds = _shares_of_time(time.perf_counter() - began, outcomes)
    played = []
    for episode, outcome, seconds_here in zip(episodes, outcomes, seconds, strict=True):
        watched.look_at(episode)
        figures: Row = {
            "evicted": watched.num_evicted[id(episode)],
            "capacity_entries": episode.store.capacity.max_entries,
            "mean_entries": watched.num_entries[id(episode)] / len(outcome.steps),
            "final_entries": len(episode.store),
            "seconds": seconds_here,
        }
        played.append(Played(outcome, figures))
    return played


def play_retrievers(
    retriever: NamedRetriever, batch: Sequence[Start], settings: EvalSettings
) -> list[Played]:
    """Play one episode per start side by side, each with a retriever of its own."""
    answerer = settings.answerer if retriever.answerer is None else retriever.answerer
    episodes = [
        RetrievalEpisode(
            start.context,
            granularity=settings.granularity,
            top_k=settings.top_k,
            answerer=answerer,
            seed=start.seed,
        )
        for start in batch
    ]
    built = [retriever.build(start.context, start.seed) for start in batch]
    by_store = _RetrieverByStore(episodes, built)
    began = time.perf_counter()
    outcomes = play_retrieval(by_store, episodes, answerer)
    seconds = _shares_of_time(time.perf_counter() - began, outcomes)
    return [
        Played(
            outcome,
            {
                "mean_entries": by_store.num_entries[id(episode.store)] / max(len(outcome.steps), 1),
                "final_entries": len(episode.store),
                "seconds": seconds_here,
            },
        )
        for episode, outcome, seconds_here in zip(episodes, outcomes, seconds, strict=True)
    ]


class _WatchedPolicy:
    """A policy whose stores are looked at before each decision."""

    def __init__(self, policy: ManagerPolicy) -> None:
        self.name = policy.name
        self.turns_per_chunk = policy.turns_per_chunk
        self.stochastic = policy.stochastic
        self.num_entries: Counter[int] = Counter()
        self.num_evicted: Counter[int] = Counter()
        self._policy = policy

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        for episode in episodes:
            self.look_at(episode)
        return self._policy.act(episodes)

    def look_at(self, episode: ManagerEpisode) -> None:
        """Count what the last step left behind: once for every step, and for the empty store at the start."""
        self.num_entries[id(episode)] += len(episode.store)
        self.num_evicted[id(episode)] += sum(len(result.evicted) for result in episode.results)


class _RetrieverByStore:
    """Hands each episode's questions to that episode's retriever."""

    def __init__(self, episodes: Sequence[RetrievalEpisode], retrievers: Sequence[Retriever]) -> None:
        self.num_entries: Counter[int] = Counter()
        self._retrievers = {
            id(episode.store): retriever for episode, retriever in zip(episodes, retrievers, strict=True)
        }

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        self.num_entries[id(store)] += len(store)
        return self._retrievers[id(store)].search(store, query, k)


def _shares_of_time(seconds: float, outcomes: Sequence[EpisodeOutcome]) -> list[float]:
    """Give each episode its part of a batch's time: the steps are taken side by side, so by their number."""
    num_steps = sum(len(outcome.steps) for outcome in outcomes)
    return [seconds * len(outcome.steps) / max(num_steps, 1) for outcome in outcomes]
