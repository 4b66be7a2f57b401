"""`DesignMemory`: a store in the hands of a design."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from memdojo.envs.memory.embedders import Embedder
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever, DenseRetriever, FusionRetriever
from memdojo.envs.memory.room import fits_alone, make_room
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.rendering import pieces_of
from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import Add, Hit, MemoryEntry, Operation, OperationResult, Turn
from memdojo.errors import DesignError


class DesignMemory:
    """A store that a design writes to by operations, and what it needs to look around in it.

    Attributes:
        store: What is remembered. It belongs to the design alone: a fork of the episode's store, where the
            operations are done once more.
        step: Index of the chunk.
        embedder: Says how near texts are to each other.
        operations: All that was done, in order.
    """

    def __init__(self, store: MemoryStore, *, step: int, embedder: Embedder, read_only: bool = False) -> None:
        self.store = store
        self.step = step
        self.embedder = embedder
        self.operations: list[Operation] = []
        self._read_only = read_only

    def apply(self, operation: Operation) -> OperationResult:
        """Do an operation, or have it refused; either is part of `operations`.

        Raises:
            DesignError: While a question is read for, when nothing may change.
        """
        if self._read_only:
            raise DesignError(
                f"{operation.kind} came while the memory is read; a design changes it in `write` and `learn`."
            )
        self.operations.append(operation)
        return self.store.apply(operation, self.step)

    def add(
        self,
        text: str,
        *,
        sources: Sequence[str],
        time: datetime | None,
        kind: str = "fact",
        utility: float = 0.0,
        leaving_first: Iterable[MemoryEntry] | None = None,
    ) -> MemoryEntry | None:
        """Make an entry and return it; None if it cannot fit.

        Args:
            text: What it says.
            sources: Ids of the turns that it came from, at least one.
            time: When that was said.
            kind: Sort of memory.
            utility: A number to keep with it.
            leaving_first: Who may leave a full store, the first to leave in front; by default the oldest.
        """
        order = self.store.entries if leaving_first is None else leaving_first
        leaving = make_room(self.store, text, order)
        if leaving is None:
            return None
        evicts = tuple(entry.id for entry in leaving)
        return self.apply(Add(text, tuple(sources), time, kind, utility, evicts)).after

    def pieces(self, turn: Turn) -> tuple[str, ...]:
        """Return the texts of the entries that hold a turn: one, or several where it is too long for one."""
        return pieces_of(turn, self.store.capacity)

    def fits(self, text: str) -> bool:
        """Return whether a text would fit if everything else left."""
        return fits_alone(self.store, text)

    def of_kind(self, *kinds: str) -> tuple[MemoryEntry, ...]:
        """Return the entries of some kinds that are valid, in order of id."""
        return tuple(entry for entry in self.store.readable if entry.kind in kinds)

    def get(self, id: int) -> MemoryEntry | None:
        """Return an entry by its id, or None."""
        return self.store.get(id)

    def nearness(self, text: str, entries: Sequence[MemoryEntry] | None = None) -> FloatArray:
        """Return the cosine of a text with each entry, in [-1, 1], shape (num_entries,).

        Args:
            text: Any text.
            entries: Of the store as it is; by default all of them.
        """
        vectors, wanted = self._vectors(entries)
        vector = self.store.corpus.vector(self.embedder, text)
        nearness: FloatArray = vectors[wanted] @ vector
        return nearness

    def vectors(self, entries: Sequence[MemoryEntry]) -> FloatArray:
        """Return the unit vectors of entries, shape (num_entries, embedder.dim)."""
        vectors, wanted = self._vectors(entries)
        chosen: FloatArray = vectors[wanted]
        return chosen

    def nearness_among(self, entries: Sequence[MemoryEntry]) -> FloatArray:
        """Return the cosines of entries with each other, shape (num_entries, num_entries)."""
        vectors = self.vectors(entries)
        among: FloatArray = vectors @ vectors.T
        return among

    def nearness_to_newer(self, entries: Sequence[MemoryEntry]) -> FloatArray:
        """Return each one's largest cosine with an entry of a higher id, at least 0, shape (num_entries,)."""
        vectors, wanted = self._vectors(entries)
        cosines = vectors[wanted] @ vectors[self.store.documents].T
        ids = np.array([entry.id for entry in self.store.entries])
        is_newer = ids > np.array([entry.id for entry in entries])[:, None]
        largest: FloatArray = np.where(is_newer, cosines, 0).max(axis=1, initial=0)
        return largest

    def bm25(self, text: str, entries: Sequence[MemoryEntry] | None = None) -> FloatArray:
        """Return the BM25 score of each entry for a text, shape (num_entries,), as `nearness` its cosine."""
        return self.store.index.scores(text)[self._documents(entries)].astype(np.float32)

    def nearest(self, text: str, k: int, *kinds: str) -> tuple[Hit, ...]:
        """Return at most `k` entries, of some kinds or of any, nearest first."""
        return self._best(DenseRetriever(self.embedder), text, k, kinds)

    def matching(self, text: str, k: int, *kinds: str) -> tuple[Hit, ...]:
        """Return at most `k` entries that share a term with a text, of some kinds or of any, by BM25."""
        return self._best(BM25Retriever(), text, k, kinds)

    def fused(self, text: str, k: int, *kinds: str) -> tuple[Hit, ...]:
        """Return at most `k` entries, of some kinds or of any, by reciprocal-rank fusion of both."""
        retrievers = (BM25Retriever(), DenseRetriever(self.embedder))
        return self._best(FusionRetriever(retrievers), text, k, kinds)

    def _best(
        self,
        retriever: BM25Retriever | DenseRetriever | FusionRetriever,
        text: str,
        k: int,
        kinds: Sequence[str],
    ) -> tuple[Hit, ...]:
        if not kinds:
            return retriever.search(self.store, text, k)
        ranked = retriever.search(self.store, text, len(self.store))
        return tuple(hit for hit in ranked if hit.entry.kind in kinds)[:k]

    def _vectors(self, entries: Sequence[MemoryEntry] | None) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        return self.store.corpus.vectors(self.embedder), self._documents(entries)

    def _documents(self, entries: Sequence[MemoryEntry] | None) -> npt.NDArray[np.int32]:
        documents = self.store.documents
        if entries is None:
            return documents
        places = {entry.id: place for place, entry in enumerate(self.store.entries)}
        return documents[np.array([places[entry.id] for entry in entries], dtype=np.intp)]
