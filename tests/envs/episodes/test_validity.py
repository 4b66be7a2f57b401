from __future__ import annotations

from datetime import datetime

import pytest

from builders import make_store
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.entry_kinds import names_time, tells_event
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.validity import validity_by_rule
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Add, Capacity, Chunk, Delete, Noop, Operation, Rewrite, Stream, Turn, Update

CHUNK = Chunk(
    0,
    (
        Turn("t1", "Ann", "I moved to Boston last week, to a flat by the river."),
        Turn("t2", "Bob", "My favourite food is ramen. Do you like it?"),
        Turn("t3", "Ann", "I sold my piano."),
    ),
    time=datetime(2023, 5, 8),
)


def _grade(operation: Operation, store: MemoryStore | None = None) -> float | None:
    store = store or make_store()
    return validity_by_rule(store.apply(operation, 1), CHUNK, store)


def _semantic(text: str) -> Add:
    return Add(text, entry_kind="semantic")


def _episodic(text: str) -> Add:
    return Add(text, entry_kind="episodic")


@pytest.mark.parametrize(
    ("operation", "grade"),
    [
        # A lasting fact is semantic, an event episodic, a person core.
        (_semantic("Bob's favourite food is ramen"), 1),
        (_episodic("Bob's favourite food is ramen"), 0),
        (_episodic("Ann moved to Boston"), 1),
        (_episodic("In May 2023 Ann moves to Boston"), 1),
        (_semantic("Ann moved to Boston last week"), 0),
        (Rewrite("Ann lives by the river in Boston."), 1),
        (Rewrite("Ann moved to Boston on 1 May 2023."), 0),
        (Rewrite("Boston by the river"), 0),
        # Half of the words, here favourite, food and ramen of six, must have been said.
        (_semantic("Favourite food ramen, hates cats deeply"), 1),
        (_semantic("Favourite food, loves cats, hates dogs"), 0),
        # The date of the chunk counts as said.
        (_episodic("8 May 2023: piano"), 1),
        # One word is not enough, and a question is no memory.
        (_semantic("Bob: ramen"), 0),
        (_semantic("Does Bob like his favourite ramen?"), 0),
        # Other kinds have no rule of their own.
        (Add("Ann moved to Boston last week"), 1),
        (Add("Ann moved to Boston last week", entry_kind="turn"), 1),
    ],
)
def test_what_is_written_must_have_been_said_and_fit_its_kind(operation: Operation, grade: float) -> None:
    assert _grade(operation) == grade


def test_what_repeats_an_entry_of_its_kind_is_not_valid() -> None:
    # Four of the five words that the two have in all: moved, Boston, flat, river; "live" is the fifth.
    store = make_store(_episodic("Moved to a Boston flat by the river"))
    assert _grade(_episodic("Moved to live in a Boston flat by the river"), store) == 0
    assert _grade(_semantic("A Boston flat by the river"), store) == 1


def test_a_change_counts_by_what_is_new_in_it() -> None:
    def store() -> MemoryStore:
        return make_store(_semantic("Bob plays chess and hates loud music"))

    # New: favourite, food, ramen; what stays need not have been said again.
    assert _grade(Update(1, "Bob plays chess, favourite food ramen"), store()) == 1
    assert _grade(Update(1, "Bob plays chess and golf and hates loud music"), store()) == 0
    # It says less: that is a change, the same once more is none.
    assert _grade(Update(1, "Bob plays chess"), store()) == 1
    assert _grade(Update(1, "Bob plays chess and hates loud music"), store()) == 0


def test_the_core_block_is_graded_by_what_a_rewrite_adds() -> None:
    store = make_store(Rewrite("Bob is a pilot."))
    assert _grade(Rewrite("Bob is a pilot. His favourite food is ramen."), store) == 1
    assert (
        _grade(Rewrite("Bob is a pilot. His favourite food is ramen. He has a yacht in Spain, too."), store)
        == 0
    )


def test_a_deletion_needs_an_occasion() -> None:
    def store() -> MemoryStore:
        return make_store(
            _semantic("Ann plays her piano, sold by Steinway"),
            _semantic("Bob flies to Rome"),
            _semantic("Bob flies to Rome often"),
            _semantic("piano"),
        )

    # Piano and sold are spoken of; Rome is not, but an entry that says nearly the same stays: 2 words of 3
    # are too few for that.
    assert _grade(Delete(1), store()) == 1
    assert _grade(Delete(2), store()) == 0
    # It has one word, and that is spoken of.
    assert _grade(Delete(4), store()) == 1
    twins = make_store(_semantic("Bob flies to Rome"), _semantic("Bob: flies, to Rome"))
    assert _grade(Delete(1), twins) == 1
    # A speaker's name alone is no occasion.
    assert _grade(Delete(1), make_store(_semantic("Ann has an aunt"))) == 0


def test_leaving_the_memory_alone_is_not_graded() -> None:
    assert _grade(Noop()) is None


def test_times_and_events() -> None:
    for text in (
        "on 8 May",
        "May 8th",
        "in 2023",
        "at 10:30",
        "on Mondays",
        "two days ago",
        "next summer",
        "3 pm",
    ):
        assert names_time(text), text
    for text in ("she may come", "march on", "12 eggs", "the last one", "room 101"):
        assert not names_time(text), text
    assert tells_event("Ann painted the wall")
    assert tells_event("Ann went home")
    assert not tells_event("Ann paints the wall")


def test_an_episode_grades_what_was_applied_where_it_is_told_to() -> None:
    stream = Stream("s", "g", (CHUNK,), ())
    operations = (_semantic("Bob's favourite food is ramen"), _episodic("Bob eats"), Delete(99), Noop())
    graded = ManagerEpisode(StreamContext(stream), Capacity(), validity=validity_by_rule)
    outcome = graded.step(operations, malformed=["hm"])
    assert [each.valid for each in outcome.operations] == [1, 0, None, None, None]
    ungraded = ManagerEpisode(StreamContext(stream), Capacity()).step(operations)
    assert [each.valid for each in ungraded.operations] == [None] * 4
