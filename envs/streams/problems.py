"""`Problem`: one thing that is wrong with a data file, as checks list and print it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a data file.

    Attributes:
        line: Line of the file, from 1; None where the whole file is meant.
        where: The field, such as `questions[2].evidence`; empty where the whole line is meant.
        what: What is wrong, with the value.
        remedy: What to do about it; empty where `what` says it.
    """

    line: int | None
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return the problem as one line of text."""
        place = "" if self.line is None else f"line {self.line}: "
        field = f"{self.where}: " if self.where else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{field}{self.what}{remedy}"
