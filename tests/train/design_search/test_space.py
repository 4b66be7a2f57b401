from typing import Any

import pytest

from memdojo.agents.designs.karma import Karma
from memdojo.agents.designs.wrappers.budgets import EntryBudget, TokenBudget
from memdojo.agents.designs.wrappers.combined import Combined
from memdojo.errors import MemdojoError
from memdojo.train.config.tuning import Span
from memdojo.train.design_search.settings import SearchSettings
from memdojo.train.design_search.space import DesignSpace
from memdojo.train.tuning.proposing import Proposer


def _space(*designs: str, **more: Any) -> DesignSpace:
    return DesignSpace(SearchSettings(streams="synthetic:validation", designs=designs, **more))


def test_the_first_trials_are_the_designs_as_they_are(space: DesignSpace) -> None:
    flat, karma = space.given
    assert flat == {"write": "flat", "read": "flat", "max_read_entries": 3, "max_read_tokens": None}
    assert space.parameters_of(karma) == {"max_slots": 100, "near": 0.4, "same": 0.85, "max_read_entries": 3}
    assert [space.name_of(values) for values in space.given] == ["flat", "karma"]


def test_two_designs_have_the_parameters_of_their_parts() -> None:
    space = _space("sirllm", "scm")
    values = {
        "write": "sirllm",
        "read": "scm",
        "max_read_entries": 2,
        "max_read_tokens": 64,
        "sirllm.num_first": 1,
        "scm.num_similar": 3,
    }
    assert {"sirllm.num_first", "scm.num_similar"} < space.ranges_for(values).keys()
    # It does not write, so that its summaries are nobody's.
    assert "scm.long_tokens" not in space.ranges_for(values)
    assert space.parameters_of(values) == {
        "write": {"num_first": 1},
        "read": {"num_similar": 3},
        "max_read_entries": 2,
        "max_read_tokens": 64,
    }
    design = space.design_of(values)
    assert design.name == "sirllm+scm"
    assert isinstance(design, TokenBudget)
    assert isinstance(design.design, EntryBudget)
    assert isinstance(design.design.design, Combined)


def test_what_is_proposed_can_be_built_and_only_designs_that_go_together_are_joined() -> None:
    space = _space("karma", "scm", "memgas", "flat", "mem_agent")
    proposer, found = Proposer(space), []
    for number in range(1, 25):
        values = proposer.propose(number)
        proposer.end(number, (0.1, 10.0))
        assert space.design_of(values).name == space.name_of(values)
        assert values.keys() == space.ranges_for(values).keys()
        found.append(space.name_of(values))
    assert "karma+flat" in found
    assert not {"karma+scm", "scm+memgas", "mem_agent+flat"} & set(found)


def test_ranges_may_be_given_and_replace_others() -> None:
    space = _space(
        "karma",
        "flat",
        ranges={"karma.near": Span(low=0.1, high=0.3), "max_read_entries": Span(low=2, high=4)},
    )
    ranges = space.ranges_for({"write": "karma", "read": "flat"})
    assert ranges["karma.near"] == Span(low=0.1, high=0.3)
    assert ranges["max_read_entries"] == Span(low=2, high=4)
    assert not space.is_whole("karma.near")
    assert space.is_whole("max_read_entries")
    assert space.is_whole("karma.max_slots")


@pytest.mark.parametrize(
    ("key", "allowed", "why"),
    [
        ("karma.neer", (0.1, 0.2), "Did you mean 'near'?"),
        ("scm.num_similar", (1, 2), "unknown key of a range 'scm.num_similar'"),
        ("near", (0.1, 0.2), "unknown key of a range 'near'"),
        ("karma.near", Span(low=0.1, high=0.9), "the range of karma.near has 0.9, which does not go"),
        ("max_read_tokens", (0, 64), "the range of max_read_tokens has 0, which does not go"),
    ],
)
def test_a_range_of_nothing_or_that_a_design_does_not_take_is_refused(
    key: str, allowed: Any, why: str
) -> None:
    with pytest.raises(MemdojoError) as refused:
        _space("karma", "flat", ranges={key: allowed})
    assert why in str(refused.value)


def test_a_manager_has_the_name_that_it_is_given(space: DesignSpace) -> None:
    manager = space.manager_of(space.given[1], "karma (7)")
    assert manager.name == "karma (7)"
    assert isinstance(manager.design, EntryBudget)
    assert isinstance(manager.design.design, Karma)


def test_with_one_entry_there_is_no_choice_of_entries() -> None:
    space = _space("flat", top_k=1)
    assert "max_read_entries" not in space.ranges_for({})
    assert space.given == ({"write": "flat", "read": "flat", "max_read_tokens": None},)
