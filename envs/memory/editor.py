"""`Editor`: the hands of one operation on a store, with a journal of what it changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import NoReturn

from memdojo.rewards.metrics import normalise

from ..types import (
    CORE_KIND,
    Capacity,
    EntryChange,
    MemoryEntry,
    Operation,
    OperationResult,
    OperationStatus,
    WhenFull,
)
from .contents import Contents
from .refusals import RefusedError, check_is_new, check_text, no_room, unknown_id


class Editor:
    """Lets one operation change a store, whole or not at all; see `memdojo.envs.types.StoreEditor`.

    Args:
        contents: What is changed.
        capacity: Its limits.
        step: Index of the chunk at which the operation is done.
    """

    __slots__ = ("_capacity", "_contents", "_evicted", "_main", "_net", "_next_id", "step")

    def __init__(self, contents: Contents, capacity: Capacity, step: int) -> None:
        self.step = step
        self._contents = contents
        self._capacity = capacity
        self._next_id = contents.next_id
        # Each changed entry as it was before the operation and as it is now, by its id.
        self._net: dict[int, tuple[MemoryEntry | None, MemoryEntry | None]] = {}
        self._main: int | None = None
        self._evicted: list[int] = []

    def run(self, operation: Operation) -> OperationResult:
        """Let the operation happen, or say why it did not; then, and after an error, nothing is changed."""
        try:
            operation.apply(self)
        except RefusedError as refused:
            self._undo()
            return OperationResult(operation, refused.status, before=refused.before, why=refused.why)
        except BaseException:
            self._undo()
            raise
        return self._result(operation)

    @property
    def entries(self) -> tuple[MemoryEntry, ...]:
        """All entries in order of id."""
        return self._contents.table.entries()

    @property
    def core(self) -> MemoryEntry | None:
        """The core block, if there is one."""
        id = self._contents.core_id
        return None if id is None else self._contents.get(id)

    def entry(self, id: int, kind: str | None = None) -> MemoryEntry:
        """Return the entry with this id, or refuse; None takes any kind."""
        entry = self._contents.get(id)
        if entry is None or kind not in (None, entry.kind):
            raise unknown_id(id, kind=kind)
        return entry

    def add(
        self,
        text: str,
        *,
        kind: str = "fact",
        sources: Sequence[str] = (),
        time: datetime | None = None,
        links: Sequence[int] = (),
        utility: float = 0.0,
        evicts: Sequence[int] = (),
        unique: bool = False,
    ) -> MemoryEntry:
        """Make a new entry and return it, or refuse."""
        check_text(text, self._capacity, None, kind)
        if kind == CORE_KIND:
            check_is_new([] if self.core is None else [self.core])
        elif unique:
            check_is_new(self._alike(text, kind))
        entry = MemoryEntry(
            id=self._contents.next_id,
            kind=kind,
            text=text,
            time=time,
            created_step=self.step,
            updated_step=self.step,
            sources=_ordered_union(sources),
            links=self._known_links(links, None) if links else (),
            utility=utility,
        )
        return self._place(None, entry, evicts)

    def rewrite(
        self, entry: MemoryEntry, text: str, *, sources: Sequence[str] = (), time: datetime | None = None
    ) -> MemoryEntry:
        """Give an entry another text and return it, or refuse."""
        entry = self.entry(entry.id)
        check_text(text, self._capacity, entry, entry.kind)
        after = MemoryEntry(
            id=entry.id,
            kind=entry.kind,
            text=text,
            time=entry.time if time is None else time,
            created_step=entry.created_step,
            updated_step=entry.updated_step if text == entry.text else self.step,
            sources=_ordered_union(entry.sources, sources),
            links=entry.links,
            utility=entry.utility,
        )
        return self._place(entry, after, ())

    def link(self, entry: MemoryEntry, links: Sequence[int]) -> MemoryEntry:
        """Let an entry have exactly these links and return it, or refuse."""
        entry = self.entry(entry.id)
        after = dataclasses.replace(entry, links=self._known_links(links, entry))
        self._note_main(entry.id)
        self._put(after)
        return after

    def remove(self, entry: MemoryEntry) -> None:
        """Let an entry leave, and every link to it."""
        self._note_main(entry.id)
        self._drop(entry)

    def refuse(self, status: OperationStatus, why: str, before: MemoryEntry | None = None) -> NoReturn:
        """End the operation with this status."""
        raise RefusedError(status, why, before)

    def _known_links(self, links: Sequence[int], entry: MemoryEntry | None) -> tuple[int, ...]:
        for id in links:
            if id not in self._contents:
                raise unknown_id(id, entry)
        return tuple(dict.fromkeys(links))

    def _alike(self, text: str, kind: str) -> Iterator[MemoryEntry]:
        """Yield the entries of a kind that say the same in the same words."""
        text = normalise(text)
        for entry in self.entries:
            if entry.kind == kind and normalise(entry.text) == text:
                yield entry

    def _place(self, before: MemoryEntry | None, after: MemoryEntry, evicts: Sequence[int]) -> MemoryEntry:
        """Put `after` in the store, in place of `before` where given, once enough other entries can leave."""
        contents, capacity = self._contents, self._capacity
        surplus_entries = surplus_tokens = 0
        if capacity.max_entries is not None and before is None:
            surplus_entries = len(contents) + 1 - capacity.max_entries
        if capacity.max_tokens is not None:
            freed = 0 if before is None else contents.num_tokens(before)
            # Counted, not added: a text that may be refused must not enter the corpus yet.
            added = contents.count_tokens(after.text)
            surplus_tokens = contents.tokens - freed + added - capacity.max_tokens
        self._note_main(after.id)
        if surplus_entries > 0 or surplus_tokens > 0:
            for entry in self._leaving(before, evicts, surplus_entries, surplus_tokens):
                self._evicted.append(entry.id)
                self._drop(entry)
            if after.links:
                after = dataclasses.replace(after, links=tuple(id for id in after.links if id in contents))
        self._put(after)
        return after

    def _leaving(
        self, before: MemoryEntry | None, evicts: Sequence[int], surplus_entries: int, surplus_tokens: int
    ) -> list[MemoryEntry]:
        """Return the entries that make enough room, first to leave first, or refuse."""
        leaving: dict[int, MemoryEntry] = {}
        for id in self._may_leave(before, evicts):
            entry = self._contents.get(id)
            if entry is None or id in leaving:
                raise unknown_id(id, before)
            leaving[id] = entry
            surplus_entries -= 1
            surplus_tokens -= self._contents.num_tokens(entry)
            if surplus_entries <= 0 and surplus_tokens <= 0:
                return list(leaving.values())
        raise no_room(self._capacity, len(self._contents), self._contents.tokens, before)

    def _may_leave(self, before: MemoryEntry | None, evicts: Sequence[int]) -> Iterable[int]:
        """Return the ids that may leave, first to leave first; never that of the entry under update."""
        if self._capacity.when_full is WhenFull.POLICY:
            return evicts
        if self._capacity.when_full is WhenFull.REJECT:
            return ()
        stay = (None if before is None else before.id, self._contents.core_id)
        return (id for id in self._contents.oldest_first() if id not in stay)

    def _note_main(self, id: int) -> None:
        if self._main is None:
            self._main = id

    def _put(self, after: MemoryEntry) -> None:
        self._note(after.id, after)
        self._contents.put(after)

    def _drop(self, entry: MemoryEntry) -> None:
        """Let the entry leave, and every link to it."""
        self._note(entry.id, None)
        self._contents.drop(entry.id)
        for id in self._contents.linking_to(entry.id):
            linking = self._contents.get(id)
            assert linking is not None
            self._put(
                dataclasses.replace(linking, links=tuple(link for link in linking.links if link != entry.id))
            )

    def _note(self, id: int, after: MemoryEntry | None) -> None:
        first = self._net[id][0] if id in self._net else self._contents.get(id)
        self._net[id] = (first, after)

    def _undo(self) -> None:
        for id, (before, _) in self._net.items():
            if before is not None:
                self._contents.put(before)
            elif id in self._contents:
                self._contents.drop(id)
        self._contents.next_id = self._next_id
        if not len(self._contents):
            self._contents.oldest_id = self._next_id

    def _result(self, operation: Operation) -> OperationResult:
        if self._main is None:
            return OperationResult(operation, OperationStatus.APPLIED)
        before, after = self._net[self._main]
        if len(self._net) == 1:
            return OperationResult(operation, OperationStatus.APPLIED, before, after)
        evicted = tuple(entry for id in self._evicted if (entry := self._net[id][0]) is not None)
        told = {self._main, *self._evicted}
        others = tuple(
            EntryChange(*change)
            for id, change in self._net.items()
            if id not in told and change[0] != change[1]
        )
        return OperationResult(
            operation, OperationStatus.APPLIED, before=before, after=after, evicted=evicted, others=others
        )


def _ordered_union(*sources: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(sources)))
