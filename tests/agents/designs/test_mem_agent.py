"""MemAgent's one text."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.mem_agent import MemAgent
from memdojo.envs.types import CORE_KIND, Capacity
from memdojo.errors import ConfigError

from .hands import Choosing, read, remember


def test_there_is_one_text_of_all_that_was_said():
    memory = remember(MemAgent(), "I bought a bicycle.", "I have two cats.")
    (core,) = memory.store.entries
    assert core.kind == CORE_KIND
    assert core.sources == ("t0", "t1")
    assert "bicycle" in core.text
    assert "cats" in core.text


@pytest.mark.parametrize(
    ("design", "capacity"),
    [
        (MemAgent(max_tokens=12), Capacity()),
        (MemAgent(), Capacity(max_tokens=12)),
        (MemAgent(), Capacity(max_core_tokens=12)),
        (MemAgent(), Capacity(max_entry_tokens=12)),
    ],
)
def test_it_stays_within_the_room_that_there_is(design, capacity):
    memory = remember(design, *(f"I bought bicycle number {index}." for index in range(9)), capacity=capacity)
    assert 0 < memory.store.tokens <= 12


def test_to_overwrite_is_a_choice_once_there_is_a_text():
    decider = Choosing(overwrite=0)
    memory = remember(MemAgent(), "I bought a bicycle.", "I have two cats.", decider=decider)
    assert decider.rules("overwrite") == [1]
    assert memory.store.core.text == "Ann: I bought a bicycle."


def test_readers_get_the_text_whatever_they_ask():
    memory = remember(MemAgent(), "I bought a bicycle.")
    assert read(MemAgent(), memory, "Who painted it?") == [memory.store.core]


def test_it_takes_as_many_turns_at_a_time_as_it_is_told():
    assert MemAgent(turns_per_chunk=8).turns_per_chunk == 8
    with pytest.raises(ConfigError, match="turns_per_chunk=0"):
        MemAgent(turns_per_chunk=0)
