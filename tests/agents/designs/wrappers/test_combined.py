"""Designs that write as one and read as another."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.flat import Flat
from memdojo.agents.designs.karma import Karma
from memdojo.agents.designs.mem_agent import MemAgent
from memdojo.agents.designs.mem_os import MemOS
from memdojo.agents.designs.memgas import MemGAS
from memdojo.agents.designs.registry import MEMORY_DESIGNS, design_manager, is_combination, make_design
from memdojo.agents.designs.sirllm import SirLLM
from memdojo.agents.designs.wrappers.budgets import EntryBudget
from memdojo.agents.designs.wrappers.combined import Combined, goes_with
from memdojo.errors import ConfigError, UnknownNameError

from ..acting import Memory

SAID = (
    "My name is Ann and I moved to Oslo.",
    ("Bob", "My dog is called Rex."),
    "I no longer live in Oslo. I live in Bergen.",
    ("Bob", "Last week I bought a red bicycle."),
)
QUESTION = "Where does Ann live?"


def test_what_one_has_written_is_read_as_another_does():
    combined = Memory(Combined(Karma(), Flat()), *SAID)
    written = Memory(Karma(), *SAID)
    assert combined.entries == written.entries
    assert combined.read(QUESTION) == [
        hit.entry.text for hit in design_manager("flat").retriever.search(written.episode.store, QUESTION, 4)
    ]
    assert combined.read("bicycle") != written.read("bicycle")


@pytest.mark.parametrize("writer", MEMORY_DESIGNS)
def test_every_reader_that_goes_with_a_writer_finds_something_and_no_other_does(writer):
    memory = Memory(writer(), *SAID, session=("one", "one", "two", "two"))
    for reader in MEMORY_DESIGNS:
        found = None
        if goes_with(writer, reader):
            found = design_manager(f"{writer.name}+{reader.name}").retriever.search(
                memory.episode.store, QUESTION, 4
            )
            assert found, reader
        else:
            with pytest.raises(ConfigError, match=f"{reader.name} reads entries of the kinds"):
                Combined(writer(), reader())


@pytest.mark.parametrize("design", MEMORY_DESIGNS)
def test_a_design_names_the_kinds_that_it_writes_and_goes_with_itself(design):
    memory = Memory(design(), *SAID, session=("one", "one", "two", "two"))
    assert {entry.kind for entry in memory.entries} <= set(design.writes)
    assert goes_with(design, design)


def test_a_reader_goes_with_a_writer_that_does_not_say_what_it_writes():
    class Unknown(Flat):
        writes = ()

    assert goes_with(Unknown, Flat)
    assert not goes_with(Unknown, MemOS)
    assert not goes_with(Flat, MemGAS)
    assert not goes_with(MemAgent, Flat)


def test_decisions_that_share_only_a_name_are_left_to_their_rules():
    own, others = make_design("sirllm").decisions, make_design("scm").decisions
    assert make_design("sirllm+scm").decisions == tuple(dict.fromkeys((*own, *others)))
    # Each has a decision RELATE of its own, and both have the same LEAVE.
    names = [kind.name for kind in make_design("himem+a_mem").decisions]
    assert "relate" not in names
    assert names.count("leave") == 1


def test_two_designs_in_one_take_the_parameters_of_both_and_of_wrappers():
    design = make_design("sirllm+scm", write={"num_first": 1}, read={"num_similar": 3}, max_read_entries=2)
    assert isinstance(design, EntryBudget)
    assert design.name == "sirllm+scm"
    assert isinstance(design.design, Combined)
    assert isinstance(design.design.write_design, SirLLM)
    assert (design.design.write_design.num_first, design.design.read_design.num_similar) == (1, 3)
    with pytest.raises(ConfigError, match="does not take"):
        make_design("sirllm+scm", num_first=1)
    with pytest.raises(UnknownNameError, match="scn"):
        make_design("sirllm+scn")
    assert is_combination("sirllm+scm")
    assert not is_combination("sirllm+scn")
