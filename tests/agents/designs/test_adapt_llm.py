"""Adapt-LLM: to look up or to answer at once."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.adapt_llm import AdaptLLM
from memdojo.errors import ConfigError

from .acting import Choosing, Memory

SAID = ("I bought a bicycle in Rome.", "The weather is dull.")


def test_what_is_near_enough_is_looked_up_and_nothing_else():
    memory = Memory(AdaptLLM(), *SAID)
    assert memory.read("Where did Ann buy the bicycle?", k=1) == ["Ann: I bought a bicycle in Rome."]
    assert memory.read("7 * 8 = ?") == []


@pytest.mark.parametrize(("option", "num_read"), [(0, 0), (1, 2)])
def test_whoever_decides_may_answer_at_once_or_look_up_all_the_same(option, num_read):
    memory = Memory(AdaptLLM(), *SAID, choosing=Choosing(look_up=option))
    assert len(memory.read("Where did Ann buy the bicycle?")) == num_read
    assert len(memory.read("7 * 8 = ?")) == num_read


def test_the_nearest_turn_is_told_to_whoever_decides():
    memory = Memory(AdaptLLM(), *SAID)
    memory.read("I bought a bicycle in Rome.")
    (decision,) = memory.choosing.of("look_up")
    told = dict(zip(decision.kind.state_features, decision.state_features, strict=True))
    assert told["best_nearness"] > 0.8
    assert told["best_match"] > told["next_match"] == 0


def test_a_cosine_out_of_range_is_refused():
    with pytest.raises(ConfigError, match=r"min_nearness=2; a cosine lies in \[-1, 1\]"):
        AdaptLLM(min_nearness=2)
