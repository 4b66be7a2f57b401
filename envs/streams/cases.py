"""`Case`: what came of a task, as a text that memories keep and solvers read."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

_CASE = re.compile(
    r"(?P<text>.*)\sANSWER: (?P<answer>.*?)\sVERDICT: (?P<verdict>right|wrong|given|unknown)\s*", re.DOTALL
)


class Verdict(enum.StrEnum):
    """What feedback says of an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    GIVEN = "given"
    """It was given away as the right one, whatever had been answered."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Case:
    """A task, an answer to it, and what feedback said."""

    text: str
    answer: str
    verdict: Verdict

    @property
    def is_right(self) -> bool:
        """Whether the answer was right, or given away as right."""
        return self.verdict in (Verdict.RIGHT, Verdict.GIVEN)

    @property
    def is_wrong(self) -> bool:
        """Whether the answer was wrong."""
        return self.verdict is Verdict.WRONG


def case_text(case: Case) -> str:
    """Return a case as a text: the task, and below it a line for the answer and one for the verdict."""
    return f"{case.text}\nANSWER: {case.answer}\nVERDICT: {case.verdict}"


def read_case(text: str) -> Case | None:
    """Return the case that a text tells, or that stands behind a speaker's name; None if it tells none.

    Line breaks may have become blanks. Where the task itself has such lines, the last ones count.
    """
    found = _CASE.fullmatch(text)
    if found is None:
        return None
    return Case(found["text"].strip(), found["answer"].strip(), Verdict(found["verdict"]))
