"""Counterfactual replay: what would have come of an episode, had one of its decisions been another.

As for compact policies (`train/compact/probes.py`), but completions are drawn, and compared by the operations
that they come to.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import NamedTuple

from memdojo.agents.designs.running.episode import DesignEpisode
from memdojo.agents.engines.engine import Sampler
from memdojo.agents.language.policies import Prompt
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.prompts.tasks import Begun

from ..rollouts.probed_states import ProbedStates
from ..rollouts.tasks import RolloutTask
from .playthrough import Playthrough, Reply
from .steps import Steps

Done = tuple[object, ...]
"""All that a completion has done: its operations, what could not be parsed included, each with its status; of
a design's decision the options chosen in the step so far, and how many of them the rule had to choose."""


class Alternative(NamedTuple):
    """A completion that was drawn for a decision, and the episode that came of its operations.

    Attributes:
        step: At which it was drawn.
        reply: The completion.
        played: The episode, which alternatives of equal operations share.
    """

    step: int
    reply: Reply
    played: Playthrough


async def play_probes(
    steps: Steps, trunk: Playthrough, sampler: Sampler, task: RolloutTask
) -> list[list[Alternative]]:
    """Play an episode greedily, and some of its decisions again with completions drawn from the policy.

    After such a completion the episode goes on greedily, so that nothing but its operations tells it from the
    others. Operations that are drawn twice for a decision, or that the greedy episode went on with, are
    played once. All decisions are probed at the same time.

    Args:
        steps: Play.
        trunk: The episode at its start; played to its end, or until it fails.
        sampler: Of the policy.
        task: Says how many decisions, with how many completions each, and seeds what is drawn.

    Returns:
        The decisions in order of time, each with its alternatives; fewer decisions than the task wants if the
        episode has fewer steps or fails before.
    """
    states: ProbedStates[Playthrough] = ProbedStates(task.probes, task.trunk_seed)
    greedy = dataclasses.replace(task, greedy=True)
    decisions: list[_Decision] = []
    while (reply := await steps.ask(trunk, sampler, greedy)) is not None:
        states.see(trunk, sum(reply.generation.log_probs))
        begun = steps.begin(trunk, reply)
        decisions.append(_Decision(reply.prompt, _done(trunk.episode), trunk))
        await steps.finish(trunk, reply, begun, greedy)
    return await asyncio.gather(
        *(
            _play_alternatives(steps, state, decisions[state.num_replies], sampler, task)
            for state in states.in_order()
        )
    )


class _Decision(NamedTuple):
    """A decision of the greedy episode: what was asked, what the reply has done, and the episode."""

    prompt: Prompt
    done: Done
    trunk: Playthrough


async def _play_alternatives(
    steps: Steps, state: Playthrough, decision: _Decision, sampler: Sampler, task: RolloutTask
) -> list[Alternative]:
    """Draw completions in a state, and play the episodes that come of them."""
    step = state.episode.step_index
    drawn = await asyncio.gather(
        *(
            steps.reply(decision.prompt, sampler, task, (state.seed, *state.place, number))
            for number in range(task.alternatives)
        )
    )
    greedy = dataclasses.replace(task, greedy=True)

    async def go_on(fork: Playthrough, reply: Reply, begun: Begun) -> None:
        await steps.finish(fork, reply, begun, greedy)
        await steps.play(fork, sampler, greedy)

    played: list[tuple[Done, Playthrough]] = [(decision.done, decision.trunk)]
    under_way, alternatives = [], []
    for reply in drawn:
        fork = state.fork(state.seed)
        begun = steps.begin(fork, reply)
        done = _done(fork.episode)
        same = next((other for other_done, other in played if other_done == done), None)
        if same is None:
            played.append((done, fork))
            under_way.append(go_on(fork, reply, begun))
        alternatives.append(Alternative(step, reply, same or fork))
    await asyncio.gather(*under_way)
    return alternatives


def _done(episode: ManagerEpisode | DesignEpisode) -> Done:
    if isinstance(episode, DesignEpisode):
        return episode.chosen, len(episode.malformed)
    return tuple((result.operation, result.status) for result in episode.results)
