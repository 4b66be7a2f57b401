"""ReMe's rules for storing and forgetting."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.re_me import ReMe
from memdojo.errors import ConfigError

from .hands import Choosing, learn, read, remember, report, texts

LINES = ("The red bicycle stands in the cellar.", "Ben paints houses.")


def test_a_duplicate_is_not_stored_whoever_says_it():
    memory = remember(ReMe(), ("Ben", LINES[0]), ("Ann", LINES[0]))
    assert texts(memory) == [f"Ben: {LINES[0]}"]


def test_to_store_is_a_choice():
    decider = Choosing(store=1)
    assert len(remember(ReMe(), LINES[0], LINES[0], decider=decider).store) == 2
    assert decider.rules("store") == [0]


def test_readings_are_counted_and_those_that_were_right():
    design = ReMe()
    memory = remember(design, *LINES)
    first, second = memory.store.entries
    learn(design, memory, ([first], 1.0), ([first, second], 0.4), ([second], None))
    assert [(entry.reads, entry.helps) for entry in memory.store] == [(2, 1), (1, 0)]


@pytest.mark.parametrize(("scores", "number"), [((0, 0, 0, 1, 1), 1), ((0, 0, 1, 1, 1), 2), ((0,) * 4, 2)])
def test_what_was_read_often_and_helped_seldom_is_forgotten(scores, number):
    design = ReMe()
    memory = remember(design, *LINES)
    first = memory.store.entries[:1]
    learn(design, memory, *((first, float(score)) for score in scores))
    assert len(memory.store) == number


def test_to_forget_is_a_choice():
    design, decider = ReMe(), Choosing(drop=0)
    memory = remember(design, *LINES)
    learn(design, memory, *((memory.store.entries[:1], 0.0) for _ in range(5)), decider=decider)
    assert decider.rules("drop") == [1]
    assert len(memory.store) == 2


def test_the_nearest_are_read():
    memory = remember(ReMe(), *LINES)
    assert read(ReMe(), memory, "Who paints?", k=1) == [memory.store.entries[1]]


@pytest.mark.parametrize("wrong", [{"duplicate": 2}, {"min_reads": 0}, {"min_share": 2}, {"success": -1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="re_me has"):
        ReMe(**wrong)


def test_reports_stay_whole_and_repeat_only_those_with_the_same_outcome():
    lines = report("Sort the box.", "A"), report("Sort the box.", "B"), report("Sort the box.", "B")
    memory = remember(ReMe(), *lines)
    assert texts(memory) == [f"Report: {text}" for _, text in lines[:2]]
