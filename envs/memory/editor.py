"""`Editor`: the hands of one operation on a store, with a journal of what it changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NoReturn, TypeVar, Unpack

from memdojo.rewards.metrics import normalise

from ..types import (
    CORE_KIND,
    Capacity,
    EntryChange,
    EntryFields,
    MemoryEntry,
    Operation,
    OperationResult,
    OperationStatus,
    WhenFull,
)
from .contents import Contents
from .refusals import RefusedError, check_fields, check_is_new, check_text, is_ended, no_room, unknown_id

ValueT = TypeVar("ValueT")

_SEQUENCES = ("links", "tags", "replaces")


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
            before = refused.before
            if before is not None and before.id in self._net:
                before, _ = self._net[before.id]  # As it is again, not as the operation had left it.
            return OperationResult(operation, refused.status, before=before, why=refused.why)
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

    def valid(self, id: int, kind: str | None = None) -> MemoryEntry:
        """Return the entry with this id, or refuse, also one that was invalidated."""
        entry = self.entry(id, kind)
        if entry.ended is not None:
            raise is_ended(entry)
        return entry

    def add(
        self,
        text: str,
        *,
        kind: str = "fact",
        sources: Sequence[str] = (),
        time: datetime | None = None,
        evicts: Sequence[int] = (),
        unique: bool = False,
        **fields: Unpack[EntryFields],
    ) -> MemoryEntry:
        """Make a new entry and return it, or refuse."""
        check_text(text, self._capacity, None, kind)
        if kind == CORE_KIND:
            check_is_new([] if self.core is None else [self.core])
        elif unique:
            check_is_new(self._alike(text, kind))
        # Most entries are made without any of them, and are to cost no more for it.
        has_fields = "ended" in fields or any(fields.values())
        values = self._checked(fields, None) if has_fields else {}
        outdated = [self._may_end(self.valid(id)) for id in values.get("replaces", ())]
        entry = MemoryEntry(
            id=self._contents.next_id,
            kind=kind,
            text=text,
            time=time,
            created_step=self.step,
            updated_step=self.step,
            sources=ordered_union(sources),
            **values,
        )
        if entry.ended is not None:
            self._may_end(entry)
        entry = self._place(None, entry, evicts)
        for each in outdated:
            # It may have made room.
            if (old := self._contents.get(each.id)) is not None:
                self._put(dataclasses.replace(old, ended=self.step))
        return entry

    def rewrite(
        self, entry: MemoryEntry, text: str, *, sources: Sequence[str] = (), time: datetime | None = None
    ) -> MemoryEntry:
        """Give an entry another text and return it, or refuse."""
        entry = self.valid(entry.id)
        check_text(text, self._capacity, entry, entry.kind)
        after = MemoryEntry(
            id=entry.id,
            kind=entry.kind,
            text=text,
            time=entry.time if time is None else time,
            created_step=entry.created_step,
            updated_step=entry.updated_step if text == entry.text else self.step,
            sources=ordered_union(entry.sources, sources),
            links=entry.links,
            utility=entry.utility,
            tags=entry.tags,
            reads=entry.reads,
            helps=entry.helps,
            replaces=entry.replaces,
        )
        return self._place(entry, after, ())

    def change(self, entry: MemoryEntry, **fields: Unpack[EntryFields]) -> MemoryEntry:
        """Set fields of an entry other than its text and return it, or refuse."""
        entry = self.entry(entry.id)
        if fields.get("ended") is not None:
            self._may_end(entry)
        after = dataclasses.replace(entry, **self._checked(fields, entry))
        self._note_main(entry.id)
        self._put(after)
        return after

    def link(self, entry: MemoryEntry, links: Sequence[int]) -> MemoryEntry:
        """Let an entry have exactly these links and return it, or refuse."""
        return self.change(entry, links=links)

    def remove(self, entry: MemoryEntry, *, heir: MemoryEntry | None = None) -> None:
        """Let an entry leave, and every link to it, which an heir takes over."""
        self._note_main(entry.id)
        self._drop(entry.id, heir)

    def refuse(self, status: OperationStatus, why: str, before: MemoryEntry | None = None) -> NoReturn:
        """End the operation with this status."""
        raise RefusedError(status, why, before)

    def _checked(self, fields: EntryFields, entry: MemoryEntry | None) -> dict[str, Any]:
        """Return values for fields as entries have them, or refuse."""
        check_fields(fields, entry)
        values: dict[str, Any] = dict(fields)
        for name in ("links", "replaces"):
            for id in values.get(name, ()):
                if id not in self._contents:
                    raise unknown_id(id, entry)
        return values | {name: ordered_union(values[name]) for name in _SEQUENCES if name in values}

    def _may_end(self, entry: MemoryEntry) -> MemoryEntry:
        if entry.kind == CORE_KIND:
            why = "The core block cannot be invalidated, since readers always have it; rewrite it."
            raise RefusedError(OperationStatus.REFUSED, why, entry)
        return entry

    def _alike(self, text: str, kind: str) -> Iterator[MemoryEntry]:
        """Yield the valid entries of a kind that say the same in the same words."""
        text = normalise(text)
        for entry in self.entries:
            if entry.kind == kind and entry.ended is None and normalise(entry.text) == text:
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
                after = _named_without(after, self._drop(entry.id), None)
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

    def _drop(self, id: int, heir: MemoryEntry | None = None) -> MemoryEntry:
        """Let the entry leave, and every link to it, which an heir takes over; return it as it was last."""
        entry = self._contents.get(id)
        assert entry is not None
        self._note(id, None)
        self._contents.drop(id)
        for other in self._contents.naming(id):
            naming = self._contents.get(other)
            assert naming is not None
            self._put(_named_without(naming, entry, heir))
        return entry

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


def ordered_union(*parts: Iterable[ValueT]) -> tuple[ValueT, ...]:
    """Return the values of all parts, each once, in the order in which they come first."""
    return tuple(dict.fromkeys(chain.from_iterable(parts)))


def _named_without(entry: MemoryEntry, gone: MemoryEntry, heir: MemoryEntry | None) -> MemoryEntry:
    """Return an entry as it names others once one of them has left."""
    links = _in_place(entry, entry.links, gone, () if heir is None else (heir.id,))
    replaces = _in_place(entry, entry.replaces, gone, gone.replaces)
    if links is entry.links and replaces is entry.replaces:
        return entry
    return dataclasses.replace(entry, links=links, replaces=replaces)


def _in_place(
    entry: MemoryEntry, ids: tuple[int, ...], gone: MemoryEntry, instead: tuple[int, ...]
) -> tuple[int, ...]:
    if gone.id not in ids:
        return ids
    instead = tuple(id for id in instead if id not in (entry.id, gone.id))
    return ordered_union(*(instead if id == gone.id else (id,) for id in ids))
