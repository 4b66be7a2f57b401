"""`Steps`: what happens in the steps of a language policy, from its prompt to what the step is paid."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memdojo.agents.designs.running.episode import DesignEpisode
from memdojo.agents.engines.engine import GenerationRequest, Sampler
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

from ..rollouts.decision_pay import pay_of_questions
from ..rollouts.tasks import RolloutTask
from .playthrough import Playthrough, Reply


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How responses are sampled in training; validation takes the likeliest tokens."""

    max_response_tokens: int
    temperature: float = 1.0


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

    def prompt(self, episode: Episode | DesignEpisode) -> Prompt:
        """Return what the policy is asked next.

        Raises:
            ModelError: If it is too long without any entry.
        """
        return self._encoder.encode(self._task.view(episode))

    async def play(
        self, playthrough: Playthrough, sampler: Sampler, task: RolloutTask, until: int | None = None
    ) -> None:
        """Play to the end of the episode, or until so many steps of it are done."""
        while (reply := await self.ask(playthrough, sampler, task, until)) is not None:
            await self.finish(playthrough, reply, self.begin(playthrough, reply), task)

    async def ask(
        self, playthrough: Playthrough, sampler: Sampler, task: RolloutTask, until: int | None = None
    ) -> Reply | None:
        """Return what the policy says next; None if there is nothing more to play, or the prompt is too long.

        The latter is the playthrough's failure from then on. Steps in which a design has nothing to choose
        are done before.
        """
        episode = playthrough.episode
        while isinstance(episode, DesignEpisode) and episode.requests is not None and not playthrough.failure:
            await self._finish_step(playthrough, Begun(episode.requests), task)
        is_done = until is not None and episode.step_index >= until
        if episode.ended or playthrough.failure or is_done:
            return None
        try:
            prompt = self.prompt(episode)
        except ModelError as error:
            playthrough.failure = f"prompt: {error}"
            return None
        return await self.reply(prompt, sampler, task, (playthrough.seed, *playthrough.place))

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
        """Take down a reply; if it has completed its step, have the questions answered and score the step."""
        episode = playthrough.episode
        playthrough.add_reply(reply, episode.chosen_for[-1] if isinstance(episode, DesignEpisode) else None)
        if episode.is_half_done:
            await self._finish_step(playthrough, begun, task)

    async def _finish_step(self, playthrough: Playthrough, begun: Begun, task: RolloutTask) -> None:
        """Have the questions of a step that is complete answered, and take down what came of it."""
        episode, replied = playthrough.memory_episode, playthrough.step_replies
        replies = [reply for reply, _ in replied]
        outcome = await self._rules.finish_step(
            episode, await self._answers(begun), is_episode=task.is_one_step
        )
        outcome = self.with_length(outcome, *replies)
        reward = self.reward.at(task.update)
        score = reward(outcome)
        of_questions = pay_of_questions(reward, outcome, score, (place.question for _, place in replied))
        shares = self.reward.by_step(score), self.reward.by_call(score)
        playthrough.add_step(outcome, score, shares, of_questions)
        if task.recorded:
            # A judge may have said more about the outcome than the episode knows.
            done = last_step(episode, completion="\n".join(reply.completion for reply in replies))
            playthrough.steps.append(dataclasses.replace(done, outcome=outcome))
        playthrough.add_grades(outcome, self._metrics, by_source=self._has_sources)
        if isinstance(playthrough.episode, DesignEpisode):
            playthrough.episode.begin_chunk()

    def with_length(self, outcome: StepOutcome, *replies: Reply) -> StepOutcome:
        """Return the outcome of a step with the length of the longest of the replies that led to it."""
        longest = max((len(reply.generation.token_ids) for reply in replies), default=0)
        return dataclasses.replace(outcome, response_share=longest / self._sampling.max_response_tokens)

    async def _answers(self, begun: Begun) -> Sequence[Answer]:
        if begun.own_answers or self._cache is None or not begun.requests:
            return begun.own_answers
        return await self._cache.answer_async(begun.requests)
