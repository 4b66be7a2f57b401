from __future__ import annotations

import math
from typing import Self

import pytest

from memdojo.train.rollouts.probed_states import ProbedStates


class _State:
    """A state of an episode that knows where it is and by what it was forked."""

    def __init__(self, step: int, seed: int | None = None) -> None:
        self.step = step
        self.seed = seed

    def fork(self, seed: int) -> Self:
        return type(self)(self.step, seed)


def _kept(number: int, probabilities: list[float], seed: int) -> list[_State]:
    states: ProbedStates[_State] = ProbedStates(number, seed)
    for step, probability in enumerate(probabilities):
        states.see(_State(step), math.log(probability))
    return states.in_order()


@pytest.mark.parametrize(
    ("probabilities", "share"),
    [
        # Weights 0.501 and 0.201: the first is drawn 0.501 / 0.702 of the time.
        ([0.5, 0.8], 0.714),
        # Weights 0.001 and 0.101.
        ([1.0, 0.9], 0.0098),
        # The policy is sure of both, and may be wrong.
        ([1.0, 1.0], 0.5),
    ],
)
def test_the_less_sure_the_policy_the_likelier_a_state_is_drawn(
    probabilities: list[float], share: float
) -> None:
    drawn = [_kept(1, probabilities, seed)[0].step for seed in range(4000)]
    # Three standard errors of a share of a half are 0.024.
    assert drawn.count(0) / 4000 == pytest.approx(share, abs=0.024)


def test_states_are_kept_in_order_of_time_and_none_twice() -> None:
    steps = [state.step for state in _kept(3, [0.5, 0.1, 1.0, 0.7, 0.2], 8)]
    assert len(set(steps)) == 3
    assert steps == sorted(steps)
    assert [state.step for state in _kept(9, [0.5, 0.1], 8)] == [0, 1]


def test_the_same_seed_keeps_the_same_forks_and_each_draws_by_its_own_seed() -> None:
    first, second = (_kept(4, [0.5] * 9, seed=3) for _ in range(2))
    assert [(each.step, each.seed) for each in first] == [(each.step, each.seed) for each in second]
    assert len({each.seed for each in first}) == 4
    other = _kept(4, [0.5] * 9, seed=4)
    assert [each.seed for each in first] != [each.seed for each in other]
