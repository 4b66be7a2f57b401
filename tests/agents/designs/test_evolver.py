"""The evolver's score, pruning and merging."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.evolver import Evolver, score_of
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .hands import Choosing, learn, remember, report, texts

LINES = ("The red bicycle stands in the cellar.", "Ben paints houses.")
NEXT = "The cake tastes good."


def test_the_score_is_the_share_of_helps_with_one_of_each_assumed():
    design = Evolver()
    memory = remember(design, *LINES)
    assert [score_of(entry) for entry in memory.store] == [0.5, 0.5]
    learn(design, memory, (memory.store.entries, 1.0), (memory.store.entries[:1], 0.0))
    assert [score_of(entry) for entry in memory.store] == [2 / 4, 2 / 3]


@pytest.mark.parametrize(("reads", "is_kept"), [(1, True), (2, False)])
def test_what_scores_below_the_limit_is_pruned_at_the_next_intake(reads, is_kept):
    design = Evolver()
    memory = remember(design, *LINES)
    learn(design, memory, *((memory.store.entries[:1], 0.0) for _ in range(reads)))
    assert len(memory.store) == 2
    remember(design, NEXT, memory=memory)
    assert (f"Ann: {LINES[0]}" in texts(memory)) == is_kept


def test_to_prune_is_a_choice():
    design, decider = Evolver(), Choosing(drop=0)
    memory = remember(design, *LINES)
    learn(design, memory, *((memory.store.entries[:1], 0.0) for _ in range(2)))
    remember(design, NEXT, memory=memory, decider=decider)
    assert decider.rules("drop") == [1]
    assert len(memory.store) == 3


def test_facts_that_are_alike_become_one_where_that_is_chosen():
    alike = [LINES[0], "The red bicycle stands in the cellar today."]
    (entry,) = remember(Evolver(), *alike).store.entries
    assert entry.text == "\n".join(f"Ann: {line}" for line in alike)
    assert entry.sources == ("t0", "t1")
    decider = Choosing(merge=0)
    assert len(remember(Evolver(), *alike, decider=decider).store) == 2
    assert decider.rules("merge") == [1]


def test_the_lowest_score_leaves_a_full_store():
    design = Evolver()
    memory = remember(design, *LINES, capacity=Capacity(max_entries=2))
    learn(design, memory, (memory.store.entries[1:], 0.0))
    remember(design, NEXT, memory=memory)
    assert texts(memory) == [f"Ann: {LINES[0]}", f"Ann: {NEXT}"]


@pytest.mark.parametrize("wrong", [{"min_score": 2}, {"alike": -2}, {"success": 2}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="evolver has"):
        Evolver(**wrong)


def test_reports_with_one_outcome_become_the_newer_one_and_others_stay_apart():
    lines = report("Sort the box.", "A"), report("Sort the box now.", "A"), report("Sort the box.", "B")
    memory = remember(Evolver(alike=0.5), *lines)
    assert texts(memory) == [f"Report: {text}" for _, text in lines[1:]]
    assert memory.store.entries[0].sources == ("t0", "t1")
