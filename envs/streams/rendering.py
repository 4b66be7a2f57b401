"""The text of turns and memory entries, worded in one way for policies, retrievers and answerers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..memory.token_counter import TokenCounter, token_counter
from ..quoting import one_line
from ..types import Capacity, MemoryEntry, Turn

_MAX_SPEAKER_LENGTH = 40
_BREAKS = tuple(re.compile(pattern) for pattern in (r"\n+", r"(?<=[.!?。！？])\s*", r"\s+"))
"""Where a long text is cut: between paragraphs or lines, else between sentences, else between words."""


def render_turn(turn: Turn) -> str:
    """Return `Caroline: I moved to Boston.`, the text of an entry that stores the turn verbatim.

    What stands before the colon is the speaker whatever the speaker is called: a name has no line breaks
    here, and a dash for a colon of its own.
    """
    speaker = turn.speaker
    if ": " in speaker or not speaker.isprintable():
        speaker = one_line(speaker).replace(": ", " - ")
    return f"{speaker}: {turn.text}"


def render_in_pieces(turn: Turn, max_tokens: int, counter: TokenCounter | None = None) -> tuple[str, ...]:
    """Return a turn as texts of at most `max_tokens` tokens, each with its speaker in front.

    One text, as `render_turn` has it, where that fits. Nothing that was said is left out, but for the white
    space where it is cut.

    Args:
        turn: The turn.
        max_tokens: Most tokens of a text, at least 1; a single character may have more.
        counter: Counts them; by default as `count_tokens`.
    """
    counter = counter or token_counter(None)
    text = render_turn(turn)
    if not counter.exceeds(text, max_tokens):
        return (text,)
    prefix = render_turn(replace(turn, text=""))
    # A name that leaves no room for what was said stands in front of the first piece alone.
    if counter.exceeds(prefix, max_tokens // 2):
        return tuple(_cut(text, "", max_tokens, counter))
    return tuple(f"{prefix}{piece}" for piece in _cut(turn.text, prefix, max_tokens, counter))


def pieces_of(turn: Turn, capacity: Capacity) -> tuple[str, ...]:
    """Return the texts of the entries that hold a turn: one, or several where it is too long for one."""
    limits = [limit for limit in (capacity.max_entry_tokens, capacity.max_tokens) if limit is not None]
    if not limits:
        return (render_turn(turn),)
    return render_in_pieces(turn, min(limits), token_counter(capacity.tokenizer))


def _cut(text: str, prefix: str, max_tokens: int, counter: TokenCounter) -> Iterator[str]:
    """Yield a text in pieces of at most so many tokens with the prefix, halved as often as needed."""
    waiting = [text.strip()]
    while waiting:
        piece = waiting.pop()
        if len(piece) < 2 or not counter.exceeds(f"{prefix}{piece}", max_tokens):
            if piece:
                yield piece
            continue
        first, rest = _halve(piece)
        waiting += [rest.strip(), first.strip()]


def _halve(text: str) -> tuple[str, str]:
    """Cut a text of two characters or more near its middle, at the best place within its middle half."""
    quarter, middle = len(text) // 4, len(text) // 2
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, quarter, len(text) - quarter)]
        ends = [end for end in ends if 0 < end < len(text)]
        if ends:
            place = min(ends, key=lambda end: abs(end - middle))
            return text[:place], text[place:]
    return text[:middle], text[middle:]


def split_turn(text: str) -> tuple[str, str]:
    """Return speaker and words of a text by `render_turn`; of any other text no speaker and all of it."""
    speaker, separator, said = text.partition(": ")
    return (speaker, said) if separator and len(speaker) <= _MAX_SPEAKER_LENGTH else ("", text)


def render_entry(entry: MemoryEntry) -> str:
    """Return `[2023-05-08] Caroline: I moved to Boston.`, the line that an answerer reads.

    The date is that of `entry.time`; an entry without a time is its text alone.
    """
    if entry.time is None:
        return entry.text
    return f"[{entry.time.date().isoformat()}] {entry.text}"
