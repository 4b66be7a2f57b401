"""`Mention`: where a text names somebody."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mention:
    """Characters `start` to `end` of a text, without a possessive's ending, which mean the person `name`."""

    start: int
    end: int
    name: str
