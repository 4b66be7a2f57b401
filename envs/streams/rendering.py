"""The text of turns and memory entries, worded in one way for policies, retrievers and answerers."""

from __future__ import annotations

from ..types import MemoryEntry, Turn

_MAX_SPEAKER_LENGTH = 40


def render_turn(turn: Turn) -> str:
    """Return `Caroline: I moved to Boston.`, the text of an entry that stores the turn verbatim."""
    return f"{turn.speaker}: {turn.text}"


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
