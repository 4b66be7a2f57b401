"""Whether a text fits into a store, and who has to leave for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..types import MemoryEntry
from .store import MemoryStore


def fits_alone(store: MemoryStore, text: str) -> bool:
    """Return whether `text` would fit if everything else left."""
    capacity = store.capacity
    limits = (capacity.max_entry_tokens, capacity.max_tokens)
    return not any(limit is not None and store.counter.exceeds(text, limit) for limit in limits)


def has_room(store: MemoryStore, text: str, *, in_place_of: MemoryEntry | None = None) -> bool:
    """Return whether `text` fits beside all that is there: as a new entry, or in place of another's text."""
    return make_room(store, text, (), in_place_of=in_place_of) is not None


def make_room(
    store: MemoryStore,
    text: str,
    leaving_first: Iterable[MemoryEntry],
    *,
    in_place_of: MemoryEntry | None = None,
) -> list[MemoryEntry] | None:
    """Return the entries that have to leave so that `text` fits, within both limits of the store.

    Args:
        store: The store as it is.
        text: The text to write.
        leaving_first: Entries that may leave, the first to leave in front; read as far as needed.
        in_place_of: The entry whose text it replaces, which is not among them; None for a new entry.

    Returns:
        A prefix of `leaving_first`, empty where there is room; None if the text does not fit even once all of
        them have left.
    """
    if not fits_alone(store, text):
        return None
    return next(make_room_for_pieces(store, [text], leaving_first, in_place_of=in_place_of), None)


def make_room_for_pieces(
    store: MemoryStore,
    texts: Sequence[str],
    leaving_first: Iterable[MemoryEntry],
    *,
    in_place_of: MemoryEntry | None = None,
) -> Iterator[list[MemoryEntry]]:
    """Yield for each text the entries that have to leave so that it fits beside those before it.

    Args:
        store: The store as it is.
        texts: The texts to write, one after the other; each fits into an entry.
        leaving_first: Entries that may leave, the first to leave in front; read as far as needed.
        in_place_of: The entry whose text the first one replaces; None where all are new entries.

    Yields:
        The next entries of `leaving_first`, none where there is room. It ends where a text does not fit even
        once all of them have left.
    """
    capacity, count, order = store.capacity, store.count_tokens, iter(leaving_first)
    num_entries, tokens = len(store), store.tokens
    if in_place_of is not None:
        num_entries, tokens = num_entries - 1, tokens - count(in_place_of.text)
    for text in texts:
        num_entries, tokens = num_entries + 1, tokens + count(text)
        leaving: list[MemoryEntry] = []
        while (capacity.max_entries is not None and num_entries > capacity.max_entries) or (
            capacity.max_tokens is not None and tokens > capacity.max_tokens
        ):
            entry = next(order, None)
            if entry is None:
                return
            leaving.append(entry)
            num_entries, tokens = num_entries - 1, tokens - count(entry.text)
        yield leaving
