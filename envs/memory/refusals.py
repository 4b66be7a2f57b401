"""The reasons for which a store may refuse an operation, each with a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable

from ..types import CORE_KIND, Capacity, MemoryEntry, OperationStatus, WhenFull
from .token_counter import token_counter

_WHY_NO_ROOM = {
    WhenFull.REJECT: "takes nothing more until an entry is deleted",
    WhenFull.EVICT_OLDEST: "no other entry is left to leave",
    WhenFull.POLICY: "the operation names too few entries to leave",
}


class RefusedError(Exception):
    """Ends an operation that cannot be applied; the store makes a result of it.

    Attributes:
        status: Why not.
        why: The same as a sentence.
        before: The entry that the operation is about, if it was found.
    """

    def __init__(self, status: OperationStatus, why: str, before: MemoryEntry | None = None) -> None:
        super().__init__(status, why, before)
        self.status = status
        self.why = why
        self.before = before


def unknown_id(id: int, before: MemoryEntry | None = None, *, kind: str | None = None) -> RefusedError:
    """Return the refusal of an operation that names an entry which is not there, or is of another kind."""
    why = f"There is no {'' if kind is None else f'{kind} '}entry with id {id!r}."
    return RefusedError(OperationStatus.UNKNOWN_ID, why, before)


def check_text(text: str, capacity: Capacity, before: MemoryEntry | None, kind: str) -> None:
    """Refuse a text that no store with this capacity may hold as an entry of `kind`.

    Raises:
        RefusedError: If it is empty or too long.
        TypeError: If it is no string.
    """
    if not isinstance(text, str):
        raise TypeError(f"the text {text!r} of an entry is of type {type(text).__name__}; give a str.")
    if not text or text.isspace():
        raise RefusedError(OperationStatus.EMPTY_TEXT, "The text is empty.", before)
    counter = token_counter(capacity.tokenizer)
    limits = [("max_entry_tokens", capacity.max_entry_tokens), ("max_tokens", capacity.max_tokens)]
    if kind == CORE_KIND:
        limits.insert(0, ("max_core_tokens", capacity.max_core_tokens))
    for name, limit in limits:
        if limit is not None and counter.exceeds(text, limit):
            why = f"The text has more than the {limit} tokens that {name} allows."
            raise RefusedError(OperationStatus.TOO_LONG, why, before)


def check_is_new(alike: Iterable[MemoryEntry]) -> None:
    """Refuse a new entry beside the first of those that already stand for it.

    Raises:
        RefusedError: If there is one.
    """
    for entry in alike:
        why = f"Entry {entry.id} ({entry.kind}) stands for it already; update that one."
        raise RefusedError(OperationStatus.DUPLICATE, why, entry)


def no_room(capacity: Capacity, num_entries: int, tokens: int, before: MemoryEntry | None) -> RefusedError:
    """Return the refusal of an operation for which not enough entries may leave."""
    reason = _WHY_NO_ROOM[capacity.when_full]
    why = f"The store is full ({num_entries} entries, {tokens} tokens) and {reason}."
    return RefusedError(OperationStatus.STORE_FULL, why, before)
