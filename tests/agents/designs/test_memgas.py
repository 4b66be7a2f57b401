"""MemGAS: sessions at several granularities, and how they associate."""

from __future__ import annotations

import numpy as np
import pytest

from memdojo.agents.designs.memgas import GRANULARITIES, MemGAS, nearer_group
from memdojo.errors import ConfigError

from .acting import Choosing, Memory

SAID = (
    "I bought a bicycle in Rome.",
    "The bicycle is red.",
    "I like green tea.",
    "My tea comes from Japan.",
    "The bicycle has a flat tyre.",
    "I'll mend the bicycle tyre on Sunday.",
    "Good night.",
)
SESSIONS = ["1", "1", "2", "2", "3", "3", "4"]


def test_a_session_that_has_ended_has_a_summary_and_keywords():
    memory = Memory(MemGAS(), *SAID, session=SESSIONS)
    of_first = {entry.kind: entry for entry in memory.entries if entry.tags == ("session 1",)}
    assert of_first["summary"].text == "Ann: I bought a bicycle in Rome.\nAnn: The bicycle is red."
    assert {"bicycle", "rome"} <= {*of_first["keywords"].text.split()}
    assert of_first["summary"].sources == of_first["keywords"].sources == ("t0", "t1")
    assert len(memory.texts("summary")) == len(memory.texts("keywords")) == 3
    assert memory.texts("turn") == [f"Ann: {text}" for text in SAID]


def test_sessions_that_are_alike_are_linked():
    memory = Memory(MemGAS(min_sessions=1), *SAID, session=SESSIONS)
    first, _, third = (entry for entry in memory.entries if entry.kind == "summary")
    assert third.links == (first.id,)
    assert not any(entry.links for entry in Memory(MemGAS(), *SAID, session=SESSIONS).entries)


def test_turns_of_the_best_sessions_are_read_first():
    memory = Memory(MemGAS(num_sessions=1), *SAID, session=SESSIONS)
    assert memory.read("Which tea does Ann like?", k=2) == [
        "Ann: I like green tea.",
        "Ann: My tea comes from Japan.",
    ]
    assert {*memory.read("Which tea does Ann like?", k=9)} == {f"Ann: {text}" for text in SAID}


@pytest.mark.parametrize("option", range(5))
def test_every_granularity_can_be_chosen(option):
    memory = Memory(MemGAS(num_sessions=1), *SAID, session=SESSIONS, choosing=Choosing(granularity=option))
    assert memory.read("Which tea does Ann like?", k=1) == ["Ann: I like green tea."]
    (decision,) = memory.choosing.of("granularity")
    assert decision.options == ("weighted", *GRANULARITIES)
    weights = decision.option_features[1:, decision.kind.option_features.index("weight")]
    assert weights.sum() == pytest.approx(1)


def test_a_granularity_by_which_all_sessions_are_alike_weighs_nothing():
    said = ("Hello there.", "Hello there.", "Hello there.")
    memory = Memory(MemGAS(), *said, session=["1", "2", "3"])
    memory.read("Hello there.")
    (decision,) = memory.choosing.of("granularity")
    weight, entropy = (decision.kind.option_features.index(name) for name in ("weight", "entropy"))
    np.testing.assert_allclose(decision.option_features[1:3, entropy], 1, atol=1e-5)
    np.testing.assert_allclose(decision.option_features[1:3, weight], 0, atol=1e-3)


@pytest.mark.parametrize(
    ("values", "least"),
    [([0.1, 0.12, 0.11, 0.8, 0.82], 0.8), ([0.5, 0.5, 0.5], 0.5), ([0.3], 0.3), ([0.1, 0.9], 0.9)],
)
def test_numbers_fall_into_a_lower_and_a_higher_group(values, least):
    assert nearer_group(np.array(values)) == pytest.approx(least)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="damping=1"):
        MemGAS(damping=1)
