"""MemRL: keys, Q and the two phases of reading."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.mem_rl import MemRL
from memdojo.errors import ConfigError

from .hands import learn, read, remember, report

BOX, LAMP = "Sort the red box.", "Mend the old lamp with care."


def test_nearly_the_same_task_gets_the_key_of_the_first():
    memory = remember(MemRL(), report(BOX, "A"), report(LAMP, "glue"), report(BOX, "B"))
    assert [entry.tags for entry in memory.store] == [("t0",), ("t1",), ("t0",)]


def test_q_moves_by_a_share_of_the_way_to_what_came_of_it():
    design = MemRL()
    memory = remember(design, report(BOX, "A"), report(LAMP, "glue"))
    first, second = memory.store.entries
    learn(design, memory, ([first], 1.0), ([first, second], 0.0), ([second], None))
    assert [entry.utility for entry in memory.store] == pytest.approx([0.3 + 0.3 * (-1 - 0.3), -0.3])
    assert [(entry.reads, entry.helps) for entry in memory.store] == [(2, 1), (1, 0)]


def test_of_what_is_equally_near_the_higher_q_comes_first():
    design = MemRL()
    memory = remember(design, report(BOX, "A"), report(BOX, "B"))
    first, second = memory.store.entries
    assert read(design, memory, BOX) == [first, second]
    learn(design, memory, ([first], 0.0), ([second], 1.0))
    assert [entry.sources for entry in read(design, memory, BOX)] == [("t1",), ("t0",)]


def test_a_score_is_half_that_of_the_cosine_and_half_that_of_q():
    design = MemRL()
    memory = remember(design, report(BOX, "A"), report(BOX, "B"))
    learn(design, memory, (memory.store.entries[:1], 1.0))
    (steps,) = [design.read(memory, BOX, 3)]
    with pytest.raises(StopIteration) as end:
        next(steps)
    # The cosine is 1: (1 - .5) / .2 = 2.5. Of the Qs .3 and 0 the standard scores are 1 and -1.
    assert [hit.score for hit in end.value.value] == pytest.approx([1.75, 0.75])


def test_what_is_too_far_or_too_bad_is_not_handed_over():
    memory = remember(MemRL(), report(BOX, "A"), report(LAMP, "glue"))
    assert [entry.sources for entry in read(MemRL(min_nearness=0.9), memory, BOX)] == [("t0",)]
    assert read(MemRL(min_q=0.1), memory, BOX) == []
    assert len(read(MemRL(max_cases=1, min_nearness=-1), memory, BOX)) == 1
    assert len(read(MemRL(max_keys=1, min_nearness=-1), memory, BOX)) == 1


def test_what_is_explored_depends_on_the_task_alone():
    memory = remember(MemRL(), *(report(f"{BOX} {number}", "A") for number in range(5)))
    explores = MemRL(epsilon=1.0, same_key=1.0, min_nearness=-1)
    orders = [[entry.id for entry in read(explores, memory, f"{BOX} {each}")] for each in "abcdefgh"]
    assert len({*map(tuple, orders)}) > 1
    assert orders[0] == [entry.id for entry in read(explores, memory, f"{BOX} a")]


@pytest.mark.parametrize(
    "wrong", [{"min_nearness": 2}, {"max_keys": 0}, {"max_cases": 0}, {"step_size": 0}, {"epsilon": 2}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="mem_rl has"):
        MemRL(**wrong)
