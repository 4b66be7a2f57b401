import pickle
import tracemalloc
from dataclasses import FrozenInstanceError, dataclass
from datetime import datetime

import numpy as np
import pytest

from memdojo.envs.memory import BM25Retriever, MemoryStore
from memdojo.envs.types import (
    Add,
    Capacity,
    Delete,
    MemoryEntry,
    Noop,
    Operation,
    OperationStatus,
    Update,
    WhenFull,
)

MAY, JUNE = datetime(2023, 5, 8), datetime(2023, 6, 1)


def filled(capacity: Capacity, *texts: str) -> MemoryStore:
    store = MemoryStore(capacity)
    for step, text in enumerate(texts):
        assert store.apply(Add(text), step).applied
    return store


def texts_of(store: MemoryStore) -> list[str]:
    return [entry.text for entry in store]


def assert_refused(store: MemoryStore, operation: Operation, status: OperationStatus, why: str) -> None:
    before = store.entries, store.tokens, store.next_id
    result = store.apply(operation, 9)
    assert result.status is status
    assert not result.applied
    assert why in result.why
    assert (store.entries, store.tokens, store.next_id) == before
    assert result.after is None
    assert result.evicted == ()


def test_add_keeps_all_that_the_operation_says() -> None:
    store = MemoryStore()
    result = store.apply(Add("Mel has a dog", ("D1:2", "D1:1", "D1:2"), MAY, "core", 0.5), 3)
    entry = MemoryEntry(1, "core", "Mel has a dog", MAY, 3, 3, ("D1:2", "D1:1"), (), 0.5)
    assert result.after == entry
    assert store.entries == (entry,)
    assert store.get(1) == entry
    assert 1 in store
    assert len(store) == 1
    assert store.tokens == 4
    assert store.get(2) is None


def test_update_keeps_provenance_and_what_it_does_not_name() -> None:
    store = MemoryStore()
    store.apply(Add("Mel has a dog", ("D1:1", "D1:2"), MAY, "core", 0.5), 3)
    result = store.apply(Update(1, "Mel has two dogs", ("D2:1", "D1:1")), 7)
    assert result.before is not None
    assert result.before.text == "Mel has a dog"
    assert result.after == MemoryEntry(
        1, "core", "Mel has two dogs", MAY, 3, 7, ("D1:1", "D1:2", "D2:1"), (), 0.5
    )
    assert store.apply(Update(1, "Mel has three dogs", (), JUNE), 8).after.time == JUNE


def test_update_to_the_same_text_joins_sources_but_is_no_change_of_text() -> None:
    store = filled(Capacity(), "a dog")
    after = store.apply(Update(1, "a dog", ("D9",)), 5).after
    assert after is not None
    assert (after.updated_step, after.sources) == (0, ("D9",))


def test_delete_returns_what_it_removed_and_ids_are_never_given_again() -> None:
    store = filled(Capacity(), "a", "b")
    result = store.apply(Delete(2), 1)
    assert result.before is not None
    assert result.before.text == "b"
    assert store.apply(Add("c"), 2).after.id == 3
    assert_refused(store, Delete(2), OperationStatus.UNKNOWN_ID, "no entry with id 2")
    assert_refused(store, Update(2, "x"), OperationStatus.UNKNOWN_ID, "no entry with id 2")


def test_noop_applies_and_changes_nothing() -> None:
    store = filled(Capacity(), "a")
    entries = store.entries
    assert store.apply(Noop(), 1).applied
    assert store.entries is entries


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"])
def test_empty_texts_are_refused(text: str) -> None:
    store = filled(Capacity(), "a")
    assert_refused(store, Add(text), OperationStatus.EMPTY_TEXT, "empty")
    assert_refused(store, Update(1, text), OperationStatus.EMPTY_TEXT, "empty")


def test_texts_over_a_token_limit_are_refused_and_named_with_the_limit() -> None:
    store = filled(Capacity(max_entry_tokens=3), "a b c")
    assert_refused(store, Add("a b c d"), OperationStatus.TOO_LONG, "3 tokens that max_entry_tokens allows")
    assert_refused(store, Update(1, "a b, c"), OperationStatus.TOO_LONG, "max_entry_tokens")
    small = filled(Capacity(max_tokens=3, when_full=WhenFull.EVICT_OLDEST), "a b c")
    assert_refused(small, Add("a b c d"), OperationStatus.TOO_LONG, "3 tokens that max_tokens allows")


def test_refused_texts_leave_nothing_behind() -> None:
    store = filled(Capacity(max_entries=1), "a dog")
    for number in range(10):
        store.apply(Add(f"refused {number}"), 0)
        store.apply(Add("word " * 3000), 0)
    assert len(store.corpus) == 1


def test_reject_takes_nothing_more_when_full() -> None:
    store = filled(Capacity(max_entries=2, when_full=WhenFull.REJECT), "a", "b")
    assert store.is_full
    assert_refused(store, Add("c", evicts=(1,)), OperationStatus.STORE_FULL, "full (2 entries, 2 tokens)")
    store.apply(Delete(1), 1)
    assert not store.is_full
    assert store.apply(Add("c"), 2).applied


def test_oldest_leaves_in_order_of_id_whatever_was_updated() -> None:
    store = filled(Capacity(max_entries=3, when_full=WhenFull.EVICT_OLDEST), "a", "b", "c")
    store.apply(Update(1, "a again"), 3)
    store.apply(Delete(2), 4)
    assert store.apply(Add("d"), 5).evicted == ()
    evicted = store.apply(Add("e", evicts=(3,)), 6).evicted
    assert [entry.id for entry in evicted] == [1]
    assert [entry.id for entry in store] == [3, 4, 5]


def test_as_many_of_the_oldest_leave_as_tokens_need() -> None:
    store = filled(Capacity(max_tokens=6, when_full=WhenFull.EVICT_OLDEST), "a b", "c d", "e f")
    result = store.apply(Add("x y z"), 3)
    assert [entry.id for entry in result.evicted] == [1, 2]
    assert texts_of(store) == ["e f", "x y z"]
    assert store.tokens == 5


def test_update_that_outgrows_the_store_makes_others_leave_but_never_itself() -> None:
    store = filled(Capacity(max_tokens=6, when_full=WhenFull.EVICT_OLDEST), "a b", "c d", "e f")
    result = store.apply(Update(1, "a b c"), 3)
    assert [entry.id for entry in result.evicted] == [2]
    assert texts_of(store) == ["a b c", "e f"]
    result = store.apply(Update(3, "e f g h i j"), 4)
    assert [entry.id for entry in result.evicted] == [1]
    assert texts_of(store) == ["e f g h i j"]


@pytest.mark.parametrize("rule", [WhenFull.REJECT, WhenFull.POLICY])
def test_update_that_outgrows_the_store_is_refused_under_other_rules(rule: WhenFull) -> None:
    store = filled(Capacity(max_tokens=5, when_full=rule), "a b", "c d")
    assert_refused(store, Update(1, "a b c d"), OperationStatus.STORE_FULL, "full (2 entries, 4 tokens)")
    assert store.apply(Update(1, "a b c"), 3).applied
    assert store.is_full


def test_policy_names_who_leaves_and_only_those_needed_leave() -> None:
    store = filled(Capacity(max_entries=3), "a", "b", "c")
    result = store.apply(Add("d", evicts=(2, 1)), 3)
    assert [entry.id for entry in result.evicted] == [2]
    assert [entry.id for entry in store] == [1, 3, 4]


def test_names_are_ignored_with_room_in_the_store_even_unknown_ones() -> None:
    store = filled(Capacity(max_entries=3), "a")
    assert store.apply(Add("b", evicts=(1, 99)), 1).evicted == ()
    assert len(store) == 2


def test_policy_without_enough_names_is_refused_whole() -> None:
    store = filled(Capacity(max_tokens=4), "a b", "c d")
    assert_refused(store, Add("x y z"), OperationStatus.STORE_FULL, "names too few entries")
    assert_refused(store, Add("x y z", evicts=(1,)), OperationStatus.STORE_FULL, "names too few entries")
    assert [entry.id for entry in store.apply(Add("x y z", evicts=(2, 1)), 3).evicted] == [2, 1]


def test_unknown_or_repeated_names_that_are_needed_are_refused_whole() -> None:
    store = filled(Capacity(max_tokens=4), "a b", "c d")
    assert_refused(store, Add("x", evicts=(7, 1)), OperationStatus.UNKNOWN_ID, "no entry with id 7")
    assert_refused(store, Add("x y z", evicts=(1, 1)), OperationStatus.UNKNOWN_ID, "id 1")
    assert store.apply(Add("x", evicts=(1, 7)), 3).applied


def test_oldest_is_found_again_after_a_long_gap_of_dead_ids() -> None:
    store = MemoryStore(Capacity(max_tokens=3, when_full=WhenFull.EVICT_OLDEST))
    store.apply(Add("first"), 0)
    for number in range(500):
        store.apply(Add("w" * (1 + number % 7)), 1)
        store.apply(Delete(store.next_id - 1), 1)
    store.apply(Add("second"), 2)
    assert [entry.text for entry in store.apply(Update(1, "first one here"), 3).evicted] == ["second"]
    store.apply(Delete(1), 4)
    store.apply(Add("p q r"), 5)
    assert [entry.text for entry in store.apply(Add("s t u"), 6).evicted] == ["p q r"]


def test_oldest_is_found_at_once_behind_an_enormous_gap() -> None:
    entries = [MemoryEntry(id, "fact", "word", None, 0, 0, ()) for id in (1, 2**50, 2**60)]
    store = MemoryStore.from_entries(
        entries, capacity=Capacity(max_tokens=3, when_full=WhenFull.EVICT_OLDEST)
    )
    assert [entry.id for entry in store.apply(Add("a b"), 1).evicted] == [1, 2**50]
    assert [entry.id for entry in store.apply(Add("c d"), 1).evicted] == [2**60, 2**60 + 1]


def test_fork_is_independent_in_both_directions() -> None:
    store = filled(Capacity(max_entries=3, when_full=WhenFull.EVICT_OLDEST), "a", "b")
    _ = store.entries
    fork = store.fork()
    fork.apply(Add("c"), 2)
    fork.apply(Delete(1), 2)
    assert texts_of(store) == ["a", "b"]
    store.apply(Update(2, "B"), 2)
    assert texts_of(fork) == ["b", "c"]
    assert (store.next_id, fork.next_id) == (3, 4)
    assert store.tokens == fork.tokens == 2


def test_restore_brings_entries_back_but_not_ids() -> None:
    store = filled(Capacity(max_entries=2, when_full=WhenFull.EVICT_OLDEST), "a", "b")
    snapshot = store.snapshot()
    store.apply(Add("c"), 2)
    store.apply(Update(2, "B"), 2)
    store.restore(snapshot)
    assert store.entries == snapshot.entries
    assert len(snapshot) == 2
    result = store.apply(Add("d"), 3)
    assert result.after.id == 4
    assert [entry.id for entry in result.evicted] == [1]
    store.restore(snapshot)
    assert texts_of(store) == ["a", "b"]
    assert [hit.entry.text for hit in BM25Retriever().search(store, "b d c", 3)] == ["b"]


def test_restoring_an_empty_snapshot_empties_the_store() -> None:
    store = MemoryStore(Capacity(max_entries=1, when_full=WhenFull.EVICT_OLDEST))
    empty = store.snapshot()
    store.apply(Add("a"), 0)
    store.restore(empty)
    assert store.entries == ()
    assert store.apply(Add("b"), 1).after.id == 2
    assert [entry.id for entry in store.apply(Add("c"), 1).evicted] == [2]


def test_snapshot_that_does_not_fit_is_refused_and_the_store_stays() -> None:
    big = filled(Capacity(), "a", "b")
    small = filled(Capacity(max_entries=1), "c")
    with pytest.raises(ValueError, match="max_entries=2, but the capacity allows 1"):
        small.restore(big.snapshot())
    assert texts_of(small) == ["c"]


def test_diff_says_what_the_other_store_added_removed_and_changed() -> None:
    store = filled(Capacity(), "a", "b", "c")
    before = store.snapshot()
    fork = store.fork()
    fork.apply(Delete(1), 3)
    fork.apply(Update(2, "B"), 3)
    fork.apply(Add("d"), 3)
    diff = store.diff(fork)
    assert [entry.text for entry in diff.added] == ["d"]
    assert [entry.text for entry in diff.removed] == ["a"]
    assert [(old.text, new.text) for old, new in diff.changed] == [("b", "B")]
    assert diff
    assert not store.diff(before)
    assert [entry.text for entry in fork.diff(before).added] == ["a"]


def test_entries_are_the_same_tuple_until_the_next_write() -> None:
    store = filled(Capacity(), "a", "b")
    assert store.entries is store.entries
    assert store.fork().entries is store.entries
    old = store.entries
    store.apply(Update(1, "A"), 2)
    assert [entry.text for entry in old] == ["a", "b"]
    assert texts_of(store) == ["A", "b"]


def test_order_is_right_after_many_writes_without_reading() -> None:
    store = MemoryStore()
    for number in range(1000):
        store.apply(Add(f"text {number}"), 0)
        if number % 3 == 0:
            store.apply(Delete(number // 2 + 1), 0)
    ids = [entry.id for entry in store]
    assert ids == sorted(ids)
    assert len(ids) == len(store)
    assert [store.corpus.text(document) for document in store.documents] == texts_of(store)


def test_best_ranks_by_score_and_ties_by_lower_id() -> None:
    store = filled(Capacity(), *"abcdef")
    scores = np.array([1.0, 3.0, 2.0, 2.0, 0.0, 2.0])
    assert [hit.entry.id for hit in store.best(scores, 3)] == [2, 3, 4]
    assert [hit.entry.id for hit in store.best(scores, 99)] == [2, 3, 4, 6, 1, 5]
    assert [hit.entry.id for hit in store.best(scores, 99, above=1.0)] == [2, 3, 4, 6]
    assert store.best(scores, 0) == ()
    assert store.best(scores, 1)[0].score == 3.0
    with pytest.raises(ValueError, match="k is -1"):
        store.best(scores, -1)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        store.best(scores[:2], 1)


def test_store_pickles_with_everything_that_counts() -> None:
    store = filled(Capacity(max_entries=3, when_full=WhenFull.EVICT_OLDEST), "a dog", "a cat", "a bird")
    store.apply(Delete(1), 3)
    store.apply(Add("two dogs", ("D1",), MAY), 4)
    twin = pickle.loads(pickle.dumps(store))
    assert twin.entries == store.entries
    assert (twin.next_id, twin.tokens, twin.capacity) == (store.next_id, store.tokens, store.capacity)
    assert BM25Retriever().search(twin, "dog", 2) == BM25Retriever().search(store, "dog", 2)
    assert twin.apply(Add("e"), 5) == store.apply(Add("e"), 5)


def test_store_from_entries_checks_ids_texts_and_capacity() -> None:
    entries = filled(Capacity(), "a", "b").entries
    store = MemoryStore.from_entries(entries, next_id=9)
    assert (store.entries, store.next_id) == (entries, 9)
    assert MemoryStore.from_entries(entries).next_id == 3
    with pytest.raises(ValueError, match="entry id 1 follows 2"):
        MemoryStore.from_entries(entries[::-1])
    with pytest.raises(ValueError, match="max_entries=2"):
        MemoryStore.from_entries(entries, capacity=Capacity(max_entries=1))
    with pytest.raises(ValueError, match="entry 3 has an empty text"):
        MemoryStore.from_entries([MemoryEntry(3, "fact", " ", None, 0, 0, ())])


def test_operation_that_does_not_say_what_it_does_is_a_type_error() -> None:
    @dataclass(frozen=True, slots=True)
    class Merge(Operation):
        ids: tuple[int, ...]

    with pytest.raises(TypeError, match=r"cannot apply .*Merge.*; give its class a method apply"):
        MemoryStore().apply(Merge((1, 2)), 0)
    with pytest.raises(TypeError, match=r"cannot apply 'ADD'; give an Operation"):
        MemoryStore().apply("ADD", 0)
    with pytest.raises(TypeError, match="of type int; give a str"):
        MemoryStore().apply(Add(5), 0)


def test_entries_cannot_be_changed_behind_the_stores_back() -> None:
    store = filled(Capacity(), "a")
    with pytest.raises(FrozenInstanceError):
        store.entries[0].text = "b"
    with pytest.raises(ValueError, match="read-only"):
        store.documents[0] = 7


def test_dead_texts_do_not_pile_up() -> None:
    store = filled(Capacity(max_entries=10, when_full=WhenFull.EVICT_OLDEST))
    for number in range(1100):
        store.apply(Add(f"{number} " * 20), number)
    tracemalloc.start()
    for number in range(1100, 3500):
        store.apply(Add(f"{number} " * 20), number)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 1_500_000
