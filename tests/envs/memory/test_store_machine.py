"""The store against a model that is a plain dict and follows the documented rules word for word."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace

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

from memdojo.envs.memory import Corpus, MemoryStore, StoreSnapshot, count_tokens
from memdojo.envs.types import (
    Add,
    Capacity,
    Delete,
    MemoryEntry,
    Operation,
    OperationStatus,
    Update,
    WhenFull,
)

TEXTS = st.sampled_from(["a", "a b", "c d e", "dog, cat", "f g h i j", "k l m n o p q", " ", "", "z " * 12])
SOURCES = st.lists(st.sampled_from(["t1", "t2", "t3"]), max_size=3).map(tuple)
IDS = st.integers(0, 14)


@dataclass
class Model:
    capacity: Capacity
    entries: dict[int, MemoryEntry] = field(default_factory=dict)
    next_id: int = 1

    def apply(self, operation: Operation, step: int) -> OperationStatus:
        """Follow the operation on a copy and keep the copy only if every rule was kept."""
        if isinstance(operation, Update | Delete) and operation.id not in self.entries:
            return OperationStatus.UNKNOWN_ID
        if isinstance(operation, Delete):
            del self.entries[operation.id]
            return OperationStatus.APPLIED
        assert isinstance(operation, Add | Update)
        if not operation.text.strip():
            return OperationStatus.EMPTY_TEXT
        for limit in (self.capacity.max_entry_tokens, self.capacity.max_tokens):
            if limit is not None and count_tokens(operation.text) > limit:
                return OperationStatus.TOO_LONG
        entries = dict(self.entries)
        if isinstance(operation, Add):
            entry = MemoryEntry(
                self.next_id, "fact", operation.text, None, step, step, unique(operation.sources)
            )
            names = list(operation.evicts)
        else:
            old = entries[operation.id]
            entry = replace(old, text=operation.text, sources=unique(old.sources + operation.sources))
            if old.text != operation.text:
                entry = replace(entry, updated_step=step)
            names = []
        entries[entry.id] = entry
        if self.capacity.when_full is WhenFull.EVICT_OLDEST:
            names = [id for id in sorted(entries) if id != entry.id]
        elif self.capacity.when_full is WhenFull.REJECT:
            names = []
        while not self.fits(entries):
            if not names:
                return OperationStatus.STORE_FULL
            name = names.pop(0)
            if name not in entries or name == entry.id:
                return OperationStatus.UNKNOWN_ID
            del entries[name]
        self.entries = entries
        self.next_id = max(self.next_id, entry.id + 1)
        return OperationStatus.APPLIED

    def fits(self, entries: dict[int, MemoryEntry]) -> bool:
        tokens = sum(count_tokens(entry.text) for entry in entries.values())
        return len(entries) <= (self.capacity.max_entries or 10**9) and tokens <= (
            self.capacity.max_tokens or 10**9
        )


def unique(sources: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(source for i, source in enumerate(sources) if source not in sources[:i])


class StoreMachine(RuleBasedStateMachine):
    @initialize(
        max_entries=st.none() | st.integers(1, 4),
        max_tokens=st.none() | st.integers(3, 12),
        when_full=st.sampled_from(WhenFull),
        shares_corpus=st.booleans(),
    )
    def start(self, max_entries, max_tokens, when_full, shares_corpus) -> None:
        capacity = Capacity(max_entries, max_tokens, 10, when_full)
        corpus = Corpus(texts=["a b", "dog, cat"]) if shares_corpus else None
        self.pairs: list[tuple[MemoryStore, Model]] = [(MemoryStore(capacity, corpus), Model(capacity))]
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
        assert {entry.id for entry in result.evicted} == gone - deleted
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
                assert store._oldest_id == entries[0].id
        for snapshot, model in getattr(self, "snapshots", []):
            assert snapshot.entries == tuple(model.entries[id] for id in sorted(model.entries))


@pytest.fixture(params=[True, False], ids=["compacting", "never_compacting"])
def compacting(request, monkeypatch) -> None:
    if request.param:
        monkeypatch.setattr("memdojo.envs.memory.index._MIN_DEAD_DOCUMENTS", -2)
        monkeypatch.setattr("memdojo.envs.memory.index._MAX_SIZE_RATIO", 1)


def test_store_behaves_like_a_plain_dict(compacting) -> None:
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
