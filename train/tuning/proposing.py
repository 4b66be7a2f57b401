"""`Proposer`: which values to try next, by Optuna's sampler."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from ..config.tuning import Range, Span
from .space import Space, Values


class Proposer:
    """Proposes values by the tree-structured Parzen estimator (Bergstra et al. 2011), at first at random.

    What it proposes as the nth trial depends on the seed, n, and the trials before it alone: a search of one
    trial at a time tries the same whether it was interrupted or not.

    Args:
        space: What may be tried.
    """

    def __init__(self, space: Space) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._ranges = space.ranges
        self._seed = space.config.seed
        self._distributions = {
            key: _distribution(allowed, is_whole=key in space.whole) for key, allowed in space.ranges.items()
        }
        self._study = optuna.create_study(direction="maximize")
        self._places: dict[int, int] = {}

    def propose(self, number: int) -> dict[str, Any]:
        """Return the values of a new trial."""
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        # It counts trials that still run as bad ones, so that those at a time are not all alike.
        self._study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        trial = self._study.ask(self._distributions)
        self._places[number] = trial.number
        return {key: _value(self._ranges[key], place) for key, place in trial.params.items()}

    def begin(self, number: int, values: Values) -> None:
        """Note that a trial runs with given values; those outside of the ranges are no guide."""
        params = {key: _place(self._ranges[key], value) for key, value in values.items()}
        if None in params.values():
            return
        running = optuna.trial.create_trial(
            state=TrialState.RUNNING, params=params, distributions=self._distributions
        )
        self._study.add_trial(running)
        self._places[number] = len(self._study.trials) - 1

    def end(self, number: int, score: float | None) -> None:
        """Note the score of a trial that was proposed or begun; None if it came to none."""
        if number in self._places:
            state = TrialState.FAIL if score is None else TrialState.COMPLETE
            self._study.tell(self._places[number], score, state=state)


def _distribution(allowed: Range, *, is_whole: bool) -> BaseDistribution:
    if not isinstance(allowed, Span):
        # By their places: Optuna's own categories are numbers and texts only.
        return CategoricalDistribution(range(len(allowed)))
    if is_whole:
        return IntDistribution(int(allowed.low), int(allowed.high), log=allowed.log)
    return FloatDistribution(allowed.low, allowed.high, log=allowed.log)


def _value(allowed: Range, place: Any) -> Any:
    """Return the value that Optuna's parameter stands for."""
    return place if isinstance(allowed, Span) else allowed[place]


def _place(allowed: Range, value: Any) -> Any:
    """Return Optuna's parameter for a value; None if the range does not hold it."""
    if not isinstance(allowed, Span):
        return next((place for place, each in enumerate(allowed) if each == value), None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and allowed.low <= value <= allowed.high else None
