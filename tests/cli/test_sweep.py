import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders import invoke, save_manager
from memdojo.errors import MissingDependencyError
from memdojo.train.checkpoints.compact import TrainedOn

SMALL = ("--num-streams", "1", "--seeds", "1")


def _checkpoint(folder: Path, groups: tuple[str, ...] = ("some",)) -> Path:
    record = TrainedOn("mine", "synthetic:train", groups, (), 0, "ppo", 1, None, 0.2, 10, "0.1.0")
    return save_manager(folder, record)


def test_the_sweeps_are_listed_with_what_they_test() -> None:
    listed = invoke("sweeps")
    assert listed.exit_code == 0
    assert "num_facts          10, 20, 30, 40, 50" in listed.stdout
    assert "does it leave out what carries nothing?" in listed.stdout


def test_a_checkpoint_is_swept_beside_a_baseline_and_swept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    arguments = (
        "sweep",
        _checkpoint(tmp_path / "mine"),
        "recency",
        "--only",
        "top_k",
        *SMALL,
        "--workers",
        "1",
    )
    first = invoke(*arguments, "--out", out)
    assert first.exit_code == 0
    assert "top k: normalised token f1 x 100 by top k" in first.stdout
    assert [line.split()[0] for line in first.stdout.splitlines()[1:5]] == [
        "policy",
        "mine",
        "recency",
        "random",
    ]
    assert "point 5/5  top_k at 20" in first.stderr
    names = {"points", "sweeps.csv", "sweeps.json", "tables.md", "top_k.svg", "fingerprint.svg"}
    assert {path.name for path in out.iterdir()} == names
    monkeypatch.setattr(
        "memdojo.eval.playing.episodes.play_manager", lambda *args: pytest.fail("played again")
    )
    assert invoke(*arguments, "--out", out).stdout == first.stdout
    refused = invoke(*arguments, "--out", out, "--seed", "1")
    assert refused.exit_code == 2
    assert "was measured with seed = 0, and now it is 1; choose another folder" in refused.stderr


def test_without_matplotlib_there_are_tables_and_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*args: object) -> None:
        raise MissingDependencyError("figures need matplotlib, which is not installed: pip install it")

    monkeypatch.setattr("memdojo.eval.sweeps.figures.new_figure", none)
    done = invoke("sweep", "recency", "--only", "top_k", *SMALL, "--workers", "1", "--out", tmp_path)
    assert done.exit_code == 0
    assert "note: figures need matplotlib" in done.stderr
    assert (tmp_path / "sweeps.csv").is_file()


def test_mistakes_are_told_in_a_sentence(tmp_path: Path) -> None:
    assert "unknown sweep 'fact'" in invoke("sweep", "recency", "--only", "fact").stderr.lower()
    assert "--workers is 0" in invoke("sweep", "recency", "--workers", "0").stderr
    retriever = ("sweep", "bm25", "--task", "retriever")
    assert "retrievers have none" in invoke(*retriever, "--only", "capacity").stderr
    assert "leave it out" in invoke(*retriever, "--retriever", "bm25").stderr
    # The very streams of the sweep.
    groups = tuple(stream["group"] for stream in _streams(tmp_path))
    leak = invoke("sweep", _checkpoint(tmp_path / "mine", groups), "--only", "top_k", *SMALL)
    assert leak.exit_code == 2
    assert "was trained on the groups" in leak.stderr


def _streams(folder: Path) -> list[dict[str, str]]:
    from memdojo.envs.streams.registry import load_streams

    return [{"group": stream.group} for stream in load_streams("synthetic:test", num_streams=1, seed=0)]


def test_a_point_that_fails_is_told_and_the_others_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memdojo.eval.sweeps import points as sweep_points

    run = sweep_points.run_evaluation

    def breaks(targets: object, streams: object, settings: object, **how: object) -> object:
        if settings.top_k == 3:  # type: ignore[attr-defined]
            raise RuntimeError("out of luck")
        return run(targets, streams, settings, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(sweep_points, "run_evaluation", breaks)
    failed = invoke("sweep", "recency", "--only", "top_k", *SMALL, "--workers", "1", "--out", tmp_path)
    assert failed.exit_code == 1
    assert "error: failed points: 1, which the same command tries again" in failed.stderr
    assert "The first, top_k at 3, failed with: out of luck" in failed.stderr
    assert len(list((tmp_path / "points").iterdir())) == 4


@pytest.mark.slow
def test_a_sweep_in_ray_that_is_killed_goes_on_and_comes_to_what_one_process_comes_to(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    sweep = ["sweep", "recency", "--only", "top_k", "--only", "capacity", *SMALL]
    command = [sys.executable, "-m", "memdojo", *sweep, "--workers", "2", "--out", str(there)]
    killed = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    points = there / "points"
    limit = time.monotonic() + 200
    while not (points.is_dir() and any(points.glob("*.json"))) and time.monotonic() < limit:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    before = {path: path.stat().st_mtime_ns for path in points.glob("*.json")}
    assert 1 <= len(before) < 10
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not list(points.glob(".*"))
    invoke(*sweep, "--workers", "1", "--out", here)
    assert _scores(there) == _scores(here)


def _scores(folder: Path) -> list[tuple[str, float, str, float]]:
    tree = json.loads((folder / "sweeps.json").read_text("utf-8"))
    return [
        (sweep["name"], point["value"], name, figures["score"])
        for sweep in tree["sweeps"]
        for point in sweep["points"]
        for name, figures in sorted(point["policies"].items())
    ]
