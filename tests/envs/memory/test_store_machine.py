"""The store against a model that is a plain dict and follows the documented rules word for word."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
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
from memdojo.envs.memory.design_operations import Invalidate, Link, Merge, Tag, Value
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
PLACES = st.lists(IDS, max_size=3).map(tuple)
TAGS = st.lists(st.sampled_from(["tea", "home"]), max_size=2).map(tuple)


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
        store.change(store.entry(self.ids[2]), links=(), replaces=())
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
        if isinstance(operation, Merge):
            return self.merge(operation, step)
        known = Update | Delete | Relink | Link | Invalidate | Tag | Value
        if isinstance(operation, known) and operation.id not in self.entries:
            return OperationStatus.UNKNOWN_ID
        if isinstance(operation, Link | Invalidate | Tag | Value):
            return self.revise(operation, step)
        if isinstance(operation, Delete):
            self.remove(operation.id)
            return OperationStatus.APPLIED
        if isinstance(operation, Relink):
            if not self.entries.keys() >= {*operation.links, *operation.replaces}:
                return OperationStatus.UNKNOWN_ID
            entry = self.entries[operation.id]
            links, replaces = unique(operation.links), unique(operation.replaces)
            self.entries[entry.id] = replace(entry, links=links, replaces=replaces)
            return OperationStatus.APPLIED
        assert isinstance(operation, Add | Update)
        if isinstance(operation, Update) and self.entries[operation.id].ended is not None:
            return OperationStatus.REFUSED
        if not operation.text.strip():
            return OperationStatus.EMPTY_TEXT
        for limit in (self.capacity.max_entry_tokens, self.capacity.max_tokens):
            if limit is not None and count_tokens(operation.text) > limit:
                return OperationStatus.TOO_LONG
        if isinstance(operation, Add):
            if not self.entries.keys() >= {*operation.links, *operation.replaces}:
                return OperationStatus.UNKNOWN_ID
            if any(self.entries[id].ended is not None for id in operation.replaces):
                return OperationStatus.REFUSED
            entry = MemoryEntry(
                self.next_id,
                "fact",
                operation.text,
                None,
                step,
                step,
                unique(operation.sources),
                links=unique(operation.links),
                tags=operation.tags,
                replaces=unique(operation.replaces),
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
        for id in operation.replaces if isinstance(operation, Add) else ():
            if id in self.entries:
                self.entries[id] = replace(self.entries[id], ended=step)
        return OperationStatus.APPLIED

    def revise(self, operation: Link | Invalidate | Tag | Value, step: int) -> OperationStatus:
        entry = self.entries[operation.id]
        if isinstance(operation, Value):
            reads, helps = entry.reads + operation.reads, entry.helps + operation.helps
            if min(reads, helps) < 0:
                return OperationStatus.REFUSED
            utility = entry.utility if operation.utility is None else operation.utility
            self.entries[entry.id] = replace(entry, reads=reads, helps=helps, utility=utility)
            return OperationStatus.APPLIED
        if entry.ended is not None:
            return OperationStatus.REFUSED
        if isinstance(operation, Tag):
            if not all(map(str.strip, operation.tags)):
                return OperationStatus.EMPTY_TEXT
            self.entries[entry.id] = replace(entry, tags=unique(operation.tags))
            return OperationStatus.APPLIED
        if isinstance(operation, Link):
            if not operation.to or entry.id in operation.to:
                return OperationStatus.REFUSED
            if not self.entries.keys() >= set(operation.to):
                return OperationStatus.UNKNOWN_ID
            self.entries[entry.id] = replace(entry, links=unique(entry.links + operation.to))
            return OperationStatus.APPLIED
        if operation.by == entry.id:
            return OperationStatus.REFUSED
        if operation.by is not None:
            if operation.by not in self.entries:
                return OperationStatus.UNKNOWN_ID
            newer = self.entries[operation.by]
            if newer.ended is not None:
                return OperationStatus.REFUSED
            self.entries[newer.id] = replace(newer, replaces=unique((*newer.replaces, entry.id)))
        self.entries[entry.id] = replace(entry, ended=step)
        return OperationStatus.APPLIED

    def merge(self, operation: Merge, step: int) -> OperationStatus:
        for id in operation.ids:
            if id not in self.entries:
                return OperationStatus.UNKNOWN_ID
            if self.entries[id].ended is not None:
                return OperationStatus.REFUSED
        if len(operation.ids) < 2 or len(set(operation.ids)) < len(operation.ids):
            return OperationStatus.REFUSED
        first, *others = (self.entries[id] for id in operation.ids)
        for other in others:
            for entry in self.entries.values():
                if entry.id != first.id:
                    links = (first.id if link == other.id else link for link in entry.links)
                    self.entries[entry.id] = replace(entry, links=unique(tuple(links)))
            self.remove(other.id)
        # The others have left, and what is joined was theirs before.
        parts = [first, *others]
        joined = {
            name: unique(sum((getattr(entry, name) for entry in parts), ()))
            for name in ("sources", "tags", "links", "replaces")
        }
        for name in ("links", "replaces"):
            joined[name] = tuple(id for id in joined[name] if id not in operation.ids)
        counts = {name: sum(getattr(entry, name) for entry in parts) for name in ("reads", "helps")}
        self.entries[first.id] = replace(self.entries[first.id], **joined, **counts)
        return self.follow(Update(first.id, operation.text, operation.sources), step)

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
        gone = self.entries.pop(id)
        for entry in self.entries.values():
            links = tuple(link for link in entry.links if link != id)
            replaces = ()
            for each in entry.replaces:
                closed = (next for next in gone.replaces if next not in (entry.id, id))
                replaces += tuple(closed) if each == id else (each,)
            self.entries[entry.id] = replace(entry, links=links, replaces=unique(replaces))

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
        deleted |= {*operation.ids[1:]} if isinstance(operation, Merge) and result.applied else set()
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

    def ids_of(self, draw: int, places) -> tuple[int, ...]:
        """Ids of entries that are there for the most part."""
        ids = [*sorted(self.pairs[draw % len(self.pairs)][1].entries), 99]
        return tuple(ids[place % len(ids)] for place in places)

    @rule(draw=st.integers(0, 99), text=TEXTS, tags=TAGS, links=PLACES, replaces=PLACES, evicts=PLACES)
    def add_with_all(self, draw, text, tags, links, replaces, evicts) -> None:
        named = [self.ids_of(draw, places) for places in (links, replaces, evicts)]
        links, replaces, evicts = named
        self.apply(draw, Add(text, tags=unique(tags), links=links, replaces=replaces, evicts=evicts))

    @rule(draw=st.integers(0, 99), place=IDS, to=PLACES)
    def link(self, draw, place, to) -> None:
        self.apply(draw, Link(*self.ids_of(draw, [place]), self.ids_of(draw, to)))

    @rule(draw=st.integers(0, 99), places=PLACES, text=TEXTS, sources=SOURCES)
    def merge(self, draw, places, text, sources) -> None:
        self.apply(draw, Merge(self.ids_of(draw, places), text, sources))

    @rule(draw=st.integers(0, 99), place=IDS, text=TEXTS)
    def merge_what_others_link_to(self, draw, place, text) -> None:
        ids = sorted(self.pairs[draw % len(self.pairs)][1].entries)
        if len(ids) > 2:
            first, second, third = (ids[(place + step) % len(ids)] for step in range(3))
            self.apply(draw, Link(first, (second,)))
            self.apply(draw, Link(third, (second,)))
            self.apply(draw, Merge((first, second), text))

    @rule(draw=st.integers(0, 99), places=st.tuples(IDS, IDS), has_newer=st.booleans())
    def invalidate(self, draw, places, has_newer) -> None:
        id, by = self.ids_of(draw, places)
        self.apply(draw, Invalidate(id, by if has_newer else None))

    @rule(draw=st.integers(0, 99), place=IDS, tags=TAGS, blank=st.sampled_from([(), (), (), (" ",)]))
    def tag(self, draw, place, tags, blank) -> None:
        self.apply(draw, Tag(*self.ids_of(draw, [place]), tags + blank))

    @rule(
        draw=st.integers(0, 99),
        place=IDS,
        reads=st.integers(-1, 2),
        helps=st.integers(-1, 1),
        utility=st.none() | st.just(0.5),
    )
    def value(self, draw, place, reads, helps, utility) -> None:
        self.apply(draw, Value(*self.ids_of(draw, [place]), reads, helps, utility))

    @rule(draw=st.integers(0, 99), id=IDS, links=st.lists(IDS, max_size=3).map(tuple))
    def relink(self, draw, id, links) -> None:
        self.apply(draw, Relink(id, links))

    @rule(draw=st.integers(0, 99), places=st.tuples(IDS, IDS, IDS))
    def relink_what_is_there(self, draw, places) -> None:
        ids = sorted(self.pairs[draw % len(self.pairs)][1].entries)
        if ids:
            first, second, third = (ids[place % len(ids)] for place in places)
            self.apply(draw, Relink(first, (second, third), (third,)))

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
            readable = tuple(entry for entry in entries if entry.ended is None)
            assert store.readable == readable
            hits = store.best(np.zeros(len(store)), len(store))
            assert tuple(hit.entry for hit in hits) == readable
            documents = store.readable_documents
            assert [store.corpus.text(document) for document in documents] == [e.text for e in readable]
            assert all({*entry.links, *entry.replaces} <= model.entries.keys() for entry in entries)
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
