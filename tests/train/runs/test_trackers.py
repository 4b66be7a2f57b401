from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from builders import make_config
from memdojo.errors import ConfigError, MissingDependencyError
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.trackers import require_trackers

TRACKIO = """
import json, pathlib

class Config(dict):
    def update(self, values, allow_val_change):
        super().update(values)
        tell("config", values)

class Run:
    def log(self, values, step):
        tell("log", [step, values])

    def finish(self):
        tell("finish", None)

def tell(what, value):
    with open(pathlib.Path(__file__).with_suffix(".told"), "a") as file:
        file.write(json.dumps([what, value]) + "\\n")

def init(project, **how):
    tell("init", [project, how])
    return Run()

config = Config()
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a module that is called as a tracker is writes down what it is told."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "trackio.py").write_text(TRACKIO)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "trackio", raising=False)
    return folder / "trackio.told"


def test_a_tracker_is_told_the_run_its_configuration_and_its_metrics(tmp_path: Path, told: Path) -> None:
    run = RunFolder.create(tmp_path, make_config('logging.report_to=["trackio"]'))
    with run:
        run.log(1, {"memory/entries": 3.5, "validation/score": float("nan")})
        run.log(2, {"memory/entries": 4.0})
    init, config, *logs, finish = map(json.loads, told.read_text().splitlines())
    assert init == ["init", ["memdojo", {"name": "run"}]]
    assert config[1]["algorithm.num_updates"] == 3
    assert config[1]["reward.evidence_recall"] == 1.0
    assert config[1]["streams.validation"] == "None"
    assert logs == [["log", [1, {"memory/entries": 3.5}]], ["log", [2, {"memory/entries": 4.0}]]]
    assert finish == ["finish", None]
    assert not (run.path / "tensorboard").exists()


def test_a_round_is_named_after_the_run_that_it_belongs_to(tmp_path: Path, told: Path) -> None:
    config = make_config('logging.report_to=["trackio"]')
    with RunFolder.create(tmp_path / "mine", config, folder="round-1") as run:
        run.log(1, {"reward": 1.0})
    assert json.loads(told.read_text().splitlines()[0])[1][1] == {"name": "mine/round-1"}


def test_nobody_is_told_where_no_tracker_is_named(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, make_config("logging.report_to=[]")) as run:
        run.log(1, {"reward": 1.0})
        names = sorted(path.name for path in run.path.iterdir() if not path.name.startswith(".lock"))
        assert names == ["checkpoints", "config.toml", "metrics.jsonl"]


def test_a_tracker_that_is_not_installed_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("memdojo.train.runs.trackers.find_spec", lambda name: None)
    require_trackers(("tensorboard",))
    with pytest.raises(
        MissingDependencyError,
        match="'comet_ml', which needs accelerate and comet_ml: pip install accelerate comet-ml",
    ):
        require_trackers(("tensorboard", "comet_ml"))


def test_a_tracker_that_nobody_knows_is_refused_with_its_neighbours() -> None:
    with pytest.raises(ConfigError, match=r"logging.report_to: .*'wandbb'.*wandb"):
        make_config('logging.report_to=["wandbb"]')
