import pytest

from memdojo.envs.streams.registry import load_mixture
from memdojo.errors import UnknownNameError


def test_the_parts_of_a_mixture_come_in_order_and_are_told_by_their_specs() -> None:
    options = {
        "synthetic": {"num_streams": 2},
        "synthetic:test": {"num_streams": 3, "update_rate": 0.5},
    }
    streams = load_mixture({"synthetic": 1.0, "synthetic:test": 2.0}, lambda spec: options[spec])
    assert [stream.source for stream in streams] == ["synthetic"] * 2 + ["synthetic:test"] * 3


def test_an_unknown_part_is_told() -> None:
    with pytest.raises(UnknownNameError, match="unknown stream source 'locmo'"):
        load_mixture({"synthetic": 1.0, "locmo": 1.0}, lambda spec: {})
