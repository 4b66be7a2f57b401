"""Pieces that several prompt formats share: headers, one-line texts, numbers, provenance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from ..types import Chunk
from .protocol import ManagerView, ParseError, ParseErrorKind, parse_error, source_turns

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")

SEPARATOR = re.compile(r"[\s,]+")
"""Between the numbers of a list."""

END = "END"
"""Stands where nothing follows any more."""


def one_line(text: str) -> str:
    """Return the text with every run of white space, line breaks included, as one blank."""
    return " ".join(text.split())


def provenance(text: str, chunk: Chunk | None) -> tuple[str, tuple[str, ...], datetime | None]:
    """Return a text that was written about a chunk as one line, with its source turns and its time."""
    text = one_line(text)
    if chunk is None:
        return text, (), None
    turns = source_turns(text, chunk)
    return text, tuple(turn.id for turn in turns), turns[-1].time or chunk.time


def parse_numbers(
    pieces: Sequence[str], allowed: range | set[int], what: str
) -> tuple[tuple[int, ...], tuple[ParseError, ...]]:
    """Return the numbers of a list, or none and the first error; `what` they count is named in it."""
    numbers: dict[int, None] = {}
    for piece in pieces:
        if not _NUMBER.fullmatch(piece):
            why = "not a whole number; write numbers separated by commas."
            return (), (parse_error(ParseErrorKind.NOT_A_NUMBER, piece, why),)
        number = int(piece)
        if number not in allowed:
            why = f"none of the {len(allowed)} {what} has this number."
            return (), (parse_error(ParseErrorKind.OUT_OF_RANGE, piece, why),)
        if number in numbers:
            return (), (parse_error(ParseErrorKind.DUPLICATE, piece, "the number was given before."),)
        numbers[number] = None
    return tuple(numbers), ()


def memory_header(view: ManagerView) -> str:
    """Return the line above the entries, with how full the store is."""
    capacity = view.capacity
    parts = [_count(view.store_size, capacity.max_entries, "entries")]
    if capacity.max_tokens is not None:
        parts.append(_count(view.tokens, capacity.max_tokens, "tokens"))
    return f"MEMORY {', '.join(parts)}"


def _count(number: int, limit: int | None, what: str) -> str:
    return f"{number} {what}" if limit is None else f"{number}/{limit} {what}"


def chunk_header(chunk: Chunk) -> str:
    """Return the line above the new turns, with their date."""
    time = chunk.turns[0].time or chunk.time
    return "NEW" if time is None else f"NEW {time.date().isoformat()}"


def question_line(question: str, time: datetime | None) -> str:
    """Return the line of a question, with its date."""
    when = "" if time is None else f"[{time.date().isoformat()}] "
    return f"QUESTION {when}{one_line(question)}"


def without_surrogates(text: str) -> ParseError | None:
    """Return the error of a text with lone surrogates, which can be in a str, but in no file."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        quoted = text.encode("ascii", "backslashreplace").decode()
        why = "the text has characters that are not valid Unicode."
        return parse_error(ParseErrorKind.NOT_UNICODE, quoted, why)
    return None
