"""HyMem: lines first, and the events behind them where these do not answer."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.hymem import HyMem
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

from .acting import Choosing, Memory

SAID = (
    "Good morning! I bought a bicycle in Rome. How are you?",
    "I like tea.",
    "Nothing else happened, and so on. My cat is called Otto.",
)


def test_what_matters_in_an_event_stands_beside_it_and_leads_to_it():
    memory = Memory(HyMem(), *SAID)
    assert memory.texts("event") == [f"Ann: {text}" for text in SAID]
    assert memory.texts("summary") == ["Ann: I bought a bicycle in Rome.", "Ann: My cat is called Otto."]
    events = {entry.text: entry.id for entry in memory.entries if entry.kind == "event"}
    lines = [entry for entry in memory.entries if entry.kind == "summary"]
    assert [line.links for line in lines] == [(events[f"Ann: {SAID[each]}"],) for each in (0, 2)]


def test_lines_are_read_where_they_answer_and_events_where_they_do_not():
    memory = Memory(HyMem(), *SAID)
    assert memory.read("Where did Ann buy a bicycle?", k=1) == ["Ann: I bought a bicycle in Rome."]
    assert memory.read("What else happened?", k=3) == [f"Ann: {SAID[each]}" for each in (2, 1, 0)]


@pytest.mark.parametrize(
    ("option", "text"), [(0, f"Ann: {SAID[0]}"), (1, "Ann: I bought a bicycle in Rome.")]
)
def test_how_deep_to_read_can_be_chosen(option, text):
    memory = Memory(HyMem(), *SAID, choosing=Choosing(suffices=option))
    assert memory.read("Where did Ann buy a bicycle?", k=1) == [text]


def test_facts_share_a_line_as_far_as_it_goes():
    said = "Hello. I live in Rome. I work for Siemens. My cat is called Otto."
    assert Memory(HyMem(line_tokens=13), said).texts("summary") == [
        "Ann: I live in Rome. I work for Siemens.",
        "Ann: My cat is called Otto.",
    ]
    assert Memory(HyMem(line_tokens=1, max_lines=2), said).texts("summary") == [
        "Ann: I live in Rome.",
        "Ann: I work for Siemens.",
    ]


def test_a_line_outlives_its_event_and_is_read_in_its_place():
    memory = Memory(HyMem(), *SAID, capacity=Capacity(max_entries=3), choosing=Choosing(suffices=0))
    assert memory.texts("summary")[0] == "Ann: I bought a bicycle in Rome."
    assert f"Ann: {SAID[0]}" not in memory.texts("event")
    assert memory.read("Where did Ann buy a bicycle?", k=1) == ["Ann: I bought a bicycle in Rome."]


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="num_deep=0"):
        HyMem(num_deep=0)
