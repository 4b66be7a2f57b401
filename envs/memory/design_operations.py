"""The operations of memory designs beside ADD, UPDATE and DELETE: LINK, MERGE, INVALIDATE, TAG and VALUE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import ClassVar

from ..types import CORE_KIND, MemoryEntry, Operation, OperationRole, OperationStatus, StoreEditor
from .editor import ordered_union


@dataclass(frozen=True, slots=True)
class Link(Operation):
    """Let entry `id` link to other entries, beside those that it links to already.

    Links lead one way: `Link(2, (1,))` beside `Link(1, (2,))` lets two entries name each other.
    """

    kind: ClassVar[str] = "LINK"
    sign: ClassVar[str] = "→"

    id: int
    to: tuple[int, ...]

    def apply(self, store: StoreEditor) -> None:
        """Add the links."""
        entry = store.valid(self.id)
        if not self.to:
            store.refuse(OperationStatus.REFUSED, "The LINK names no entry to link to.", entry)
        if self.id in self.to:
            store.refuse(OperationStatus.REFUSED, f"Entry {self.id} cannot link to itself.", entry)
        store.change(entry, links=ordered_union(entry.links, self.to))


@dataclass(frozen=True, slots=True)
class Merge(Operation):
    """Write several entries into the first one; the others leave.

    The first keeps its id, kind and utility. It gets the text; the sources, tags, links and earlier versions
    of all of them; and the sums of their reads and helps. What linked to one that leaves links to the first.

    Attributes:
        ids: At least two entries, all of them valid and none the core block.
        text: What they say together.
        sources: Join those of the entries.
        time: When what the text tells was said; None keeps that of the first entry.
    """

    kind: ClassVar[str] = "MERGE"
    sign: ClassVar[str] = "∪"

    ids: tuple[int, ...]
    text: str
    sources: tuple[str, ...] = ()
    time: datetime | None = None

    @property
    def written_text(self) -> str:
        """The new text."""
        return self.text

    def apply(self, store: StoreEditor) -> None:
        """Join the entries."""
        entries = [store.valid(id) for id in self.ids]
        self._check(store, entries)
        first, *others = entries
        links = ordered_union(*(entry.links for entry in entries))
        replaces = ordered_union(*(entry.replaces for entry in entries))
        store.change(
            first,
            tags=ordered_union(*(entry.tags for entry in entries)),
            links=[id for id in links if id not in self.ids],
            replaces=[id for id in replaces if id not in self.ids],
            reads=sum(entry.reads for entry in entries),
            helps=sum(entry.helps for entry in entries),
        )
        for entry in others:
            store.remove(entry, heir=first)
        sources = (*chain.from_iterable(entry.sources for entry in others), *self.sources)
        store.rewrite(first, self.text, sources=sources, time=self.time)

    def _check(self, store: StoreEditor, entries: list[MemoryEntry]) -> None:
        if len(set(self.ids)) < max(len(self.ids), 2):
            why = f"The entries to merge are {', '.join(map(str, self.ids)) or 'none'}; it takes two or more."
            store.refuse(OperationStatus.REFUSED, why, next(iter(entries), None))
        for entry in entries:
            if entry.kind == CORE_KIND:
                why = "The core block cannot be merged with entries; rewrite it."
                store.refuse(OperationStatus.REFUSED, why, entry)


@dataclass(frozen=True, slots=True)
class Invalidate(Operation):
    """Keep entry `id` from all readers, because it is true no longer; it stays in the store.

    It still counts against the capacity, and can be deleted and evicted, valued and linked to, but neither
    rewritten nor merged, tagged or linked from. The core block cannot be invalidated.

    Attributes:
        by: The entry that says what is true now, whose earlier version it becomes (`MemoryEntry.replaces`).
            None where there is none.
    """

    kind: ClassVar[str] = "INVALIDATE"
    role: ClassVar[OperationRole] = OperationRole.DELETE
    sign: ClassVar[str] = "⊘"

    id: int
    by: int | None = None

    def apply(self, store: StoreEditor) -> None:
        """End the entry."""
        entry = store.valid(self.id)
        if self.by == self.id:
            store.refuse(OperationStatus.REFUSED, f"Entry {self.id} cannot replace itself.", entry)
        newer = None if self.by is None else store.valid(self.by)
        store.change(entry, ended=store.step)
        if newer is not None:
            store.change(newer, replaces=ordered_union(newer.replaces, (self.id,)))


@dataclass(frozen=True, slots=True)
class Tag(Operation):
    """Let entry `id` have exactly these tags, whatever it had before."""

    kind: ClassVar[str] = "TAG"
    sign: ClassVar[str] = "#"

    id: int
    tags: tuple[str, ...]

    def apply(self, store: StoreEditor) -> None:
        """Set the tags."""
        store.change(store.valid(self.id), tags=self.tags)


@dataclass(frozen=True, slots=True)
class Value(Operation):
    """Keep count of the use of entry `id`, and what it is worth.

    An invalidated entry may be valued as well, since what a reading was worth may be known only later.

    Attributes:
        reads, helps: Added to those of the entry, which may not fall below 0.
        utility: The new utility; None leaves it.
    """

    kind: ClassVar[str] = "VALUE"
    sign: ClassVar[str] = "±"

    id: int
    reads: int = 0
    helps: int = 0
    utility: float | None = None

    def apply(self, store: StoreEditor) -> None:
        """Count and set."""
        entry = store.entry(self.id)
        store.change(
            entry,
            reads=entry.reads + self.reads,
            helps=entry.helps + self.helps,
            utility=entry.utility if self.utility is None else self.utility,
        )
