"""KARMA's slots."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.karma import Karma
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .hands import Choosing, read, remember, texts

OLD = "My favourite colour is navy blue."
NEW = "My favourite colour is no longer navy blue but ivory."


def test_a_new_value_takes_the_slot_of_the_old_with_both_as_sources():
    memory = remember(Karma(), OLD, "I bought a bicycle.", NEW)
    assert texts(memory) == [f"Ann: {NEW}", "Ann: I bought a bicycle."]
    assert memory.store.entries[0].sources == ("t0", "t2")


def test_somebody_elses_value_has_a_slot_of_its_own():
    memory = remember(Karma(), ("Ben", OLD), ("Ann", NEW))
    assert texts(memory) == [f"Ben: {OLD}", f"Ann: {NEW}"]


def test_whom_a_turn_names_has_the_slot():
    memory = remember(Karma(), ("Ben", "Hello."), ("Ann", "Ben has a red bicycle."))
    assert [entry.tags[0] for entry in memory.store] == ["Ben", "Ben"]


def test_to_replace_is_a_choice():
    decider = Choosing(replace=0)
    memory = remember(Karma(), OLD, NEW, decider=decider)
    assert decider.rules("replace") == [1]
    assert texts(memory) == [f"Ann: {OLD}", f"Ann: {NEW}"]


def test_the_slot_that_was_rewritten_longest_ago_leaves():
    lines = [OLD, "I bought a bicycle.", NEW, "There is cake."]
    memory = remember(Karma(), *lines, capacity=Capacity(max_entries=2))
    assert texts(memory) == [f"Ann: {NEW}", "Ann: There is cake."]
    assert texts(remember(Karma(max_slots=2), *lines)) == texts(memory)


def test_what_is_nearest_is_read():
    design = Karma()
    memory = remember(design, OLD, "I bought a bicycle.")
    assert read(design, memory, "Which bicycle?", k=1) == [memory.store.entries[1]]


@pytest.mark.parametrize("wrong", [{"max_slots": 0}, {"near": 0.9, "same": 0.5}, {"same": 2.0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="karma has"):
        Karma(**wrong)
