"""Players of language policies: tasks in, trajectory groups out.

Every episode is a coroutine that waits for its own generations and answers alone, so that a slow one holds up
no other; the engines batch all waiting requests continuously.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from memdojo.agents.designs.running.episode import DesignEpisode
from memdojo.agents.designs.running.text import DecisionTask
from memdojo.agents.engines.engine import Sampler
from memdojo.agents.language.policies import Prompt, PromptEncoder
from memdojo.envs.episodes.base import Episode
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.episodes.written_memory import StoredByQuestion
from memdojo.envs.memory.lru_cache import LRUCache
from memdojo.envs.prompts.tasks import TextTask
from memdojo.envs.streams.windows import window
from memdojo.envs.types import Stream
from memdojo.eval.findings.oracle_measures import PlanMeasures
from memdojo.rewards.scores import sum_scores

from ..rollouts.memory_figures import memory_figures
from ..rollouts.tasks import RolloutTask
from .one_step_episodes import OneSteps
from .playthrough import Playthrough
from .probes import Alternative, play_probes
from .steps import SamplingSettings, Steps
from .trajectories import LanguageGroup


class LanguagePlayer:
    """Plays rollout tasks with a language policy.

    Args:
        streams: Cut into chunks as the policy sees them.
        task: What the policy does in an episode.
        encoder: Renders its prompts.
        sampling: How it is sampled.
        rules: With a reward, which pays each step. Their answerer is put behind a cache; they have none where
            the policy answers by itself.
        one_steps: What tasks of a single step begin with; None where there are none.
        memories: What a manager stored of each stream, over which the questions are asked; None for all
            that was said.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        task: TextTask[Any, Any],
        encoder: PromptEncoder,
        sampling: SamplingSettings,
        rules: EpisodeRules,
        *,
        one_steps: OneSteps | None = None,
        memories: Sequence[StoredByQuestion] | None = None,
    ) -> None:
        self._streams = streams
        self._task = task
        self._rules = rules
        has_sources = len({stream.source for stream in streams}) > 1
        self._steps = Steps(task, encoder, sampling, rules, has_sources=has_sources)
        self._contexts: LRUCache[StreamContext] = LRUCache(max_size=128)
        self._question_starts: LRUCache[list[RetrievalEpisode]] = LRUCache(max_size=32)
        self._one_steps = one_steps
        self._memories = memories
        self._step_starts: LRUCache[ManagerEpisode] = LRUCache(max_size=128)
        self._plans: LRUCache[PlanMeasures] = LRUCache(max_size=128)

    @property
    def answer_counts(self) -> tuple[int, int]:
        """How many questions were answered from the cache so far, and how many were asked."""
        return self._steps.answer_counts

    def prompt(self, task: RolloutTask) -> Prompt:
        """Return what the policy is asked first.

        Raises:
            ModelError: If it is too long without any entry.
        """
        return self._steps.prompt(self._start(task))

    async def play(self, task: RolloutTask, sampler: Sampler) -> LanguageGroup:
        """Return the trajectories of the task: in the order of its seeds, or of the decisions it probes."""
        trunk = Playthrough(self._start(task), task.trunk_seed)
        if task.probes:
            return await self._play_probes(trunk, task, sampler)
        first_step = _step_of_turn(trunk.episode, task.fork_turn)
        await self._steps.play(trunk, sampler, task, first_step)
        if trunk.failure:
            return tuple(trunk.trajectory() for _ in task.seeds)
        # What a design did before its first decision is paid with that.
        forks = [
            Playthrough(trunk.episode.fork(seed), seed) if first_step else trunk.fork(seed)
            for seed in task.seeds
        ]
        last = None if task.question is None else trunk.episode.step_index + 1
        await asyncio.gather(*(self._steps.play(fork, sampler, task, last) for fork in forks))
        self._pay_at_end(forks, task)
        group = tuple(fork.trajectory(self._memory(task, fork)) for fork in forks)
        return tuple(dataclasses.replace(each, is_local=first_step > 0) for each in group)

    async def _play_probes(self, trunk: Playthrough, task: RolloutTask, sampler: Sampler) -> LanguageGroup:
        """Return a trajectory of one row for each alternative of each decision that is probed."""
        probes = await play_probes(self._steps, trunk, sampler, task)
        if not probes:
            return tuple(trunk.trajectory() for _ in range(task.alternatives))
        # Alternatives share episodes.
        played = {id(each.played): each.played for probe in probes for each in probe}
        self._pay_at_end(played.values(), task)
        memories = {key: self._memory(task, each) for key, each in played.items()}
        return tuple(
            dataclasses.replace(
                self._paid_whole(each, task).trajectory(memories[id(each.played)]), decision=decision
            )
            for decision, probe in enumerate(probes)
            for each in probe
        )

    def _paid_whole(self, alternative: Alternative, task: RolloutTask) -> Playthrough:
        """Return the step of an alternative, paid the return of the whole episode that came of it."""
        step, reply, played = alternative
        alone = Playthrough(played.episode, played.seed)
        alone.failure = played.failure
        alone.add_reply(reply)
        if step == len(played.outcomes):
            return alone  # The prompt of the design's next decision was too long.
        outcome = self._steps.with_length(played.outcomes[step], reply)
        scores = list(played.scores)
        scores[step] = self._steps.reward.at(task.update)(outcome)
        alone.add_step(outcome, sum_scores(scores))
        alone.grades = played.grades
        alone.failure = alone.failure or played.failure
        return alone

    def _pay_at_end(self, played: Iterable[Playthrough], task: RolloutTask) -> None:
        """Pay episodes that have ended by what is known at their end, where the reward is about that."""
        if self._steps.reward.needs_attribution:
            for each in played:
                each.pay_anew(self._steps.reward.at(task.update))

    def _memory(self, task: RolloutTask, played: Playthrough) -> dict[str, float]:
        """Return what a manager's memory has come to; nothing for others and for what failed."""
        episode = played.memory_episode
        if played.failure or not isinstance(episode, ManagerEpisode):
            return {}
        place = (task.stream, task.window, task.step)
        return memory_figures(episode, self._plans.get_or_make(place, lambda: PlanMeasures(episode.context)))

    def _start(self, task: RolloutTask) -> Episode | DesignEpisode:
        if task.question is not None:
            starts = self._question_starts.get_or_make(
                task.stream, lambda: self._starts_of_questions(task.stream)
            )
            return starts[task.question]
        if task.step is not None:
            assert self._one_steps is not None  # The schedule names steps where there are some.
            one_steps, step = self._one_steps, (task.stream, task.step)
            return self._step_starts.get_or_make(
                step, lambda: one_steps.start(self._streams, step, self._rules)
            )
        context = self._contexts.get_or_make(
            (task.stream, task.window), lambda: StreamContext(self._cut(task))
        )
        episode = self._rules.manager(context, seed=task.trunk_seed)
        return self._task.start(episode) if isinstance(self._task, DecisionTask) else episode

    def _starts_of_questions(self, stream: int) -> list[RetrievalEpisode]:
        return self._rules.at_each_question(
            StreamContext(self._streams[stream]),
            written=None if self._memories is None else self._memories[stream],
        )

    def _cut(self, task: RolloutTask) -> Stream:
        stream = self._streams[task.stream]
        if task.window is None:
            return stream
        cut = window(stream, *task.window)
        assert cut is not None  # The schedule draws windows that keep a question.
        return cut


LanguageRecipe = Callable[[], LanguagePlayer]
"""What builds a player; it can be sent to other processes."""


def _step_of_turn(episode: Episode | DesignEpisode, turn: int) -> int:
    """Return the step at which a manager sees the turn at a position; 0 for the first one."""
    passed = 0
    for chunk in episode.context.stream.chunks if turn else ():
        passed += len(chunk.turns)
        if turn < passed:
            return chunk.index
    return 0
