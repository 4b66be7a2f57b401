"""Counterfactual replay: what would have come of an episode, had one of its decisions been another."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from memdojo.agents.compact.base import Decision
from memdojo.agents.compact.manager import CompactManager
from memdojo.agents.play import play_manager
from memdojo.envs.episodes.base import finish_together
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.types import Operation
from memdojo.rewards.outcomes import EpisodeOutcome

from ..rollouts.tasks import RolloutTask

Probe = list[tuple[Decision, EpisodeOutcome]]
"""One decision: what was drawn for it, each with the episode that came of it."""


def play_probes(
    policy: CompactManager, start: ManagerEpisode, rules: EpisodeRules, task: RolloutTask
) -> list[Probe]:
    """Play an episode greedily, and some of its decisions again with operations drawn from the policy.

    After such an operation the episode goes on greedily, so that nothing but the operation tells it from the
    others. Operations that are drawn twice for a decision are played once.

    Args:
        policy: Decides.
        start: Played to its end.
        rules: By which it was built.
        task: Says how many decisions, with how many operations each, and seeds what is drawn.

    Returns:
        The decisions in order of time; fewer than the task wants if the episode has fewer steps.
    """
    watched = _KeepsStates(policy, task.probes, np.random.default_rng(task.trunk_seed))
    play_manager(watched, [start], rules.answerer)
    states = watched.states()
    drawn = policy.draw(states, task.alternatives)
    first: dict[tuple[int, int], tuple[ManagerEpisode, Operation]] = {}
    for place, (state, several) in enumerate(zip(states, drawn, strict=True)):
        for operation, decision in several:
            key = place, int(decision.actions[0])
            if key not in first:
                first[key] = state.fork(task.trunk_seed), operation
    episodes = [episode for episode, _ in first.values()]
    requests = [episode.begin_step((operation,)) for episode, operation in first.values()]
    finish_together(episodes, requests, rules.answerer)
    outcomes = dict(zip(first, play_manager(policy, episodes, rules.answerer), strict=True))
    return [
        [(decision, outcomes[place, int(decision.actions[0])]) for _, decision in several]
        for place, several in enumerate(drawn)
    ]


class _KeepsStates:
    """A manager that acts greedily and keeps forks of some of the states in which it did.

    The states are drawn without replacement, each with the weight of what the policy leaves to other
    operations than its likeliest (weighted reservoir sampling: Efraimidis and Spirakis 2006, A-Res).

    Args:
        policy: Decides, for a single episode.
        number: How many states to keep, if there are as many.
        rng: Draws them.
    """

    LEAST_WEIGHT = 1e-3
    """A policy may be sure and wrong."""

    def __init__(self, policy: CompactManager, number: int, rng: np.random.Generator) -> None:
        self.name = policy.name
        self.turns_per_chunk = policy.turns_per_chunk
        self.stochastic = False
        self._policy = policy
        self._number = number
        self._rng = rng
        self._kept: list[tuple[float, int, ManagerEpisode]] = []

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        (episode,) = episodes
        ((operation, decision),) = self._policy.decide(episodes, sample=False)
        weight = 1 - np.exp(float(decision.log_probs[0])) + self.LEAST_WEIGHT
        key = float(np.log(self._rng.random()) / weight)
        seed = int(self._rng.integers(2**31))
        if len(self._kept) < self._number:
            heapq.heappush(self._kept, (key, episode.step_index, episode.fork(seed)))
        elif key > self._kept[0][0]:
            heapq.heapreplace(self._kept, (key, episode.step_index, episode.fork(seed)))
        return [(operation,)]

    def states(self) -> list[ManagerEpisode]:
        """Return the states that were kept, in order of time."""
        return [episode for _, _, episode in sorted(self._kept, key=lambda kept: kept[1])]
