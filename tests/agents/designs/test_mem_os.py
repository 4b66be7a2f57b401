"""MemOS' cubes, versions and working memory."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.mem_os import APART, JOIN, WORKING, MemOS
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .hands import Choosing, learn, read, remember, texts

OLD = "The red bicycle stands in the cellar."
NEW = "The red bicycle no longer stands in the cellar."
LIKE = MemOS(related=0.3, alike=0.99)


def test_facts_of_the_user_and_others_have_cubes_of_their_own():
    memory = remember(MemOS(), "I like tea. The park is green.")
    assert [(entry.kind, entry.text) for entry in memory.store] == [
        ("user", "Ann: I like tea."),
        ("long_term", "Ann: The park is green."),
    ]


def test_a_contradicted_text_is_kept_as_an_earlier_version_that_nobody_reads():
    memory = remember(LIKE, OLD, NEW)
    old, new = memory.store.entries
    assert (old.ended, new.ended, new.replaces) == (1, None, (old.id,))
    assert read(LIKE, memory, "Where is the red bicycle?") == [new]


def test_related_texts_link_to_each_other():
    memory = remember(LIKE, OLD, "The red bicycle stands there with the green one.")
    first, second = memory.store.entries
    assert (first.links, second.links) == ((second.id,), (first.id,))


def test_texts_that_are_alike_become_one():
    memory = remember(MemOS(), OLD, OLD)
    (entry,) = memory.store.entries
    assert (entry.text, entry.sources) == (f"Ann: {OLD}", ("t0", "t1"))


@pytest.mark.parametrize(("option", "number"), [(APART, 2), (JOIN, 1)])
def test_what_becomes_of_a_text_is_a_choice(option, number):
    decider = Choosing(merge=option)
    assert len(remember(LIKE, OLD, NEW, decider=decider).store) == number
    assert decider.rules("merge") == [3]


def test_the_working_memory_has_what_is_new_and_then_what_was_read():
    design = MemOS(max_working=2)
    memory = remember(design, "The cake tastes good.", "The park is green.", "Ben paints houses.")
    assert [WORKING in entry.tags for entry in memory.store] == [False, True, True]
    learn(design, memory, (memory.store.entries[:1], None))
    assert [WORKING in entry.tags for entry in memory.store] == [True, False, False]


def test_what_the_working_memory_holds_leaves_last():
    design = MemOS(max_working=1)
    memory = remember(design, "The cake tastes good.", "The park is green.", capacity=Capacity(max_entries=2))
    learn(design, memory, (memory.store.entries[:1], None))
    remember(design, "Ben paints houses.", memory=memory)
    assert texts(memory) == ["Ann: The cake tastes good.", "Ann: Ben paints houses."]


def test_the_oldest_beyond_the_limit_of_a_cube_leaves():
    design = MemOS(max_long_term=1, max_working=1)
    memory = remember(design, "The cake tastes good.", "I like tea.", "The park is green.")
    assert texts(memory) == ["Ann: I like tea.", "Ann: The park is green."]


@pytest.mark.parametrize("wrong", [{"max_user": 0}, {"related": 0.95}, {"alike": 2.0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="mem_os has"):
        MemOS(**wrong)
