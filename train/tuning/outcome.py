"""`Outcome`: the table of a search, its best trial, and what is written about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memdojo.envs.streams.files import atomic_writer
from memdojo.errors import RunFolderError
from memdojo.eval.statistics.bootstrap import Interval

from ..config.files import dump_config
from ..config.run import TrainConfig
from ..episodes.schedule import validation_tasks
from ..episodes.splits import load_split
from ..rollouts.validation_scores import ValidationScores
from ..runs.checkpoint_folders import update_of
from ..runs.folder import RunFolder
from .figure import write_figure
from .space import Space
from .trials import FOLDERS, Trial, best_score_of, best_trial, rank, runs_of

BEST_CONFIG = "best.toml"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a search.

    Attributes:
        space: What was tried.
        trials: The trials, by number.
        best: The one with the highest score.
    """

    space: Space
    trials: Sequence[Trial]
    best: Trial

    @classmethod
    def of(cls, space: Space, trials: Sequence[Trial]) -> Outcome | None:
        """Return what came of trials; None if none of them has a score."""
        best = best_trial(trials)
        return None if best is None else cls(space, sorted(trials, key=lambda each: each.number), best)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return headers and rows, the best trial first and those without a score last."""
        score = self._intervals()
        rows = []
        for trial in sorted(self.trials, key=rank, reverse=True):
            values = [show(trial.values.get(key)) for key in self.space.ranges]
            interval = score.of(trial)
            row = [
                str(trial.number),
                *values,
                "" if trial.score is None else f"{trial.score:.3f}",
                "" if interval is None else f"[{interval.low:.3f}, {interval.high:.3f}]",
                str(trial.updates or ""),
                f"{trial.seconds:.0f}",
                _remark(trial),
            ]
            rows.append(row)
        headers = ["trial", *self.space.ranges, "validation", "95 % interval", "updates", "seconds", ""]
        return headers, rows

    def sentences(self) -> list[str]:
        """Return what there is to say about the best trial, and what its score is worth."""
        num_scored = sum(each.score is not None for each in self.trials)
        best, given = self.best, self.trials[0]
        found = f"best: trial {best.number}, {best.score:.3f} on validation"
        if best.number == given.number:
            found += ", the configuration as it was given: no other trial has a higher score"
        elif given.score is not None and best.score is not None:
            found += f", {best.score - given.score:+.3f} against the configuration as it was given"
            interval = self._intervals().difference(best, given)
            if interval is not None:
                found += f" [{interval.low:+.3f}, {interval.high:+.3f}]"
        return [
            f"{found}.",
            f"The best of {num_scored} scores is too high by chance, and its interval knows nothing of that: "
            "only streams that chose nothing, those of the test, say how good it is.",
        ]

    def write(self, run: RunFolder) -> None:
        """Write the best configuration and a figure into the folder of the search, and mark the best policy.

        Raises:
            DataError: If the file system refuses.
            RunFolderError: The same, or if the best policy is not there any more.
            MissingDependencyError: If matplotlib is not installed; all else is written by then.
        """
        config = self.config
        config = config.model_copy(update={"name": f"{config.name}-best"})
        with atomic_writer(run.path / BEST_CONFIG) as file:
            file.write(dump_config(config))
        run.point_best(self.checkpoints(run)[0])
        write_figure(self.space, self.trials, self.best, run.path)

    @property
    def config(self) -> TrainConfig:
        """The best configuration."""
        return self.space.config_of(self.best.values)

    def checkpoints(self, run: RunFolder) -> list[Path]:
        """Return the best checkpoint of each run of the best trial, the best of them first.

        Raises:
            RunFolderError: If the runs are not there any more.
        """
        runs = [RunFolder.open(path) for path in runs_of(run.path, self.best, self.space.config.tune.seeds)]
        found = [
            (best_score_of(each.metrics()) or 0.0, each.checkpoint_folder(update_of(each.best)))
            for each in runs
            if each.best is not None
        ]
        if not found:
            raise RunFolderError(
                f"trial {self.best.number} is the best one, and its run is not in {run.path / FOLDERS} any "
                "more; train its configuration again."
            )
        return [checkpoint for _, checkpoint in sorted(found, key=lambda each: -each[0])]

    def _intervals(self) -> _Intervals:
        return _Intervals(self.space.config)


class _Intervals:
    """Intervals of the scores of trials whose validation tasks are those of the configuration."""

    def __init__(self, config: TrainConfig) -> None:
        streams = load_split(config.streams, "validation")
        tasks = validation_tasks(config, streams)
        self._num_tasks = len(tasks)
        self._scores = ValidationScores(
            streams, tasks, config.evaluation.num_resamples, config.streams.specs("validation")
        )

    def of(self, trial: Trial) -> Interval | None:
        """Return the interval of a trial's score; None if it has none."""
        if len(trial.task_scores) != self._num_tasks:
            return None
        return _real(self._scores.score(trial.task_scores))

    def difference(self, trial: Trial, other: Trial) -> Interval | None:
        """Return the interval of the difference of two trials, task by task; None if it has none."""
        if {len(trial.task_scores), len(other.task_scores)} != {self._num_tasks}:
            return None
        return _real(self._scores.difference(trial.task_scores, other.task_scores))


def _real(interval: Interval) -> Interval | None:
    return None if math.isnan(interval.low) else interval


def _remark(trial: Trial) -> str:
    """Return what a reader of the table should know of a trial."""
    remarks = ["as given"] if trial.number == 1 else []
    if trial.outcome == "stopped":
        remarks.append("stopped early")
    if trial.outcome == "failed":
        remarks.append(f"failed: {trial.error}")
    return ", ".join(remarks)


def show(value: object) -> str:
    """Return a value as a table shows it: of a number four digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
