"""The entries that a text policy is shown when there are more than it can read."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from ...types import MemoryEntry
from ..store import MemoryStore
from .protocol import Retriever
from .retrievers import BM25Retriever


class CandidateOrder(StrEnum):
    """In which order candidates are shown."""

    TIME = "time"
    """As they were said."""
    PREFILTER = "prefilter"
    """Best first, as a re-ranker gets them from the retriever in front of it."""


class Candidates(NamedTuple):
    """The entries among which a retriever chooses.

    Attributes:
        shown: In the order that was asked for.
        staying: Their ids, those in front that a pre-filter lets through first.
    """

    shown: tuple[MemoryEntry, ...]
    staying: tuple[int, ...]


def select_candidates(store: MemoryStore, query: str, max_candidates: int | None) -> tuple[MemoryEntry, ...]:
    """Return at most `max_candidates` valid entries in id order; None takes all.

    Those with the highest BM25 score; where fewer match the query at all, the latest others fill up.
    """
    if max_candidates is None or len(store.readable) <= max_candidates:
        return store.readable
    return candidates_for(store, query, max_candidates).shown


def candidates_for(
    store: MemoryStore,
    query: str,
    max_candidates: int | None,
    prefilter: Retriever | None = None,
    kept: Collection[int] = (),
    order: CandidateOrder = CandidateOrder.TIME,
) -> Candidates:
    """Return the candidates for a question, none of them invalidated, and in which order they would go.

    Args:
        store: Whose entries they are.
        query: The question.
        max_candidates: Most candidates; None takes all.
        prefilter: Orders them, by default BM25. What it does not find stands behind, the latest first.
        kept: Ids that are candidates however many there are, and go last.
        order: In which order they are shown. Those that are kept stand where they would without it, since
            their place must not tell which they are.
    """
    hits = (prefilter or BM25Retriever()).search(store, query, len(store))
    latest_first = (entry.id for entry in reversed(store.readable))
    ranked = tuple(dict.fromkeys((*(hit.entry.id for hit in hits), *latest_first)))
    staying = tuple(dict.fromkeys((*kept, *ranked)))
    if max_candidates is not None:
        staying = staying[: max(max_candidates, len(kept))]
    chosen = set(staying)
    if order is CandidateOrder.TIME:
        return Candidates(tuple(entry for entry in store.readable if entry.id in chosen), staying)
    by_id = {entry.id: entry for entry in store.readable}
    return Candidates(tuple(by_id[id] for id in ranked if id in chosen), staying)
