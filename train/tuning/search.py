"""`run_search`: tries what a space holds, in processes that Ray Tune starts and ends."""

from __future__ import annotations

import dataclasses
import logging
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.schedulers import ASHAScheduler, TrialScheduler
from ray.tune.search import Searcher

from memdojo.errors import ConfigError, MemdojoError, reason_of

from ..config.files import dump_config
from ..config.tuning import Span
from ..rollouts.ray_session import LOCAL, start_ray, stop_ray
from ..run_state import RunState
from ..runs.checkpoint_folders import BEST
from ..runs.folder import RunFolder
from ..runs.interrupts import GracefulStop
from .proposing import Proposer
from .space import Space
from .trial_run import OUTCOME, SCORE, UPDATE, run_trial
from .trials import FOLDERS, Trial, read_trials, run_folder_name, runs_of, seconds_of, write_trials

OnTrial = Callable[[Trial, int, int], None]
"""Is called with a trial that is over, how many are, and how many there will be."""

REDUCTION = 3
"""Of trials that come to the same update, one of so many goes on when trials are stopped early."""

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
            _run(search, space, stop)
        if stop.requested:
            raise stop.interrupt
    return list(search.trials.values())


def num_concurrent(space: Space) -> int:
    """Return how many trials run at a time."""
    by_default = 1 if space.config.is_language else len(os.sched_getaffinity(0))
    return min(space.config.tune.concurrent or by_default, space.config.tune.trials)


def _run(search: _Search, space: Space, stop: GracefulStop) -> None:
    concurrent = num_concurrent(space)
    # A language policy is played by actors of its own, beside the process of its trial.
    num_actors = space.config.rollouts.num_workers if space.config.is_language else 0
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
                    scheduler=_scheduler(space),
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


class _Search(Searcher):  # type: ignore[misc]  # Ray has no types.
    """Gives Ray Tune one trial after the other, and keeps what came of them.

    Trials that began before and are not over come first, then those that the sampler proposes. Ray's own
    state of a search is not kept: it is pickles, and what is in the folder is enough to go on.

    Args:
        space: What may be tried.
        folder: Of the search.
        on_trial: Is told of each trial that is over.
        stop: Whether the search was asked to end.
    """

    def __init__(self, space: Space, folder: Path, on_trial: OnTrial, stop: GracefulStop) -> None:
        super().__init__(metric=SCORE, mode="max")
        self.trials = read_trials(folder)
        self._space = space
        self._folder = folder
        self._on_trial = on_trial
        self._stop = stop
        self._running: dict[str, Trial] = {}
        self._waiting = deque(trial for trial in self.trials.values() if not trial.is_over)
        self._proposer = Proposer(space)
        for trial in self.trials.values():
            if trial.is_over:
                self._proposer.begin(trial.number, trial.values)
                self._proposer.end(trial.number, trial.score)

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: see the class."""
        return {}

    @property
    def num_left(self) -> int:
        """How many trials are still to be run."""
        return len(self._waiting) + max(0, self._space.config.tune.trials - len(self.trials))

    def suggest(self, trial_id: str) -> Any:
        """Return what the process of the next trial is to do."""
        while self.num_left and not self._stop.requested:
            trial = self._next()
            try:
                texts = self._texts(trial)
            except ConfigError as error:
                self._end(dataclasses.replace(trial, outcome="failed", error=str(error), is_final=True))
                continue
            self._running[trial_id] = trial
            return {"root": str((self._folder / FOLDERS).absolute()), "runs": texts}
        return Searcher.FINISHED

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Keep what came of a trial, unless it ends because the search does."""
        trial, last = self._running.pop(trial_id), result or {}
        outcome = {name: last[name] for name in OUTCOME if name in last}
        if outcome:
            score = last[SCORE] if outcome["outcome"] == "done" else None
            self._end(dataclasses.replace(trial, score=score, **outcome))
        elif not self._stop.requested:
            self._end(self._cut_off(trial, last, error))

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
            if number == 1:
                values = self._space.given
                self._proposer.begin(number, values)
            else:
                values = self._proposer.propose(number)
            trial = Trial(number, values)
        self._keep(dataclasses.replace(trial, outcome="started", error=""))
        return self.trials[trial.number]

    def _texts(self, trial: Trial) -> dict[str, str]:
        """Return the configuration of each run of a trial, by the name of its folder."""
        num_seeds = self._space.config.tune.seeds
        return {
            run_folder_name(trial.number, place, num_seeds): dump_config(
                self._space.run_of(trial.values, trial.number, place)
            )
            for place in range(num_seeds)
        }

    def _cut_off(self, trial: Trial, last: dict[str, Any], error: bool) -> Trial:
        """Return a trial that did not come to its end: it fell behind, or its process died."""
        if error:
            why = "its process died, for want of memory perhaps; --resume tries it again."
            return dataclasses.replace(trial, outcome="failed", error=why)
        seconds = sum(seconds_of(RunFolder.open(run).metrics()) for run in self._runs(trial))
        return dataclasses.replace(
            trial, outcome="stopped", score=last[SCORE], updates=last[UPDATE], seconds=seconds
        )

    def _runs(self, trial: Trial) -> list[Path]:
        return runs_of(self._folder, trial, self._space.config.tune.seeds)

    def _end(self, trial: Trial) -> None:
        self._proposer.end(trial.number, trial.score)
        if trial.score is not None:
            trial = dataclasses.replace(trial, task_scores=_task_scores(self._runs(trial)))
        self._keep(trial)
        over = sum(each.outcome != "started" for each in self.trials.values())
        self._on_trial(trial, over, max(self._space.config.tune.trials, len(self.trials)))

    def _keep(self, trial: Trial) -> None:
        self.trials[trial.number] = trial
        write_trials(self._folder, self.trials.values())


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
