"""Memento: a case bank whose selector stands in the store."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.memento import SELECTOR, START, Memento
from memdojo.envs.streams.cases import Verdict
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .hands import learn, read, remember, report

BOX, LAMP = "Sort the red box.", "Mend the old lamp with care."


def selector(memory):
    """Return the weights in the store; None before there are any."""
    entries = memory.of_kind(SELECTOR)
    return [float(each) for each in entries[0].text.split()[1:]] if entries else None


def test_before_anything_was_learned_the_nearest_come_first():
    memory = remember(Memento(), report(LAMP, "glue"), report(BOX, "A"))
    assert selector(memory) is None
    assert [entry.sources for entry in read(Memento(), memory, BOX)] == [("t1",), ("t0",)]


def test_an_answer_is_a_step_of_gradient():
    design = Memento(step_size=1.0)
    memory = remember(design, report(BOX, "A"))
    learn(design, memory, (memory.store.entries, 1.0), question=BOX)
    # Cosine 1, all terms shared, a score of 0, right: 1 / (1 + exp(-4)) was likely.
    step = 1 - 0.98201
    assert selector(memory) == pytest.approx([step, 4 + step, step, 0, step, 0], abs=1e-3)


def test_what_nobody_graded_teaches_nothing_and_nobody_reads_the_selector():
    design = Memento()
    memory = remember(design, report(BOX, "A"), report(BOX, "B", Verdict.WRONG))
    learn(design, memory, (memory.store.entries, None), question=BOX)
    assert selector(memory) is None
    cases = memory.store.entries
    learn(design, memory, *((cases[1:], 0.0), (cases[:1], 1.0)) * 9, question=BOX)
    assert [entry.sources for entry in read(design, memory, BOX, k=9)] == [("t0",), ("t1",)]
    assert len(memory.of_kind(SELECTOR)) == 1


def test_cases_that_failed_come_behind_others():
    design = Memento()
    memory = remember(design, report(BOX, "A"), report(f"{BOX} Now.", "B"))
    near = memory.store.entries[:1]
    learn(design, memory, *((near, 0.0),) * 20, question=BOX)
    assert [entry.sources for entry in read(design, memory, BOX, k=1)] == [("t1",)]
    assert [entry.sources for entry in read(Memento(parametric=False), memory, BOX, k=1)] == [("t0",)]


def test_the_selector_takes_no_room_from_cases_when_it_begins_and_stays_afterwards():
    design = Memento()
    memory = remember(design, report(BOX, "A"), capacity=Capacity(max_entries=1))
    learn(design, memory, (memory.store.entries, 1.0), question=BOX)
    assert selector(memory) is None
    memory = remember(design, report(BOX, "A"), capacity=Capacity(max_entries=2))
    learn(design, memory, (memory.store.entries, 1.0), question=BOX)
    memory = remember(design, report(LAMP, "glue"), memory=memory)
    assert len(selector(memory)) == len(START)
    assert [entry.text[:12] for entry in memory.of_kind("experience")] == ["Report: Mend"]


@pytest.mark.parametrize("wrong", [{"max_cases": 0}, {"step_size": 0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="memento has"):
        Memento(**wrong)
