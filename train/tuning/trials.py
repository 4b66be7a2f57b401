"""What came of the trials of a search, a line each in the file `trials.jsonl` of its folder."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from memdojo.envs.streams.files import atomic_writer
from memdojo.errors import RunFolderError

TRIALS, FOLDERS = "trials.jsonl", "trials"

Outcome = Literal["started", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that a search tries.

    Attributes:
        number: From 1 on; the first is the configuration that was given.
        values: Of the keys that have ranges; None where the configuration has no such key.
        outcome: `stopped` if it fell behind others, `failed` if an error ended it.
        score: Mean over its runs of their best validation scores; None if it has none.
        task_scores: Score of each validation task, as mean over its runs; empty where they are not known.
        seconds: How long its runs took, all together.
        updates: Updates of its runs, all together.
        error: What ended it; "" if nothing did.
        is_final: True of a failure that would come again.
        figures: What else was measured, by name.
    """

    number: int
    values: dict[str, Any]
    outcome: Outcome = "started"
    score: float | None = None
    task_scores: list[float | None] = field(default_factory=list)
    seconds: float = 0.0
    updates: int = 0
    error: str = ""
    is_final: bool = False
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """True if `--resume` does not take it up again."""
        return self.outcome in ("done", "stopped") or self.is_final


def read_trials(folder: Path) -> dict[int, Trial]:
    """Return the trials of a search by number, as `write_trials` has left them in its folder.

    Raises:
        RunFolderError: If a line of the file is damaged, or it cannot be read.
    """
    path = folder / TRIALS
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {error.strerror or error}.") from error
    trials = {}
    for place, line in enumerate(lines, start=1):
        try:
            trial = TypeAdapter(Trial).validate_json(line)
        except ValidationError as error:
            raise RunFolderError(
                f"line {place} of {path} is damaged; remove the line, and --resume tries that trial again."
            ) from error
        trials[trial.number] = trial
    return trials


def write_trials(folder: Path, trials: Iterable[Trial]) -> None:
    """Write the trials of a search into its folder, a line each.

    Raises:
        DataError: If the file system refuses; what lay there is untouched.
    """
    with atomic_writer(folder / TRIALS) as file:
        file.writelines(json.dumps(dataclasses.asdict(trial)) + "\n" for trial in trials)


def run_folder_name(number: int, place: int, num_seeds: int) -> str:
    """Return the name of the folder of one run of a trial: `0007`, of several seeds `0007-1`, `0007-2`."""
    return f"{number:04d}" if num_seeds == 1 else f"{number:04d}-{place + 1}"


def runs_of(folder: Path, trial: Trial, num_seeds: int) -> list[Path]:
    """Return the folders of the runs of a trial that there are; one that was stopped has the first alone."""
    names = (run_folder_name(trial.number, place, num_seeds) for place in range(num_seeds))
    return [path for name in names if (path := folder / FOLDERS / name).is_dir()]


def best_score_of(metrics: Iterable[Mapping[str, Any]]) -> float | None:
    """Return the best validation score in the metrics of a run; None if there is none."""
    scores = (line.get("validation/score") for line in metrics)
    return max((score for score in scores if score is not None), default=None)


def seconds_of(metrics: Iterable[Mapping[str, Any]]) -> float:
    """Return how long the updates of a run took that are in its metrics."""
    parts = ("seconds/rollouts", "seconds/learner", "seconds/validation")
    return float(sum(line.get(part) or 0.0 for line in metrics for part in parts))


def rank(trial: Trial) -> tuple[bool, float, int]:
    """Return what trials are sorted by, the largest being the best: the score, of equal ones the earlier.

    Those that were stopped early stand behind the others: they were worse when they were compared, and may
    have had fewer seeds.
    """
    score = -math.inf if trial.score is None else trial.score
    return trial.outcome == "done", score, -trial.number


def best_trial(trials: Iterable[Trial]) -> Trial | None:
    """Return the best trial; None if none has a score."""
    return max((trial for trial in trials if trial.score is not None), key=rank, default=None)
