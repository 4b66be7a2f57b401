"""The core block and the two pools."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.three_pools import EPISODIC, ThreePools
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .hands import Choosing, read, remember

LINES = ("My name is Annabel.", "I like tea.", "Yesterday we met in the park.")


def test_turns_go_where_they_belong():
    memory = remember(ThreePools(), *LINES)
    assert [entry.kind for entry in memory.store] == ["core", "semantic", "episodic"]


def test_the_pool_is_a_choice():
    decider = Choosing(pool=EPISODIC)
    memory = remember(ThreePools(), *LINES, decider=decider)
    assert decider.rules("pool") == [0, 1, 2]
    assert [entry.kind for entry in memory.store] == ["episodic"] * 3


def test_the_core_becomes_its_summary_where_it_is_full():
    lines = [f"I am a doctor of ward {index} and a painter." for index in range(9)]
    memory = remember(ThreePools(), *lines, capacity=Capacity(max_core_tokens=40))
    assert memory.store.count_tokens(memory.store.core.text) <= 40
    assert len(memory.store) == 1


def test_the_core_never_leaves_no_room_for_others():
    lines = [f"I am a doctor of ward {index}." for index in range(9)]
    memory = remember(ThreePools(), *lines, "I like tea.", capacity=Capacity(max_tokens=60))
    assert memory.store.entries[-1].text == "Ann: I like tea."
    assert remember(ThreePools(), *lines, capacity=Capacity(max_entries=1)).store.core is None


def test_the_core_is_read_first_and_then_the_best_of_each_pool():
    memory = remember(ThreePools(), *LINES, "I like black tea.")
    entries = read(ThreePools(per_pool=1), memory, "Who drinks tea in the park?")
    assert [entry.kind for entry in entries] == ["core", "episodic", "semantic"]


def test_a_pool_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="per_pool=0"):
        ThreePools(per_pool=0)
