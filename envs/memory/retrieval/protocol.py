"""`Retriever`: the protocol of retrievers, and the optional protocols that some also follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from memdojo.errors import RoleError

from ...types import Hit
from ..store import MemoryStore


class Retriever(Protocol):
    """Ranks the entries of a store for a query."""

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return at most `k` entries, highest score first, equal scores by lower id.

        None of them was invalidated: `MemoryStore.best` leaves those out, and `readable` has the others.
        """
        ...


@runtime_checkable
class KnowsSpeakers(Protocol):
    """A retriever that ranks otherwise if it knows who said what."""

    def of_stream(self, speaker_of: Mapping[str, str]) -> Retriever:
        """Return the retriever for the stores of a stream.

        Args:
            speaker_of: Who said which of the stream's turns, by turn id.
        """
        ...


@runtime_checkable
class SaysWhatItRanks(Protocol):
    """A retriever that says whether it can be asked for all entries of a store; others can."""

    @property
    def ranks_all(self) -> bool:
        """False if a ranking beyond what is needed is costly, or impossible."""
        ...


class Search(NamedTuple):
    """A query to a store, and how many entries are wanted."""

    store: MemoryStore
    query: str
    k: int


@runtime_checkable
class SearchesTogether(Protocol):
    """A retriever that looks into several stores at a time, as is faster where it asks a model."""

    def search_together(self, searches: Sequence[Search]) -> list[tuple[Hit, ...] | RoleError]:
        """Return what `search` returns for each, or the error that it raises."""
        ...
