"""Pieces that several prompt formats share: headers, one-line texts, numbers, provenance."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from ..quoting import indented_if_like_a_header, one_line
from ..streams.rendering import render_turn
from ..types import Chunk, Operation
from .protocol import ManagerView, Parsed, ParseError, ParseErrorKind, parse_error, source_turns
from .thoughts import Reply, split_thoughts

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")

SEPARATOR = re.compile(r"[\s,]+")
"""Between the numbers of a list."""

END = "END"
"""Stands where nothing follows any more."""


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


def parse_lines(
    completion: str,
    max_operations: int,
    parse_line: Callable[[str], Operation | ParseError],
    *,
    if_empty: Operation | None = None,
    writes: re.Pattern[str] | None = None,
    is_cut: bool = False,
) -> Parsed[tuple[Operation, ...]]:
    """Return the operations of the lines of a completion, and an error for each malformed one.

    Args:
        completion: One operation a line; blank lines and thoughts count for nothing.
        max_operations: Lines that are read.
        parse_line: Reads one line, without blanks around it; called in the order of the lines.
        if_empty: What a completion without a line does; None makes it an error.
        writes: Matches the beginning of lines that write a text; see `split_thoughts`.
        is_cut: Whether the model reached its limit of tokens. Then its last line is an error, unless a line
            break follows.
    """
    operations: list[Operation] = []
    errors: list[ParseError] = []
    reply = split_thoughts(completion, writes)
    lines = [line.strip() for line in reply.text.split("\n") if line.strip()]
    cut_off = cut_thought(reply)
    if is_cut and cut_off is None and not (lines and reply.text.endswith("\n")):
        line = lines.pop() if lines else ""
        cut_off = parse_error(ParseErrorKind.CUT_OFF, line, "the line was cut off, so it does nothing.")
    for line in lines[:max_operations]:
        parsed = without_surrogates(line) or parse_line(line)
        if isinstance(parsed, ParseError):
            errors.append(parsed)
        else:
            operations.append(parsed)
    if len(lines) > max_operations:
        why = f"more than {max_operations} operations; the rest was not read."
        errors.append(parse_error(ParseErrorKind.TOO_MANY, lines[max_operations], why))
    if cut_off is not None:
        errors.append(without_surrogates(cut_off.fragment) or cut_off)
    elif not lines and if_empty is None:
        why = "the completion is empty; NOOP leaves the memory as it is."
        errors.append(parse_error(ParseErrorKind.EMPTY, "", why))
    elif not lines and if_empty is not None:
        operations.append(if_empty)
    return Parsed(tuple(operations), tuple(errors))


def cut_thought(reply: Reply) -> ParseError | None:
    """Return the error of a reply whose thought has no end; None if it is none."""
    if not reply.is_cut:
        return None
    return parse_error(ParseErrorKind.CUT_OFF, "", "the thought has no end, so nothing follows it.")


def cut_ranking(completion: str) -> ParseError:
    """Return the error of a ranking that was cut off: its last number may be half of another one."""
    cut_off = parse_error(ParseErrorKind.CUT_OFF, completion, "the ranking was cut off, so it ranks nothing.")
    return without_surrogates(cut_off.fragment) or cut_off


def memory_header(view: ManagerView) -> str:
    """Return the line above the entries, with how full the store is."""
    capacity = view.capacity
    parts = [_count(view.store_size, capacity.max_entries, "entries")]
    if capacity.max_tokens is not None:
        parts.append(_count(view.tokens, capacity.max_tokens, "tokens"))
    return f"MEMORY {', '.join(parts)}"


def _count(number: int, limit: int | None, what: str) -> str:
    return f"{number} {what}" if limit is None else f"{number}/{limit} {what}"


def news(view: ManagerView) -> list[str]:
    """Return the lines of what is new: a header with its date and the turns, or that nothing follows."""
    if view.chunk is None:
        return [END]
    time = view.chunk.turns[0].time or view.chunk.time
    header = "NEW" if time is None else f"NEW {time.date().isoformat()}"
    return [header, *(indented_if_like_a_header(render_turn(turn)) for turn in view.chunk.turns)]


def question_line(question: str, time: datetime | None) -> str:
    """Return the line of a question, with its date."""
    when = "" if time is None else f"[{time.date().isoformat()}] "
    return f"QUESTION {when}{one_line(question)}"


def options_lines(options: Sequence[str]) -> list[str]:
    """Return the line of the answers among which one may choose; none where there are no such."""
    return [f"OPTIONS {'; '.join(map(one_line, options))}"] if options else []


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
