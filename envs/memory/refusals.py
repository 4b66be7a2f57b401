"""The reasons for which a store may refuse an operation, each with a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

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


def is_ended(entry: MemoryEntry) -> RefusedError:
    """Return the refusal of an operation that would change an entry which was invalidated."""
    why = f"Entry {entry.id} was invalidated at chunk {entry.ended} and is kept as it was; add a new one."
    return RefusedError(OperationStatus.REFUSED, why, entry)


def check_fields(fields: Mapping[str, Any], before: MemoryEntry | None) -> None:
    """Refuse values that no entry may have.

    Args:
        fields: Values by the name of the field, as in `EntryFields`.
        before: The entry that is about to have them, if there is one.

    Raises:
        RefusedError: If a tag is blank, or a count or chunk below 0.
        TypeError: If a tag is no string, or a count or chunk no whole number.
    """
    for tag in fields.get("tags", ()):
        if not isinstance(tag, str):
            raise TypeError(f"the tag {tag!r} of an entry is of type {type(tag).__name__}; give a str.")
        if not tag.strip():
            raise RefusedError(OperationStatus.EMPTY_TEXT, "A tag is empty.", before)
    for name in ("reads", "helps", "ended"):
        value = fields.get(name)
        if value is None:
            continue
        if not isinstance(value, Integral):
            raise TypeError(f"{name}={value!r} of an entry is of type {type(value).__name__}; give an int.")
        if value < 0:
            why = f"An entry cannot have {name}={value}; it counts from 0."
            raise RefusedError(OperationStatus.REFUSED, why, before)


def no_room(capacity: Capacity, num_entries: int, tokens: int, before: MemoryEntry | None) -> RefusedError:
    """Return the refusal of an operation for which not enough entries may leave."""
    reason = _WHY_NO_ROOM[capacity.when_full]
    why = f"The store is full ({num_entries} entries, {tokens} tokens) and {reason}."
    return RefusedError(OperationStatus.STORE_FULL, why, before)
