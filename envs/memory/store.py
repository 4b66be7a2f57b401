"""The store: entries with provenance, under a capacity, searchable after every operation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from memdojo.rewards.metrics import normalise

from ..types import (
    CORE_KIND,
    Add,
    Capacity,
    Delete,
    Hit,
    MemoryEntry,
    Noop,
    Operation,
    OperationResult,
    OperationStatus,
    Rewrite,
    Update,
    WhenFull,
)
from .analysis import count_tokens
from .corpus import Corpus
from .index import BM25Index
from .refusals import refuse_duplicate, refuse_for_room, refuse_text, refuse_unknown_id
from .table import EntryTable

_MAX_GAP = 64


class MemoryStore:
    """Memory entries by id, with a BM25 index that is exact after every operation.

    `apply` is the only way to change a store: an operation applies whole or not at all, and whatever a model
    may have got wrong (an unknown id, an empty text, no room) is a result, never an exception. `fork` costs
    O(1), an operation O(length of its text), both whatever the size of the store. Not safe to write from
    several threads, not even through different forks: these share their corpus.

    Args:
        capacity: How much fits, and who leaves when it does not.
        corpus: Texts that many stores will hold, analyzed once for all of them, such as the turns of a
            stream. It is frozen; what is new goes to a private layer on top.
    """

    def __init__(self, capacity: Capacity | None = None, corpus: Corpus | None = None) -> None:
        self._capacity = Capacity() if capacity is None else capacity
        self._index = BM25Index((Corpus() if corpus is None else corpus).layer())
        self._table = EntryTable()
        # The same in a compact corpus, for forks and for this store's next write; see `fork`.
        self._spare: tuple[BM25Index, EntryTable] | None = None
        self._tokens = 0
        self._next_id = 1
        # The lowest id in the store, or `_next_id` if the store is empty.
        self._oldest_id = 1
        self._core_id: int | None = None

    @classmethod
    def from_entries(
        cls,
        entries: Iterable[MemoryEntry],
        *,
        next_id: int = 1,
        capacity: Capacity | None = None,
        corpus: Corpus | None = None,
    ) -> MemoryStore:
        """Return a store that holds `entries` under the ids they have.

        Args:
            entries: In order of id.
            next_id: Lowest id that a new entry may get; ids of entries are never given again in any case.
            capacity: As for a new store.
            corpus: As for a new store.

        Raises:
            ValueError: If ids are not positive and ascending, a text is empty, there are two core blocks, or
                the capacity is too small.
        """
        store = cls(capacity, corpus)
        last_id = 0
        for entry in entries:
            if entry.id <= last_id:
                raise ValueError(f"entry id {entry.id} follows {last_id}; ids must be positive and ascend.")
            if not entry.text.strip():
                raise ValueError(f"entry {entry.id} has an empty text; leave it out.")
            if entry.kind == CORE_KIND and store._core_id is not None:
                raise ValueError(f"entries {store._core_id} and {entry.id} are both core blocks; give one.")
            store._put(entry)
            last_id = entry.id
        store._next_id = max(next_id, last_id + 1)
        store._oldest_id = store._table.ids()[0] if store._table else store._next_id
        store._check_capacity()
        return store

    @property
    def capacity(self) -> Capacity:
        """How much fits."""
        return self._capacity

    @property
    def entries(self) -> tuple[MemoryEntry, ...]:
        """All entries in order of id; the same tuple until the next write."""
        return self._table.entries()

    @property
    def documents(self) -> npt.NDArray[np.int32]:
        """Document ids of the texts of `entries` in `corpus`, shape (num_entries,), read-only.

        They index `index.scores(query)` and `corpus.vectors(embedder)`. Valid until the next `apply`.
        """
        return self._table.documents()

    @property
    def index(self) -> BM25Index:
        """The index over the entries' texts, to read from. Valid until the next `apply`."""
        return self._index

    @property
    def corpus(self) -> Corpus:
        """The corpus that document ids refer to, to read from. Valid until the next `apply`."""
        return self._index.corpus

    @property
    def core(self) -> MemoryEntry | None:
        """The core block, if there is one."""
        return None if self._core_id is None else self.get(self._core_id)

    @property
    def tokens(self) -> int:
        """Tokens over all entries, as `count_tokens` counts."""
        return self._tokens

    @property
    def next_id(self) -> int:
        """The id that the next new entry gets."""
        return self._next_id

    @property
    def is_full(self) -> bool:
        """True if no entry, or no token, more fits."""
        max_entries, max_tokens = self._capacity.max_entries, self._capacity.max_tokens
        return (max_entries is not None and len(self) >= max_entries) or (
            max_tokens is not None and self._tokens >= max_tokens
        )

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, id: object) -> bool:
        return id in self._table

    def __iter__(self) -> Iterator[MemoryEntry]:
        """Iterate over `entries`; writes during the iteration do not show in it."""
        return iter(self.entries)

    def __repr__(self) -> str:
        return f"<MemoryStore: {len(self)} entries, {self._tokens} tokens, next id {self._next_id}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_store, (self.entries, self._next_id, self._capacity, self.corpus.base)

    def get(self, id: int) -> MemoryEntry | None:
        """Return the entry with this id, or None."""
        found = self._table.get(id)
        return None if found is None else found[0]

    def best(self, scores: npt.NDArray[np.floating], k: int, *, above: float = -math.inf) -> tuple[Hit, ...]:
        """Return the `k` entries with the highest scores, equal ones by lower id.

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
        (positions,) = (scores > above).nonzero()
        kept = scores[positions]
        if 0 < k < len(kept):
            # Not argpartition: of entries that tie with the k-th, those with the lowest ids must stay.
            bounds = kept.copy()
            bounds.partition(len(kept) - k)
            is_best = kept >= bounds[len(kept) - k]
            positions, kept = positions[is_best], kept[is_best]
        order = (-kept).argsort(kind="stable")[:k]
        entries = self._table.entries_at(positions[order].tolist())
        return tuple(map(Hit, entries, kept[order].tolist()))

    def fork(self) -> MemoryStore:
        """Return an independent store with the same entries and the same next id.

        Costs O(1) on average: after many writes through forks, one fork pays for leaving their texts behind.
        """
        if self._spare is None and self._index.is_wasteful():
            # Not in place: document ids that somebody read stay valid until the next `apply`.
            self._spare = self._compacted()
        index, table = self._spare or (self._index, self._table)
        fork = MemoryStore.__new__(MemoryStore)
        fork._capacity = self._capacity
        fork._index = index.fork()
        fork._table = table.fork()
        fork._spare = None
        fork._tokens = self._tokens
        fork._next_id = self._next_id
        fork._oldest_id = self._oldest_id
        fork._core_id = self._core_id
        return fork

    def snapshot(self) -> StoreSnapshot:
        """Return the store's present state, in O(1)."""
        return StoreSnapshot(self.fork())

    def restore(self, snapshot: StoreSnapshot) -> None:
        """Go back to the entries of `snapshot`, in O(1); ids go on from where they are, and are not reused.

        Raises:
            ValueError: If the snapshot is of another store and does not fit the capacity of this one.
        """
        source = snapshot._store.fork()
        source._capacity = self._capacity
        source._check_capacity()
        self._index = source._index
        self._table = source._table
        self._spare = None
        self._tokens = source._tokens
        self._next_id = max(self._next_id, source._next_id)
        self._oldest_id = source._oldest_id if source._table else self._next_id
        self._core_id = source._core_id

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
            TypeError: If the store does not know this class of operation.
        """
        method = self._METHODS.get(type(operation))
        if method is None:
            known = ", ".join(sorted(cls.__name__ for cls in self._METHODS))
            raise TypeError(f"the store cannot apply {operation!r}; operations are {known}.")
        if self._spare is not None or (self._index.is_wasteful() and self._index.has_paid_for_compaction()):
            self._index, self._table = self._spare or self._compacted()
            self._spare = None
        return method(self, operation, step)

    def _noop(self, operation: Noop, step: int) -> OperationResult:
        return OperationResult(operation, OperationStatus.APPLIED)

    def _add(self, operation: Add, step: int) -> OperationResult:
        kind = operation.entry_kind
        refused = refuse_text(operation, operation.text, self._capacity, kind=kind)
        if refused is None and kind == CORE_KIND:
            refused = refuse_duplicate(operation, [self.core] if self.core is not None else [])
        elif refused is None and operation.unique:
            refused = refuse_duplicate(operation, self._alike(operation))
        if refused is not None:
            return refused
        entry = MemoryEntry(
            id=self._next_id,
            kind=kind,
            text=operation.text,
            time=operation.time,
            created_step=step,
            updated_step=step,
            sources=_ordered_union(operation.sources),
            utility=operation.utility,
        )
        return self._place(operation, None, entry, operation.evicts)

    def _update(self, operation: Update, step: int) -> OperationResult:
        before = self._named(operation)
        if before is None:
            return refuse_unknown_id(operation, operation.id, kind=operation.entry_kind)
        return self._replace_text(operation, before, step)

    def _rewrite(self, operation: Rewrite, step: int) -> OperationResult:
        before = self.core
        if before is not None:
            return self._replace_text(operation, before, step)
        refused = refuse_text(operation, operation.text, self._capacity, kind=CORE_KIND)
        if refused is not None:
            return refused
        sources = _ordered_union(operation.sources)
        core = MemoryEntry(
            self._next_id, CORE_KIND, operation.text, operation.time, step, step, sources=sources
        )
        return self._place(operation, None, core, ())

    def _replace_text(self, operation: Update | Rewrite, before: MemoryEntry, step: int) -> OperationResult:
        refused = refuse_text(operation, operation.text, self._capacity, before, kind=before.kind)
        if refused is not None:
            return refused
        after = MemoryEntry(
            id=before.id,
            kind=before.kind,
            text=operation.text,
            time=before.time if operation.time is None else operation.time,
            created_step=before.created_step,
            updated_step=before.updated_step if operation.text == before.text else step,
            sources=_ordered_union(before.sources, operation.sources),
            links=before.links,
            utility=before.utility,
        )
        return self._place(operation, before, after, ())

    def _delete(self, operation: Delete, step: int) -> OperationResult:
        before = self._named(operation)
        if before is None:
            return refuse_unknown_id(operation, operation.id, kind=operation.entry_kind)
        self._drop(before)
        return OperationResult(operation, OperationStatus.APPLIED, before=before)

    def _named(self, operation: Update | Delete) -> MemoryEntry | None:
        """Return the entry that an operation names, if it is of the kind that the operation expects."""
        entry = self.get(operation.id)
        if entry is None or operation.entry_kind not in (None, entry.kind):
            return None
        return entry

    def _alike(self, operation: Add) -> Iterator[MemoryEntry]:
        """Yield the entries of the ADD's kind that say the same in the same words."""
        text = normalise(operation.text)
        for entry in self.entries:
            if entry.kind == operation.entry_kind and normalise(entry.text) == text:
                yield entry

    # A new class of operations needs a method above and a line here; `_place`, `_put` and `_drop` keep all
    # structures in step. (functools.singledispatchmethod costs as much per call as a short operation.)
    _METHODS: ClassVar[Mapping[type[Operation], Callable[[MemoryStore, Any, int], OperationResult]]] = {
        Noop: _noop,
        Add: _add,
        Update: _update,
        Rewrite: _rewrite,
        Delete: _delete,
    }

    def _place(
        self, operation: Operation, before: MemoryEntry | None, after: MemoryEntry, evicts: Sequence[int]
    ) -> OperationResult:
        """Put `after` in the store, in place of `before` where given, once enough other entries can leave."""
        max_entries, max_tokens = self._capacity.max_entries, self._capacity.max_tokens
        surplus_entries = surplus_tokens = 0
        if max_entries is not None and before is None:
            surplus_entries = len(self) + 1 - max_entries
        if max_tokens is not None:
            freed = 0 if before is None else self._num_tokens(before)
            surplus_tokens = self._tokens - freed + self._count(after.text) - max_tokens
        leaving: dict[int, MemoryEntry] = {}
        if surplus_entries > 0 or surplus_tokens > 0:
            for id in self._leaving_order(before, evicts):
                entry = self.get(id)
                if entry is None or entry.id in leaving:
                    return refuse_unknown_id(operation, id, before)
                leaving[entry.id] = entry
                surplus_entries -= 1
                surplus_tokens -= self._num_tokens(entry)
                if surplus_entries <= 0 and surplus_tokens <= 0:
                    break
            else:
                return refuse_for_room(operation, self._capacity, len(self), self._tokens, before)
        for entry in leaving.values():
            self._drop(entry)
        self._put(after)
        self._next_id = max(self._next_id, after.id + 1)
        evicted = tuple(leaving.values())
        return OperationResult(
            operation, OperationStatus.APPLIED, before=before, after=after, evicted=evicted
        )

    def _leaving_order(self, before: MemoryEntry | None, evicts: Sequence[int]) -> Iterable[int]:
        """Return the ids that may leave, first to leave first; never that of the entry under update."""
        if self._capacity.when_full is WhenFull.POLICY:
            return evicts
        if self._capacity.when_full is WhenFull.REJECT:
            return ()
        return self._oldest_first(None if before is None else before.id)

    def _oldest_first(self, kept: int | None) -> Iterator[int]:
        # One entry is mostly enough, and the oldest is known without the order of all ids.
        stays = (kept, self._core_id)
        if self._oldest_id not in stays:
            yield self._oldest_id
        for id in self._table.ids():
            if id != self._oldest_id and id not in stays:
                yield id

    def _put(self, entry: MemoryEntry) -> None:
        """Set the entry with this id in all structures."""
        replaced = self._table.get(entry.id)
        if replaced is not None:
            self._release(replaced[1])
        document = self.corpus.add(entry.text)
        self._index.add(document)
        self._table.put(entry, document)
        self._tokens += self.corpus.num_tokens(document)
        if entry.kind == CORE_KIND:
            self._core_id = entry.id

    def _drop(self, entry: MemoryEntry) -> None:
        """Remove the entry from all structures."""
        self._release(self._document(entry))
        self._table.remove(entry.id)
        if entry.id == self._core_id:
            self._core_id = None
        if entry.id == self._oldest_id:
            self._oldest_id = self._find_oldest_id()

    def _find_oldest_id(self) -> int:
        """Return the lowest id, which is not below `_oldest_id`, or `_next_id` if the store is empty."""
        if not self._table:
            return self._next_id
        # The next id mostly lives. Long gaps are left to the order of all ids, which costs more to keep up.
        for id in range(self._oldest_id, self._oldest_id + _MAX_GAP):
            if id in self._table:
                return id
        return self._table.ids()[0]

    def _release(self, document: int) -> None:
        """Take one entry's text out of the index and the count of tokens."""
        self._tokens -= self.corpus.num_tokens(document)
        self._index.remove(document)

    def _document(self, entry: MemoryEntry) -> int:
        found = self._table.get(entry.id)
        assert found is not None
        return found[1]

    def _num_tokens(self, entry: MemoryEntry) -> int:
        return self.corpus.num_tokens(self._document(entry))

    def _count(self, text: str) -> int:
        """Count the tokens of a text that may be refused, and so must not enter the corpus yet."""
        document = self.corpus.document(text)
        return count_tokens(text) if document is None else self.corpus.num_tokens(document)

    def _compacted(self) -> tuple[BM25Index, EntryTable]:
        index, table = self._index.compacted(), EntryTable()
        for entry in self.entries:
            table.put(entry, index.corpus.add(entry.text))
        return index, table

    def _check_capacity(self) -> None:
        capacity = self._capacity
        for name, used, limit in (
            ("max_entries", len(self), capacity.max_entries),
            ("max_tokens", self._tokens, capacity.max_tokens),
        ):
            if limit is not None and used > limit:
                raise ValueError(
                    f"the entries need {name}={used}, but the capacity allows {limit}; raise it."
                )


def _ordered_union(*sources: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(sources)))


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
