"""Players of language policies: tasks in, trajectory groups out.

Every episode is a coroutine that waits for its own generations and answers alone, so that a slow one holds up
no other; the engines batch all waiting requests continuously.
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from memdojo.agents.engines.engine import Generation, GenerationRequest, Sampler
from memdojo.agents.graders.answerer import AsyncCachedAnswerer
from memdojo.agents.language.policies import Prompt, PromptEncoder
from memdojo.envs.answering import Answer
from memdojo.envs.episodes.base import Episode
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.episodes.written_memory import StoredByQuestion
from memdojo.envs.memory.lru_cache import LRUCache
from memdojo.envs.prompts.tasks import Begun, TextTask
from memdojo.envs.streams.windows import window
from memdojo.envs.types import Stream
from memdojo.errors import ModelError
from memdojo.eval.findings.oracle_measures import PlanMeasures
from memdojo.eval.records.recording import last_step
from memdojo.eval.records.types import StepRecord
from memdojo.rewards.grading import grade, grade_names
from memdojo.rewards.mem_alpha import calls_of
from memdojo.rewards.outcomes import StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import Score, sum_scores

from ..rollouts.memory_figures import memory_figures
from ..rollouts.tasks import RolloutTask, record_of
from .one_step_episodes import OneSteps
from .trajectories import LanguageGroup, LanguageTrajectory, Row


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How responses are sampled in training; validation takes the likeliest tokens."""

    max_response_tokens: int
    temperature: float = 1.0


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
        self._encoder = encoder
        self._sampling = sampling
        self._rules = rules
        self._reward = rules.paid
        self._cache = None if rules.answerer is None else AsyncCachedAnswerer(rules.answerer)
        self._contexts: LRUCache[StreamContext] = LRUCache(max_size=128)
        self._question_starts: LRUCache[list[RetrievalEpisode]] = LRUCache(max_size=32)
        self._one_steps = one_steps
        self._memories = memories
        self._metrics = tuple(name for name in self._reward.weights if name in grade_names())
        self._has_sources = len({stream.source for stream in streams}) > 1
        self._step_starts: LRUCache[ManagerEpisode] = LRUCache(max_size=128)
        self._plans: LRUCache[PlanMeasures] = LRUCache(max_size=128)

    @property
    def answer_counts(self) -> tuple[int, int]:
        """How many questions were answered from the cache so far, and how many were asked."""
        return (0, 0) if self._cache is None else (self._cache.hits, self._cache.misses)

    def prompt(self, task: RolloutTask) -> Prompt:
        """Return what the policy is asked first.

        Raises:
            ModelError: If it is too long without any entry.
        """
        return self._encoder.encode(self._task.view(self._start(task)))

    async def play(self, task: RolloutTask, sampler: Sampler) -> LanguageGroup:
        """Return the trajectories of the task, in the order of its seeds."""
        trunk = Playthrough(self._start(task), task.trunk_seed)
        first_step = _step_of_turn(trunk.episode, task.fork_turn)
        await self._play_until(trunk, sampler, task, first_step)
        if trunk.failure:
            return tuple(trunk.trajectory() for _ in task.seeds)
        forks = [Playthrough(trunk.episode.fork(seed), seed) for seed in task.seeds]
        last = None if task.question is None else trunk.episode.step_index + 1
        await asyncio.gather(*(self._play_until(fork, sampler, task, last) for fork in forks))
        if self._reward.needs_attribution:
            for fork in forks:
                fork.pay_anew(self._reward.at(task.update))
        group = tuple(fork.trajectory(self._memory(task, fork)) for fork in forks)
        return tuple(dataclasses.replace(each, is_local=first_step > 0) for each in group)

    async def _play_until(
        self, playthrough: Playthrough, sampler: Sampler, task: RolloutTask, step: int | None
    ) -> None:
        """Play to the end of the episode, or until so many steps of it are done."""
        episode = playthrough.episode
        while not (episode.ended or playthrough.failure) and (step is None or episode.step_index < step):
            await self._step(playthrough, sampler, task)

    async def _step(self, playthrough: Playthrough, sampler: Sampler, task: RolloutTask) -> None:
        """Ask the policy, do what it says, have the questions answered and score the step."""
        episode = playthrough.episode
        try:
            prompt = self._encoder.encode(self._task.view(episode))
        except ModelError as error:
            playthrough.failure = f"prompt: {error}"
            return
        generation = await sampler.generate(
            GenerationRequest(
                prompt.ids,
                self._sampling.max_response_tokens,
                temperature=0.0 if task.greedy else self._sampling.temperature,
                seed=_request_seed(playthrough.seed, episode.step_index),
            )
        )
        completion = self._encoder.completion(prompt, generation)
        begun = self._task.begin(episode, prompt.view, completion, is_cut=generation.is_cut)
        outcome = await self._rules.finish_step(
            episode, await self._answers(begun), is_episode=task.is_one_step
        )
        length = len(generation.token_ids) / self._sampling.max_response_tokens
        outcome = dataclasses.replace(outcome, response_share=length)
        score = self._reward.at(task.update)(outcome)
        shares = self._reward.by_step(score), self._reward.by_call(score)
        playthrough.add(prompt, generation, outcome, score, shares)
        if task.recorded:
            # A judge may have said more about the outcome than the episode knows.
            done = last_step(episode, completion=completion)
            playthrough.steps.append(dataclasses.replace(done, outcome=outcome))
        playthrough.add_grades(outcome, self._metrics, by_source=self._has_sources)

    def _memory(self, task: RolloutTask, played: Playthrough) -> dict[str, float]:
        """Return what a manager's memory has come to; nothing for others and for what failed."""
        episode = played.episode
        if played.failure or not isinstance(episode, ManagerEpisode):
            return {}
        place = (task.stream, task.window, task.step)
        return memory_figures(episode, self._plans.get_or_make(place, lambda: PlanMeasures(episode.context)))

    async def _answers(self, begun: Begun) -> Sequence[Answer]:
        if begun.own_answers or self._cache is None or not begun.requests:
            return begun.own_answers
        return await self._cache.answer_async(begun.requests)

    def _start(self, task: RolloutTask) -> Episode:
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
        return self._rules.manager(context, seed=task.trunk_seed)

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


class Playthrough:
    """An episode with what has been played of it.

    Attributes:
        episode: The episode.
        seed: From which, with the step, its requests are seeded.
        failure: Why it cannot be trained on; empty if it can.
    """

    def __init__(self, episode: Any, seed: int) -> None:
        self.episode = episode
        self.seed = seed
        self.rows: list[Row] = []
        self.outcomes: list[StepOutcome] = []
        self.scores: list[Score] = []
        self.counts: Counter[str] = Counter()
        self.grades: dict[str, tuple[float, int]] = {}
        self.steps: list[StepRecord] = []
        self.failure = ""

    def add(
        self,
        prompt: Prompt,
        generation: Generation,
        outcome: StepOutcome,
        score: Score,
        shares: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Take down a step: what was asked, what was sampled, what came of it and what that is worth.

        `shares` are what of the score is for the step alone, and of that for its calls; see `Row`.
        """
        self.rows.append(
            Row(
                np.array(prompt.ids, np.int32),
                np.array(generation.token_ids, np.int32),
                np.array(generation.log_probs, np.float32),
                math.nan if score.value is None else score.value,
                generation.weights_version,
                prompt.num_left_out,
                generation.is_cut,
                shares[0],
                outcome.num_steps,
                score.at_worst,
                shares[1],
                has_calls=bool(calls_of(outcome)),
            )
        )
        self.outcomes.append(outcome)
        self.scores.append(score)
        if isinstance(self.episode, RetrievalEpisode) and not outcome.operations:
            # Only replies that are malformed leave an operation there, and their share is of all replies.
            self.counts["RANK"] += 1
        for operation in outcome.operations:
            malformed = "malformed" if operation.malformed else "rejected"
            self.counts[operation.kind if operation.applied else malformed] += 1
        self.failure = "" if score.scored else f"answer: {score.why}"

    def pay_anew(self, reward: Reward) -> None:
        """Pay all steps by what an episode that has ended knows of them, in place of what they were paid."""
        at_end = self.episode.outcome().steps[-len(self.outcomes) :]
        for place, outcome in enumerate(self.outcomes):
            # A judge may have said more about the outcome than the episode knows.
            known = dataclasses.replace(outcome, attributed=at_end[place].attributed)
            score = self.scores[place] = reward(known)
            self.rows[place] = dataclasses.replace(
                self.rows[place],
                reward=math.nan if score.value is None else score.value,
                step_reward=reward.by_step(score),
                reward_at_worst=score.at_worst,
            )

    def add_grades(self, outcome: StepOutcome, metrics: Sequence[str], *, by_source: bool) -> None:
        """Take down the grades of a step's answers by data set: by the stream's source, or the category."""
        source = self.episode.context.stream.source
        for question, metric in product(outcome.questions, metrics):
            value, data_set = grade(metric, question), source if by_source else question.category
            if value is not None and data_set:
                total, number = self.grades.get(f"{metric}/{data_set}", (0.0, 0))
                self.grades[f"{metric}/{data_set}"] = total + value, number + 1

    def trajectory(self, memory: Mapping[str, float] | None = None) -> LanguageTrajectory:
        """Return what has been played, with what its memory has come to."""
        return LanguageTrajectory(
            self.episode.context.stream.id,
            tuple(self.rows),
            sum_scores(self.scores).parts,
            dict(self.counts),
            self.failure,
            dict(self.grades),
            memory or {},
            record_of(self.episode, self.steps) if self.steps else None,
            is_missing_answers=bool(self.failure and self.scores and not self.scores[-1].scored),
        )


def _step_of_turn(episode: Episode, turn: int) -> int:
    """Return the step at which a manager sees the turn at a position; 0 for the first one."""
    passed = 0
    for chunk in episode.context.stream.chunks if turn else ():
        passed += len(chunk.turns)
        if turn < passed:
            return chunk.index
    return 0


def _request_seed(seed: int, step: int) -> int:
    # From episode and step alone, so that a resumed run samples what it would have sampled.
    return int(np.random.SeedSequence((seed, step)).generate_state(1)[0])
