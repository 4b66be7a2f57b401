"""Tasks of one context, for trainers without episodes: a prompt, and the reward of a reply to it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Protocol

from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.engines.engine import Generation, GenerationRequest
from memdojo.agents.graders.answerer import AsyncCachedAnswerer
from memdojo.agents.graders.registry import make_answerer
from memdojo.agents.language.policies import Prompt, PromptEncoder
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.episodes.written_memory import StoredByQuestion
from memdojo.envs.memory.lru_cache import LRUCache
from memdojo.envs.prompts.tasks import ManagerTask
from memdojo.envs.streams.windows import window
from memdojo.envs.types import Stream
from memdojo.rewards.outcomes import StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import sum_scores

from ...config.run_kinds import LanguageConfig
from ...episodes.schedule import Schedule
from ...rollouts.tasks import RolloutTask
from ..one_step_episodes import build_one_steps
from ..players import LanguagePlayer
from ..playthrough import Playthrough, Reply
from ..setup import make_encoder, make_judging, make_task, player_recipe
from ..trajectories import LanguageGroup, LanguageTrajectory
from ..warm_start.demonstrations import DemonstratedEpisode


class SingleSteps(Protocol):
    """Steps that stand alone: each is the whole of what a policy is asked and paid for."""

    def prompt(self, task: RolloutTask) -> Prompt:
        """Return what the policy is asked.

        Raises:
            ModelError: If it is too long without any entry of the memory.
        """
        ...

    async def play(self, task: RolloutTask, generation: Generation) -> LanguageTrajectory:
        """Return the trajectory of one row that a reply leads to."""
        ...


class PlayedSteps:
    """Episodes of one step, as `LanguagePlayer` plays them: questions, and a manager's steps of `[one_step]`.

    Args:
        player: Of the same streams and task.
    """

    def __init__(self, player: LanguagePlayer) -> None:
        self._player = player

    def prompt(self, task: RolloutTask) -> Prompt:
        """Return what the policy is asked."""
        return self._player.prompt(task)

    async def play(self, task: RolloutTask, generation: Generation) -> LanguageTrajectory:
        """Return the trajectory that is decided by `generation`."""
        alone = dataclasses.replace(task, seeds=task.seeds[:1])
        (trajectory,) = await self._player.play(alone, _SampledBefore(generation))
        return trajectory


class ManagerSteps:
    """Single chunks of a manager: a teacher plays before and after, the policy decides once.

    Which chunk that is the task says by its `fork_turn`. The step is paid the sum of the rewards from this
    chunk to the end of the stream.

    A teacher judges what the policy wrote as it judges any entry. Rules that give each entry that they write
    a number (`recency`, `random`) gave none to those, and let them leave first.

    Args:
        streams: Cut into chunks as the policy sees them.
        task: What the policy does.
        encoder: Renders its prompts.
        teacher: Plays the other chunks.
        rules: With a reward, which pays each step; their answerer is put behind a cache.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        task: ManagerTask,
        encoder: PromptEncoder,
        teacher: ManagerPolicy,
        rules: EpisodeRules,
    ) -> None:
        self._streams = streams
        self._task = task
        self._encoder = encoder
        self._teacher = teacher
        self._rules = rules
        self._cache = None if rules.answerer is None else AsyncCachedAnswerer(rules.answerer)
        self._starts: LRUCache[DemonstratedEpisode] = LRUCache(max_size=64)

    def prompt(self, task: RolloutTask) -> Prompt:
        """Return the prompt at the task's chunk, with the store as the teacher left it."""
        return self._encoder.encode(self._task.view(self._start(task).student))

    async def play(self, task: RolloutTask, generation: Generation) -> LanguageTrajectory:
        """Return the trajectory of the chunk, decided by `generation`."""
        taught = self._start(task).fork()
        student = taught.student
        student.answerer = self._rules.answerer
        playthrough = Playthrough(student, task.seeds[0])
        prompt = self._encoder.encode(self._task.view(student))
        before = student.store.fork()
        completion = self._encoder.completion(prompt, generation)
        begun = self._task.begin(student, prompt.view, completion, is_cut=generation.is_cut)
        taught.follow(before)
        outcomes = [await self._finish(student, begun.requests)]
        while not student.ended:
            outcomes.append(await self._finish(student, taught.begin_step(taught.demonstrate())))
        playthrough.add_reply(Reply(prompt, generation, completion))
        playthrough.add_step(outcomes[0], sum_scores(map(self._rules.paid.at(task.update), outcomes)))
        return playthrough.trajectory()

    async def _finish(self, student: ManagerEpisode, requests: Sequence[AnswerRequest]) -> StepOutcome:
        return await self._rules.finish_step(student, await self._answers(requests))

    async def _answers(self, requests: Sequence[AnswerRequest]) -> Sequence[Answer]:
        if self._cache is None or not requests:
            return ()
        return await self._cache.answer_async(requests)

    def _start(self, task: RolloutTask) -> DemonstratedEpisode:
        return self._starts.get_or_make(task, lambda: self._play_before(task))

    def _play_before(self, task: RolloutTask) -> DemonstratedEpisode:
        stream: Stream | None = self._streams[task.stream]
        if task.window is not None:
            stream = window(self._streams[task.stream], *task.window)
        assert stream is not None  # The schedule draws windows that keep a question.
        # Left unanswered on the way: the rewards that count are those of the forks.
        student = self._rules.without_answers().manager(StreamContext(stream), seed=task.trunk_seed)
        taught = DemonstratedEpisode(student, self._teacher, task.trunk_seed)
        for _ in range(_chunk_of(stream, task.fork_turn)):
            taught.begin_step(taught.demonstrate())
            student.finish_step(())
        return taught


class StepSchedule:
    """The steps of a run by their position: those of one update stand side by side.

    Args:
        config: The run.
        streams: The training streams.
        model: Folder or hub id whose tokenizer is used.
        memories: What a manager stored of each stream, if the questions are asked over that.

    Raises:
        ConfigError: As `Schedule`.
    """

    def __init__(
        self,
        config: LanguageConfig,
        streams: Sequence[Stream],
        model: str,
        memories: Sequence[StoredByQuestion] | None = None,
    ) -> None:
        self._groups_per_update = config.algorithm.groups_per_update
        # A manager's step is at a chunk drawn anew for each group, which is what forks have.
        forking = config.algorithm.model_copy(update={"group_start": "fork"})
        self._schedule = Schedule(config.model_copy(update={"algorithm": forking}), streams)
        self._tasks: LRUCache[list[RolloutTask]] = LRUCache(max_size=4)
        self._prompts: LRUCache[Prompt] = LRUCache(max_size=4 * self._groups_per_update)
        self._steps = _make_steps(config, self._schedule.streams, model, memories)

    def prompt(self, position: int) -> Prompt:
        """Return the prompt of a step; ModelError if it is too long without any entry of the memory."""
        return self._prompts.get_or_make(position, lambda: self._steps.prompt(self._task(position)))

    async def play(
        self, positions: Sequence[int], replies: Sequence[Sequence[Generation]]
    ) -> list[LanguageGroup]:
        """Return the group of trajectories that the replies to each step lead to."""

        async def play_group(position: int, group: Sequence[Generation]) -> LanguageGroup:
            task = self._task(position)
            return tuple(await asyncio.gather(*(self._steps.play(task, reply) for reply in group)))

        return list(await asyncio.gather(*map(play_group, positions, replies)))

    def _task(self, position: int) -> RolloutTask:
        update, place = divmod(position, self._groups_per_update)
        return self._tasks.get_or_make(update, lambda: self._schedule.training(update))[place]


def _make_steps(
    config: LanguageConfig, streams: Sequence[Stream], model: str, memories: Sequence[StoredByQuestion] | None
) -> SingleSteps:
    task = make_task(config)
    one_steps = build_one_steps(config, streams)
    if not isinstance(task, ManagerTask) or one_steps is not None:
        recipe = player_recipe(
            config, streams, config.reward, model, one_steps=one_steps, training=True, memories=memories
        )
        return PlayedSteps(recipe())
    teacher, reward = make_baseline(config.warm_start.teacher), Reward(config.reward, config.reward_decay)
    answerer = make_answerer(config.answerer) if reward.needs_answers else None
    rules = config.episode.rules(reward, answerer=answerer, judge=make_judging(config, reward))
    return ManagerSteps(streams, task, make_encoder(config, task, model), teacher, rules)


def _chunk_of(stream: Stream, turn: int) -> int:
    """Return the index of the chunk that holds a turn, by its number in the stream."""
    passed = 0
    for chunk in stream.chunks:
        passed += len(chunk.turns)
        if turn < passed:
            return chunk.index
    # A window is shorter than it was asked to be where its stream ends.
    return len(stream.chunks) - 1


class _SampledBefore:
    """A sampler that says what was sampled already."""

    fingerprint = "said"

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    @property
    def weights_version(self) -> int:
        return self._generation.weights_version

    async def generate(self, request: GenerationRequest) -> Generation:
        return self._generation
