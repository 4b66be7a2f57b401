import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builders import invoke
from memdojo.train.runs.folder import RunFolder

RANGES = ("--range", "algorithm.learning_rate=1e-3..1e-2:log", "--range", "policy.hidden_dim=4,8")


def test_the_help_has_an_example() -> None:
    assert "memdojo tune quickstart --trials 20" in invoke("tune", "--help").stdout


def test_mistakes_are_told_in_a_sentence_and_leave_nothing(tmp_path: Path, small_config: Path) -> None:
    runs = tmp_path / "runs"
    for options, why in (
        ((), "small has no [tune.ranges], so there is nothing to search"),
        ((*RANGES, "streams.validation="), "streams.validation is not set"),
        ((*RANGES, "--trials", "0"), "tune.trials is 0"),
        (("--range", "policy.hiden_dim=4,8"), "Did you mean 'policy.hidden_dim'?"),
        ((*RANGES, "--resume", "--overwrite"), "give one of the two"),
        ((*RANGES, "--resume"), "there is no run at"),
    ):
        refused = invoke("tune", small_config, *options, "--run-dir", runs)
        assert refused.exit_code == 2, refused.stderr
        assert why in refused.stderr
    assert not runs.exists()


def test_a_search_without_its_packages_names_the_command(small_config: Path) -> None:
    # In a process of its own: half-imported modules must not reach other tests.
    code = "import sys; sys.modules['optuna'] = None; from memdojo.cli import app; app()"
    command = [sys.executable, "-c", code, "tune", str(small_config), *RANGES]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "a search needs optuna, which is not installed: pip install 'memdojo[tune]'" in result.stderr


@pytest.mark.slow
def test_a_search_is_interrupted_taken_up_again_and_evaluates_its_best_trial_once(
    tmp_path: Path, small_config: Path
) -> None:
    runs = tmp_path / "runs"
    search = ["tune", str(small_config), *RANGES, "--concurrent", "1", "--run-dir", str(runs)]
    command = [sys.executable, "-m", "memdojo", *search, "--trials", "3"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("trial 1 (1/3)  ")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 143
    assert "interrupted; continue with: memdojo tune" in errors
    folder = runs / "small-tune"
    before = (folder / "trials.jsonl").read_text("utf-8").splitlines()
    first = (folder / "trials" / "0001" / "metrics.jsonl").stat().st_mtime_ns
    assert json.loads(before[0])["outcome"] == "done"
    assert not (folder / "evaluation").exists()

    done = subprocess.run([*command[:3], *search, "--resume"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    after = (folder / "trials.jsonl").read_text("utf-8").splitlines()
    assert after[0] == before[0]
    assert [json.loads(line)["outcome"] for line in after] == ["done"] * 3
    assert (folder / "trials" / "0001" / "metrics.jsonl").stat().st_mtime_ns == first
    assert "trial 1 " not in done.stderr
    assert "too high by chance" in done.stdout
    best = RunFolder.open(folder).best
    assert best is not None
    # The test streams are for the winner alone.
    assert not list((folder / "trials").glob("*/evaluation"))
    policies = (folder / "evaluation" / "summary.csv").read_text("utf-8")
    assert [number for number in "123" if f"small-000{number}" in policies] == [best.parts[-3][-1]]
    assert invoke("eval", folder, "recency", "--quiet").exit_code == 0
