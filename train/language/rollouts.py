"""Rollouts of language policies: tasks in, trajectory groups out.

Every episode is a coroutine that waits for its own generations and answers alone, so that a slow one holds up
nobody; what is waiting at a time meets in the engines' continuous batching.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memdojo.agents.answerer import AsyncCachedAnswerer
from memdojo.agents.engines.engine import Generation, GenerationRequest, Sampler, StopReason
from memdojo.agents.language import Prompt, PromptEncoder
from memdojo.envs.answering import Answer, Answerer
from memdojo.envs.episode import Episode
from memdojo.envs.manager_episode import ManagerEpisode
from memdojo.envs.recent import Recent
from memdojo.envs.retrieval_episode import RetrievalEpisode
from memdojo.envs.settings import CapacitySettings
from memdojo.envs.stream_context import StreamContext
from memdojo.envs.streams.windows import window
from memdojo.envs.text_tasks import Begun, TextTask
from memdojo.envs.types import Stream
from memdojo.errors import ModelError
from memdojo.rewards.outcomes import StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import Score, sum_scores

from ..rollouts import RolloutTask, as_episode, question_starts
from .rows import LanguageGroup, LanguageTrajectory, Row


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
        reward: Pays each step.
        capacity: Limits of a manager's store.
        top_k: Entries handed to the answerer, or places of a ranking.
        answerer: Answers the questions, behind a cache; None where the reward grades no answers, or the
            policy answers by itself.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        task: TextTask[Any, Any],
        encoder: PromptEncoder,
        sampling: SamplingSettings,
        reward: Reward,
        capacity: CapacitySettings,
        top_k: int,
        answerer: Answerer | None,
    ) -> None:
        self._streams = streams
        self._task = task
        self._encoder = encoder
        self._sampling = sampling
        self._reward = reward
        self._capacity = capacity
        self._top_k = top_k
        self._answerer = answerer
        self._cache = None if answerer is None else AsyncCachedAnswerer(answerer)
        self._contexts: Recent[StreamContext] = Recent(max_size=128)
        self._question_starts: Recent[list[RetrievalEpisode]] = Recent(max_size=32)

    @property
    def answer_counts(self) -> tuple[int, int]:
        """How many questions were answered from the cache so far, and how many were asked."""
        return (0, 0) if self._cache is None else (self._cache.hits, self._cache.misses)

    async def play(self, task: RolloutTask, sampler: Sampler) -> LanguageGroup:
        """Return the trajectories of the task, in the order of its seeds."""
        trunk = Recording(self._start(task), _trunk_seed(task))
        await self._play_until(trunk, sampler, task.greedy, _step_of_turn(trunk.episode, task.fork_turn))
        if trunk.failure:
            return tuple(trunk.trajectory() for _ in task.seeds)
        forks = [Recording(trunk.episode.fork(seed), seed) for seed in task.seeds]
        last = None if task.question is None else trunk.episode.step_index + 1
        await asyncio.gather(*(self._play_until(fork, sampler, task.greedy, last) for fork in forks))
        return tuple(fork.trajectory() for fork in forks)

    async def _play_until(
        self, recording: Recording, sampler: Sampler, greedy: bool, step: int | None
    ) -> None:
        """Play to the end of the episode, or until so many steps of it are done."""
        episode = recording.episode
        while not (episode.ended or recording.failure) and (step is None or episode.step_index < step):
            await self._step(recording, sampler, greedy)

    async def _step(self, recording: Recording, sampler: Sampler, greedy: bool) -> None:
        """Ask the policy, do what it says, have the questions answered and score the step."""
        episode = recording.episode
        try:
            prompt = self._encoder.encode(self._task.view(episode))
        except ModelError as error:
            recording.failure = f"prompt: {error}"
            return
        generation = await sampler.generate(
            GenerationRequest(
                prompt.ids,
                self._sampling.max_response_tokens,
                temperature=0.0 if greedy else self._sampling.temperature,
                seed=_request_seed(recording.seed, episode.step_index),
            )
        )
        completion = self._encoder.decode(generation.token_ids)
        begun = self._task.begin(episode, prompt.view, completion)
        outcome = episode.finish_step(await self._answers(begun))
        if isinstance(episode, RetrievalEpisode):
            outcome = as_episode(outcome)
        recording.add(prompt, generation, outcome, self._reward(outcome))

    async def _answers(self, begun: Begun) -> Sequence[Answer]:
        if begun.own_answers or self._cache is None or not begun.requests:
            return begun.own_answers
        return await self._cache.answer_async(begun.requests)

    def _start(self, task: RolloutTask) -> Episode:
        if task.question is not None:
            starts = self._question_starts.get_or_make(
                task.stream, lambda: question_starts(self._streams[task.stream], self._top_k, self._answerer)
            )
            return starts[task.question]
        context = self._contexts.get_or_make(
            (task.stream, task.window), lambda: StreamContext(self._cut(task))
        )
        return ManagerEpisode(
            context,
            self._capacity.for_stream(context.stream),
            top_k=self._top_k,
            answerer=self._answerer,
            # Nobody's seed: a fork that drew as its past did would not play as its policy does.
            seed=_trunk_seed(task),
        )

    def _cut(self, task: RolloutTask) -> Stream:
        stream = self._streams[task.stream]
        if task.window is None:
            return stream
        cut = window(stream, *task.window)
        assert cut is not None  # The schedule draws windows that keep a question.
        return cut


class Recording:
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
        self.scores: list[Score] = []
        self.counts: Counter[str] = Counter()
        self.failure = ""

    def add(self, prompt: Prompt, generation: Generation, outcome: StepOutcome, score: Score) -> None:
        """Take down a step: what was asked, what was sampled, what came of it and what that is worth."""
        self.rows.append(
            Row(
                np.array(prompt.ids, np.int32),
                np.array(generation.token_ids, np.int32),
                np.array(generation.log_probs, np.float32),
                math.nan if score.value is None else score.value,
                generation.weights_version,
                prompt.num_left_out,
                generation.stop_reason is StopReason.LENGTH,
            )
        )
        self.scores.append(score)
        for operation in outcome.operations:
            malformed = "malformed" if operation.malformed else "rejected"
            self.counts[operation.kind if operation.applied else malformed] += 1
        self.failure = "" if score.scored else f"answer: {score.why}"

    def trajectory(self) -> LanguageTrajectory:
        """Return what has been played."""
        return LanguageTrajectory(
            self.episode.context.stream.id,
            tuple(self.rows),
            sum_scores(self.scores).parts,
            dict(self.counts),
            self.failure,
        )


def _step_of_turn(episode: Episode, turn: int) -> int:
    """Return the step at which a manager sees the turn at a position; 0 for the first one."""
    passed = 0
    for chunk in episode.context.stream.chunks if turn else ():
        passed += len(chunk.turns)
        if turn < passed:
            return chunk.index
    return 0


def _trunk_seed(task: RolloutTask) -> int:
    return task.seeds[0] + 2**31


def _request_seed(seed: int, step: int) -> int:
    # From episode and step alone, so that a resumed run samples what it would have sampled.
    return int(np.random.SeedSequence((seed, step)).generate_state(1)[0])
