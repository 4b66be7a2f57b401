"""The reasons for which a store may refuse an operation, each with a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable

from ..types import CORE_KIND, Capacity, MemoryEntry, Operation, OperationResult, OperationStatus, WhenFull
from .analysis import exceeds_tokens

_WHY_NO_ROOM = {
    WhenFull.REJECT: "takes nothing more until an entry is deleted",
    WhenFull.EVICT_OLDEST: "no other entry is left to leave",
    WhenFull.POLICY: "the operation names too few entries to leave",
}


def refuse_unknown_id(
    operation: Operation, id: int, before: MemoryEntry | None = None, *, kind: str | None = None
) -> OperationResult:
    """Return the refusal of an operation that names an entry which is not there, or is of another kind."""
    why = f"There is no {'' if kind is None else f'{kind} '}entry with id {id!r}."
    return OperationResult(operation, OperationStatus.UNKNOWN_ID, before=before, why=why)


def refuse_text(
    operation: Operation, text: str, capacity: Capacity, before: MemoryEntry | None = None, *, kind: str = ""
) -> OperationResult | None:
    """Return the refusal of a text that no store with this capacity may hold as an entry of `kind`, or None.

    Raises:
        TypeError: If the text is no string.
    """
    if not isinstance(text, str):
        raise TypeError(f"the text of {operation!r} is of type {type(text).__name__}; give a str.")
    if not text or text.isspace():
        why = "The text is empty."
        return OperationResult(operation, OperationStatus.EMPTY_TEXT, before=before, why=why)
    limits = [("max_entry_tokens", capacity.max_entry_tokens), ("max_tokens", capacity.max_tokens)]
    if kind == CORE_KIND:
        limits.insert(0, ("max_core_tokens", capacity.max_core_tokens))
    for name, limit in limits:
        if limit is not None and exceeds_tokens(text, limit):
            why = f"The text has more than the {limit} tokens that {name} allows."
            return OperationResult(operation, OperationStatus.TOO_LONG, before=before, why=why)
    return None


def refuse_duplicate(operation: Operation, alike: Iterable[MemoryEntry]) -> OperationResult | None:
    """Return the refusal of an ADD beside the first of the entries that already stand for it, or None."""
    for entry in alike:
        why = f"Entry {entry.id} ({entry.kind}) stands for it already; update that one."
        return OperationResult(operation, OperationStatus.DUPLICATE, before=entry, why=why)
    return None


def refuse_for_room(
    operation: Operation, capacity: Capacity, num_entries: int, tokens: int, before: MemoryEntry | None
) -> OperationResult:
    """Return the refusal of an operation for which not enough entries may leave."""
    reason = _WHY_NO_ROOM[capacity.when_full]
    why = f"The store is full ({num_entries} entries, {tokens} tokens) and {reason}."
    return OperationResult(operation, OperationStatus.STORE_FULL, before=before, why=why)
