from memdojo.envs.memory import MemoryStore
from memdojo.envs.memory.room import fits_alone, has_room, make_room
from memdojo.envs.types import Add, Capacity


def store_of(*texts: str, capacity: Capacity) -> MemoryStore:
    store = MemoryStore(capacity)
    for text in texts:
        assert store.apply(Add(text), 0).applied
    return store


def leaving(store: MemoryStore, text: str) -> list[int] | None:
    room = make_room(store, text, store.entries)
    return None if room is None else [entry.id for entry in room]


def test_who_leaves_is_no_more_than_both_limits_ask_for() -> None:
    store = store_of("a a", "b b b", "c", capacity=Capacity(4, max_tokens=8))
    assert leaving(store, "d d") == []
    assert leaving(store, "d d d") == [1]
    assert leaving(store, "d d d d d") == [1, 2]
    store = store_of("a a", "b b b", "c", capacity=Capacity(3, max_tokens=8))
    assert leaving(store, "d d") == [1]
    assert leaving(store, "d d d d d") == [1, 2]


def test_there_is_no_room_where_all_that_may_leave_makes_too_little() -> None:
    store = store_of("a a", "b b b", "c", capacity=Capacity(max_tokens=6))
    assert make_room(store, "d d d", store.entries[:1]) is None


def test_a_text_in_place_of_another_needs_no_entry_more_and_the_room_that_it_leaves() -> None:
    store = store_of("a a", "b b b", capacity=Capacity(2, max_tokens=6))
    first, second = store.entries
    assert has_room(store, "c c c", in_place_of=first)
    assert not has_room(store, "c c c c", in_place_of=first)
    assert make_room(store, "c c c c", [second], in_place_of=first) == [second]


def test_a_text_that_fits_into_no_store_of_the_capacity_has_no_room() -> None:
    store = store_of("a", capacity=Capacity(max_tokens=3))
    assert fits_alone(store, "b b b")
    assert not fits_alone(store, "b b b b")
    assert leaving(store, "b b b b") is None
    assert not has_room(store, "b b b b")
    assert not fits_alone(MemoryStore(Capacity(max_entry_tokens=1)), "b b")


def test_there_is_room_while_neither_limit_is_reached() -> None:
    store = store_of("a", "b", capacity=Capacity(3, max_tokens=4))
    assert has_room(store, "c c")
    assert not has_room(store, "c c c")
    assert not has_room(store_of("a", "b", capacity=Capacity(2, max_tokens=4)), "c")
