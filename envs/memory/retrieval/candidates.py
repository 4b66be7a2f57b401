"""The entries that a text policy is shown when there are more than it can read."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ...types import MemoryEntry
from ..store import MemoryStore
from .protocol import Retriever
from .retrievers import BM25Retriever


class Candidates(NamedTuple):
    """The entries among which a retriever chooses.

    Attributes:
        shown: In id order.
        staying: Their ids, those in front that a pre-filter lets through first.
    """

    shown: tuple[MemoryEntry, ...]
    staying: tuple[int, ...]


def select_candidates(store: MemoryStore, query: str, max_candidates: int | None) -> tuple[MemoryEntry, ...]:
    """Return at most `max_candidates` entries in id order; None takes all.

    Those with the highest BM25 score; where fewer match the query at all, the latest others fill up.
    """
    if max_candidates is None or len(store) <= max_candidates:
        return store.entries
    return candidates_for(store, query, max_candidates).shown


def candidates_for(
    store: MemoryStore,
    query: str,
    max_candidates: int | None,
    prefilter: Retriever | None = None,
    kept: Collection[int] = (),
) -> Candidates:
    """Return the candidates for a question, and in which order they would go.

    Args:
        store: Whose entries they are.
        query: The question.
        max_candidates: Most candidates; None takes all.
        prefilter: Orders them, by default BM25. What it does not find stands behind, the latest first.
        kept: Ids that stand before all others, and are candidates however many there are.
    """
    hits = (prefilter or BM25Retriever()).search(store, query, len(store))
    latest_first = (entry.id for entry in reversed(store.entries))
    order = tuple(dict.fromkeys((*kept, *(hit.entry.id for hit in hits), *latest_first)))
    if max_candidates is None or len(order) <= max_candidates:
        return Candidates(store.entries, order)
    order = order[: max(max_candidates, len(kept))]
    chosen = set(order)
    return Candidates(tuple(entry for entry in store.entries if entry.id in chosen), order)
