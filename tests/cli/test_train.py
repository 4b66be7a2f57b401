import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders import invoke


def test_training_that_never_began_leaves_nothing(
    tmp_path: Path, small_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("memdojo.train.dispatch.train", fail)
    result = invoke("train", small_config, "--run-dir", tmp_path / "runs")
    assert result.exit_code == 130
    assert "interrupted before the first update; nothing was left behind" in result.stderr
    assert list((tmp_path / "runs").iterdir()) == []


def test_an_interrupted_run_says_how_to_go_on(
    tmp_path: Path, small_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(config: object, run: object, **kwargs: object) -> None:
        run.log(1, {"reward": 0.5})  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr("memdojo.train.dispatch.train", fail)
    runs = tmp_path / "my runs"
    result = invoke("train", small_config, "seed=3", "--run-dir", runs)
    assert result.exit_code == 130
    assert f"continue with: memdojo train {small_config} seed=3 --run-dir '{runs}' --resume" in result.stderr
    again = invoke("train", small_config, "seed=3", "--run-dir", runs)
    assert again.exit_code == 2
    assert "pass --resume to continue it or --overwrite" in again.stderr


@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["train", "dry run"])
def test_training_without_its_packages_names_the_command(small_config: Path, more: tuple[str, ...]) -> None:
    # In a process of its own: half-imported modules must not reach other tests.
    code = "import sys; sys.modules['torch'] = None; from memdojo.cli import app; app()"
    command = [sys.executable, "-c", code, "train", str(small_config), *more]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "training needs torch, which is not installed: pip install 'memdojo[train]'" in result.stderr


@pytest.mark.slow
def test_a_run_trains_evaluates_and_is_evaluated_again(tmp_path: Path, small_config: Path) -> None:
    runs = tmp_path / "runs"
    result = invoke("train", small_config, "--run-dir", runs)
    assert result.exit_code == 0, result.stderr
    assert "update 2/2" in result.stderr
    assert "sum_idf" in result.stdout
    assert (runs / "small" / "best" / "policy.json").is_file()
    assert list((runs / "small" / "evaluation").iterdir())
    again = invoke("eval", runs / "small", "recency")
    assert again.exit_code == 0, again.stderr
    assert "recall@10" in again.stdout.splitlines()[2]
    longer = invoke("train", small_config, "algorithm.num_updates=3", "--run-dir", runs, "--resume")
    assert longer.exit_code == 0, longer.stderr
    assert "update 3/3" in longer.stderr


@pytest.mark.slow
def test_ctrl_c_saves_the_run_and_exits_with_130(tmp_path: Path, small_config: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "memdojo",
        "train",
        str(small_config),
        "algorithm.num_updates=100000",
    ]
    process = subprocess.Popen(
        [*command, "--run-dir", str(tmp_path / "runs")], stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("update ")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; continue with: memdojo train" in errors
    assert list((tmp_path / "runs" / "small" / "checkpoints").glob("step_*"))
