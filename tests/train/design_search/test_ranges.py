import inspect

import pytest

from memdojo.agents.designs.registry import DESIGNS, MEMORY_DESIGNS, make_design
from memdojo.train.config.tuning import Span
from memdojo.train.design_search.ranges import RANGES


@pytest.mark.parametrize("name", RANGES)
def test_every_range_holds_the_default_and_goes_at_both_ends(name: str) -> None:
    parameters = inspect.signature(DESIGNS.get(name)).parameters
    ranges = {**RANGES[name].write, **RANGES[name].read}
    assert len(ranges) == len(RANGES[name].write) + len(RANGES[name].read)
    ends: tuple[dict[str, object], dict[str, object]] = ({}, {})
    for key, allowed in ranges.items():
        default = parameters[key].default
        if isinstance(allowed, Span):
            assert allowed.low <= default <= allowed.high, key
            assert type(default) in {type(allowed.low), int}, key
            ends[0][key], ends[1][key] = allowed.low, allowed.high
        else:
            assert default in allowed, key
    for values in (*ends, ends[0] | {key: ends[1][key] for key in list(ends[1])[::2]}):
        assert make_design(name, **values).name == name


def test_the_ranges_are_those_of_designs() -> None:
    assert RANGES.keys() == {design.name for design in MEMORY_DESIGNS} - {"flat", "exp_rag"}
