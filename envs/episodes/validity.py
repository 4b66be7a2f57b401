"""A stated rule for whether an operation is valid, in place of a model that judges operations.

The rule looks at content words: those of `analyze`, without the names of the chunk's speakers.

What writes (ADD, UPDATE, REWRITE) is valid if all of this holds:

- At least half of the content words that are new against the entry before are words of the chunk, or of its
  date. A change that adds no word must drop some. An ADD has at least two content words.
- The text is no question, it fits its kind, and it repeats no other entry of its kind.

A DELETE is valid if another entry of its kind repeats what goes, or if the chunk speaks of it: at least two
of its content words occur there (all of them, if it has fewer).

A text fits its kind if

- `core`: it names a person (a speaker, or a personal pronoun) and no time,
- `episodic`: it names a time, or something that happened (a verb in the past tense),
- `semantic`: it names no time,
- any other kind: always.

A *time* is a date, a year, a weekday, a time of day, or a day or span counted from now ("yesterday", "last
week", "two days ago"). Two texts repeat each other if they share at least 0.8 of all their content words.
"""

from __future__ import annotations

import re
from datetime import datetime

from ..memory.analysis import analyze
from ..memory.retrieval.retrievers import BM25Retriever
from ..memory.store import MemoryStore
from ..people import people_of
from ..types import CORE_KIND, Add, Chunk, MemoryEntry, OperationResult
from .entry_kinds import EPISODIC_KIND, SEMANTIC_KIND, names_time, tells_event

SUPPORT = 0.5
REPEAT = 0.8
_MIN_WORDS = 2
_NUM_COMPARED = 16
"""Entries that a text is compared with: those that BM25 finds nearest."""
_PERSON = re.compile(
    r"\b(?:i|me|my|he|him|his|she|her|we|us|our|they|them|their|user|i'm|i've)\b", re.IGNORECASE
)


def validity_by_rule(result: OperationResult, chunk: Chunk, store: MemoryStore) -> float | None:
    """Return 1 if an operation that was applied is valid by the rule of this module, else 0.

    None for one that neither writes nor removes a text, such as NOOP.

    Args:
        result: What the operation did.
        chunk: What it is about.
        store: As the operation left it.
    """
    operation, before, after = result.operation, result.before, result.after
    if not result.is_gradable:
        return None
    said = _words_said(chunk)
    names = _names(chunk)
    if after is None:
        assert before is not None  # A removed entry was there.
        words = _content(before.text, names)
        is_spoken_of = len(words & said) >= min(_MIN_WORDS, len(words))
        return float(is_spoken_of or _is_repeated(before, names, store))
    words = _content(after.text, names)
    old = set() if before is None else _content(before.text, names)
    new = words - old
    is_supported = len(new & said) >= SUPPORT * len(new) if new else bool(old - words)
    is_long_enough = len(words) >= _MIN_WORDS or not isinstance(operation, Add)
    return float(
        is_supported
        and is_long_enough
        and not after.text.rstrip().endswith("?")
        and _fits(after, chunk)
        and not _is_repeated(after, names, store)
    )


def _fits(entry: MemoryEntry, chunk: Chunk) -> bool:
    if entry.kind == CORE_KIND:
        people = people_of(frozenset(turn.speaker for turn in chunk.turns))
        is_about_person = bool(_PERSON.search(entry.text)) or bool(people.named_in(entry.text))
        return is_about_person and not names_time(entry.text)
    if entry.kind == EPISODIC_KIND:
        return tells_event(entry.text)
    return entry.kind != SEMANTIC_KIND or not names_time(entry.text)


def _is_repeated(entry: MemoryEntry, names: frozenset[str], store: MemoryStore) -> bool:
    words = _content(entry.text, names)
    for hit in BM25Retriever().search(store, entry.text, _NUM_COMPARED):
        other = hit.entry
        if other.id == entry.id or other.kind != entry.kind:
            continue
        theirs = _content(other.text, names)
        if len(words & theirs) >= REPEAT * len(words | theirs):
            return True
    return False


def _content(text: str, names: frozenset[str]) -> set[str]:
    return set(analyze(text)) - names


def _names(chunk: Chunk) -> frozenset[str]:
    return frozenset(word for turn in chunk.turns for word in analyze(turn.speaker))


def _words_said(chunk: Chunk) -> set[str]:
    said = {word for turn in chunk.turns for word in analyze(turn.text)}
    times = {turn.time for turn in chunk.turns} | {chunk.time}
    return said.union(*(analyze(_write_day(time)) for time in times if time is not None))


def _write_day(time: datetime) -> str:
    return f"{time.date().isoformat()} {time.day} {time:%B %Y %A}"
