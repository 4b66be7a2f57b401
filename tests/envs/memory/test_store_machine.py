"""The store against a model that is a plain dict and follows the documented rules word for word."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from memdojo.envs.memory import Compaction, Corpus, MemoryStore, StoreSnapshot, count_tokens
from memdojo.envs.types import (
    Add,
    Capacity,
    Delete,
    MemoryEntry,
    Operation,
    OperationStatus,
    Relink,
    StoreEditor,
    Update,
    WhenFull,
)

TEXTS = st.sampled_from(["a", "a b", "c d e", "dog, cat", "f g h i j", "k l m n o p q", " ", "", "z " * 12])
SOURCES = st.lists(st.sampled_from(["t1", "t2", "t3"]), max_size=3).map(tuple)
IDS = st.integers(0, 14)


@dataclass(frozen=True, slots=True)
class Fold(Operation):
    """Write two entries into the first, unlink the third, and add what is left to say.

    An operation of many changes, each of which may be refused after those before were made.
    """

    kind: ClassVar[str] = "FOLD"

    ids: tuple[int, int, int]
    text: str
    rest: str
    evicts: tuple[int, ...]

    def apply(self, store: StoreEditor) -> None:
        first, second = store.entry(self.ids[0]), store.entry(self.ids[1])
        store.remove(second)
        store.rewrite(first, self.text, sources=second.sources)
        store.link(store.entry(self.ids[2]), ())
        store.add(self.rest, links=(first.id,), evicts=self.evicts)


@dataclass
class Model:
    capacity: Capacity
    entries: dict[int, MemoryEntry] = field(default_factory=dict)
    next_id: int = 1

    def apply(self, operation: Operation, step: int) -> OperationStatus:
        """Follow the operation on a copy and keep the copy only if every rule was kept."""
        copy = deepcopy(self)
        status = copy.follow(operation, step)
        if status is OperationStatus.APPLIED:
            self.entries, self.next_id = copy.entries, copy.next_id
        return status

    def follow(self, operation: Operation, step: int) -> OperationStatus:
        if isinstance(operation, Fold):
            return self.fold(operation, step)
        if isinstance(operation, Update | Delete | Relink) and operation.id not in self.entries:
            return OperationStatus.UNKNOWN_ID
        if isinstance(operation, Delete):
            self.remove(operation.id)
            return OperationStatus.APPLIED
        if isinstance(operation, Relink):
            if not self.entries.keys() >= set(operation.links):
                return OperationStatus.UNKNOWN_ID
            entry = self.entries[operation.id]
            self.entries[entry.id] = replace(entry, links=unique(operation.links))
            return OperationStatus.APPLIED
        assert isinstance(operation, Add | Update)
        if not operation.text.strip():
            return OperationStatus.EMPTY_TEXT
        for limit in (self.capacity.max_entry_tokens, self.capacity.max_tokens):
            if limit is not None and count_tokens(operation.text) > limit:
                return OperationStatus.TOO_LONG
        if isinstance(operation, Add):
            entry = MemoryEntry(
                self.next_id, "fact", operation.text, None, step, step, unique(operation.sources)
            )
            names = list(operation.evicts)
        else:
            old = self.entries[operation.id]
            entry = replace(old, text=operation.text, sources=unique(old.sources + operation.sources))
            if old.text != operation.text:
                entry = replace(entry, updated_step=step)
            names = []
        self.entries[entry.id] = entry
        if self.capacity.when_full is WhenFull.EVICT_OLDEST:
            names = [id for id in sorted(self.entries) if id != entry.id]
        elif self.capacity.when_full is WhenFull.REJECT:
            names = []
        while not self.fits(self.entries):
            if not names:
                return OperationStatus.STORE_FULL
            name = names.pop(0)
            if name not in self.entries or name == entry.id:
                return OperationStatus.UNKNOWN_ID
            self.remove(name)
        self.next_id = max(self.next_id, entry.id + 1)
        return OperationStatus.APPLIED

    def fold(self, operation: Fold, step: int) -> OperationStatus:
        first, second, third = operation.ids
        if not self.entries.keys() >= {first, second}:
            return OperationStatus.UNKNOWN_ID
        sources = self.entries[second].sources
        new = self.next_id
        for part in (
            Delete(second),
            Update(first, operation.text, sources),
            Relink(third, ()),
            Add(operation.rest, evicts=operation.evicts),
        ):
            status = self.follow(part, step)
            if status is not OperationStatus.APPLIED:
                return status
        if first in self.entries:
            self.entries[new] = replace(self.entries[new], links=(first,))
        return OperationStatus.APPLIED

    def remove(self, id: int) -> None:
        del self.entries[id]
        for entry in self.entries.values():
            if id in entry.links:
                links = tuple(link for link in entry.links if link != id)
                self.entries[entry.id] = replace(entry, links=links)

    def fits(self, entries: dict[int, MemoryEntry]) -> bool:
        tokens = sum(count_tokens(entry.text) for entry in entries.values())
        return len(entries) <= (self.capacity.max_entries or 10**9) and tokens <= (
            self.capacity.max_tokens or 10**9
        )


def unique(values: tuple) -> tuple:
    return tuple(value for i, value in enumerate(values) if value not in values[:i])


class StoreMachine(RuleBasedStateMachine):
    def __init__(self, compaction: Compaction) -> None:
        super().__init__()
        self.compaction = compaction

    @initialize(
        max_entries=st.none() | st.integers(1, 4),
        max_tokens=st.none() | st.integers(3, 12),
        when_full=st.sampled_from(WhenFull),
        shares_corpus=st.booleans(),
    )
    def start(self, max_entries, max_tokens, when_full, shares_corpus) -> None:
        capacity = Capacity(max_entries, max_tokens, 10, when_full)
        corpus = Corpus(texts=["a b", "dog, cat"]) if shares_corpus else None
        self.pairs: list[tuple[MemoryStore, Model]] = [
            (MemoryStore(capacity, corpus, compaction=self.compaction), Model(capacity))
        ]
        self.snapshots: list[tuple[StoreSnapshot, Model]] = []
        self.step = 0

    def apply(self, draw: int, operation: Operation) -> None:
        store, model = self.pairs[draw % len(self.pairs)]
        before, old_entries = store.snapshot(), dict(model.entries)
        self.step += 1
        result = store.apply(operation, self.step)
        assert result.status is model.apply(operation, self.step)
        assert bool(result.why) is not result.applied
        gone = {entry.id for entry in before.entries if entry.id not in store}
        deleted = {operation.id} if isinstance(operation, Delete) and result.applied else set()
        deleted |= {operation.ids[1]} if isinstance(operation, Fold) and result.applied else set()
        assert {entry.id for entry in result.evicted} == gone - deleted
        replayed = dict(old_entries)
        for change in result.changes:
            if change.before is not None:
                assert replayed.pop(change.before.id) == change.before
            if change.after is not None:
                replayed[change.after.id] = change.after
        assert replayed == model.entries
        assert [entry.id for entry in before.entries] == sorted(old_entries)

    @rule(draw=st.integers(0, 99), text=TEXTS, sources=SOURCES, evicts=st.lists(IDS, max_size=4).map(tuple))
    def add(self, draw, text, sources, evicts) -> None:
        self.apply(draw, Add(text, sources, evicts=evicts))

    @rule(draw=st.integers(0, 99), id=IDS, text=TEXTS, sources=SOURCES)
    def update(self, draw, id, text, sources) -> None:
        self.apply(draw, Update(id, text, sources))

    @rule(draw=st.integers(0, 99), id=IDS)
    def delete(self, draw, id) -> None:
        self.apply(draw, Delete(id))

    @rule(draw=st.integers(0, 99), id=IDS, links=st.lists(IDS, max_size=3).map(tuple))
    def relink(self, draw, id, links) -> None:
        self.apply(draw, Relink(id, links))

    @rule(draw=st.integers(0, 99), places=st.tuples(IDS, IDS, IDS))
    def relink_what_is_there(self, draw, places) -> None:
        ids = sorted(self.pairs[draw % len(self.pairs)][1].entries)
        if ids:
            first, *others = (ids[place % len(ids)] for place in places)
            self.apply(draw, Relink(first, tuple(others)))

    @rule(
        draw=st.integers(0, 99),
        places=st.tuples(IDS, IDS, IDS),
        text=TEXTS,
        rest=TEXTS,
        evicts=st.lists(IDS, max_size=4).map(tuple),
    )
    def fold(self, draw, places, text, rest, evicts) -> None:
        ids = [*sorted(self.pairs[draw % len(self.pairs)][1].entries), 99]
        self.apply(draw, Fold(tuple(ids[place % len(ids)] for place in places), text, rest, evicts))

    @precondition(lambda self: len(self.pairs) < 4)
    @rule(draw=st.integers(0, 99))
    def fork(self, draw) -> None:
        store, model = self.pairs[draw % len(self.pairs)]
        self.pairs.append((store.fork(), deepcopy(model)))

    @rule(draw=st.integers(0, 99))
    def snapshot(self, draw) -> None:
        store, model = self.pairs[draw % len(self.pairs)]
        self.snapshots.append((store.snapshot(), deepcopy(model)))

    @precondition(lambda self: self.snapshots)
    @rule(draw=st.integers(0, 99), draw_snapshot=st.integers(0, 99))
    def restore(self, draw, draw_snapshot) -> None:
        store, model = self.pairs[draw % len(self.pairs)]
        snapshot, saved = self.snapshots[draw_snapshot % len(self.snapshots)]
        store.restore(snapshot)
        model.entries = dict(saved.entries)
        model.next_id = max(model.next_id, saved.next_id)

    @invariant()
    def stores_equal_their_models(self) -> None:
        for store, model in getattr(self, "pairs", []):
            entries = tuple(model.entries[id] for id in sorted(model.entries))
            assert store.entries == entries
            assert store.next_id == model.next_id
            assert len(store) == len(entries)
            assert store.tokens == sum(count_tokens(entry.text) for entry in entries)
            assert [store.corpus.text(document) for document in store.documents] == [e.text for e in entries]
            assert store.index.num_entries == len(entries)
            assert store.index.num_live_documents == len({entry.text for entry in entries})
            assert store.index.live().sum() == len(entries)
            lengths = store.corpus.num_terms[store.documents]
            assert store.index.total_terms == lengths.sum()
            if entries:
                assert store._contents.oldest_id == entries[0].id
        for snapshot, model in getattr(self, "snapshots", []):
            assert snapshot.entries == tuple(model.entries[id] for id in sorted(model.entries))


@pytest.mark.parametrize(
    "compaction",
    [Compaction(max_ratio=1, slack=-2), Compaction(max_ratio=math.inf)],
    ids=["always_compacting", "never_compacting"],
)
def test_store_behaves_like_a_plain_dict(compaction: Compaction) -> None:
    run_state_machine_as_test(
        lambda: StoreMachine(compaction),
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
