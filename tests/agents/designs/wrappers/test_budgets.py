"""Budgets for what is handed over and what is written."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.flat import Flat
from memdojo.agents.designs.re_me import ReMe
from memdojo.agents.designs.wrappers.budgets import EntryBudget, TokenBudget, WriteBudget
from memdojo.errors import ConfigError

from ..hands import learn, read, remember, texts

LINES = ("A bicycle.", "A bicycle with a lamp, a bell and a basket for the dog.", "One more bicycle.")


def test_the_best_hits_are_handed_over_as_far_as_they_fit():
    memory = remember(Flat(), *LINES)
    costs = {entry.id: memory.store.count_tokens(entry.text) for entry in memory.store}
    found = read(Flat(), memory, "bicycle")
    room = costs[1] + costs[3]
    assert read(TokenBudget(Flat(), room), memory, "bicycle") == [entry for entry in found if entry.id != 2]
    assert read(TokenBudget(Flat(), sum(costs.values())), memory, "bicycle") == found
    assert read(TokenBudget(Flat(), 1), memory, "bicycle") == []


def test_no_more_entries_are_handed_over_and_looked_for():
    memory = remember(Flat(), *LINES)
    found = read(Flat(), memory, "bicycle")
    assert read(EntryBudget(Flat(), 2), memory, "bicycle") == found[:2]
    assert read(EntryBudget(Flat(), 99), memory, "bicycle") == found
    with pytest.raises(ConfigError, match="the budget of entries is 0"):
        EntryBudget(Flat(), 0)


def test_no_more_operations_are_done_at_a_chunk():
    facts = "One cat sleeps. Two cats play. Three cats eat."
    memory = remember(WriteBudget(ReMe(duplicate=1), 2), facts)
    assert texts(memory) == ["Ann: One cat sleeps.", "Ann: Two cats play."]
    assert len(memory.operations) == 2
    remember(WriteBudget(ReMe(duplicate=1), 1), "Four cats run.", memory=memory)
    assert texts(memory)[2:] == ["Ann: Four cats run."]


def test_learning_is_within_the_budget_of_writing():
    design = WriteBudget(ReMe(), 1)
    memory = remember(design, "One cat sleeps.")
    learn(design, memory, (memory.store.entries, 1.0))
    assert [(entry.reads, len(memory.operations)) for entry in memory.store] == [(0, 1)]


@pytest.mark.parametrize("wrapper", [TokenBudget, WriteBudget])
def test_a_budget_of_nothing_is_refused(wrapper):
    with pytest.raises(ConfigError, match="at least 1"):
        wrapper(Flat(), 0)
