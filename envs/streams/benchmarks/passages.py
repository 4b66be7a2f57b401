"""Turns made from running text, cut where a paragraph or sentence ends, and sessions of a given size."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime

import regex

from ...memory.analysis import count_tokens, exceeds_tokens
from ...types import Chunk, Turn

_PARAGRAPH_ENDS = re.compile(r"\n\s*\n")
_LINE_ENDS = re.compile(r"\n")
SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+")
_ANY_SENTENCE_ENDS = re.compile(rf"{SENTENCE_ENDS.pattern}|(?<=[。！？｡।۔؟።])\s*")
"""Those of other scripts too, of which some have no blank behind a sentence."""
_WORD_ENDS = re.compile(r"\s+")
_CHARACTER = regex.compile(r"\X")


def cut_text(text: str, max_tokens: int) -> list[str]:
    """Return the text in pieces of at most `max_tokens`, as `count_tokens` counts, none of them blank.

    A paragraph that fits stays whole, and so does a line of a longer paragraph, a sentence of a longer line,
    a word of a longer sentence. A word that does not fit, such as a sentence of a script without blanks or a
    long address, is cut between two characters; one character may then have more tokens than fit.
    """
    return list(_cut(text, max_tokens, (_PARAGRAPH_ENDS, _LINE_ENDS, _ANY_SENTENCE_ENDS, _WORD_ENDS)))


def _cut(text: str, max_tokens: int, ends: Sequence[re.Pattern[str]]) -> Iterator[str]:
    text = text.strip()
    if not text:
        return
    if count_tokens(text) <= max_tokens:
        yield text
        return
    parts = ends[0].split(text)
    if ends[0] is not _WORD_ENDS:
        for part in parts:
            yield from _cut(part, max_tokens, ends[1:])
        return
    words: list[str] = []
    size = 0
    for word in (piece for part in parts for piece in _cut_word(part, max_tokens)):
        tokens = count_tokens(word)
        if words and size + tokens > max_tokens:
            yield " ".join(words)
            words, size = [], 0
        words.append(word)
        size += tokens
    yield " ".join(words)


def _cut_word(word: str, max_tokens: int) -> Iterator[str]:
    start = 0
    # A text of more bytes than this has too many tokens whatever it is.
    size = 8 * max_tokens + 1
    while exceeds_tokens(piece := word[start : start + size], max_tokens):
        ends = [match.end() for match in _CHARACTER.finditer(piece)]
        fitting = bisect_right(ends, max_tokens, key=lambda end: count_tokens(piece[:end]))
        end = ends[max(0, fitting - 1)]
        yield piece[:end]
        start += end
    if piece:
        yield piece


def chunks_of_sessions(
    turns: Sequence[Turn], max_tokens: int, *, time: datetime | None = None
) -> tuple[Chunk, ...]:
    """Return the turns as chunks, each a session of its own of at most `max_tokens` or of one longer turn.

    The session's name is its number, from 1: a chunk that is cut or put together anew never crosses it.
    """
    sessions: list[list[Turn]] = []
    size = 0
    for turn in turns:
        tokens = count_tokens(turn.text)
        if not sessions or size + tokens > max_tokens:
            sessions.append([])
            size = 0
        sessions[-1].append(turn)
        size += tokens
    return tuple(Chunk(index, tuple(part), str(index + 1), time) for index, part in enumerate(sessions))
