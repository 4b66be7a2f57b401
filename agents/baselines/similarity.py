"""`SimilarityRule`: a manager that rewrites what a turn states anew, and adds all else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.room import has_room
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.rendering import render_turn, split_turn
from memdojo.envs.types import Delete, Hit, MemoryEntry, Operation, Turn, Update
from memdojo.errors import ConfigError

from ..statements import Statement, stated
from .rules import TurnRule, add_turn, keep_newest

SIMILARITY_THRESHOLD = 0.25
"""Likeness from which on an entry leaves a full store for a turn, chosen on one conversation (conv-26)."""

MAX_MERGED = 64
"""Turns that go into one entry; the next one takes its place, so that the work of a step stays bounded."""


class SimilarityRule(TurnRule[VisibleEpisode]):
    """Rewrites the entry of which a turn states another value, else adds the turn.

    An entry is rewritten only where both texts say nothing but a value of the same attribute of the same
    person, such as where somebody lives, and where a turn repeats an entry of its day word for word. In any
    doubt the turn is added: a turn that is kept twice costs room, and one that is merged wrongly is lost.
    The grammar behind this is English; in other languages only repetitions are merged.

    From a full store the entry most like the turn leaves, by the cosine of their sets of words (as `analyze`
    gives them), and the oldest where none is alike. Of the store only the best hits of a BM25 search and the
    newest entries are looked at.

    Args:
        threshold: Likeness from which on an entry leaves a full store for the turn, in (0, 1].
        num_candidates: How many hits, and how many of the newest entries, are compared with the turn.

    Raises:
        ConfigError: If `threshold` is out of range.
    """

    name = "similarity"

    def __init__(self, threshold: float = SIMILARITY_THRESHOLD, num_candidates: int = 8) -> None:
        if not 0 < threshold <= 1:
            raise ConfigError(f"the threshold of the similarity rule is {threshold}; it lies in (0, 1].")
        self.threshold = threshold
        self.num_candidates = num_candidates
        self._search = BM25Retriever().search

    def decide(self, episode: VisibleEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Rewrite an entry or add the turn."""
        store, text = episode.store, render_turn(turn)
        statement = stated(turn.speaker, turn.text)
        hits = self._search(store, text, self.num_candidates)
        # Of many entries that match alike the search finds the oldest, and repetitions are of the newest.
        newest = store.readable[-self.num_candidates :]
        for entry in (*reversed(newest), *(hit.entry for hit in hits)):
            if not (_is_repeated(entry, turn, text) or (statement is not None and _states(entry, statement))):
                continue
            if not has_room(store, text, in_place_of=entry):
                break
            if len(entry.sources) >= MAX_MERGED:
                return (Delete(entry.id), add_turn(turn))
            return (Update(entry.id, text, (turn.id,), turn.time),)
        return keep_newest(store, turn, self._leaving_first(store, text, hits))

    def _leaving_first(self, store: MemoryStore, text: str, hits: Sequence[Hit]) -> Iterator[MemoryEntry]:
        """Yield the entry most like a text, if one is alike, and then the others, the oldest in front."""
        words = set(analyze(text))
        likeness = [_likeness(words, set(analyze(hit.entry.text))) for hit in hits]
        best = max(range(len(hits)), key=likeness.__getitem__, default=None)
        nearest = hits[best].entry if best is not None and likeness[best] >= self.threshold else None
        if nearest is not None:
            yield nearest
        yield from (entry for entry in store.entries if entry is not nearest)


def _likeness(first: set[str], second: set[str]) -> float:
    return len(first & second) / math.sqrt(len(first) * len(second)) if first and second else 0.0


def _is_repeated(entry: MemoryEntry, turn: Turn, text: str) -> bool:
    """Return whether an entry says the same, of the same day: "I ran today" is news on another."""
    days = {time and time.date() for time in (entry.time, turn.time)}
    return entry.text == text and len(days) == 1


def _states(entry: MemoryEntry, statement: Statement) -> bool:
    other = stated(*split_turn(entry.text))
    return other is not None and other.about == statement.about
