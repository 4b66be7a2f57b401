"""`Retriever`: the protocol of retrievers."""

from __future__ import annotations

from typing import Protocol

from ...types import Hit
from ..store import MemoryStore


class Retriever(Protocol):
    """Ranks the entries of a store for a query."""

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return at most `k` entries, highest score first, equal scores by lower id."""
        ...
