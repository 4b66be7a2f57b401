"""Training on tasks of one context by TRL's GRPOTrainer, through its public interfaces alone.

TRL samples and learns; a reward function plays the step that a completion decides. What TRL does otherwise
than memdojo's own learner:

- A completion that could not be scored has no advantage and stays out of its group's mean and deviation, but
  its tokens count in the mean over tokens, and a KL or entropy term acts on them.
- The learning rate warms up from 0: the first of `warmup_updates` updates learns nothing.
- Where `minibatch_groups` is set, a gradient step takes as many completions, of whichever groups.
- Its own state, in the folder `trl` of a checkpoint, is what transformers writes: weights once more, and
  `optimizer.pt` and the like, which are read with `weights_only`.
- It seeds the generators of Python, NumPy and torch.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from memdojo.errors import CheckpointError

from ...config.run_kinds import LanguageConfig
from ...episodes.splits import load_splits, trained_on
from ...loop import TrainLoop, TrainResult, find_start, prepare_run
from ...runs.folder import RunFolder
from ...runs.interrupts import GracefulStop
from ...runs.progress import Progress
from .settings import check_devices
from .trainee import TRL, TrlTrainee


def train_with_trl(
    config: LanguageConfig, run: RunFolder, *, resume: bool, progress: Progress
) -> TrainResult:
    """Train a language policy by TRL; see `memdojo.train.dispatch.train`. The warm start must be done.

    Raises:
        ConfigError: If TRL cannot sample where the configuration wants it to.
        ModelError: If the model cannot be used, or a prompt is too long without any entry of the memory.
        CheckpointError: If the last checkpoint is not one of a run with TRL.
        DivergenceError: If the loss or the gradient is no longer finite.
        Interrupted: After Ctrl-C or another signal that asks it to end, once the update is done and its
            checkpoint saved.
    """
    check_devices(config)
    splits = load_splits(config, run.path)
    run_state, checkpoint = find_start(run, resume=resume)
    # Before the first update TRL has nothing to go on from.
    trl_state = None if checkpoint is None or run_state.updates == 0 else _state_of(checkpoint)
    prepare_run(run, run_state)
    if config.learner.num_threads:
        torch.set_num_threads(config.learner.num_threads)
    with _silence(), contextlib.closing(TrlTrainee(config, run, splits)) as trainee:
        held_out = splits.get("validation", ())
        loop = TrainLoop(
            config, run, trainee, trained_on(config, splits), run_state, held_out, validates_start=True
        )
        progress.start(config.algorithm.num_updates, done=run_state.updates)
        try:
            with GracefulStop() as stop:
                trainee.trainer.add_callback(_Follower(trainee, loop, stop, progress))
                if loop.start_is_due:
                    loop.show(loop.validate_start(), progress)
                if not (loop.is_done or stop.requested):
                    trainee.trainer.train(resume_from_checkpoint=trl_state)
                if stop.requested:
                    raise stop.interrupt
        finally:
            run.close()
    return loop.result(progress)


class _Follower(TrainerCallback):  # type: ignore[misc]  # transformers has no types here.
    """Lets memdojo's loop follow what TRL does, and TRL save and stop when the loop wants it."""

    def __init__(self, trainee: TrlTrainee, loop: TrainLoop, stop: GracefulStop, progress: Progress) -> None:
        self._trainee = trainee
        self._loop = loop
        self._stop = stop
        self._progress = progress
        self._last_step = -1

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if state.global_step % self._trainee.steps_per_update == 0:
            self._trainee.begin()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any],
        **_: Any,
    ) -> None:
        step = state.global_step
        if step == self._last_step:
            return  # The summary at the end of training.
        self._last_step = step
        update, rest = divmod(step - 1, self._trainee.steps_per_update)
        self._trainee.hear(logs, update)
        if rest != self._trainee.steps_per_update - 1:
            return
        groups, metrics = self._trainee.play(update)
        report, is_due = self._loop.finish(groups, metrics | self._trainee.learn(groups, update))
        self._loop.show(report, self._progress)
        should_stop = self._loop.is_done or self._stop.requested
        control.should_training_stop = control.should_training_stop or should_stop
        # TRL writes its state right after this, and then calls `on_save`.
        control.should_save = is_due or self._stop.requested

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._loop.save()


def _state_of(checkpoint: Path) -> str:
    """Return the folder of a checkpoint that TRL goes on from.

    Raises:
        CheckpointError: If it has no state of TRL's.
    """
    if not (checkpoint / TRL / "trainer_state.json").is_file():
        raise CheckpointError(
            f"{checkpoint} has no state of TRL's trainer to go on with; start a new run, or restore its "
            f"folder {TRL!r}."
        )
    return str(checkpoint / TRL)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep TRL and what it brings from warning and telling; errors still come."""
    # vLLM, which TRL loads wherever it is installed, reads this when it is loaded.
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "CRITICAL")
    # Nor does it have to tell anybody that it was used.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    loggers = [logging.getLogger(name) for name in ("trl", "accelerate", "datasets", "vllm")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
