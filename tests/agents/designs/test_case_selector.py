"""The selector of cases: its choices and its rules."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.case_selector import HAND_OVER, CaseSelector
from memdojo.agents.designs.parts.deciding_words import told_by
from memdojo.envs.streams.cases import Verdict
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .hands import Choosing, learn, read, remember, report, texts

BOXES = (
    report("A red box of iron came by ship.", "north"),
    report("A red box of straw came by lorry.", "north"),
    report("A green box of iron came by ship.", "south"),
    report("A green box of glass came by rail.", "south"),
)


def test_the_rule_hands_over_what_goes_by_the_word_that_decides():
    memory = remember(CaseSelector(), *BOXES)
    task = "A red box of glass came by rail."
    assert [entry.sources[0] for entry in read(CaseSelector(), memory, task)] in (["t0"], ["t1"])
    nearest = read(CaseSelector(order="similarity", max_cases=1), memory, task)
    assert [entry.sources for entry in nearest] == [("t3",)]


def test_nothing_is_handed_over_where_no_answer_is_likely():
    memory = remember(CaseSelector(), *BOXES)
    assert read(CaseSelector(min_support=1.0), memory, "A blue box of paper came.") == []


def test_where_no_answer_is_likely_those_that_were_wrong_are_told_once_each():
    task = "A red box of iron came by ship."
    wrong = [report(task, answer, Verdict.WRONG) for answer in ("north", "south", "south")]
    memory = remember(CaseSelector(), *wrong)
    told = [told_by(entry.text).outcome for entry in read(CaseSelector(), memory, task)]
    assert sorted(told) == ["north", "south"]
    memory = remember(CaseSelector(), *wrong, report(task, "east"))
    assert [entry.sources for entry in read(CaseSelector(), memory, task)] == [("t3",)]


def test_what_others_tell_counts_less_than_what_was_reported():
    task = "A red box of iron came by ship."
    memory = remember(CaseSelector(), report(task, "east", speaker="Paula"), report(task, "north"))
    assert [entry.sources for entry in read(CaseSelector(), memory, task)] == [("t1",)]


def test_dialogues_are_read_by_similarity():
    memory = remember(CaseSelector(), "I moved to Oslo.", "The cake was good.", "It rains.")
    assert read(CaseSelector(max_cases=1), memory, "Who moved to Oslo?") == [memory.store.entries[0]]


def test_what_is_handed_over_is_chosen_one_after_the_other():
    class SecondThenFirst(Choosing):
        def choose(self, decisions):
            self.asked += decisions
            return [2 if decision.num_options == 5 else 1 for decision in decisions]

    memory = remember(CaseSelector(), *BOXES)
    decider = SecondThenFirst()
    found = read(CaseSelector(order="similarity"), memory, BOXES[0][1].partition("\n")[0], decider=decider)
    assert len(found) == 3
    assert [decision.num_options for decision in decider.asked] == [5, 4, 3]
    assert found[0].id == decider.asked[0].entries[2]
    assert found[1].id == decider.asked[1].entries[1] == decider.asked[0].entries[1]
    assert decider.asked[0].option_features[:, 0].tolist() == [1, 0, 0, 0, 0]
    agrees = HAND_OVER.option_features.index("agrees")
    assert decider.asked[0].option_features[:, agrees].sum() == 0
    assert read(CaseSelector(), memory, "A red box.", decider=Choosing(hand_over=0)) == []


def test_to_store_is_a_choice():
    decider = Choosing(store=0)
    memory = remember(CaseSelector(), *BOXES, "Hello.", decider=decider)
    assert decider.rules("store") == [1] * 4
    assert texts(memory) == ["Ann: Hello."]


def test_what_misled_may_be_dropped():
    design, decider = CaseSelector(), Choosing(drop=1)
    memory = remember(design, BOXES[0], report("A red box.", "west", Verdict.WRONG), "Hello.")
    learn(design, memory, (memory.store.entries, 1.0), decider=decider)
    assert not decider.asked
    learn(design, memory, (memory.store.entries, 0.0), decider=decider)
    assert decider.rules("drop") == [0]
    assert [(entry.reads, round(entry.utility, 2)) for entry in memory.store] == [(2, -0.09), (2, -0.09)]


def test_the_oldest_leaves():
    memory = remember(CaseSelector(), *BOXES, capacity=Capacity(max_entries=3))
    assert [entry.sources for entry in memory.store] == [("t1",), ("t2",), ("t3",)]


@pytest.mark.parametrize("wrong", [{"order": "age"}, {"max_cases": 0}, {"min_support": 2}, {"step_size": 0}])
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="case_selector has"):
        CaseSelector(**wrong)
