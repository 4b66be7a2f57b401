"""ReMem: pruning and reordering in reading, merging in writing, and forgetting what failed."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.re_mem import ReMem
from memdojo.envs.streams.cases import Verdict
from memdojo.errors import ConfigError

from .hands import Choosing, learn, read, remember, report, texts

BOX = "Sort the red box."
BIG = "Sort the red box now."


def test_a_repeated_task_with_the_same_outcome_takes_the_place_of_the_old_one():
    memory = remember(ReMem(), report(BOX, "A"), report(BOX, "A"))
    assert [entry.sources for entry in memory.store] == [("t0", "t1")]
    assert len(remember(ReMem(), report(BOX, "A"), report(BOX, "B")).store) == 2
    assert len(remember(ReMem(), report(BOX, "A"), report("Mend the lamp.", "A")).store) == 2


def test_to_merge_is_a_choice():
    decider = Choosing(merge=0)
    assert len(remember(ReMem(), report(BOX, "A"), report(BOX, "A"), decider=decider).store) == 2
    assert decider.rules("merge") == [1]


def test_of_repeated_experiences_the_nearest_is_handed_over_and_what_was_wrong_stands_behind():
    wrong = report(BOX, "B", Verdict.WRONG)
    memory = remember(
        ReMem(), wrong, report(BOX, "A"), report(BOX, "A"), report(BIG, "C"), decider=Choosing(merge=0)
    )
    bad, _, newest, other = memory.store.entries
    assert read(ReMem(), memory, BOX, k=4) == [newest, other, bad]


def test_what_failed_is_not_handed_over_and_leaves():
    design, decider = ReMem(), Choosing(drop=0)
    memory = remember(design, report(BOX, "A"), report("Mend the lamp.", "glue"))
    first = memory.store.entries[:1]
    learn(design, memory, (first, 0.0), (first, 0.0), decider=decider)
    assert decider.rules("drop") == [1]
    assert read(design, memory, BOX) == [memory.store.entries[1]]
    assert len(read(design, memory, BOX, decider=Choosing(refine=1))) == 2
    learn(design, memory)
    assert [text[:12] for text in texts(memory)] == ["Report: Mend"]


@pytest.mark.parametrize("wrong", [{"repeated": 2}, {"min_reads": 0}, {"min_share": 2}, {"success": -1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="re_mem has"):
        ReMem(**wrong)
