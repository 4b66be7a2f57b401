import json
import subprocess
import sys
from pathlib import Path

import pytest

from builders import invoke, make_stream
from memdojo.envs.streams.registry import SOURCES, register_source

NAMED = ("--name", "small", "--designs", "flat,karma", "--num-trials", "3")


def test_the_help_has_an_example() -> None:
    assert "memdojo search --streams synthetic:validation" in invoke("search", "--help").stdout


def test_mistakes_are_told_in_a_sentence_and_leave_nothing(tmp_path: Path, data: dict[str, str]) -> None:
    runs = tmp_path / "runs"
    streams = ("--streams", data["validation"])
    for options, why in (
        ((*streams, "--designs", "carma"), "unknown memory design 'carma'"),
        ((*streams, "--num-trials", "1"), "--num-trials is 1"),
        ((*streams, "--concurrent", "0"), "--concurrent is 0"),
        ((*streams, "--test", data["validation"]), "validation and test share the groups"),
        ((*streams, "--range", "karma.neer=1,2"), "Did you mean 'near'?"),
        ((*streams, "--resume"), "there is no search at"),
    ):
        refused = invoke("search", *NAMED, *options, "--run-dir", runs)
        assert refused.exit_code == 2, refused.stderr
        assert why in refused.stderr
    assert not runs.exists()


def test_streams_without_a_question_are_refused(tmp_path: Path) -> None:
    with SOURCES.temporarily():
        register_source("silent", lambda split: [make_stream("Fine weather.")])
        refused = invoke("search", *NAMED, "--streams", "silent", "--run-dir", tmp_path / "runs")
    assert refused.exit_code == 2
    assert "the streams silent have no question to score by" in refused.stderr


@pytest.mark.slow
def test_a_search_ends_in_a_front_that_is_tested_once_and_is_never_done_twice(
    tmp_path: Path, data: dict[str, str]
) -> None:
    runs = tmp_path / "runs"
    options = ["--streams", data["validation"], "--test", data["test"], "--top-k", "2", "--concurrent", "1"]
    command = [sys.executable, "-m", "memdojo", "search", *NAMED, *options, "--run-dir", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "trial 3 (3/3)" in done.stderr
    assert "on the test streams:" in done.stdout
    folder = runs / "small"
    assert {"trials.csv", "front.csv", "front.svg", "result.json", "test"} <= {
        path.name for path in folder.iterdir()
    }
    again = invoke("search", *NAMED, *options, "--run-dir", runs)
    assert again.exit_code == 2
    assert "there is something at" in again.stderr
    resumed = invoke("search", *NAMED, *options, "--run-dir", runs, "--resume", "--json")
    assert resumed.exit_code == 0, resumed.stderr
    assert "trial" not in resumed.stderr
    assert json.loads(resumed.stdout) == json.loads((folder / "result.json").read_text("utf-8"))["test"]
