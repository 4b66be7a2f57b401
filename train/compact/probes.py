"""Counterfactual replay: what would have come of an episode, had one of its decisions been another."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.agents.compact.manager import CompactManager
from memdojo.agents.play import play_manager
from memdojo.envs.episodes.base import finish_together
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.types import Operation

from ..rollouts.probed_states import ProbedStates
from ..rollouts.tasks import RolloutTask
from .paid import Probe


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
    probed: ProbedStates[ManagerEpisode] = ProbedStates(task.probes, task.trunk_seed)
    play_manager(_KeepsStates(policy, probed), [start], rules.answerer)
    states = probed.in_order()
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
    """A manager that acts greedily, for a single episode, and shows the states in which it did."""

    def __init__(self, policy: CompactManager, states: ProbedStates[ManagerEpisode]) -> None:
        self.name = policy.name
        self.turns_per_chunk = policy.turns_per_chunk
        self.stochastic = False
        self._policy = policy
        self._states = states

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        (episode,) = episodes
        ((operation, decision),) = self._policy.decide(episodes, sample=False)
        self._states.see(episode, float(decision.log_probs[0]))
        return [(operation,)]
