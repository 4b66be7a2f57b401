"""Decisions that are noted while a design runs."""

from __future__ import annotations

import numpy as np
import pytest

from builders import FIND, KEEP, Notebook, make_stream
from memdojo.agents.designs.parts.decisions import DecisionKind, decide
from memdojo.agents.designs.parts.memory import DesignMemory
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.agents.designs.running.driver import run_together
from memdojo.agents.designs.running.noting import MOST_TOLD, made_decisions, noted
from memdojo.agents.policy import MadeDecision, Option
from memdojo.envs.memory.embedders import HashedNgramEmbedder
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Capacity

from ..hands import Choosing

WHO = DecisionKind("who", "Who leaves.", max_options=16)


class Sure(Choosing):
    """Says that the options of one kind are the likelier the later they stand."""

    def probabilities(self, decision):
        if decision.kind is not WHO:
            return None
        weights = np.arange(1, decision.num_options + 1)
        return weights / weights.sum()


def _run(steps, memory, decider):
    notes = []
    (result,) = run_together([noted(steps, memory, decider, notes)], decider, RuleRoles())
    return result, made_decisions(notes)


@pytest.fixture
def memory():
    return DesignMemory(MemoryStore(Capacity()), step=0, embedder=HashedNgramEmbedder())


def test_a_decision_says_what_it_was_about_what_was_taken_and_what_stood_before_it(memory):
    (chunk,) = make_stream("Rex is a dog", "Tea?", questions=(), turns_per_chunk=2).chunks
    _, made = _run(Notebook(keeps=True).write(memory, chunk), memory, Choosing())
    keep = Option("keep")
    assert made == (
        MadeDecision("keep", keep, 2, about="Rex is a dog"),
        MadeDecision("keep", keep, 2, about="Tea?", num_operations=1),
    )


def test_the_rule_is_told_where_it_takes_something_else(memory):
    hits, (made,) = _run(Notebook().read(memory, "Dog?", 3), memory, Choosing(find=1))
    assert hits == ()
    assert (made.name, made.about) == (FIND.name, "Dog?")
    assert (made.taken.name, made.by_rule.name) == ("matching", "newest")
    assert made.others == ()


def test_of_many_options_the_likeliest_are_told_with_their_probabilities(memory):
    words = [f"entry {number}" for number in range(16)]

    def who():
        return (
            yield from decide(
                WHO, 3, np.zeros((16, 0)), about="new", options=words, entries=[*range(100, 116)]
            )
        )

    option, (made,) = _run(who(), memory, Sure(who=15))
    assert option == 15
    assert made.taken == Option("", "entry 15", 115, round(16 / 136, 4))
    assert made.by_rule == Option("", "entry 3", 103, round(4 / 136, 4))
    assert [other.entry for other in made.others] == [114, 113]
    assert (made.num_options, 2 + len(made.others)) == (16, MOST_TOLD)


def test_words_of_an_option_stand_beside_its_name_where_they_say_more(memory):
    def keep():
        yield from decide(KEEP, 0, (), (0.0,), options=("skip", "keep as #3"), entries=(None, 3))

    (_, (made,)) = _run(keep(), memory, Choosing(keep=1))
    assert (made.taken, made.by_rule) == (Option("keep", "keep as #3", 3), Option("skip"))
