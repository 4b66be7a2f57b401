"""`search_designs`: tries designs, in processes that Ray Tune starts and ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..runs.interrupts import GracefulStop
from ..tuning.choices import Values
from ..tuning.searcher import OnTrial, TrialSearch, run_trials
from ..tuning.trials import Trial
from .space import DesignSpace
from .trial_run import TOKENS_READ, run_design_trial


def search_designs(
    space: DesignSpace, num_trials: int, folder: Path, on_trial: OnTrial, *, concurrent: int
) -> list[Trial]:
    """Try `num_trials` designs, those left out that are over already, and return all trials.

    First come the designs as they are, and then what the sampler proposes for a higher score with fewer
    tokens handed over.

    Args:
        space: What may be tried.
        num_trials: How many trials there are to be.
        folder: Of the search; it holds what came of the trials.
        on_trial: Is told of each trial that is over.
        concurrent: Trials at a time.

    Raises:
        Interrupted: After Ctrl-C or another signal that asks it to end.
        EngineError: If Ray cannot start.
        RunFolderError: If the folder is damaged.
    """
    with GracefulStop() as stop:
        search = DesignSearch(space, num_trials, folder, on_trial, stop)
        if search.num_left:
            run_trials(search, run_design_trial, stop, concurrent=min(concurrent, search.num_left))
        if stop.requested:
            raise stop.interrupt
    return list(search.trials.values())


class DesignSearch(TrialSearch):
    """The trials of a search over designs; the arguments are those of `TrialSearch`."""

    def __init__(
        self, space: DesignSpace, num_trials: int, folder: Path, on_trial: OnTrial, stop: GracefulStop
    ) -> None:
        super().__init__(space, num_trials, folder, on_trial, stop)
        self._space = space

    @property
    def given(self) -> Sequence[Values]:
        """The values of the designs as they are."""
        return self._space.given

    def settings_of(self, trial: Trial) -> dict[str, Any]:
        """Return what `run_design_trial` takes.

        Raises:
            ConfigError: If the design does not take the values.
        """
        self._space.design_of(trial.values)
        return {"search": self._space.settings.model_dump_json(), "values": trial.values}

    def objectives(self, trial: Trial) -> tuple[float, ...] | None:
        """Return score and tokens handed over for a question."""
        return None if trial.score is None else (trial.score, trial.figures[TOKENS_READ])
