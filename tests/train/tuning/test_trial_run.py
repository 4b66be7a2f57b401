from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from memdojo.errors import DivergenceError
from memdojo.train.config.files import dump_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.loop import TrainResult
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.progress import Progress, Report
from memdojo.train.tuning.space import Space
from memdojo.train.tuning.trial_run import run_trial

Training = Callable[[TrainConfig, RunFolder, Progress], TrainResult]


@pytest.fixture(autouse=True)
def _own_number_of_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr("ray.tune.report", found.append)
    return found


@pytest.fixture
def settings(space: Space, tmp_path: Path) -> dict[str, Any]:
    """A trial of two seeds."""
    values = {"algorithm.learning_rate": 1e-3, "policy.hidden_dim": 8}
    runs = {f"0001-{place + 1}": dump_config(space.run_of(values, 1, place)) for place in (0, 1)}
    return {"root": str(tmp_path / "trials"), "runs": runs}


def _train_by(monkeypatch: pytest.MonkeyPatch, training: Training) -> None:
    def train(config: TrainConfig, run: RunFolder, *, resume: bool, progress: Progress) -> TrainResult:
        return training(config, run, progress)

    monkeypatch.setattr("memdojo.train.tuning.trial_run.train", train)


def test_the_mean_over_the_seeds_is_the_score(
    settings: dict[str, Any], reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = {0: 0.5, 1: 0.25}
    _train_by(monkeypatch, lambda config, run, _: TrainResult(run.path, scores[config.seed], 3))
    run_trial(settings)
    assert len(reports) == 1
    assert reports[0].pop("seconds") >= 0
    assert reports[0] == {"score": 0.375, "update": 3, "updates": 6, "outcome": "done"}


def test_the_first_seed_tells_its_best_score_at_every_validation_but_the_last(
    settings: dict[str, Any], reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def training(config: TrainConfig, run: RunFolder, progress: Progress) -> TrainResult:
        for update, score in enumerate((0.125, 0.5, 0.25, 0.75)):
            run.log(update, {"validation/score": score})
            progress.report(Report(update, None, score, is_validated=True))
        progress.report(Report(2, None, 0.25))
        return TrainResult(run.path, 0.75, 3)

    _train_by(monkeypatch, training)
    run_trial(settings)
    assert [(each["score"], each["update"]) for each in reports] == [(0.5, 1), (0.5, 2), (0.75, 3)]


@pytest.mark.parametrize(("error", "is_final"), [(DivergenceError, True), (OSError, False)])
def test_an_error_is_reported_as_a_sentence(
    settings: dict[str, Any],
    reports: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    is_final: bool,
) -> None:
    def training(config: TrainConfig, run: RunFolder, progress: Progress) -> TrainResult:
        raise error("that is why")

    _train_by(monkeypatch, training)
    run_trial(settings)
    assert len(reports) == 1
    assert reports[0]["outcome"] == "failed"
    assert (reports[0]["error"], reports[0]["is_final"]) == ("that is why", is_final)
    # A run that never began would stand in the way of the next attempt.
    assert not list(Path(settings["root"]).glob("0001-*"))


def test_a_run_that_could_not_be_validated_has_failed(
    settings: dict[str, Any], reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _train_by(monkeypatch, lambda config, run, _: TrainResult(run.path, None, 3))
    run_trial(settings)
    assert reports[0]["error"] == "no episode of its validations could be scored."
