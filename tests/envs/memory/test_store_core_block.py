from __future__ import annotations

import pickle
from datetime import datetime
from pathlib import Path

import pytest

from memdojo.envs.memory import MemoryStore, load_store, save_store
from memdojo.envs.types import (
    Add,
    Capacity,
    Delete,
    MemoryEntry,
    OperationStatus,
    Rewrite,
    Update,
    WhenFull,
)

MAY = datetime(2023, 5, 8)


def core(store: MemoryStore) -> str | None:
    return None if store.core is None else store.core.text


def test_the_first_rewrite_makes_the_core_block_and_later_ones_change_it() -> None:
    store = MemoryStore()
    first = store.apply(Rewrite("Ann is a nurse.", ("t1", "t1")), 2)
    made = MemoryEntry(1, "core", "Ann is a nurse.", None, 2, 2, ("t1",))
    assert (first.status, first.before, first.after) == (OperationStatus.APPLIED, None, made)
    second = store.apply(Rewrite("Ann is a pilot.", ("t5", "t1"), MAY), 7)
    # Sources are kept and joined, whatever the new text says.
    changed = MemoryEntry(1, "core", "Ann is a pilot.", MAY, 2, 7, ("t1", "t5"))
    assert (second.before, second.after) == (made, changed)
    assert store.core == changed
    assert store.entries == (changed,)
    assert store.next_id == 2
    assert store.tokens == 5


def test_a_core_block_that_is_too_long_or_empty_is_refused() -> None:
    store = MemoryStore(Capacity(max_core_tokens=3))
    assert store.apply(Rewrite("one two three"), 0).applied
    result = store.apply(Rewrite("one two three four"), 1)
    assert result.status is OperationStatus.TOO_LONG
    assert "max_core_tokens" in result.why
    assert store.apply(Update(1, "one two three four"), 1).status is OperationStatus.TOO_LONG
    assert store.apply(Rewrite(" "), 1).status is OperationStatus.EMPTY_TEXT
    assert core(store) == "one two three"
    # The limit is the block's alone, and 512 unless told.
    assert store.apply(Add("one two three four"), 1).applied
    assert Capacity().max_core_tokens == 512
    assert MemoryStore(Capacity(max_core_tokens=None)).apply(Rewrite("word " * 2000), 0).applied
    with pytest.raises(ValueError, match="max_core_tokens is 0"):
        Capacity(max_core_tokens=0)


def test_there_is_one_core_block() -> None:
    store = MemoryStore()
    assert store.apply(Add("Ann", entry_kind="core"), 0).applied
    result = store.apply(Add("Bob", entry_kind="core"), 0)
    assert (result.status, result.before) == (OperationStatus.DUPLICATE, store.core)
    assert "update that one" in result.why
    assert store.apply(Delete(1, "core"), 0).applied
    assert store.core is None
    assert store.apply(Rewrite("Bob"), 1).after == store.get(2)
    entries = [MemoryEntry(id, "core", "x", None, 0, 0, ()) for id in (1, 2)]
    with pytest.raises(ValueError, match="1 and 2 are both core blocks"):
        MemoryStore.from_entries(entries)


def test_forks_snapshots_files_and_pickles_know_the_core_block(tmp_path: Path) -> None:
    store = MemoryStore()
    store.apply(Add("Bob"), 0)
    store.apply(Rewrite("Ann"), 0)
    fork, snapshot = store.fork(), store.snapshot()
    fork.apply(Rewrite("Ann and Bob"), 1)
    assert (core(store), core(fork)) == ("Ann", "Ann and Bob")
    store.apply(Delete(2), 1)
    assert core(store) is None
    store.restore(snapshot)
    assert core(store) == "Ann"
    assert core(pickle.loads(pickle.dumps(store))) == "Ann"
    save_store(store, tmp_path / "memory.db")
    loaded = load_store(tmp_path / "memory.db")
    assert core(loaded) == "Ann"
    assert loaded.capacity == store.capacity


def test_the_core_block_does_not_leave_to_make_room() -> None:
    store = MemoryStore(Capacity(max_entries=2, when_full=WhenFull.EVICT_OLDEST))
    store.apply(Rewrite("Ann"), 0)
    store.apply(Add("old"), 1)
    assert [entry.text for entry in store.apply(Add("new"), 2).evicted] == ["old"]
    assert [entry.text for entry in store] == ["Ann", "new"]
    alone = MemoryStore(Capacity(max_entries=1, when_full=WhenFull.EVICT_OLDEST))
    alone.apply(Rewrite("Ann"), 0)
    assert alone.apply(Add("new"), 1).status is OperationStatus.STORE_FULL
    # A policy may name it.
    named = MemoryStore(Capacity(max_entries=1))
    named.apply(Rewrite("Ann"), 0)
    assert named.apply(Add("new", evicts=(1,)), 1).applied
    assert named.core is None


def test_an_add_may_ask_to_be_unique_within_its_kind() -> None:
    store = MemoryStore()
    assert store.apply(Add("Ann has a cat.", entry_kind="semantic", unique=True), 0).applied
    for text in ("Ann has a cat.", "ann has  the CAT"):
        result = store.apply(Add(text, entry_kind="semantic", unique=True), 1)
        assert (result.status, result.before) == (OperationStatus.DUPLICATE, store.get(1))
    assert store.apply(Add("Ann has a cat.", entry_kind="episodic", unique=True), 1).applied
    assert store.apply(Add("Ann has two cats.", entry_kind="semantic", unique=True), 1).applied
    assert store.apply(Add("Ann has a cat.", entry_kind="semantic"), 1).applied
    assert store.next_id == 5


def test_an_operation_may_ask_for_an_entry_of_a_kind() -> None:
    store = MemoryStore()
    store.apply(Add("Ann", entry_kind="semantic"), 0)
    for operation in (Update(1, "Bob", entry_kind="episodic"), Delete(1, "episodic")):
        result = store.apply(operation, 1)
        assert result.status is OperationStatus.UNKNOWN_ID
        assert result.why == "There is no episodic entry with id 1."
    assert store.apply(Update(1, "Bob", entry_kind="semantic"), 1).applied
    assert store.apply(Delete(1, "semantic"), 1).applied
