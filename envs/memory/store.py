"""The store: entries with provenance, under a capacity, searchable after every operation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from memdojo.errors import ConfigError

from ..types import CORE_KIND, Capacity, Hit, MemoryEntry, Operation, OperationResult
from .contents import Contents
from .corpus import Corpus
from .editor import Editor
from .index import BM25Index, Compaction
from .token_counter import TokenCounter, token_counter


class MemoryStore:
    """Memory entries by id, with a BM25 index that is exact after every operation.

    `apply` is the only way to change a store: an operation applies whole or not at all, and whatever a model
    may have got wrong (an unknown id, an empty text, no room) is a result, never an exception. `fork` costs
    O(1), an operation O(length of its text), both whatever the size of the store. Links name entries that are
    there: with an entry all links to it leave. An entry that was invalidated (`MemoryEntry.ended`) stays,
    counts against the capacity and may leave like any other, but no retriever finds it. Not safe to write
    from several threads, not even through different forks: these share their corpus.

    Args:
        capacity: How much fits, and who leaves when it does not.
        corpus: Texts that many stores will hold, analyzed once for all of them, such as the turns of a
            stream. It is frozen; what is new goes to a private layer on top.
        compaction: When the texts of entries that are gone leave that layer; changes no result.
    """

    def __init__(
        self,
        capacity: Capacity | None = None,
        corpus: Corpus | None = None,
        *,
        compaction: Compaction | None = None,
    ) -> None:
        self._capacity = Capacity() if capacity is None else capacity
        counter = token_counter(self._capacity.tokenizer)
        self._contents = Contents(Corpus() if corpus is None else corpus, compaction or Compaction(), counter)
        # The same in a compact corpus, for forks and for this store's next write; see `fork`.
        self._spare: Contents | None = None

    @classmethod
    def from_entries(
        cls,
        entries: Iterable[MemoryEntry],
        *,
        next_id: int = 1,
        capacity: Capacity | None = None,
        corpus: Corpus | None = None,
        check_tokens: bool = True,
    ) -> MemoryStore:
        """Return a store that holds `entries` under the ids they have.

        Args:
            entries: In order of id.
            next_id: Lowest id that a new entry may get; ids of entries and links are never given again in any
                case.
            capacity: As for a new store.
            corpus: As for a new store.
            check_tokens: Refuse entries of more tokens than the capacity allows; else they stay until others
                come.

        Raises:
            ValueError: If ids are not positive and ascending, a text is empty, or there are two core blocks
                or one that was invalidated.
            ConfigError: If the capacity is too small.
        """
        store = cls(capacity, corpus)
        contents, last_id = store._contents, 0
        for entry in entries:
            if entry.id <= last_id:
                raise ValueError(f"entry id {entry.id} follows {last_id}; ids must be positive and ascend.")
            if not entry.text.strip():
                raise ValueError(f"entry {entry.id} has an empty text; leave it out.")
            if entry.kind == CORE_KIND and contents.core_id is not None:
                raise ValueError(f"entries {contents.core_id} and {entry.id} are both core blocks; give one.")
            if entry.kind == CORE_KIND and entry.ended is not None:
                raise ValueError(f"entry {entry.id} is an invalidated core block; readers always have it.")
            contents.put(entry)
            last_id = entry.id
            # Also an id to which something links must not hit a new entry.
            next_id = max(next_id, last_id + 1, *(named + 1 for named in (*entry.links, *entry.replaces)))
        contents.next_id = next_id
        if not len(contents):
            contents.oldest_id = contents.next_id
        store._check_capacity(check_tokens)
        return store

    @property
    def capacity(self) -> Capacity:
        """How much fits."""
        return self._capacity

    @property
    def entries(self) -> tuple[MemoryEntry, ...]:
        """All entries in order of id; the same tuple until the next write."""
        return self._contents.table.entries()

    @property
    def documents(self) -> npt.NDArray[np.int32]:
        """Document ids of the texts of `entries` in `corpus`, shape (num_entries,), read-only.

        They index `index.scores(query)` and `corpus.vectors(embedder)`. Valid until the next `apply`.
        """
        return self._contents.table.documents()

    @property
    def readable(self) -> tuple[MemoryEntry, ...]:
        """The entries that were not invalidated, in order of id: those that may be handed to readers.

        The same tuple until the next write, and that of `entries` where all are valid.
        """
        return self._contents.readable()[0]

    @property
    def readable_documents(self) -> npt.NDArray[np.int32]:
        """As `documents`, of the entries of `readable`."""
        return self._contents.readable()[1]

    @property
    def index(self) -> BM25Index:
        """The index over the entries' texts, to read from. Valid until the next `apply`."""
        return self._contents.index

    @property
    def corpus(self) -> Corpus:
        """The corpus that document ids refer to, to read from. Valid until the next `apply`."""
        return self._contents.corpus

    @property
    def core(self) -> MemoryEntry | None:
        """The core block, if there is one."""
        return None if self._contents.core_id is None else self.get(self._contents.core_id)

    @property
    def tokens(self) -> int:
        """Tokens over all entries, as `counter` counts."""
        return self._contents.tokens

    @property
    def counter(self) -> TokenCounter:
        """Counts the tokens of entries and texts; that of the capacity's tokenizer."""
        return self._contents.counter

    def count_tokens(self, text: str) -> int:
        """Return the tokens of any text, as `counter` counts, free of charge where an entry has it."""
        return self._contents.count_tokens(text)

    @property
    def next_id(self) -> int:
        """The id that the next new entry gets."""
        return self._contents.next_id

    @property
    def is_full(self) -> bool:
        """True if no entry, or no token, more fits."""
        max_entries, max_tokens = self._capacity.max_entries, self._capacity.max_tokens
        return (max_entries is not None and len(self) >= max_entries) or (
            max_tokens is not None and self.tokens >= max_tokens
        )

    def __len__(self) -> int:
        return len(self._contents)

    def __contains__(self, id: object) -> bool:
        return id in self._contents

    def __iter__(self) -> Iterator[MemoryEntry]:
        """Iterate over `entries`; writes during the iteration do not show in it."""
        return iter(self.entries)

    def __repr__(self) -> str:
        return f"<MemoryStore: {len(self)} entries, {self.tokens} tokens, next id {self.next_id}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_store, (self.entries, self.next_id, self._capacity, self.corpus.base)

    def get(self, id: int) -> MemoryEntry | None:
        """Return the entry with this id, or None."""
        return self._contents.get(id)

    def best(self, scores: npt.NDArray[np.floating], k: int, *, above: float = -math.inf) -> tuple[Hit, ...]:
        """Return the `k` entries with the highest scores, equal ones by lower id; none that was invalidated.

        Args:
            scores: One number per entry, in the order of `entries`, shape (num_entries,).
            k: Most entries to return.
            above: Entries that do not score above this are left out.

        Raises:
            ValueError: If `k` is negative or `scores` has another shape.
        """
        if k < 0:
            raise ValueError(f"k is {k}; give the number of entries wanted, 0 or more.")
        if scores.shape != (len(self),):
            raise ValueError(f"scores have shape {scores.shape}; give one per entry, shape ({len(self)},).")
        is_wanted = scores > above
        if self._contents.ended:
            is_wanted[self._contents.ended_positions()] = False
        (positions,) = is_wanted.nonzero()
        kept = scores[positions]
        if 0 < k < len(kept):
            # Not argpartition: of entries that tie with the k-th, those with the lowest ids must stay.
            bounds = kept.copy()
            bounds.partition(len(kept) - k)
            is_best = kept >= bounds[len(kept) - k]
            positions, kept = positions[is_best], kept[is_best]
        order = (-kept).argsort(kind="stable")[:k]
        entries = self._contents.table.entries_at(positions[order].tolist())
        return tuple(map(Hit, entries, kept[order].tolist()))

    def fork(self) -> MemoryStore:
        """Return an independent store with the same entries and the same next id.

        Costs O(1) on average: after many writes through forks, one fork pays for leaving their texts behind.
        """
        if self._spare is None and self.index.is_wasteful():
            # Not in place: document ids read earlier stay valid until the next `apply`.
            self._spare = self._contents.compacted()
        fork = MemoryStore.__new__(MemoryStore)
        fork._capacity = self._capacity
        fork._contents = (self._spare or self._contents).fork()
        fork._spare = None
        return fork

    def snapshot(self) -> StoreSnapshot:
        """Return the store's present state, in O(1)."""
        return StoreSnapshot(self.fork())

    def restore(self, snapshot: StoreSnapshot) -> None:
        """Go back to the entries of `snapshot`, in O(1); ids go on from where they are, and are not reused.

        Raises:
            ConfigError: If the snapshot is of another store and does not fit the capacity of this one, or
                counts by another tokenizer.
        """
        source = snapshot._store.fork()
        if source.counter.name != self.counter.name:
            raise ConfigError(
                f"the snapshot counts tokens by {source.counter.name or 'rule'}, and the store by "
                f"{self.counter.name or 'rule'}; restore it in a store with the same tokenizer."
            )
        source._capacity = self._capacity
        source._check_capacity()
        contents = source._contents
        contents.next_id = max(self.next_id, contents.next_id)
        if not len(contents):
            contents.oldest_id = contents.next_id
        self._contents, self._spare = contents, None

    def diff(self, other: MemoryStore | StoreSnapshot) -> StoreDiff:
        """Return what `other` has added, removed and changed, seen from this store. Costs O(entries)."""
        there = other if isinstance(other, MemoryStore) else other._store
        pairs = [(entry, there.get(entry.id)) for entry in self.entries]
        return StoreDiff(
            added=tuple(entry for entry in there.entries if entry.id not in self),
            removed=tuple(entry for entry, twin in pairs if twin is None),
            changed=tuple((entry, twin) for entry, twin in pairs if twin is not None and twin != entry),
        )

    def apply(self, operation: Operation, step: int) -> OperationResult:
        """Apply `operation` whole, or not at all and say why.

        Args:
            operation: What to do.
            step: Index of the chunk at which it is done.

        Raises:
            TypeError: If it is no operation.
        """
        if not isinstance(operation, Operation):
            raise TypeError(
                f"the store cannot apply {operation!r}; give an Operation, such as Add, Update or Delete."
            )
        if self._spare is not None or (self.index.is_wasteful() and self.index.has_paid_for_compaction()):
            self._contents, self._spare = self._spare or self._contents.compacted(), None
        return Editor(self._contents, self._capacity, step).run(operation)

    def _check_capacity(self, check_tokens: bool = True) -> None:
        capacity = self._capacity
        for name, used, limit in (
            ("max_entries", len(self), capacity.max_entries),
            ("max_tokens", self.tokens, capacity.max_tokens if check_tokens else None),
        ):
            if limit is not None and used > limit:
                raise ConfigError(
                    f"the entries need {name}={used}, but the capacity allows {limit}; raise it."
                )


def _rebuild_store(
    entries: tuple[MemoryEntry, ...], next_id: int, capacity: Capacity, corpus: Corpus | None
) -> MemoryStore:
    return MemoryStore.from_entries(entries, next_id=next_id, capacity=capacity, corpus=corpus)


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
