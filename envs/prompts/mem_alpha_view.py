"""What of a memory Mem-alpha's formats show: its core block, and the latest of its other two types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..episodes.entry_kinds import EPISODIC_KIND, SEMANTIC_KIND, tells_event
from ..types import CORE_KIND, Add, Delete, MemoryEntry, Operation
from .protocol import ManagerView

MEMORY_TYPES = (CORE_KIND, SEMANTIC_KIND, EPISODIC_KIND)

NO_ENTRY = 0
"""An id that no store gives: that of the core block, where a call deletes it and there is none."""


def memory_type(entry: MemoryEntry | Add) -> str:
    """Return which of Mem-alpha's three types an entry counts as.

    Entries of other kinds, which other managers write, are episodic if they tell of an event or a time, as
    `validity` understands it, and semantic if not.
    """
    kind = entry.entry_kind if isinstance(entry, Add) else entry.kind
    if kind in MEMORY_TYPES:
        return kind
    return EPISODIC_KIND if tells_event(entry.text) else SEMANTIC_KIND


def core_of(view: ManagerView) -> MemoryEntry | None:
    """Return the core block of a view, if there is one."""
    return next((entry for entry in view.entries if entry.kind == CORE_KIND), None)


def latest(entries: Sequence[MemoryEntry], kind: str, num: int) -> tuple[MemoryEntry, ...]:
    """Return the `num` entries of a memory type that were written or rewritten last, in id order."""
    of_kind = [entry for entry in entries if memory_type(entry) == kind]
    newest = sorted(of_kind, key=lambda entry: (entry.updated_step, entry.id))[max(0, len(of_kind) - num) :]
    return tuple(sorted(newest, key=lambda entry: entry.id))


def without_evictions(operations: Sequence[Operation]) -> Iterator[Operation]:
    """Yield the operations in Mem-alpha's calls: an ADD names nobody to leave, who is deleted before it."""
    for operation in operations:
        if isinstance(operation, Add) and operation.evicts:
            yield from map(Delete, operation.evicts)
            operation = replace(operation, evicts=())
        yield operation
