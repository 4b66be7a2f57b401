"""PlugMem's episodes, facts and votes."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.plug_mem import APART, PlugMem
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .hands import Choosing, read, remember

OLD = "The red bicycle stands in the cellar."
NEW = "The red bicycle no longer stands in the cellar."
OTHER = "Ben paints houses."


def _facts(memory):
    return [entry for entry in memory.store if entry.kind == "fact"]


def test_an_episode_ends_where_another_subject_begins_and_then_tells_its_facts():
    design = PlugMem(same_episode=0.99)
    assert _facts(remember(design, OLD, OLD)) == []
    memory = remember(design, OLD, OLD, OTHER)
    steps = [entry for entry in memory.store if entry.kind == "step"]
    assert [step.tags[0] for step in steps] == ["(closed)", "(closed)", "(open)"]
    assert all(fact.links == (steps[0].id, steps[1].id) for fact in _facts(memory))
    assert [fact.sources for fact in _facts(memory)] == [("t0",), ("t1",)]


def test_a_contradicted_fact_is_deactivated_and_not_read():
    design = PlugMem(same_episode=1.0, comparable=0.3)
    memory = remember(design, OLD, OTHER, NEW, "The cake tastes good.")
    old = _facts(memory)[0]
    assert (old.text, old.ended) == (f"Ann: {OLD}", 3)
    assert [entry for entry in read(design, memory, "red bicycle", k=9) if entry.id == old.id] == []


def test_facts_of_one_subject_become_one_once():
    alike = [f"The red bicycle of {name} stands in the cellar." for name in ("Tom", "Eva", "Ida")]
    memory = remember(PlugMem(same_episode=1.0, comparable=0.3), *alike, "The cake tastes good.")
    assert [fact.sources for fact in _facts(memory)] == [("t0", "t1"), ("t2",)]


def test_what_becomes_of_two_facts_is_a_choice():
    decider = Choosing(merge=APART)
    memory = remember(
        PlugMem(same_episode=1.0, comparable=0.3), OLD, OTHER, NEW, "The cake tastes good.", decider=decider
    )
    assert decider.rules("merge") == [1]
    assert all(fact.ended is None for fact in _facts(memory))


def test_the_tags_of_a_question_vote():
    design = PlugMem(same_episode=1.0)
    memory = remember(design, OLD, OTHER, "The cake tastes good.", "Ida swims.")
    assert read(design, memory, "cake", k=1)[0].text == "Ann: The cake tastes good."


def test_what_the_open_episode_says_can_be_read():
    design = PlugMem()
    memory = remember(design, OLD)
    assert read(design, memory, "bicycle") == list(memory.store)


def test_steps_whose_facts_are_told_leave_before_facts():
    memory = remember(PlugMem(same_episode=1.0), OLD, OTHER, "Ida swims.", capacity=Capacity(max_entries=3))
    assert [entry.kind for entry in memory.store] == ["fact", "fact", "step"]


@pytest.mark.parametrize("wrong", [{"comparable": 2}, {"num_tags": 0}, {"min_votes": -1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="plug_mem has"):
        PlugMem(**wrong)
