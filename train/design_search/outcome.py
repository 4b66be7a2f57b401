"""`SearchOutcome`: the trials of a search as a table, its Pareto front, and what was best."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from memdojo.eval.statistics.front import on_front
from memdojo.eval.tables.render import interval, number, percent

from ..tuning.outcome import show
from ..tuning.trials import Trial, best_trial
from .space import ENTRIES, TOKENS, DesignSpace
from .trial_run import HIGH, LOW, TOKENS_READ, TOKENS_WRITTEN


@dataclass(frozen=True, slots=True, eq=False)
class SearchOutcome:
    """What came of a search.

    Attributes:
        space: What was tried.
        trials: The trials, by number.
        front: Those that no other beats in score and tokens handed over at once, the cheapest first.
        best: The one with the highest score; of equal ones the one that hands over the least.
        best_as_it_is: Of the designs as they are the one with the highest score, of equal ones the first;
            None if none of them has a score.
    """

    space: DesignSpace
    trials: Sequence[Trial]
    front: Sequence[Trial]
    best: Trial
    best_as_it_is: Trial | None

    @classmethod
    def of(cls, space: DesignSpace, trials: Sequence[Trial]) -> SearchOutcome | None:
        """Return what came of trials; None if none of them has a score."""
        trials = sorted(trials, key=lambda trial: trial.number)
        scored = [trial for trial in trials if trial.score is not None]
        if not scored:
            return None
        is_on = on_front(
            [trial.score or 0.0 for trial in scored], [trial.figures[TOKENS_READ] for trial in scored]
        )
        front = [trial for trial, counts in zip(scored, is_on, strict=True) if counts]
        front.sort(key=lambda trial: trial.figures[TOKENS_READ])
        as_they_are = best_trial(trial for trial in scored if trial.number <= len(space.given))
        return cls(space, trials, front, front[-1], as_they_are)

    def name_of(self, trial: Trial) -> str:
        """Return the name of a trial's design: that of the design as it is, or with the trial's number."""
        name = self.space.name_of(trial.values)
        return name if trial.number <= len(self.space.given) else f"{name} ({trial.number})"

    def table(self) -> pd.DataFrame:
        """Return a row for each trial: its design, score and figures, whether it is on the front, why not."""
        numbers = {trial.number for trial in self.front}
        return pd.DataFrame([self._row(trial, trial.number in numbers) for trial in self.trials])

    def front_table(self) -> pd.DataFrame:
        """Return the rows of `table` on the front, the cheapest first."""
        return pd.DataFrame([self._row(trial, True) for trial in self.front])

    def _row(self, trial: Trial, is_on: bool) -> dict[str, Any]:
        own = self.space.parameters_of(trial.values)
        return {
            "trial": trial.number,
            "design": self.space.name_of(trial.values),
            "as_it_is": trial.number <= len(self.space.given),
            "on_front": is_on,
            "score": math.nan if trial.score is None else trial.score,
            **{name: trial.figures.get(name, math.nan) for name in (LOW, HIGH, TOKENS_READ, TOKENS_WRITTEN)},
            ENTRIES: own.pop(ENTRIES, None),
            TOKENS: own.pop(TOKENS, None),
            "parameters": json.dumps(own),
            "seconds": trial.seconds,
            "outcome": trial.outcome,
            "error": trial.error,
        }


def shown(table: pd.DataFrame, score: str) -> tuple[list[str], list[list[str]]]:
    """Return headers and rows of `SearchOutcome.table` as people read them."""
    headers = ["trial", "design", f"{score} x 100", "95 % interval", "tokens read", "written", "parameters"]
    rows = [
        [
            str(row["trial"]),
            str(row["design"]),
            percent(row["score"]),
            interval(row[LOW], row[HIGH]),
            number(row[TOKENS_READ]),
            number(row[TOKENS_WRITTEN]),
            _remark(row),
        ]
        for row in table.to_dict("records")
    ]
    return headers, rows


def _remark(row: dict[Any, Any]) -> str:
    if row["outcome"] != "done":
        return f"{row['outcome']}: {row['error']}"
    if row["as_it_is"]:
        return "as it is"
    budgets = {key: int(row[key]) for key in (ENTRIES, TOKENS) if not pd.isna(row[key])}
    return _told({**json.loads(row["parameters"]), **budgets})


def _told(parameters: dict[str, Any]) -> str:
    """Return parameters in a line; those of two designs in one in brackets."""
    return ", ".join(
        f"{name} ({_told(value)})" if isinstance(value, dict) else f"{name}={show(value)}"
        for name, value in parameters.items()
        if value != {}
    )
