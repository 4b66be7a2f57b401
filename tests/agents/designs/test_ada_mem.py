"""AdaMem's participants, buffers and links."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.ada_mem import AdaMem
from memdojo.errors import ConfigError

from .hands import Choosing, read, remember, texts

LINES = (
    ("Ann", "I like tea."),
    ("Ben", "The red bicycle stands in the cellar."),
    ("Ann", "The cake tastes good."),
)


def test_turns_leave_their_speakers_buffer_for_the_facts_that_they_tell():
    memory = remember(AdaMem(num_working=1), *LINES)
    assert [(entry.kind, entry.text, entry.sources) for entry in memory.store] == [
        ("working", "Ben: The red bicycle stands in the cellar.", ("t1",)),
        ("working", "Ann: The cake tastes good.", ("t2",)),
        ("persona", "Ann: I like tea.", ("t0",)),
    ]


def test_facts_are_of_whom_they_name_as_well():
    memory = remember(
        AdaMem(num_working=0), ("Ben", "The cake tastes good."), ("Ann", "I met Ben in the park.")
    )
    assert memory.store.entries[-1].tags == ("Ann", "Ben")


def test_a_question_that_names_somebody_is_read_for_in_that_ones_memory():
    design = AdaMem(num_working=0)
    memory = remember(design, *LINES)
    assert {entry.tags[0] for entry in read(design, memory, "What does Ann like?")} == {"Ann"}
    assert {entry.tags[0] for entry in read(design, memory, "Who likes what?")} == {"Ann", "Ben"}


@pytest.mark.parametrize(("question", "by_rule"), [("Which boat has Tom?", 1), ("Tom likes a fish?", 0)])
def test_links_are_followed_where_the_nearest_do_not_suffice(question, by_rule):
    design, decider = AdaMem(num_working=0, related=0.1), Choosing()
    lines = [("Ann", "Tom likes a fish."), ("Ben", "That fish likes Hamburg.")]
    memory = remember(design, *lines)
    entries = read(design, memory, question, k=1, decider=decider)
    assert decider.rules("expand") == [by_rule]
    assert texts(memory)[0] == entries[0].text


def test_what_is_linked_takes_the_room_of_the_second_half():
    design = AdaMem(num_working=0, related=0.1, max_links=1)
    lines = ["Tom likes fish.", "Tom walks.", "Fish likes Hamburg water."]
    memory = remember(design, *lines)
    chosen = {
        option: [entry.text for entry in read(design, memory, "Tom?", k=2, decider=Choosing(expand=option))]
        for option in (0, 1)
    }
    assert {*chosen[0]} == {"Ann: Tom likes fish.", "Ann: Tom walks."}
    assert chosen[1][0] == chosen[0][0]
    assert chosen[1] != chosen[0]


@pytest.mark.parametrize("wrong", [{"num_working": -1}, {"related": 2}, {"max_links": -1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="ada_mem has"):
        AdaMem(**wrong)
