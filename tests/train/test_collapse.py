from collections.abc import Sequence
from itertools import cycle, islice

import pytest

from memdojo.train.collapse import WINDOW, Signs, signs_of_collapse


def _metrics(**changes: float) -> dict[str, float]:
    return {"rollouts/return": 0.5, "operations/ADD": 0.6, "operations/NOOP": 0.4, **changes}


def _signs(count: int, *, is_manager: bool = True, **changes: float) -> list[Signs]:
    return [Signs.of(_metrics(**changes), is_manager=is_manager)] * count


def _returns(around: float, *, add: float = 0.99) -> list[Signs]:
    """A window of updates whose returns lie 0.1 to either side."""
    noisy: Sequence[float] = list(islice(cycle((around - 0.1, around + 0.1)), WINDOW))
    changes = {"operations/ADD": add, "operations/NOOP": 1 - add}
    return [Signs.of(_metrics(**changes, **{"rollouts/return": each}), is_manager=True) for each in noisy]


def test_one_operation_is_a_sign_once_the_return_has_surely_fallen() -> None:
    before = _returns(0.5, add=0.6)
    # Standard deviation 0.1 / sqrt(0.9), of a difference of means of ten sqrt(2 / 10) of it: 0.047.
    (sign,) = signs_of_collapse([*before, *_returns(0.4)])
    assert sign == "ADD was at least 99% of the operations, while the return fell from 0.500 to 0.400"
    assert signs_of_collapse([*before, *_returns(0.42)]) == []
    assert signs_of_collapse([*before, *_returns(0.6)]) == []
    # Another kind now and then, or nothing to compare with.
    assert signs_of_collapse([*before, *_returns(0.2, add=0.98)]) == []
    assert signs_of_collapse([*before[1:], *_returns(0.2)]) == []


def test_what_has_but_one_operation_has_not_collapsed_for_it() -> None:
    ranks = {"operations/RANK": 1.0, "operations/ADD": 0.0, "operations/NOOP": 0.0}
    before = _signs(WINDOW, is_manager=False, **ranks)
    after = _signs(WINDOW, is_manager=False, **ranks, **{"rollouts/return": 0.1})
    assert signs_of_collapse([*before, *after]) == []


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({"entropy": 0.019}, "the entropy of a decision was below 0.02 nats"),
        # Of a text it is the mean of the tokens that it is made of.
        ({"entropy": 0.001, "responses/tokens": 19.0}, "the entropy of a decision was below 0.02 nats"),
        ({"entropy": 0.001, "responses/tokens": 21.0}, ""),
        ({"entropy": 0.021}, ""),
        ({"rollouts/equal_groups": 0.9}, "all episodes earned the same in at least 90% of the groups"),
        ({"rollouts/equal_groups": 0.85}, ""),
        ({}, ""),
    ],
)
def test_a_sign_must_be_seen_in_every_update_of_the_window(changes: dict[str, float], sign: str) -> None:
    found = signs_of_collapse([*_signs(5), *_signs(WINDOW, **changes)])
    assert len(found) == bool(sign)
    assert not sign or found[0].startswith(sign)
    assert signs_of_collapse(_signs(WINDOW - 1, **changes)) == []
    assert signs_of_collapse([*_signs(WINDOW - 1, **changes), *_signs(1)]) == []
