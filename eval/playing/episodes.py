"""Batches of episodes, played and recorded."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from memdojo.agents.baselines.registry import NamedRetriever
from memdojo.agents.play import play_manager, play_retrieval
from memdojo.agents.policy import CountsRoleCalls, FallsBack, ManagerPolicy, ReadsItself
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.written_memory import StoredByQuestion
from memdojo.envs.memory.retrieval.per_speaker import for_stream
from memdojo.rewards.outcomes import EpisodeOutcome

from ..records.recording import WatchedPolicy, WatchedRetrievers
from ..records.types import StepRecord
from .result_rows import Row
from .settings import EvalSettings

ROLE_PREFIX = "role_"
"""In front of what was counted of a model's work for roles, in the names of columns."""


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
    retriever = settings.retriever
    if isinstance(policy, ReadsItself):
        retriever = NamedRetriever.of(policy.name, policy.retriever)
    rules = settings.rules_for(retriever)
    episodes = [
        dataclasses.replace(rules, retriever=retriever.build(start.context, start.seed)).manager(
            start.context, seed=start.seed
        )
        for start in batch
    ]
    watched = WatchedPolicy(policy)
    counted = _role_counts(policy)
    began = time.perf_counter()
    outcomes = play_manager(watched, episodes, settings.answerer)
    seconds = _shares(time.perf_counter() - began - watched.seconds, outcomes)
    role_counts = {
        f"{ROLE_PREFIX}{name}": _shares(number - counted.get(name, 0), outcomes)
        for name, number in _role_counts(policy).items()
    }
    return [
        Played(
            watched.steps(episode),
            {
                "capacity_entries": episode.store.capacity.max_entries,
                "capacity_tokens": episode.store.capacity.max_tokens,
                "seconds": seconds[place],
                **{name: shares[place] for name, shares in role_counts.items()},
                **_decided_by_rule(policy, watched.steps(episode)),
            },
        )
        for place, episode in enumerate(episodes)
    ]


def play_retrievers(
    retriever: NamedRetriever, batch: Sequence[Start], settings: EvalSettings
) -> list[Played]:
    """Play one episode per start side by side, each with a retriever of its own."""
    rules = settings.rules_for(retriever)
    if retriever.answerer is not None:
        rules = dataclasses.replace(rules, answerer=retriever.answerer)
    episodes = [
        rules.retrieval(start.context, seed=start.seed, written=_written(start.context, settings))
        for start in batch
    ]
    built = [
        for_stream(retriever.build(start.context, start.seed), start.context.speaker_of) for start in batch
    ]
    watched = WatchedRetrievers(episodes, built)
    began = time.perf_counter()
    outcomes = play_retrieval(watched, episodes, rules.answerer)
    seconds = _shares(time.perf_counter() - began - watched.seconds, outcomes)
    return [
        Played(watched.steps(episode, outcome), {"seconds": seconds_here})
        for episode, outcome, seconds_here in zip(episodes, outcomes, seconds, strict=True)
    ]


def _decided_by_rule(policy: ManagerPolicy, steps: Sequence[StepRecord]) -> Row:
    """Return the share of the steps that a rule decided in the policy's place, if it lets one do so."""
    if not isinstance(policy, FallsBack):
        return {}
    return {"by_rule": sum(bool(step.decided_by) for step in steps) / max(len(steps), 1)}


def _written(context: StreamContext, settings: EvalSettings) -> StoredByQuestion | None:
    """Return what a manager stored of the episode's stream; None for all that was said."""
    return None if settings.memories is None else settings.memories.of_stream[context.stream.id]


def _role_counts(policy: ManagerPolicy) -> Mapping[str, int]:
    return policy.role_counts if isinstance(policy, CountsRoleCalls) else {}


def _shares(total: float, outcomes: Sequence[EpisodeOutcome]) -> list[float]:
    """Give each episode its part of what a batch took: steps are taken side by side, so by their number."""
    num_steps = sum(len(outcome.steps) for outcome in outcomes)
    return [total * len(outcome.steps) / max(num_steps, 1) for outcome in outcomes]
