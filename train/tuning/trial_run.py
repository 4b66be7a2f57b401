"""What the process of a trial does: it trains, run by run, and reports scores to Ray Tune."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

from ray import tune

from memdojo.agents.compact.base import use_one_thread
from memdojo.errors import ConfigError, DivergenceError, EngineError, reason_of

from ..config.files import parse_config
from ..config.run import TrainConfig
from ..dispatch import train
from ..loop import TrainResult
from ..runs.folder import RunFolder
from ..runs.progress import NoProgress, Report
from .searcher import SCORE
from .trials import best_score_of, seconds_of

UPDATE = "update"
"""What every report has beside the validation score: the update that it is of."""


def run_trial(settings: dict[str, Any]) -> None:
    """Train the runs of a trial one after the other, and report at the end what came of them.

    Args:
        settings: The folder of the trials as `root`, and in `runs` a configuration, as TOML, for the name of
            the folder of each run. A folder that is there is gone on with.
    """
    started, before = time.perf_counter(), 0.0
    results: list[TrainResult] = []
    try:
        for folder, text in settings["runs"].items():
            config = parse_config(tomllib.loads(text))
            if not config.is_language:
                use_one_thread()
            result, seconds = _train(config, Path(settings["root"]), folder, is_first=not results)
            results.append(result)
            before += seconds
    except Exception as error:
        # Here, because all that Ray Tune keeps of it is a traceback.
        is_final = isinstance(error, DivergenceError | ConfigError)
        # At update 0 a trial is compared with no other.
        last = {SCORE: 0.0, UPDATE: 0, "outcome": "failed", "error": reason_of(error), "is_final": is_final}
    else:
        last = {
            SCORE: sum(map(_score, results)) / len(results),
            UPDATE: results[0].updates,
            "outcome": "done",
            "updates": sum(result.updates for result in results),
        }
    tune.report({**last, "seconds": before + time.perf_counter() - started})


def _train(config: TrainConfig, root: Path, folder: str, *, is_first: bool) -> tuple[TrainResult, float]:
    """Train one run; also return the seconds that it had taken before it was interrupted."""
    resume = (root / folder).exists()
    open_run = RunFolder.resume if resume else RunFolder.create
    with open_run(root, config, folder=folder) as run:
        before = seconds_of(run.metrics())
        progress = _Reports(run) if is_first else NoProgress()
        try:
            result = train(config, run, resume=resume, progress=progress)
        except BaseException:
            run.remove_if_untrained()
            raise
    if result.best_score is None:
        raise EngineError("no episode of its validations could be scored.")
    return result, before


def _score(result: TrainResult) -> float:
    assert result.best_score is not None  # Or it would have failed.
    return result.best_score


class _Reports(NoProgress):
    """Reports the best validation score so far, for trials to be compared while they run.

    The last one is left to the trial, which still has other seeds to train.

    Args:
        run: What is trained.
    """

    def __init__(self, run: RunFolder) -> None:
        self._run = run

    def report(self, report: Report) -> None:
        """Report a validation; Ray Tune ends the trial here if it has fallen behind."""
        if report.is_validated and 0 < report.update < self._run.config.algorithm.num_updates:
            score = best_score_of(self._run.metrics())
            if score is not None:
                tune.report({SCORE: score, UPDATE: report.update})
