"""`run_search`: tries what a space holds, a training or several for each trial."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from memdojo.errors import MemdojoError, reason_of

from ..config.files import dump_config
from ..config.tuning import Span
from ..run_state import RunState
from ..runs.checkpoint_folders import BEST
from ..runs.folder import RunFolder
from ..runs.interrupts import GracefulStop
from .choices import Values
from .searcher import SCORE, OnTrial, TrialSearch, run_trials
from .space import Space
from .trial_run import UPDATE, run_trial
from .trials import FOLDERS, Trial, run_folder_name, runs_of, seconds_of

REDUCTION = 3
"""Of trials that come to the same update, one of so many goes on when trials are stopped early."""


def run_search(space: Space, folder: Path, on_trial: OnTrial) -> list[Trial]:
    """Try `config.tune.trials` configurations, those left out that are over already, and return all trials.

    Args:
        space: What may be tried.
        folder: Of the search; it holds what came of the trials, and their runs.
        on_trial: Is told of each trial that is over.

    Raises:
        Interrupted: After Ctrl-C or another signal that asks it to end. Trials that were running go on from
            their last checkpoints when the search is taken up again.
        EngineError: If Ray cannot start.
        RunFolderError: If the folder is damaged.
    """
    with GracefulStop() as stop:
        search = _Search(space, folder, on_trial, stop)
        if search.num_left:
            # A language policy is played by actors of its own, beside the process of its trial.
            num_actors = space.config.rollouts.num_workers if space.config.is_language else 0
            run_trials(
                search,
                run_trial,
                stop,
                concurrent=num_concurrent(space),
                num_actors=num_actors,
                scheduler=_scheduler(space),
            )
        if stop.requested:
            raise stop.interrupt
    return list(search.trials.values())


def num_concurrent(space: Space) -> int:
    """Return how many trials run at a time."""
    by_default = 1 if space.config.is_language else len(os.sched_getaffinity(0))
    return min(space.config.tune.concurrent or by_default, space.config.tune.trials)


def _scheduler(space: Space) -> TrialScheduler | None:
    """Return what stops trials early; None if nothing does."""
    config, allowed = space.config, space.ranges.get("algorithm.num_updates", ())
    last = config.algorithm.num_updates
    longest = max(last, int(allowed.high) if isinstance(allowed, Span) else max(allowed, default=0))
    if not config.tune.early_stopping or config.evaluation.every >= longest:
        return None
    return ASHAScheduler(
        time_attr=UPDATE,
        max_t=longest,
        grace_period=config.evaluation.every,
        reduction_factor=REDUCTION,
    )


class _Search(TrialSearch):
    """The trials of a space: the configuration that was given, and then others."""

    def __init__(self, space: Space, folder: Path, on_trial: OnTrial, stop: GracefulStop) -> None:
        super().__init__(space, space.config.tune.trials, folder, on_trial, stop)
        self._space = space

    @property
    def given(self) -> Sequence[Values]:
        """The values of the configuration that was given."""
        return (self._space.given,)

    def settings_of(self, trial: Trial) -> dict[str, Any]:
        """Return the configuration of each run of a trial, by the name of its folder, and where that is."""
        num_seeds = self._space.config.tune.seeds
        runs = {
            run_folder_name(trial.number, place, num_seeds): dump_config(
                self._space.run_of(trial.values, trial.number, place)
            )
            for place in range(num_seeds)
        }
        return {"root": str((self.folder / FOLDERS).absolute()), "runs": runs}

    def scored(self, trial: Trial) -> Trial:
        """Return a trial with the scores of its validation tasks."""
        return dataclasses.replace(trial, task_scores=_task_scores(self._runs(trial)))

    def cut_off(self, trial: Trial, last: dict[str, Any]) -> Trial:
        """Return a trial that fell behind others."""
        seconds = sum(seconds_of(RunFolder.open(run).metrics()) for run in self._runs(trial))
        return dataclasses.replace(
            trial, outcome="stopped", score=last[SCORE], updates=last[UPDATE], seconds=seconds
        )

    def _runs(self, trial: Trial) -> list[Path]:
        return runs_of(self.folder, trial, self._space.config.tune.seeds)


def _task_scores(runs: Iterable[Path]) -> list[float | None]:
    """Return the score of each validation task as mean over runs; nothing of kinds of runs that keep none."""
    try:
        scores = [RunState.saved_in((run / BEST).resolve()).best_scores for run in runs]
    except MemdojoError as error:
        logging.getLogger(__name__).debug("no scores by task: %s", reason_of(error))
        return []
    if len({len(each) for each in scores}) != 1:
        return []
    return [None if None in each else sum(each) / len(each) for each in zip(*scores, strict=True)]
