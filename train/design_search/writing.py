"""What a search leaves in its folder when it ends: tables, the figure, and all of it as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from memdojo.envs.streams.files import atomic_writer
from memdojo.eval.tables.escaping import write_csv

from ..tuning.trials import Trial
from .folder import FRONT, RESULT, TRIALS_TABLE
from .outcome import SearchOutcome


def write_outcome(outcome: SearchOutcome, folder: Path, test: pd.DataFrame | None = None) -> None:
    """Write `trials.csv`, `front.csv` and `result.json`; once more with the test, when there is one.

    Raises:
        DataError: If the file system refuses.
    """
    front = outcome.front_table()
    if test is not None:
        names = [outcome.name_of(trial) for trial in outcome.front]
        front = front.assign(policy=names).merge(test, on="policy", suffixes=("", "_on_test"))
    for name, table in ((TRIALS_TABLE, outcome.table()), (FRONT, front)):
        with atomic_writer(folder / name) as file:
            write_csv(table, file)
    with atomic_writer(folder / RESULT) as file:
        json.dump(result(outcome, test), file, ensure_ascii=False, indent=1, allow_nan=False)
        file.write("\n")


def result(outcome: SearchOutcome, test: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return what came of a search in plain values; what is not available is None."""
    as_it_is = outcome.best_as_it_is
    return {
        "search": outcome.space.settings.model_dump(mode="json"),
        "num_trials": len(outcome.trials),
        "best": _design(outcome, outcome.best),
        "best_as_it_is": None if as_it_is is None else _design(outcome, as_it_is),
        "front": [_design(outcome, trial) for trial in outcome.front],
        "test": None if test is None else rows_of(test),
    }


def _design(outcome: SearchOutcome, trial: Trial) -> dict[str, Any]:
    """Return a design as `[design]` of a configuration names it, with its score and figures."""
    return {
        "trial": trial.number,
        "name": outcome.space.name_of(trial.values),
        "parameters": outcome.space.parameters_of(trial.values),
        "score": trial.score,
        **trial.figures,
    }


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as rows of plain values; what is not available is None."""
    return [
        {
            str(name): None if isinstance(value, float) and math.isnan(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]
