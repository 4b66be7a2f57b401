"""Several learner processes by Ray Train: each runs the whole loop; the first also plays and writes."""

from __future__ import annotations

import tempfile
import threading
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer
from ray.util.queue import Empty, Queue

from memdojo.errors import EngineError, MemdojoError, reason_of

from ..config.run_kinds import LanguageConfig
from ..loop import TrainResult
from ..rollouts.ray_session import start_ray, stop_ray
from ..runs.folder import RunFolder
from ..runs.interrupts import GracefulStop
from ..runs.progress import Progress, Report
from .setup import learner_device

TrainHere = Callable[[LanguageConfig, RunFolder, bool, Progress, Callable[[], bool]], TrainResult]
"""Trains in one process of several: configuration, run, resume, progress, and what asks whether to stop."""


def train_in_processes(
    train_here: TrainHere, config: LanguageConfig, run: RunFolder, *, resume: bool, progress: Progress
) -> TrainResult:
    """Let `config.learner.num_processes` processes train, and show how far they are.

    Raises:
        EngineError: If a process died.
        Interrupted: After Ctrl-C or another signal that asks it to end, once the update is done and its
            checkpoint saved.
        MemdojoError: What training raised.
    """
    num_processes = config.learner.num_processes
    # One more for Ray Train's own actor.
    started_ray = start_ray(config.rollouts.address, num_cpus=config.rollouts.num_workers + num_processes + 1)
    news, wishes = Queue(actor_options={"num_cpus": 0}), Queue(actor_options={"num_cpus": 0})
    try:
        with tempfile.TemporaryDirectory() as storage:
            trainer = TorchTrainer(
                _run_process,
                train_loop_config={
                    "train_here": train_here,
                    "config": config,
                    "run": run.path.absolute(),
                    "resume": resume,
                    "news": news,
                    "wishes": wishes,
                },
                scaling_config=ScalingConfig(
                    num_workers=num_processes, use_gpu=learner_device(config) == "cuda"
                ),
                torch_config=TorchConfig(backend="nccl" if learner_device(config) == "cuda" else "gloo"),
                run_config=RunConfig(name=run.path.name, storage_path=storage),
            )
            failures: list[BaseException] = []
            fit = threading.Thread(target=_fit, args=(trainer, failures), daemon=True)
            fit.start()
            outcome = _follow(fit, news, wishes, progress)
    finally:
        if started_ray:
            stop_ray()
    return _result(outcome, failures)


def _result(outcome: TrainResult | BaseException | None, failures: Sequence[BaseException]) -> TrainResult:
    """Return what the first process said, or raise what ended it.

    Args:
        outcome: The last word of the first process; None if it had none.
        failures: What Ray Train said of the processes.
    """
    # The first process loses its connection to a process that dies: its error is the echo of that death.
    is_echo = bool(failures) and not isinstance(outcome, TrainResult | MemdojoError | KeyboardInterrupt)
    if outcome is None or is_echo:
        why = reason_of(failures[-1]) if failures else "it said nothing"
        raise EngineError(f"a learner process died ({why}); continue from the last checkpoint with --resume.")
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _fit(trainer: TorchTrainer, failures: list[BaseException]) -> None:
    try:
        with warnings.catch_warnings():
            # Ray Train loads Ray Data, which warns of settings of its own.
            warnings.simplefilter("ignore")
            trainer.fit()
    except BaseException as error:
        failures.append(error)


def _follow(
    fit: threading.Thread, news: Queue, wishes: Queue, progress: Progress
) -> TrainResult | BaseException | None:
    """Show the first process's messages until training ends; return how it ended, None if it did not say."""
    outcome: TrainResult | BaseException | None = None
    with GracefulStop() as stop:
        is_asked = False
        while True:
            is_running = fit.is_alive()
            if stop.requested and not is_asked:
                wishes.put("stop")
                is_asked = True
            try:
                kind, value = news.get(timeout=0.5)
            except Empty:
                if is_running:
                    continue
                # The processes know that they were to stop, and not by which signal.
                was_asked = stop.requested and isinstance(outcome, KeyboardInterrupt)
                return stop.interrupt if was_asked else outcome
            if kind == "start":
                progress.start(value[0], done=value[1])
            elif kind == "report":
                progress.report(value)
            elif kind == "message":
                progress.message(value)
            else:
                outcome = value


def _run_process(settings: dict[str, Any]) -> None:
    """Train in one process of several; the first one puts the results into its news."""
    from ray.train import get_context

    is_main = get_context().get_world_rank() == 0
    news, wishes = settings["news"], settings["wishes"]
    progress = _QueuedProgress(news if is_main else None)
    run = RunFolder(Path(settings["run"]), settings["config"])
    try:
        outcome: TrainResult | BaseException = settings["train_here"](
            settings["config"], run, settings["resume"], progress, lambda: is_main and not wishes.empty()
        )
    except BaseException as error:
        outcome = error
    if is_main:
        news.put(("outcome", outcome))
    elif isinstance(outcome, Exception):
        # Ray Train ends the others, which would wait for this one.
        raise outcome


class _QueuedProgress(Progress):
    """Reports the run's progress to another process; does nothing without a queue."""

    def __init__(self, news: Queue | None) -> None:
        self._news = news

    def start(self, num_updates: int, *, done: int = 0) -> None:
        self._tell("start", (num_updates, done))

    def report(self, report: Report) -> None:
        self._tell("report", report)

    def message(self, text: str) -> None:
        self._tell("message", text)

    def _tell(self, kind: str, value: Any) -> None:
        if self._news is not None:
            self._news.put((kind, value))
