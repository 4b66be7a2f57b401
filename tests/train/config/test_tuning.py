import tomllib

import pytest

from builders import make_config
from memdojo.errors import ConfigError
from memdojo.train.config.files import dump_config, parse_config
from memdojo.train.config.tuning import Span, read_range

RATE = {"low": 1e-4, "high": 1e-2, "log": True}


def test_a_key_of_the_ranges_stands_in_quotes_or_as_tables() -> None:
    quoted = make_config(tune={"ranges": {"algorithm.learning_rate": RATE, "policy.hidden_dim": [8, 16]}})
    nested = make_config(
        tune={"ranges": {"algorithm": {"learning_rate": RATE}, "policy": {"hidden_dim": [8, 16]}}}
    )
    assert quoted.tune == nested.tune
    assert quoted.tune.ranges == {
        "algorithm.learning_rate": Span(low=1e-4, high=1e-2, log=True),
        "policy.hidden_dim": (8, 16),
    }


def test_ranges_are_written_and_read_back() -> None:
    config = make_config(
        tune={"trials": 7, "ranges": {"algorithm.learning_rate": RATE, "task": ["manager", "retriever"]}}
    )
    assert parse_config(tomllib.loads(dump_config(config))) == config


def test_a_configuration_without_ranges_is_written_without_the_table() -> None:
    assert "[tune]" not in dump_config(make_config())


def test_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"tune\.ranges has policy\.hidden_dim twice"):
        make_config(tune={"ranges": {"policy.hidden_dim": [8, 16], "policy": {"hidden_dim": [16, 32]}}})


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"low": 1, "high": 1}, "low must be below high"),
        ({"low": 0, "high": 1, "log": True}, "low must be above 0 where log is true"),
        ({"low": "a", "high": 1}, "low must be a number"),
        ({"low": 1}, "high Field required"),
        ({"low": 1, "high": 2, "step": 1}, "step Extra inputs"),
        ({}, "low Field required"),
        ([16], "give at least two values, all different"),
        ([16, 32, 16], "give at least two values, all different"),
        (16, "is 16, which is no range"),
        ("16", "is '16', which is no range"),
    ],
)
def test_what_is_no_range_is_refused_with_its_key(value: object, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"tune\.ranges: policy\.hidden_dim .*{why}"):
        make_config(tune={"ranges": {"policy.hidden_dim": value}})


def test_one_and_true_are_two_values() -> None:
    assert read_range("some.key", [1, True, 1.0]) == (1, True, 1.0)
