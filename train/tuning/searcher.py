"""`TrialSearch` and `run_trials`: trials one after the other, in processes that Ray Tune starts and ends."""

from __future__ import annotations

import dataclasses
import logging
import os
import tempfile
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from memdojo.errors import ConfigError

from ..rollouts.ray_session import LOCAL, start_ray, stop_ray
from ..runs.interrupts import GracefulStop
from .choices import Choices, Values
from .proposing import Proposer
from .trials import Trial, read_trials, write_trials

OnTrial = Callable[[Trial, int, int], None]
"""Is called with a trial that is over, how many are, and how many there will be."""

RunTrial = Callable[[dict[str, Any]], None]
"""What the process of a trial does with what `TrialSearch.settings_of` says."""

SCORE = "score"
"""What every report of a trial has."""
OUTCOME = ("outcome", "seconds", "updates", "error", "is_final")
"""What the last report may have beside the score, as `Trial` does."""
FIGURE = "figure/"
"""Begins the names of its figures, which it may have, too; Ray gives no tables inside of tables back."""

DIED = "its process died, for want of memory perhaps; --resume tries it again."

_ENVIRONMENT = {
    # The signals are ours, streams and models are named from the folder that the search was started in, and
    # what Ray Tune would log is in the folders of the runs.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # With the older of its two ways of showing how far it is, it shows nothing where it is told to.
    "RAY_AIR_NEW_OUTPUT": "0",
    # A trial sees the GPUs that a run by itself would see.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


class TrialSearch(Searcher):  # type: ignore[misc]  # Ray has no types.
    """Gives Ray Tune one trial after the other, and keeps what came of them.

    Trials that began before and are not over come first, then those that are given, then what the sampler
    proposes. Ray's own state of a search is not kept: it is pickles, and what is in the folder is enough to
    go on.

    Attributes:
        trials: By number.
        folder: Of the search.

    Args:
        choices: What may be tried.
        num_trials: How many trials there are to be.
        folder: Of the search.
        on_trial: Is told of each trial that is over.
        stop: Whether the search was asked to end.
    """

    def __init__(
        self, choices: Choices, num_trials: int, folder: Path, on_trial: OnTrial, stop: GracefulStop
    ) -> None:
        super().__init__(metric=SCORE, mode="max")
        self.trials = read_trials(folder)
        self.folder = folder
        self._num_trials = num_trials
        self._on_trial = on_trial
        self._stop = stop
        self._running: dict[str, Trial] = {}
        self._waiting = deque(trial for trial in self.trials.values() if not trial.is_over)
        self._proposer = Proposer(choices)
        for trial in self.trials.values():
            if trial.is_over:
                self._proposer.begin(trial.number, trial.values)
                self._proposer.end(trial.number, self.objectives(trial))

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: see the class."""
        return {}

    @property
    @abstractmethod
    def given(self) -> Sequence[Values]:
        """The values of the first trials."""

    @abstractmethod
    def settings_of(self, trial: Trial) -> dict[str, Any]:
        """Return what the process of a trial is to do.

        Raises:
            ConfigError: If its values contradict each other; the trial fails without a process.
        """

    def objectives(self, trial: Trial) -> tuple[float, ...] | None:
        """Return what trials are compared by; None if a trial came to nothing."""
        return None if trial.score is None else (trial.score,)

    def scored(self, trial: Trial) -> Trial:
        """Return a trial that is over and has a score, with what else there is to keep of it."""
        return trial

    def cut_off(self, trial: Trial, last: dict[str, Any]) -> Trial:
        """Return a trial that Ray Tune ended before its end although no process died.

        Args:
            trial: The trial.
            last: Its last report.
        """
        return dataclasses.replace(trial, outcome="failed", error=DIED)

    @property
    def num_left(self) -> int:
        """How many trials are still to be run."""
        return len(self._waiting) + max(0, self._num_trials - len(self.trials))

    def suggest(self, trial_id: str) -> Any:
        """Return what the process of the next trial is to do."""
        while self.num_left and not self._stop.requested:
            trial = self._next()
            try:
                settings = self.settings_of(trial)
            except ConfigError as error:
                self._end(dataclasses.replace(trial, outcome="failed", error=str(error), is_final=True))
                continue
            self._running[trial_id] = trial
            return settings
        return Searcher.FINISHED

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Keep what came of a trial, unless it ends because the search does."""
        trial, last = self._running.pop(trial_id), result or {}
        outcome = {name: last[name] for name in OUTCOME if name in last}
        if outcome:
            score = last[SCORE] if outcome["outcome"] == "done" else None
            figures = {
                name.removeprefix(FIGURE): value for name, value in last.items() if name.startswith(FIGURE)
            }
            self._end(dataclasses.replace(trial, score=score, figures=figures, **outcome))
        elif not self._stop.requested:
            died = dataclasses.replace(trial, outcome="failed", error=DIED)
            self._end(died if error else self.cut_off(trial, last))

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Keep nothing: see the class."""

    def save(self, checkpoint_path: str) -> None:
        """Keep nothing: see the class."""

    def restore(self, checkpoint_path: str) -> None:
        """Refuse what was never kept."""
        raise ValueError("a search goes on from the folder of its trials.")

    def _next(self) -> Trial:
        if self._waiting:
            trial = self._waiting.popleft()
            self._proposer.begin(trial.number, trial.values)
        else:
            number = max(self.trials, default=0) + 1
            if number <= len(self.given):
                values = dict(self.given[number - 1])
                self._proposer.begin(number, values)
            else:
                values = self._proposer.propose(number)
            trial = Trial(number, values)
        self._keep(dataclasses.replace(trial, outcome="started", error=""))
        return self.trials[trial.number]

    def _end(self, trial: Trial) -> None:
        self._proposer.end(trial.number, self.objectives(trial))
        self._keep(trial if trial.score is None else self.scored(trial))
        trial = self.trials[trial.number]
        over = sum(each.outcome != "started" for each in self.trials.values())
        self._on_trial(trial, over, max(self._num_trials, len(self.trials)))

    def _keep(self, trial: Trial) -> None:
        self.trials[trial.number] = trial
        write_trials(self.folder, self.trials.values())


def run_trials(
    search: TrialSearch,
    run_trial: RunTrial,
    stop: GracefulStop,
    *,
    concurrent: int,
    num_actors: int = 0,
    scheduler: TrialScheduler | None = None,
) -> None:
    """Run the trials that a search has left.

    Args:
        search: Says what they are.
        run_trial: What their processes do.
        stop: Whether the search was asked to end.
        concurrent: Trials at a time.
        num_actors: Actors that a trial has beside its process.
        scheduler: Stops trials early; None stops none.

    Raises:
        EngineError: If Ray cannot start.
    """
    process: dict[str, float] = {"CPU": 1}
    bundles = [process] * (1 + num_actors)
    os.environ.update(_ENVIRONMENT)
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    started = start_ray(LOCAL, num_cpus=concurrent * len(bundles))
    try:
        with tempfile.TemporaryDirectory() as storage:
            tune.Tuner(
                tune.with_resources(run_trial, tune.PlacementGroupFactory(bundles)),
                tune_config=tune.TuneConfig(
                    search_alg=search,
                    num_samples=search.num_left,
                    max_concurrent_trials=concurrent,
                    scheduler=scheduler,
                    metric=SCORE,
                    mode="max",
                    trial_dirname_creator=lambda trial: str(trial.trial_id),
                ),
                run_config=tune.RunConfig(
                    storage_path=storage, name="search", stop=_Stopper(stop), verbose=0
                ),
            ).fit()
    finally:
        if started:
            stop_ray()


class _Stopper(tune.Stopper):  # type: ignore[misc]  # Ray has no types.
    """Ends the search when it is asked to."""

    def __init__(self, stop: GracefulStop) -> None:
        self._stop = stop

    def __getstate__(self) -> None:
        """Leave out what cannot be pickled: nobody reads Ray's own state of the search."""

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._stop.requested
