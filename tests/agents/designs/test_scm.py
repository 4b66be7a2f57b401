"""SCM: the last turn, the most similar ones in order of time, and summaries of long ones."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.scm import SCM
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .acting import Choosing, Memory

SAID = (
    "I bought a bicycle in Rome.",
    "The weather is dull.",
    "My bicycle has a flat tyre.",
    "I like tea.",
    "I had soup for lunch.",
)


def test_the_last_turn_and_the_most_similar_ones_are_read_in_order_of_time():
    memory = Memory(SCM(num_similar=2), *SAID)
    assert memory.read("Where was the bicycle bought?") == [f"Ann: {SAID[each]}" for each in (0, 2, 4)]
    assert memory.read("Where was the bicycle bought?", k=1) == [f"Ann: {SAID[4]}"]


def test_history_is_left_alone_where_the_last_turn_answers():
    memory = Memory(SCM(), *SAID)
    assert memory.read("What did Ann have for lunch?") == [f"Ann: {SAID[4]}"]
    memory.choosing.options["recall"] = 1
    assert len(memory.read("What did Ann have for lunch?")) == 4


def test_where_too_much_is_found_long_turns_are_read_as_summaries_but_for_the_most_similar():
    long = [f"I went to {place}. " + "It was a day like any other there. " * 8 for place in ("Rome", "Oslo")]
    memory = Memory(SCM(long_tokens=40, summary_tokens=10, max_tokens=60), *long, "Good night.")
    assert memory.texts("summary") == ["Ann: I went to Rome.", "Ann: I went to Oslo."]
    read = memory.read("Did Ann like Oslo?")
    assert read == ["Ann: I went to Rome.", f"Ann: {long[1]}", "Ann: Good night."]
    memory.choosing.options["form"] = 0
    assert memory.read("Did Ann like Oslo?")[0] == f"Ann: {long[0]}"


def test_a_turn_that_leaves_can_be_chosen():
    choosing = Choosing(leave=99)
    memory = Memory(SCM(), *SAID, choosing=choosing, capacity=Capacity(max_entries=2))
    assert memory.texts("turn") == [f"Ann: {SAID[0]}", f"Ann: {SAID[4]}"]


@pytest.mark.parametrize("values", [{"num_similar": -1}, {"long_tokens": 0}, {"max_tokens": 0}])
def test_numbers_out_of_range_are_refused(values):
    with pytest.raises(ConfigError, match="scm has num_similar="):
        SCM(**values)
