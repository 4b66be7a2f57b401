"""`Answerability`: how well the questions to come would be answered from the memory as it stands."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Self

from memdojo.rewards.grading import grade
from memdojo.rewards.outcomes import AnswerabilityOutcome, QuestionOutcome

from ..answering import AnswerRequest
from ..streams.rendering import render_entry
from ..types import MemoryEntry, Question
from .context import StreamContext

Read = Callable[[Question], tuple[MemoryEntry, ...]]
"""Returns the entries from which a question is answered now, best first."""


class Probe(NamedTuple):
    """A question that is asked before it is due, and what it is answered from."""

    question: Question
    context: tuple[str, ...]

    @property
    def request(self) -> AnswerRequest:
        """What the answerer is asked."""
        return AnswerRequest.of(self.question, self.context)


class Answerability:
    """The scores of an episode's questions, each as it would be answered from the memory at this moment.

    A question is asked again only where other texts, or the same in another order, are retrieved for it. The
    scores are what `AnswerabilityOutcome` is made of; `rewards.credit.answerability` has the formula.

    Args:
        context: The stream.
        metric: Grades the answers; one of `grade_names()`.
    """

    def __init__(self, context: StreamContext, metric: str) -> None:
        self._context = context
        self._metric = metric
        self._to_come: dict[str, Question] | None = None
        self._entries: dict[str, tuple[MemoryEntry, ...]] = {}
        self._contexts: dict[str, tuple[str, ...]] = {}
        self._scores: dict[str, float] = {}
        self._errors: dict[str, str] = {}
        self._opening: list[Probe] = []
        self._changed: list[Probe] = []

    def open(self, step: int, read: Read) -> None:
        """Look at the memory before the first step that is measured; later calls do nothing."""
        if self._to_come is not None:
            return
        due = self._context.due
        self._to_come = {
            question.id: question for index in sorted(due) if index >= step for question in due[index]
        }
        self._opening = self._find_changed(self._to_come.values(), read)

    def look(self, due: Sequence[Question], read: Read) -> None:
        """Look at the memory after a step's operations; what is due is answered anyway."""
        assert self._to_come is not None  # It was opened before the operations.
        asked = {question.id for question in due}
        later = [question for id, question in self._to_come.items() if id not in asked]
        self._changed = self._find_changed(later, read)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What must be asked of questions to come at this step."""
        return (*self._opening, *self._changed)

    def take(self, due: Sequence[QuestionOutcome], probed: Sequence[QuestionOutcome]) -> AnswerabilityOutcome:
        """Take the answers of a step and say what they come to.

        Args:
            due: The questions that were due, answered.
            probed: What became of `probes`, in their order.
        """
        assert self._to_come is not None  # It was opened before the operations.
        num_opening = len(self._opening)
        self._score(probed[:num_opening])
        before, errors = self._potential(), dict(self._errors)
        self._score(probed[num_opening:])
        self._score(due)
        after, errors = self._potential(), errors | self._errors
        for question in due:
            # Asked and answered: from here on its score stays, known or not.
            for known in (self._to_come, self._entries, self._contexts, self._errors):
                known.pop(question.question_id, None)
        self._opening, self._changed = [], []
        error = next((f"no answer to the question {id!r} to come: {why}" for id, why in errors.items()), "")
        return AnswerabilityOutcome(before, after, len(probed), error)

    def fork(self) -> Self:
        """Return an independent copy, between two steps."""
        fork = copy.copy(self)
        fork._to_come = None if self._to_come is None else dict(self._to_come)
        fork._entries, fork._contexts = dict(self._entries), dict(self._contexts)
        fork._scores, fork._errors = dict(self._scores), dict(self._errors)
        return fork

    def _find_changed(self, questions: Iterable[Question], read: Read) -> list[Probe]:
        probes = []
        for question in questions:
            entries = read(question)
            # Entries that were not written to are the same objects, so this hardly ever looks at texts.
            if self._entries.get(question.id) == entries:
                continue
            self._entries[question.id] = entries
            context = tuple(map(render_entry, entries))
            if self._contexts.get(question.id) != context:
                self._contexts[question.id] = context
                probes.append(Probe(question, context))
        return probes

    def _score(self, questions: Iterable[QuestionOutcome]) -> None:
        for question in questions:
            score = grade(self._metric, question)
            self._scores[question.question_id] = score or 0.0
            self._errors.pop(question.question_id, None)
            if score is None:
                self._errors[question.question_id] = question.answer_error

    def _potential(self) -> float:
        return math.fsum(self._scores.values()) / max(len(self._context.stream.questions), 1)
