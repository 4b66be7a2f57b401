"""`Answerer`: the protocol of answerers, with their requests and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from ..types import Question


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question over retrieved memory.

    Attributes:
        context: The rendered entries, best first: "[2023-05-08] Caroline: I moved to Boston." (the date only
            where it is known).
        question_time: When the question is asked, where the data set says so.
        options: Of a task, the answers among which one may choose, none where any text is an answer; None
            where it is a question of a dialogue.
    """

    question: str
    context: tuple[str, ...]
    question_time: datetime | None = None
    options: tuple[str, ...] | None = None

    @classmethod
    def of(cls, question: Question, context: tuple[str, ...]) -> Self:
        """Return the request that puts a question over these entries."""
        return cls(question.text, context, question.time, question.options)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply.

    Attributes:
        text: The answer; None if there is none.
        error: Why there is no answer; empty otherwise.

    Raises:
        ValueError: If there is neither text nor error, or both.
    """

    text: str | None
    error: str = ""

    def __post_init__(self) -> None:
        if (self.text is None) != bool(self.error):
            raise ValueError(
                f"Answer({self.text!r}, {self.error!r}): give a text, or None and the reason for having none."
            )


class Answerer(Protocol):
    """Answers questions from retrieved memory; a failure is an `Answer` with an error, not an exception."""

    @property
    def fingerprint(self) -> str:
        """Names all that the answers depend on, such as model, prompt and settings."""
        ...

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch: one answer a request, in order."""
        ...
