"""`Proposer`: which values to try next, by Optuna's sampler."""

from __future__ import annotations

from collections.abc import Sequence
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
from .choices import Choices, Values


class Proposer:
    """Proposes values by the tree-structured Parzen estimator (Bergstra et al. 2011), at first at random.

    What it proposes as the nth trial depends on the seed, n, and the trials before it alone: a search of one
    trial at a time tries the same whether it was interrupted or not. With several objectives good trials are
    those that few others beat in all of them (Ozaki et al. 2022).

    Args:
        choices: What may be tried.
    """

    def __init__(self, choices: Choices) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._choices = choices
        self._study = optuna.create_study(directions=list(choices.directions))
        self._places: dict[int, int] = {}

    def propose(self, number: int) -> dict[str, Any]:
        """Return the values of a new trial."""
        seed = int(np.random.SeedSequence([self._choices.seed, number]).generate_state(1)[0])
        # It counts trials that still run as bad ones, so that those at a time are not all alike.
        self._study.sampler = optuna.samplers.TPESampler(
            seed=seed, constant_liar=True, n_startup_trials=self._choices.num_random
        )
        while True:
            trial = self._study.ask()
            values = self._ask(trial)
            if self._choices.accepts(values):
                self._places[number] = trial.number
                return values
            self._study.tell(trial, state=TrialState.FAIL)

    def begin(self, number: int, values: Values) -> None:
        """Note that a trial runs with given values; those outside of the ranges are no guide."""
        ranges = self._choices.ranges_for(values)
        params = {key: _place(ranges[key], value) for key, value in values.items() if key in ranges}
        if None in params.values() or params.keys() != values.keys():
            return
        running = optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params=params,
            distributions={key: self._distribution(key, ranges[key]) for key in params},
        )
        self._study.add_trial(running)
        self._places[number] = len(self._study.trials) - 1

    def end(self, number: int, objectives: Sequence[float] | None) -> None:
        """Note what came of a trial that was proposed or begun; None if it came to nothing."""
        if number in self._places:
            state = TrialState.FAIL if objectives is None else TrialState.COMPLETE
            self._study.tell(self._places[number], objectives, state=state)

    def _ask(self, trial: optuna.Trial) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while new := {
            key: each for key, each in self._choices.ranges_for(values).items() if key not in values
        }:
            for key, allowed in new.items():
                values[key] = _suggested(trial, key, allowed, is_whole=self._choices.is_whole(key))
        return values

    def _distribution(self, key: str, allowed: Range) -> BaseDistribution:
        return _distribution(allowed, is_whole=self._choices.is_whole(key))


def _distribution(allowed: Range, *, is_whole: bool) -> BaseDistribution:
    if not isinstance(allowed, Span):
        # By their places: Optuna's own categories are numbers and texts only.
        return CategoricalDistribution(range(len(allowed)))
    if is_whole:
        return IntDistribution(int(allowed.low), int(allowed.high), log=allowed.log)
    return FloatDistribution(allowed.low, allowed.high, log=allowed.log)


def _suggested(trial: optuna.Trial, key: str, allowed: Range, *, is_whole: bool) -> Any:
    """Return the value that Optuna proposes for a key."""
    if not isinstance(allowed, Span):
        return allowed[trial.suggest_categorical(key, range(len(allowed)))]
    if is_whole:
        return trial.suggest_int(key, int(allowed.low), int(allowed.high), log=allowed.log)
    return trial.suggest_float(key, allowed.low, allowed.high, log=allowed.log)


def _place(allowed: Range, value: Any) -> Any:
    """Return Optuna's parameter for a value; None if the range does not hold it."""
    if not isinstance(allowed, Span):
        return next((place for place, each in enumerate(allowed) if each == value), None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and allowed.low <= value <= allowed.high else None
