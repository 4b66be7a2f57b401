"""New turns by letters, for formats whose models name a turn instead of writing what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..quoting import one_line
from ..streams.rendering import render_turn
from ..types import Operation, Turn
from .pieces import END
from .protocol import ManagerView, ParseError, ParseErrorKind, parse_error


def _letter(index: int) -> str:
    """Return a, b, ..., z, aa, ab, ... for 0, 1, ..."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _index(letters: str) -> int:
    """Return 0, 1, ... for a, b, ..., as `_letter` counts."""
    index = 0
    for letter in letters:
        index = 26 * index + ord(letter) - ord("a") + 1
    return index - 1


def lettered_news(view: ManagerView) -> list[str]:
    """Return the lines of what is new: each turn under its letter, or that nothing follows any more."""
    if view.chunk is None:
        return [END]
    turns = enumerate(view.chunk.turns)
    return ["NEW", *(f"{_letter(index)} {one_line(render_turn(turn))}" for index, turn in turns)]


def turn_of_letter(letter: str, line: str, view: ManagerView) -> Turn | ParseError:
    """Return the new turn that has a letter, or the error of the line that names it."""
    turns = _turns(view)
    index = _index(letter)
    if index < len(turns):
        return turns[index]
    why = f"none of the {len(turns)} new lines has this letter."
    return parse_error(ParseErrorKind.OUT_OF_RANGE, line, why)


def letter_of_turn(is_it: Callable[[Turn], bool], operation: Operation, view: ManagerView) -> str:
    """Return the letter of the first new turn of which `is_it` is true: the one that an operation writes.

    Raises:
        ValueError: If there is none.
    """
    for index, turn in enumerate(_turns(view)):
        if is_it(turn):
            return _letter(index)
    raise ValueError(
        f"{operation!r} writes no turn of the chunk as it was said, and this format can do nothing else."
    )


def time_of(turn: Turn, view: ManagerView) -> datetime | None:
    """Return when a new turn was said; None if neither it nor its chunk has a time."""
    return turn.time or (None if view.chunk is None else view.chunk.time)


def _turns(view: ManagerView) -> tuple[Turn, ...]:
    return () if view.chunk is None else view.chunk.turns
