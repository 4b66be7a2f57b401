"""Stores at one moment, and how two of them differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..types import MemoryEntry

if TYPE_CHECKING:
    from .store import MemoryStore


@dataclass(frozen=True, slots=True)
class StoreDiff:
    """How one store differs from another.

    Attributes:
        added: Entries that only the other store has, in order of id.
        removed: Entries that only this store has, in order of id.
        changed: Entries of both that differ: as they are here and as they are there.
    """

    added: tuple[MemoryEntry, ...]
    removed: tuple[MemoryEntry, ...]
    changed: tuple[tuple[MemoryEntry, MemoryEntry], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class StoreSnapshot:
    """The state of a store at one moment; nothing changes it afterwards."""

    __slots__ = ("_store",)

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @property
    def entries(self) -> tuple[MemoryEntry, ...]:
        """All entries in order of id."""
        return self._store.entries

    def __len__(self) -> int:
        return len(self._store)
