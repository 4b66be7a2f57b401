"""Kills of trainings and evaluations at random moments: does each go on, and end as one that was left alone?

    python benchmarks/kills.py [--kills 20] [--seed 0] [--only compact-0 compact-2 language-0 eval]
                               [--ways SIGKILL SIGTERM SIGHUP worker]

Of each kind of run and each way to end it, a run is started, ended at a random moment, also while it starts,
and resumed, again and again. At the end it must have every update once and the numbers of a run that was
left alone, to the last digit, but for times and counts of restarts. `worker` kills a rollout worker: the run
itself must go on. `eval` is an evaluation with --out, whose tables must be those of one that was left alone.
After each end it is counted how many processes of the run, Ray's included, there are after 15 and 30
seconds, and how long the last one takes. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

COMPACT = """
name = "run"
task = "manager"
[streams]
train = "synthetic:train"
validation = "synthetic:validation"
num_train = 4
num_validation = 2
options = { num_sessions = 1, turns_per_session = 12, num_facts = 2, num_questions = 2 }
[episode]
max_entries = 4
[policy]
hidden_dim = 16
[reward]
evidence_recall = 1.0
[algorithm]
name = "grpo"
num_updates = 1500
groups_per_update = 2
group_size = 2
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
options = { num_sessions = 1, turns_per_session = 12, num_facts = 2, num_questions = 1 }
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
num_updates = 60
groups_per_update = 1
group_size = 2
[engine]
kind = "transformers"
max_sequences = 1
[evaluation]
every = 5
[checkpoints]
every = 1
[rollouts]
num_workers = 0
[logging]
report_to = []
"""
RUNS = {"compact-0": (COMPACT, 0), "compact-2": (COMPACT, 2), "language-0": (LANGUAGE, 0)}
"""Configuration and workers of each kind of run."""
EVAL = "eval"
SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}
WORKER = "worker"

STARTING_SHARE = 0.25
"""Share of the kills that fall into the start of a process, before it has done anything new."""
MOST_S_AFTER_FIRST = 1.0
UNTIL_FIRST_S, UNTIL_END_S, UNTIL_GONE_S = 240.0, 900.0, 60.0
MARK = "MEMDOJO_KILLS"
"""A variable of the environment by which all that is started from here is known."""
NOT_COMPARED = ("seconds", "restarts/", "_per_s", "replayed_groups")


@dataclass(slots=True)
class Outcome:
    """What came of a kind of run that was ended one way.

    Attributes:
        kills: How many there were.
        codes: Exit codes of the processes that were ended, and how often each.
        is_same: Whether the run reached its end, with what one has that was left alone.
        wrong: What differed.
        most_repeated: Most updates that a kill lost, which are played again.
        left: Processes of a run after 15 and after 30 seconds, most of all kills.
        gone_s: Seconds until the last process had ended, most of all kills.
        seconds: Of all together.
    """

    kills: int = 0
    codes: dict[int, int] = field(default_factory=dict)
    is_same: bool = False
    wrong: str = ""
    most_repeated: int = 0
    left: dict[int, int] = field(default_factory=lambda: {15: 0, 30: 0})
    gone_s: float = 0.0
    seconds: float = 0.0


class Job:
    """A training or an evaluation in a folder, which can be started again and again."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self._is_training = kind != EVAL
        if not self._is_training:
            streams = ["--streams", "synthetic:test", "--option", "num_streams=20", "--max-entries", "5"]
            self._arguments = ["eval", "all", *streams, "--out", str(folder / "out"), "--quiet"]
            return
        text, workers = RUNS[kind]
        text = text.replace("WORKERS", str(workers)).replace("MODEL", str(folder / "model"))
        if "language" in kind:
            from memdojo.agents.language.tiny import build_tiny_model

            (folder / "model").mkdir()
            build_tiny_model(folder / "model", hidden_dim=32, num_layers=1, num_heads=1, num_streams=20)
        (folder / "run.toml").write_text(text)
        self._arguments = ["train", str(folder / "run.toml"), "--run-dir", str(folder / "runs"), "--quiet"]

    @property
    def run(self) -> Path:
        return self.folder / "runs" / "run"

    @property
    def metrics(self) -> Path:
        return self.run / "metrics.jsonl"

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, or go on with it."""
        more = ["--resume"] if self._is_training and self.run.exists() else []
        with open(self.folder / "log.txt", "ab") as log:
            command = [sys.executable, "-m", "memdojo", *self._arguments, *more]
            return subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | {MARK: str(self.folder)}
            )

    def progress(self) -> tuple[int, ...]:
        """Return something that changes whenever an update or an episode is done."""
        if self._is_training:
            return (self.metrics.stat().st_mtime_ns, self.num_updates()) if self.num_updates() else ()
        return tuple(path.stat().st_size for path in self.folder.glob("out/episodes.jsonl.gz"))

    def num_updates(self) -> int:
        """Return how many updates are in the metrics as whole lines, behind that of the start."""
        num_lines = self.metrics.read_bytes().count(b"\n") if self.metrics.exists() else 0
        return max(num_lines - 1, 0)

    def newest_checkpoint(self) -> int:
        steps = [step.name.removeprefix("step_") for step in self.run.glob("checkpoints/step_*")]
        return max((int(step) for step in steps if step.isdecimal()), default=0)

    def result(self) -> dict[str, Any]:
        """Return what must not depend on kills, by what it is about."""
        if not self._is_training:
            tables = self.folder.glob("out/*.csv")
            return {path.name: _compared(csv.DictReader(path.open(newline=""))) for path in tables}
        lines = _compared(json.loads(line) for line in self.metrics.read_text().splitlines())
        best = (self.run / "best").resolve().name
        return {f"line {number}": line for number, line in enumerate(lines, 1)} | {"best": best}

    def processes(self) -> Iterator[psutil.Process]:
        """Yield all processes that were started for it, and by these."""
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == str(self.folder) and process.status() != "zombie":
                    yield process
            except psutil.Error:
                continue


def end_repeatedly(job: Job, alone: Job, way: str, kills: int, rng: random.Random) -> Outcome:
    """End and resume a job, then let it come to its end, and compare it with one that was left alone."""
    outcome, began, has_ended = Outcome(), time.monotonic(), False
    while outcome.kills < kills and not has_ended:
        before, process = job.progress(), job.start()
        if way == WORKER or rng.random() >= STARTING_SHARE:
            _wait(lambda before=before: job.progress() != before, process, UNTIL_FIRST_S)
        else:
            time.sleep(rng.uniform(0.0, 10.0))
        while way == WORKER and outcome.kills < kills and process.poll() is None:
            _end_worker(job, process, rng, outcome)
        if way == WORKER:
            process.wait(UNTIL_END_S)
            break
        time.sleep(rng.uniform(0.0, MOST_S_AFTER_FIRST))
        has_ended = process.poll() is not None
        if not has_ended:
            process.send_signal(SIGNALS[way])
            outcome.kills += 1
            code = process.wait(UNTIL_END_S)
            outcome.codes[code] = outcome.codes.get(code, 0) + 1
            outcome.most_repeated = max(outcome.most_repeated, job.num_updates() - job.newest_checkpoint())
        _wait_until_gone(job, outcome)
    code = process.returncode
    if way != WORKER and not has_ended:
        code = job.start().wait(UNTIL_END_S)
    outcome.wrong = f"exit code {code}" if code else _difference(job.result(), alone.result())
    outcome.is_same = not outcome.wrong
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def _end_worker(job: Job, driver: subprocess.Popen[bytes], rng: random.Random, outcome: Outcome) -> None:
    """Kill one rollout worker, and wait until the run has gone on."""
    workers = [process for process in job.processes() if _name(process).startswith("ray::_Worker")]
    if workers:
        rng.choice(workers).kill()
        outcome.kills += 1
    seen = job.num_updates()
    _wait(lambda: job.num_updates() > seen + 1, driver, UNTIL_FIRST_S)
    time.sleep(rng.uniform(0.0, MOST_S_AFTER_FIRST))


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _wait(is_done: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None and not is_done():
        time.sleep(0.02)


def _wait_until_gone(job: Job, outcome: Outcome) -> None:
    """Wait for the processes of a job that outlived the one that had started them, and note how long."""
    began, counted = time.monotonic(), set()
    while left := len(list(job.processes())):
        since = time.monotonic() - began
        outcome.gone_s = max(outcome.gone_s, round(since, 1))
        for after in outcome.left:
            if since >= after and after not in counted:
                counted.add(after)
                outcome.left[after] = max(outcome.left[after], left)
        if since > UNTIL_GONE_S:
            for process in job.processes():
                process.kill()
        time.sleep(0.5)


def _compared(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if not any(part in key for part in NOT_COMPARED)}
        for row in rows
    ]


def _difference(result: dict[str, Any], alone: dict[str, Any]) -> str:
    """Say where a result differs from that of a job that was left alone; "" if it does not."""
    if result.keys() != alone.keys():
        return f"{len(result)} parts instead of {len(alone)}"
    parts = [part for part, value in alone.items() if result[part] != value]
    return f"{len(parts)} parts differ, such as {parts[0]!r}" if parts else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=[*RUNS, EVAL], default=[*RUNS, EVAL])
    parser.add_argument("--ways", nargs="*", choices=[*SIGNALS, WORKER], default=[*SIGNALS, WORKER])
    options = parser.parse_args()
    rows = []
    for kind in options.only:
        with tempfile.TemporaryDirectory() as left_alone:
            alone = Job(Path(left_alone), kind)
            if code := alone.start().wait(UNTIL_END_S):
                sys.exit(f"{kind} ends with {code}: {(alone.folder / 'log.txt').read_text()}")
            for way in options.ways:
                if way == WORKER and not (kind in RUNS and RUNS[kind][1]):
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    job = Job(Path(folder), kind)
                    outcome = end_repeatedly(job, alone, way, options.kills, random.Random(options.seed))
                    rows.append({"run": kind, "way": way} | asdict(outcome))
                    print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
                    if outcome.wrong:
                        print((job.folder / "log.txt").read_text()[-2000:], file=sys.stderr)
    print(json.dumps({"results": rows}))


if __name__ == "__main__":
    main()
