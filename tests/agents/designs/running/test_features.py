"""Decisions as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from builders import FIND, KEEP, Notebook
from memdojo.agents.designs.parts.decisions import Decision, DecisionKind
from memdojo.agents.designs.parts.protocol import MemoryDesign
from memdojo.agents.designs.running.features import DecisionFeatures, learned_kinds
from memdojo.errors import ConfigError, DesignError, UnknownNameError

WHO = DecisionKind("who", "Who leaves.", max_options=4, option_features=("age", "worth"))


def _decision(kind, by_rule, rows, state=()):
    return Decision(kind, by_rule, np.float32(rows), np.float32(state))


def test_kinds_of_different_sizes_have_arrays_of_one_shape():
    features = DecisionFeatures((KEEP, FIND, WHO))
    seen = features.observe(_decision(WHO, 1, [[1.0, 2.0], [3.0, 99.0], [5.0, 6.0]]))
    assert seen["kind"].tolist() == [0, 0, 1]
    assert seen["options"].tolist() == [[1, 2], [3, 10], [5, 6], [0, 0]]
    assert seen["state"].tolist() == [0]
    assert seen["by_rule"].tolist() == [0, 1, 0, 0]
    assert seen["action_mask"].tolist() == [1, 1, 1, 0]
    other = features.observe(_decision(KEEP, 0, np.zeros((2, 0)), [1.0]))
    assert {name: array.shape for name, array in other.items()} == {n: a.shape for n, a in seen.items()}
    assert features.names == (
        "keep.state.is_question",
        "find.option.is_matching",
        "who.option.age",
        "who.option.worth",
    )


def test_no_decision_allows_action_0_alone():
    empty = DecisionFeatures((KEEP, WHO)).empty()
    assert empty.pop("action_mask").tolist() == [1, 0, 0, 0]
    assert not any(array.any() for array in empty.values())


def test_a_decision_of_another_kind_is_refused():
    with pytest.raises(DesignError, match="'who' is none of keep, find"):
        DecisionFeatures((KEEP, FIND)).observe(_decision(WHO, 0, [[1.0, 2.0]]))


def test_learned_kinds_come_in_the_order_of_the_design():
    assert learned_kinds(Notebook(), ("find", "keep")) == (KEEP, FIND)
    assert learned_kinds(Notebook()) == (KEEP, FIND)
    assert learned_kinds(Notebook(), ("find",)) == (FIND,)
    with pytest.raises(UnknownNameError, match=r"decision of 'notebook' 'kep'\. Did you mean 'keep'"):
        learned_kinds(Notebook(), ("kep",))


def test_a_design_without_decisions_cannot_be_learned():
    class Fixed(MemoryDesign):
        name = "fixed"

        def write(self, memory, chunk):
            yield from ()

        def read(self, memory, question, k):
            yield from ()
            return ()

    with pytest.raises(ConfigError, match="'fixed' has no decision"):
        learned_kinds(Fixed())
