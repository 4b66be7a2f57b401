"""`Attribution`: the scores of answers, booked to the steps that wrote what they were read from."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Self

from memdojo.rewards.grading import grade
from memdojo.rewards.outcomes import QuestionOutcome

from ..types import MemoryEntry, OperationResult


class Attribution:
    """A ledger of an episode's answers by step; `rewards.credit.attribution` has the formula.

    Args:
        num_questions: Of the whole episode.
        metric: Grades the answers; one of `grade_names()`.
    """

    def __init__(self, num_questions: int, metric: str) -> None:
        self._num_questions = num_questions
        self._metric = metric
        self._writers: dict[int, tuple[int, ...]] = {}
        self._booked: dict[int, float] = {}

    def note(self, result: OperationResult, step: int) -> None:
        """Take down who wrote the texts that an operation left."""
        for before, after in ((change.before, change.after) for change in result.changes):
            if after is None:
                assert before is not None  # A change is one of something.
                self._writers.pop(before.id, None)
            elif before is None or before.text != after.text:
                writers = self._writers.get(after.id, ())
                # A step that writes an entry twice is one of its writers all the same.
                self._writers[after.id] = writers if step in writers else (*writers, step)

    def book(
        self, step: int, questions: Sequence[QuestionOutcome], read: Iterable[tuple[MemoryEntry, ...]]
    ) -> float:
        """Book the answers of a step, and return what all of them are worth.

        Args:
            step: At which they were asked.
            questions: What became of them.
            read: For each of them the entries that it was answered from.
        """
        total = 0.0
        for question, entries in zip(questions, read, strict=True):
            worth = (grade(self._metric, question) or 0.0) / self._num_questions
            total += worth
            for entry in entries:
                writers = self._writers[entry.id]
                for writer in writers:
                    self._add(writer, worth / (len(entries) * len(writers)))
            if not entries:
                self._add(step, worth)
        return total

    def of_step(self, step: int) -> float:
        """Return what is booked to a step by now."""
        return self._booked.get(step, 0.0)

    def fork(self) -> Self:
        """Return an independent copy."""
        fork = copy.copy(self)
        fork._writers, fork._booked = dict(self._writers), dict(self._booked)
        return fork

    def _add(self, step: int, worth: float) -> None:
        self._booked[step] = self._booked.get(step, 0.0) + worth
