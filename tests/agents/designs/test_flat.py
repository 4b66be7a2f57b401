"""The plain memory."""

from __future__ import annotations

from memdojo.agents.designs.flat import Flat
from memdojo.envs.types import Capacity

from .hands import Choosing, read, remember, texts


def test_turns_are_stored_as_they_were_said_and_the_oldest_leaves():
    memory = remember(Flat(), "One bicycle.", "Two cats.", "Three cakes.", capacity=Capacity(max_entries=2))
    assert texts(memory) == ["Ann: Two cats.", "Ann: Three cakes."]


def test_who_leaves_is_a_choice():
    decider = Choosing(leave=1)
    lines = ["One bicycle.", "Two cats.", "Three cakes."]
    memory = remember(Flat(), *lines, capacity=Capacity(max_entries=2), decider=decider)
    assert texts(memory) == ["Ann: One bicycle.", "Ann: Three cakes."]


def test_what_shares_a_word_is_read():
    memory = remember(Flat(), "One bicycle.", "Two cats.")
    assert read(Flat(), memory, "How many cats?") == [memory.store.entries[1]]
