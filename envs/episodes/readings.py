"""`Reading`: what was asked, what was read for it, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ..types import MemoryEntry


@dataclass(frozen=True, slots=True)
class Reading:
    """A question that was answered from memory.

    Attributes:
        question: What was asked.
        entries: What the answerer got, best first.
        answer: The answer; None if nobody answered.
        score: How right it was, in [0, 1]; None if nobody says.
    """

    question: str
    entries: tuple[MemoryEntry, ...]
    answer: str | None
    score: float | None


@runtime_checkable
class TellsReadings(Protocol):
    """An episode that tells what came of the questions of its last step."""

    @property
    def last_readings(self) -> tuple[Reading, ...]:
        """What was read at the last step, in the order of its questions."""
        ...
