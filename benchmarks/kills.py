"""Kills of training processes at random moments: does each run go on with --resume, and reach its end?

    python benchmarks/kills.py [--kills 20] [--seed 0] [--only compact-0 ...]

Of each kind of run and each way to end it, a run is started, killed at a random moment after an update,
and resumed; at the end it must have every update once, in its metrics, and a best checkpoint.
`worker` kills a rollout worker: the run itself must go on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

COMPACT = """
name = "run"
task = "manager"
[streams]
train = "synthetic:train"
validation = "synthetic:validation"
num_train = 6
num_validation = 2
options = { num_sessions = 2, turns_per_session = 20, num_facts = 6, num_questions = 4 }
[episode]
max_entries = 5
[reward]
evidence_recall = 1.0
[algorithm]
name = "grpo"
num_updates = UPDATES
groups_per_update = 4
group_size = 4
[evaluation]
every = 10
[checkpoints]
every = 5
[rollouts]
num_workers = WORKERS
max_restarts = 1000
[logging]
report_to = []
"""
LANGUAGE = """
name = "run"
task = "manager"
[streams]
train = "synthetic:train"
validation = "synthetic:validation"
num_train = 2
num_validation = 1
options = { num_sessions = 1, turns_per_session = 6, num_facts = 2, num_questions = 1 }
[episode]
max_entries = 3
[policy]
kind = "language"
model = "MODEL"
format = "brief"
max_prompt_tokens = 768
max_response_tokens = 8
[reward]
evidence_recall = 1.0
[algorithm]
name = "grpo"
num_updates = UPDATES
groups_per_update = 1
group_size = 2
[engine]
kind = "transformers"
[evaluation]
every = 5
[checkpoints]
every = 1
[rollouts]
num_workers = 0
[logging]
report_to = []
"""
RUNS = {"compact-0": (COMPACT, 0, 400), "compact-2": (COMPACT, 2, 400), "language-0": (LANGUAGE, 0, 30)}
"""Configuration, workers and updates of each kind of run."""
SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}
UNTIL_FIRST_S, UNTIL_END_S = 240.0, 900.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=RUNS, default=list(RUNS))
    options = parser.parse_args()
    rows = []
    for kind in options.only:
        ways = [*SIGNALS, *(["worker"] if RUNS[kind][1] else [])]
        for way in ways:
            with tempfile.TemporaryDirectory() as folder:
                row = kill_repeatedly(Path(folder), kind, way, options.kills, random.Random(options.seed))
            rows.append({"run": kind, "way": way, **row})
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    print(json.dumps(rows))


def kill_repeatedly(folder: Path, kind: str, way: str, kills: int, rng: random.Random) -> dict[str, object]:
    """Kill and resume a run, then let it end; return what came of it."""
    command = _command(folder, kind)
    codes: Counter[int] = Counter()
    lost, left, done, began = [], 0, 0, time.monotonic()
    metrics = folder / "runs" / "run" / "metrics.jsonl"
    while done < kills:
        process = _start(command, resume=metrics.exists())
        before = _updates(metrics)
        if not _wait(lambda before=before: _updates(metrics) > before, process, UNTIL_FIRST_S):
            break  # It has ended, well or not.
        while done < kills and process.poll() is None:
            time.sleep(rng.uniform(0.0, 0.7))
            seen = _updates(metrics)
            if way == "worker":
                done += _kill_worker(process.pid, rng)
                _wait(lambda seen=seen: _updates(metrics) > seen + 1, process, UNTIL_FIRST_S)
                continue
            process.send_signal(SIGNALS[way])
            process.wait(UNTIL_FIRST_S)
            done += 1
            codes[process.returncode] += 1
            lost.append(_updates(metrics) - _latest(folder))
        if way != "worker":
            time.sleep(15.0 if kind == "compact-2" and way == "SIGKILL" and done == kills else 0.0)
            left = max(left, len(_descendants_left(folder)))
    if way != "worker":
        process = _start(command, resume=True)
    process.wait(UNTIL_END_S)
    updates = [json.loads(line)["update"] for line in metrics.read_text().splitlines()]
    is_whole = updates == list(range(1, RUNS[kind][2] + 1)) and (folder / "runs" / "run" / "best").exists()
    return {
        "kills": done,
        "codes": dict(codes),
        "reached_the_end": is_whole and process.returncode == 0,
        "most_updates_repeated": max(lost, default=0),
        "ray_processes_left": left,
        "seconds": round(time.monotonic() - began),
    }


def _command(folder: Path, kind: str) -> list[str]:
    text, workers, updates = RUNS[kind]
    text = text.replace("WORKERS", str(workers)).replace("UPDATES", str(updates))
    if "MODEL" in text:
        from memdojo.agents.language.tiny import build_tiny_model

        (folder / "model").mkdir()
        build_tiny_model(folder / "model", hidden_dim=32, num_layers=1, num_heads=1, num_streams=20)
        text = text.replace("MODEL", str(folder / "model"))
    (folder / "run.toml").write_text(text)
    return [
        *(sys.executable, "-m", "memdojo.cli", "train", str(folder / "run.toml")),
        *("--run-dir", str(folder / "runs"), "--quiet"),
    ]


def _start(command: list[str], *, resume: bool) -> subprocess.Popen[bytes]:
    with open(os.path.join(os.path.dirname(command[4]), "log.txt"), "ab") as log:
        return subprocess.Popen([*command, *(["--resume"] if resume else [])], stdout=log, stderr=log)


def _updates(metrics: Path) -> int:
    lines = metrics.read_bytes().splitlines(keepends=True) if metrics.exists() else []
    return sum(line.endswith(b"\n") for line in lines)


def _latest(folder: Path) -> int:
    steps = (folder / "runs" / "run" / "checkpoints").glob("step_*")
    return max((int(step.name.removeprefix("step_")) for step in steps), default=0)


def _wait(is_done, process: subprocess.Popen[bytes], seconds: float) -> bool:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_done():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return False


def _kill_worker(driver: int, rng: random.Random) -> int:
    """Kill a worker of a run; return how many were killed."""
    workers = [pid for pid, name in _processes_below(driver) if name.startswith("ray::_Worker")]
    if not workers:
        time.sleep(0.1)
        return 0
    os.kill(rng.choice(workers), signal.SIGKILL)
    return 1


def _processes_below(pid: int) -> list[tuple[int, str]]:
    import psutil

    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            found.append((process.pid, " ".join(process.cmdline())))
        except psutil.Error:
            continue
    return found


def _descendants_left(folder: Path) -> list[int]:
    """Return the processes of runs in this folder, and of their Ray, that outlived what started them."""
    import psutil

    left = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment = process.info["environ"] or {}
        if environment.get("MEMDOJO_KILLS") == str(os.getpid()) and process.pid != os.getpid():
            left.append(process.pid)
    return left


if __name__ == "__main__":
    # What is started from here is known by it.
    os.environ["MEMDOJO_KILLS"] = str(os.getpid())
    main()
