"""`DesignPlayer`: plays episodes of memory designs whose decisions are learned."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from torch import nn

from memdojo.agents.compact.base import Decision
from memdojo.agents.compact.design import CompactDesign, nothing_decided
from memdojo.agents.designs.running.episode import DesignEpisode, work_together
from memdojo.agents.play import play_manager
from memdojo.envs.answering import Answerer
from memdojo.envs.episodes.base import finish_together
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.lru_cache import LRUCache
from memdojo.envs.types import Stream
from memdojo.eval.findings.oracle_measures import PlanMeasures
from memdojo.eval.records.recording import WatchedPolicy
from memdojo.rewards.outcomes import EpisodeOutcome
from memdojo.rewards.scores import sum_scores

from ..rollouts.decision_pay import Paid, Place, StepPay, pay_by_decision, pay_of_questions
from ..rollouts.memory_figures import memory_figures
from ..rollouts.probed_states import ProbedStates
from ..rollouts.tasks import RolloutTask, record_of
from .paid import Probe, operation_counts, probed_group
from .players import context_of
from .trajectories import Trajectory, TrajectoryGroup


class DesignPlayer:
    """Plays the episodes of a design, whose learned decisions are the steps of a trajectory.

    Decisions are paid as `pay_by_decision` has it.

    Args:
        streams: In chunks of the size that the design writes.
        policy: Whose network is loaded anew for each update.
        rules: With a reward, which pays each chunk. The design reads by itself, whatever retriever they have.
    """

    def __init__(self, streams: Sequence[Stream], policy: CompactDesign, rules: EpisodeRules) -> None:
        self.network: nn.Module = policy.network
        self._streams = streams
        self._policy = policy
        self._rules = dataclasses.replace(rules, retriever=policy.retriever)
        self._learned = frozenset(kind.name for kind in policy.learned.features.kinds)
        self._contexts: LRUCache[StreamContext] = LRUCache(max_size=128)
        self._plans: LRUCache[PlanMeasures] = LRUCache(max_size=128)

    def play(self, task: RolloutTask) -> TrajectoryGroup:
        """Return the trajectories of the task, in the order of its seeds."""
        key = task.stream, task.window
        context = self._contexts.get_or_make(key, lambda: context_of(self._streams, task))
        plan = self._plans.get_or_make(key, lambda: PlanMeasures(context))
        start = self._rules.manager(context, seed=task.trunk_seed)
        if task.greedy:
            return tuple(self._played_greedily(task, start.fork(seed), plan) for seed in task.seeds)
        trunk = DesignEpisode(start, self._policy, self._learned)
        if task.probes:
            return self._played_probes(task, trunk, plan)
        first_step = _steps_of_turns(context.stream, task.fork_turn)
        self._play_on([trunk], sample=True, until_step=first_step)
        _finish_chunks([trunk], self._rules.answerer)
        forks = [trunk.fork(seed) for seed in task.seeds]
        made = self._play_on(forks, sample=True)
        group = (
            self._trajectory(task, fork, decisions, plan, first_step)
            for fork, decisions in zip(forks, made, strict=True)
        )
        return tuple(dataclasses.replace(each, is_local=task.fork_turn > 0) for each in group)

    def _play_on(
        self, runs: Sequence[DesignEpisode], *, sample: bool, until_step: int | None = None
    ) -> list[list[tuple[Place, Decision]]]:
        """Play all to their end, side by side, and return what was decided in each, and where.

        Args:
            runs: At any decision.
            sample: Draw each option with the episode's generator instead of taking the likeliest.
            until_step: Stop before this chunk instead.
        """
        made: list[list[tuple[Place, Decision]]] = [[] for _ in runs]

        def goes_on(run: DesignEpisode) -> bool:
            return not run.ended and (until_step is None or run.episode.step_index < until_step)

        while active := [place for place, run in enumerate(runs) if goes_on(run)]:
            _finish_chunks([runs[place] for place in active], self._rules.answerer)
            waiting = [place for place in active if goes_on(runs[place]) and runs[place].decision is not None]
            asked = [each for place in waiting if (each := runs[place].decision) is not None]
            rngs = [runs[place].episode.rng for place in waiting] if sample else None
            decided = self._policy.learned.decide(asked, rngs) if asked else []
            for place, decision in zip(waiting, decided, strict=True):
                run = runs[place]
                made[place].append((Place(run.episode.step_index, run.question), decision))
                run.choose(int(decision.actions[0]))
        return made

    def _played_greedily(self, task: RolloutTask, episode: ManagerEpisode, plan: PlanMeasures) -> Trajectory:
        """Play an episode as evaluations do; its decisions are not learned from, and no steps of it."""
        watched = WatchedPolicy(self._policy)
        (outcome,) = play_manager(watched if task.recorded else self._policy, [episode], self._rules.answerer)
        record = record_of(episode, watched.steps(episode)) if task.recorded else None
        trajectory = self._paid(task, episode, outcome, [], [], plan)
        return dataclasses.replace(trajectory, observations={}, record=record)

    def _trajectory(
        self,
        task: RolloutTask,
        run: DesignEpisode,
        made: Sequence[tuple[Place, Decision]],
        plan: PlanMeasures,
        first_step: int,
    ) -> Trajectory:
        outcome = run.outcome()
        return self._paid(
            task,
            run.episode,
            dataclasses.replace(outcome, steps=outcome.steps[first_step:]),
            [place._replace(step=place.step - first_step) for place, _ in made],
            [decision for _, decision in made],
            plan,
        )

    def _paid(
        self,
        task: RolloutTask,
        episode: ManagerEpisode,
        outcome: EpisodeOutcome,
        places: Sequence[Place],
        decisions: Sequence[Decision],
        plan: PlanMeasures,
    ) -> Trajectory:
        reward = self._rules.paid.at(task.update)
        scores = [reward(step) for step in outcome.steps]
        asked: defaultdict[int, list[int | None]] = defaultdict(list)
        for place in places:
            asked[place.step].append(place.question)
        paid = [
            StepPay(Paid.of(score), pay_of_questions(reward, step, score, asked[index]))
            for index, (step, score) in enumerate(zip(outcome.steps, scores, strict=True))
        ]
        rewards, at_worst, *_ = np.hsplit(pay_by_decision(paid, places), len(Paid._fields))
        trajectory = Trajectory.of(
            episode.context.stream.id,
            decisions or [nothing_decided(self._policy.learned.features)],
            rewards,
            sum_scores(scores).parts,
            operation_counts(outcome.steps),
            greedy=False,
            memory=memory_figures(episode, plan),
        )
        return trajectory if trajectory.scored else trajectory.missing_answers(at_worst)

    def _played_probes(self, task: RolloutTask, start: DesignEpisode, plan: PlanMeasures) -> TrajectoryGroup:
        probes, outcome = self._probes(task, start), start.outcome()
        if not probes:
            return (self._paid(task, start.episode, outcome, [], [], plan),) * task.alternatives
        memory = memory_figures(start.episode, plan)
        return probed_group(probes, outcome, self._rules.paid.at(task.update), memory)

    def _probes(self, task: RolloutTask, start: DesignEpisode) -> list[Probe]:
        """Play an episode greedily, and some of its decisions again with options drawn from the policy.

        After such an option the episode goes on greedily, so that nothing but the option tells it from the
        others. What the greedy episode chose is played already, and an option that is drawn twice is played
        once.
        """
        probed: ProbedStates[DesignEpisode] = ProbedStates(task.probes, task.trunk_seed)
        taken: list[int] = []
        learned = self._policy.learned
        while not start.ended:
            _finish_chunks([start], self._rules.answerer)
            if start.decision is not None:
                (decision,) = learned.decide([start.decision])
                probed.see(start, float(decision.log_probs[0]))
                taken.append(int(decision.actions[0]))
                start.choose(taken[-1])
        states, places = probed.in_order(), probed.places()
        asked = [each for state in states if (each := state.decision) is not None]
        drawn = (
            learned.draw(asked, [state.episode.rng for state in states], task.alternatives) if asked else []
        )
        outcomes = {(row, taken[place]): start.outcome() for row, place in enumerate(places)}
        others = {
            (row, option): states[row].fork(task.trunk_seed)
            for row, several in enumerate(drawn)
            for option in dict.fromkeys(int(decision.actions[0]) for decision in several)
            if (row, option) not in outcomes
        }
        for (_, option), fork in others.items():
            fork.choose(option)
        self._play_on(list(others.values()), sample=False)
        outcomes |= {key: fork.outcome() for key, fork in others.items()}
        return [
            [(decision, outcomes[row, int(decision.actions[0])]) for decision in several]
            for row, several in enumerate(drawn)
        ]


def _finish_chunks(runs: Sequence[DesignEpisode], answerer: Answerer | None) -> None:
    """Answer what waits, until each of the episodes has something to choose or has ended."""
    work_together(runs)
    while waiting := [run for run in runs if not run.ended and run.decision is None]:
        finish_together(waiting, [run.requests or () for run in waiting], answerer)
        work_together(waiting)


def _steps_of_turns(stream: Stream, num_turns: int) -> int:
    """Return how many chunks hold the first so many turns of a stream."""
    ends = np.cumsum([len(chunk.turns) for chunk in stream.chunks])
    return int(np.searchsorted(ends, num_turns)) + 1 if num_turns else 0
