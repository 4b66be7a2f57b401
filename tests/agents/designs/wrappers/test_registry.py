"""Wrappers by name."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.registry import design_manager, make_design
from memdojo.agents.designs.wrappers.budgets import TokenBudget, WriteBudget
from memdojo.agents.designs.wrappers.guarded import TRUST, Guarded
from memdojo.errors import ConfigError, UnknownNameError


def test_any_design_takes_the_parameters_of_wrappers():
    guard = {"guarded": True, "lessons": True}
    design = make_design("karma", **guard, max_read_tokens=64, max_write_operations=2, max_slots=7)
    assert isinstance(design, WriteBudget)
    assert isinstance(design.design, TokenBudget)
    assert isinstance(design.design.design, Guarded)
    assert design.design.design.lessons
    assert design.design.design.design.max_slots == 7
    assert design.name == "karma"
    assert design.decisions == (*make_design("karma").decisions, TRUST)
    assert design_manager("mem_agent", guarded=True, turns_per_chunk=5).turns_per_chunk == 5


def test_a_design_without_them_is_not_wrapped():
    assert type(make_design("flat", guarded=False)) is type(make_design("flat"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"guarded": "yes"},
        {"lessons": True},
        {"admit": "nobody"},
        {"max_read_tokens": 0},
        {"max_write_operations": -1},
    ],
)
def test_wrong_values_are_refused(wrong):
    with pytest.raises((ConfigError, UnknownNameError)):
        make_design("flat", **wrong)
