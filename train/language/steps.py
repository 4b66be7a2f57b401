"""`Steps`: what happens in the steps of a language policy, from its prompt to what the step is paid."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from memdojo.agents.engines.engine import Generation, GenerationRequest, Sampler
from memdojo.agents.graders.answerer import AsyncCachedAnswerer
from memdojo.agents.language.policies import Prompt, PromptEncoder
from memdojo.envs.answering import Answer
from memdojo.envs.episodes.base import Episode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.prompts.tasks import Begun, TextTask
from memdojo.errors import ModelError
from memdojo.eval.records.recording import last_step
from memdojo.rewards.grading import grade_names
from memdojo.rewards.outcomes import StepOutcome

from ..rollouts.tasks import RolloutTask
from .playthrough import Playthrough


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How responses are sampled in training; validation takes the likeliest tokens."""

    max_response_tokens: int
    temperature: float = 1.0


class Reply(NamedTuple):
    """What the policy was asked, what it sampled, and that as text."""

    prompt: Prompt
    generation: Generation
    completion: str


class Steps:
    """Asks the policy, does what it says, has the questions answered and scores the step.

    Args:
        task: What the policy does in an episode.
        encoder: Renders its prompts.
        sampling: How it is sampled.
        rules: With a reward, which pays each step. Their answerer is put behind a cache; they have none where
            the policy answers by itself.
        has_sources: Whether answers are graded by the source of their stream, or else by their category.
    """

    def __init__(
        self,
        task: TextTask[Any, Any],
        encoder: PromptEncoder,
        sampling: SamplingSettings,
        rules: EpisodeRules,
        *,
        has_sources: bool,
    ) -> None:
        self.reward = rules.paid
        self._task = task
        self._encoder = encoder
        self._sampling = sampling
        self._rules = rules
        self._cache = None if rules.answerer is None else AsyncCachedAnswerer(rules.answerer)
        self._metrics = tuple(name for name in self.reward.weights if name in grade_names())
        self._has_sources = has_sources

    @property
    def answer_counts(self) -> tuple[int, int]:
        """How many questions were answered from the cache so far, and how many were asked."""
        return (0, 0) if self._cache is None else (self._cache.hits, self._cache.misses)

    def prompt(self, episode: Episode) -> Prompt:
        """Return what the policy is asked next.

        Raises:
            ModelError: If it is too long without any entry.
        """
        return self._encoder.encode(self._task.view(episode))

    async def play(
        self, playthrough: Playthrough, sampler: Sampler, task: RolloutTask, until: int | None = None
    ) -> None:
        """Play to the end of the episode, or until so many steps of it are done."""
        episode = playthrough.episode
        while until is None or episode.step_index < until:
            reply = await self.ask(playthrough, sampler, task)
            if reply is None:
                return
            await self.finish(playthrough, reply, self.begin(playthrough, reply), task)

    async def ask(self, playthrough: Playthrough, sampler: Sampler, task: RolloutTask) -> Reply | None:
        """Return what the policy says next; None if there is nothing more to play, or the prompt is too long.

        The latter is the playthrough's failure from then on.
        """
        if playthrough.episode.ended or playthrough.failure:
            return None
        try:
            prompt = self.prompt(playthrough.episode)
        except ModelError as error:
            playthrough.failure = f"prompt: {error}"
            return None
        return await self.reply(prompt, sampler, task, (playthrough.seed, playthrough.episode.step_index))

    async def reply(
        self, prompt: Prompt, sampler: Sampler, task: RolloutTask, seed: tuple[int, ...]
    ) -> Reply:
        """Return what the policy says to a prompt, which it takes or draws as the task has it."""
        generation = await sampler.generate(
            GenerationRequest(
                prompt.ids,
                self._sampling.max_response_tokens,
                temperature=0.0 if task.greedy else self._sampling.temperature,
                # Of the place in the run alone, so that a resumed one samples what it would have sampled.
                seed=int(np.random.SeedSequence(seed).generate_state(1)[0]),
            )
        )
        return Reply(prompt, generation, self._encoder.completion(prompt, generation))

    def begin(self, playthrough: Playthrough, reply: Reply) -> Begun:
        """Do what the policy says."""
        return self._task.begin(
            playthrough.episode, reply.prompt.view, reply.completion, is_cut=reply.generation.is_cut
        )

    async def finish(self, playthrough: Playthrough, reply: Reply, begun: Begun, task: RolloutTask) -> None:
        """Have the questions of a step that was begun answered, and take down what came of it."""
        outcome = await self._rules.finish_step(
            playthrough.episode, await self._answers(begun), is_episode=task.is_one_step
        )
        outcome = self.with_length(outcome, reply)
        score = self.reward.at(task.update)(outcome)
        shares = self.reward.by_step(score), self.reward.by_call(score)
        playthrough.add(reply.prompt, reply.generation, outcome, score, shares)
        if task.recorded:
            # A judge may have said more about the outcome than the episode knows.
            done = last_step(playthrough.episode, completion=reply.completion)
            playthrough.steps.append(dataclasses.replace(done, outcome=outcome))
        playthrough.add_grades(outcome, self._metrics, by_source=self._has_sources)

    def with_length(self, outcome: StepOutcome, reply: Reply) -> StepOutcome:
        """Return the outcome of a step with the length of the reply that led to it."""
        length = len(reply.generation.token_ids) / self._sampling.max_response_tokens
        return dataclasses.replace(outcome, response_share=length)

    async def _answers(self, begun: Begun) -> Sequence[Answer]:
        if begun.own_answers or self._cache is None or not begun.requests:
            return begun.own_answers
        return await self._cache.answer_async(begun.requests)
