"""The base class of both kinds of episode, and answers to several episodes in one batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np

from memdojo.errors import EpisodeStateError
from memdojo.rewards.outcomes import EpisodeOutcome, QuestionOutcome, StepOutcome

from ..answering import Answer, Answerer, AnswerRequest
from ..memory.store import MemoryStore
from ..types import Chunk, MemoryEntry, Question
from .context import StreamContext
from .reports import with_outcomes


class Episode:
    """A stream, a store, and what became of the steps so far.

    A step has two halves, `begin_step` and `finish_step`, so that the questions of many episodes can be
    answered in one batch in between.

    Attributes:
        context: The stream with what all of its episodes share.
        store: What is remembered.
        top_k: How many entries the answerer gets.
        answerer: Answers the questions; None leaves them unanswered.
        rng: The only source of randomness that policies in the episode draw from.
        step_index: Steps done.
    """

    def __init__(
        self, context: StreamContext, store: MemoryStore, *, top_k: int, answerer: Answerer | None, seed: int
    ) -> None:
        self.context = context
        self.store = store
        self.top_k = top_k
        self.answerer = answerer
        self.rng = np.random.default_rng(seed)
        self.step_index = 0
        self._outcomes: list[StepOutcome] = []
        self._answered: Mapping[str, QuestionOutcome] = {}

    @property
    def is_half_done(self) -> bool:
        """True between `begin_step` and `finish_step`."""
        raise NotImplementedError

    def outcome(self) -> EpisodeOutcome:
        """All steps so far."""
        stream = self.context.stream
        return EpisodeOutcome(stream.id, stream.group, tuple(self._outcomes))

    def fork(self, seed: int | None = None) -> Self:
        """Return an independent episode in the same state, at a cost that does not grow with the store.

        Args:
            seed: Seeds the fork's generator; None copies this episode's, so that both go on alike.

        Raises:
            EpisodeStateError: If a step is half done.
        """
        if self.is_half_done:
            raise EpisodeStateError("an episode cannot fork between begin_step and finish_step.")
        fork = copy.copy(self)
        fork.store = self.store.fork()
        fork.rng = copy.deepcopy(self.rng) if seed is None else np.random.default_rng(seed)
        fork._outcomes = list(self._outcomes)
        return fork

    def _note(self, outcome: StepOutcome) -> None:
        """Keep what a step came to."""
        self._outcomes.append(outcome)
        if self.context.feedback:
            # A report may be further than a chunk away, as where chunks are cut smaller. Forks share this.
            self._answered = {**self._answered, **{each.question_id: each for each in outcome.questions}}

    def _reported(self, chunk: Chunk) -> Chunk:
        """Return a chunk whose reports say what came of their tasks in this episode."""
        return with_outcomes(chunk, self.context.feedback, self._answered)

    def _question_outcome(
        self,
        question: Question,
        entries: tuple[MemoryEntry, ...],
        answer: Answer | None,
        stored: frozenset[str],
    ) -> QuestionOutcome:
        """Return the outcome of a question for which `entries` were found; None if no answerer was asked."""
        needed = question.needed_evidence
        return QuestionOutcome(
            question_id=question.id,
            category=question.category,
            references=question.answers,
            unanswerable=question.unanswerable,
            answer=None if answer is None else answer.text,
            answer_error="" if answer is None else answer.error,
            evidence=needed,
            stored=stored,
            retrieved=tuple(self.context.evidence_for(question, entry) & needed for entry in entries),
            text=question.text,
            metric=question.metric,
            nuggets=question.nuggets,
        )


class AnsweredEpisode(Protocol):
    """An episode whose step has been begun and waits for its answers."""

    def finish_step(self, answers: Sequence[Answer]) -> StepOutcome:
        """Take the answers to the step's requests, in their order."""
        ...


def finish_together(
    episodes: Sequence[AnsweredEpisode],
    requests: Sequence[Sequence[AnswerRequest]],
    answerer: Answerer | None,
) -> list[StepOutcome]:
    """Answer the requests of all episodes in one batch and finish their steps.

    Args:
        episodes: Episodes of which each has begun a step.
        requests: What `begin_step` of each returned.
        answerer: Answers them; None leaves them unanswered.

    Raises:
        EpisodeStateError: If the answerer gives another number of answers than it was asked for.
    """
    flat = [request for of_episode in requests for request in of_episode]
    answers = answerer.answer(flat) if answerer is not None and flat else []
    if len(answers) != len(flat):
        raise EpisodeStateError(f"{len(answers)} answers came for {len(flat)} questions; give one for each.")
    remaining = iter(answers)
    return [
        episode.finish_step([next(remaining) for _ in of_episode])
        for episode, of_episode in zip(episodes, requests, strict=True)
    ]
