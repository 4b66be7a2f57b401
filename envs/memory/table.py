"""The table of entries by id: forkable, and kept in order."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from rpds import HashTrieMap

from ..types import MemoryEntry

_MAX_PENDING = 256


class EntryTable:
    """A map from id to entry that forks in O(1) and changes in O(1), and the same entries in order of id.

    The map is a persistent trie, shared with forks node by node. The order is a set of plain lists that catch
    up with the map when they are read: in place, or after copying them once if a fork shares them.
    """

    __slots__ = (
        "_by_id",
        "_documents",
        "_entries",
        "_ids",
        "_lists_are_shared",
        "_pending",
        "_read_documents",
        "_read_entries",
    )

    def __init__(self) -> None:
        self._by_id: HashTrieMap[int, tuple[MemoryEntry, int]] = HashTrieMap()
        self._ids = array("q")
        self._entries: list[MemoryEntry] = []
        self._documents = array("i")
        self._lists_are_shared = False
        # What the lists have not seen yet: (id, entry or None if it left, document).
        self._pending: list[tuple[int, MemoryEntry | None, int]] = []
        # What was last read from the lists, until they change.
        self._read_entries: tuple[MemoryEntry, ...] | None = None
        self._read_documents: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def get(self, id: int) -> tuple[MemoryEntry, int] | None:
        """Return the entry and the document id of its text, or None."""
        return self._by_id.get(id)

    def put(self, entry: MemoryEntry, document: int) -> None:
        """Set the entry with this id."""
        self._by_id = self._by_id.insert(entry.id, (entry, document))
        self._remember(entry.id, entry, document)

    def remove(self, id: int) -> None:
        """Remove the entry with this id."""
        self._by_id = self._by_id.remove(id)
        self._remember(id, None, -1)

    def fork(self) -> EntryTable:
        """Return an independent copy."""
        self._lists_are_shared = True
        fork = EntryTable.__new__(EntryTable)
        for name in EntryTable.__slots__:
            setattr(fork, name, getattr(self, name))
        fork._pending = self._pending.copy()
        return fork

    def ids(self) -> Sequence[int]:
        """Return all ids, ascending. Not a copy: neither write to it nor keep it over a write."""
        self._catch_up()
        return self._ids

    def entries_at(self, positions: Iterable[int]) -> list[MemoryEntry]:
        """Return the entries at these positions in the order of ids."""
        self._catch_up()
        return [self._entries[position] for position in positions]

    def entries(self) -> tuple[MemoryEntry, ...]:
        """Return all entries in order of id."""
        self._catch_up()
        if self._read_entries is None:
            self._read_entries = tuple(self._entries)
        return self._read_entries

    def documents(self) -> npt.NDArray[np.int32]:
        """Return the document ids of the entries' texts, in order of entry id, shape (num_entries,)."""
        self._catch_up()
        if self._read_documents is None:
            # A copy, read-only: an array that lends its memory could not grow.
            self._read_documents = np.frombuffer(self._documents.tobytes(), dtype=np.int32)
        return self._read_documents

    def _remember(self, id: int, entry: MemoryEntry | None, document: int) -> None:
        self._pending.append((id, entry, document))
        if len(self._pending) > _MAX_PENDING:
            self._catch_up()

    def _catch_up(self) -> None:
        if not self._pending:
            return
        if self._lists_are_shared:
            self._ids, self._entries, self._documents = self._ids[:], self._entries[:], self._documents[:]
            self._lists_are_shared = False
        ids, entries, documents = self._ids, self._entries, self._documents
        for id, entry, document in self._pending:
            position = len(ids) if not ids or id > ids[-1] else bisect_left(ids, id)
            if entry is None:
                del ids[position], entries[position], documents[position]
            elif position < len(ids) and ids[position] == id:
                entries[position] = entry
                documents[position] = document
            else:
                ids.insert(position, id)
                entries.insert(position, entry)
                documents.insert(position, document)
        self._pending.clear()
        self._read_entries = self._read_documents = None
