"""The training of a language policy: rollouts through engines, learning, new weights, over and over."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from memdojo.agents.engines.models import load_tokenizer, quieten_transformers
from memdojo.envs.types import Stream
from memdojo.registry import load_target
from memdojo.settings import with_absolute_folders

from ..checkpoints.compact import TrainedOn, load_training_state, reading_state
from ..checkpoints.language import language_spec, save_language_policy, sound_model, write_model
from ..config.language import LEARNERS
from ..config.run_kinds import LanguageConfig
from ..config.tables import Split
from ..episodes.memories import keep_memories
from ..episodes.schedule import Schedule, validation_tasks
from ..episodes.splits import load_splits, trained_on
from ..loop import Groups, Played, TrainLoop, TrainResult, find_start, prepare_run
from ..rollouts.recorded_episodes import with_records
from ..rollouts.start import requiring_ray
from ..rollouts.tasks import RolloutTask
from ..runs.folder import RunFolder
from ..runs.progress import Progress
from .learner import LanguageLearner
from .learner_processes import from_main
from .local_sampling import LocalSampling
from .recorded_trajectories import write_trajectories
from .rollout_metrics import play_metrics
from .sampling import PlayerRecipes, Sampling
from .setup import check_room, make_encoder, make_learner, make_task
from .trajectories import LanguageGroup, by_decision
from .warm_start.stage import initial_model, warm_start

ValueT = TypeVar("ValueT")


def train_language(
    config: LanguageConfig, run: RunFolder, *, resume: bool, progress: Progress
) -> TrainResult:
    """Train a language policy; see `memdojo.train.dispatch.train`.

    Raises:
        ConfigError: If the prompts may be longer than the model's context.
        ModelError: If the model cannot be used.
        EngineError: If engines or workers die more often than `engine.max_restarts` allows, or a learner
            process dies.
    """
    quieten_transformers()
    # Processes in other folders must find the models.
    config = with_absolute_folders(config)
    check_room(config, config.policy.model)
    keep_memories(config, run, progress)
    warm_start(config, run, progress)
    train: Callable[..., TrainResult] = load_target(LEARNERS.get(config.learner.kind).trainer)
    return train(config, run, resume=resume, progress=progress)


def train_with_memdojo(
    config: LanguageConfig, run: RunFolder, *, resume: bool, progress: Progress
) -> TrainResult:
    """Train with our own learner; see `train_language`."""
    if config.learner.num_processes == 1:
        return _train_here(config, run, resume, progress, lambda: False)
    from .distributed import train_in_processes

    return train_in_processes(_train_here, config, run, resume=resume, progress=progress)


def _train_here(
    config: LanguageConfig,
    run: RunFolder,
    resume: bool,
    progress: Progress,
    stop_requested: Callable[[], bool],
) -> TrainResult:
    """Train in this process, which may be one of several."""
    splits = load_splits(config, run.path)
    run_state, checkpoint = find_start(run, resume=resume)
    base = initial_model(config, run)
    model = base if checkpoint is None else str(sound_model(checkpoint))
    learner = make_learner(config, base if config.policy.lora_rank else model, base)
    saved = None if checkpoint is None else load_training_state(checkpoint)
    if checkpoint is not None and saved is not None:
        with reading_state(checkpoint):
            learner.load_state(saved)
    state = None if saved is None else saved.state
    from_main(learner.accelerator, lambda: prepare_run(run, run_state))
    sampling = _start_sampling(config, run, splits, model) if learner.accelerator.is_main_process else None
    trainee = LanguageTrainee(config, run, splits, sampling, learner, stop_requested, state)
    try:
        held_out = splits.get("validation", ())
        loop = TrainLoop(
            config, run, trainee, trained_on(config, splits), run_state, held_out, validates_start=True
        )
        return loop.run_to_end(progress)
    finally:
        trainee.close()
        run.close()


def _start_sampling(
    config: LanguageConfig, run: RunFolder, splits: Mapping[Split, Sequence[Stream]], model: str
) -> Sampling:
    """Start engines and players in this process or, with workers, in Ray actors."""
    recipes = PlayerRecipes(config, run, splits, model)
    if config.rollouts.num_workers == 0:
        return LocalSampling(config, recipes, model)
    with requiring_ray(config.rollouts):
        from .ray_sampling import RaySampling
    return RaySampling(config, recipes, model)


class LanguageTrainee:
    """A language policy in training: the learner is in this process, what plays is here or in Ray actors.

    Where there are several learner processes, each has one of these; the first one alone plays and writes.

    The version of weights is the number of updates since this process began: the weights that the engines
    load from the disk are version 0.

    Args:
        config: The run.
        run: Its folder.
        splits: Its streams.
        sampling: What plays; None in the processes that only learn.
        learner: What learns.
        stop_requested: Asks whether to stop after the update.
        state: Of the checkpoint from which the run goes on, if it does.
    """

    def __init__(
        self,
        config: LanguageConfig,
        run: RunFolder,
        splits: Mapping[Split, Sequence[Stream]],
        sampling: Sampling | None,
        learner: LanguageLearner,
        stop_requested: Callable[[], bool],
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self.is_main = sampling is not None
        self._config = config
        self._run = run
        self._schedule = Schedule(config, splits["train"])
        if state is not None:
            with reading_state(run.path):
                self._schedule.load_state(state)
        self._validation = validation_tasks(config, splits.get("validation", []))
        self._sampling = sampling
        self._learner = learner
        self._stop_requested = stop_requested
        self._encoder = make_encoder(config, make_task(config), config.policy.model)
        self._version = 0
        self._sampling_version = 0

    def play(self, update: int) -> Played:
        """Play the episodes of update `update`, with weights no older than the run allows."""
        started = time.perf_counter()
        self._sync(self._config.engine.max_staleness)
        seconds = time.perf_counter() - started
        return self._from_main(lambda: self._play(update, seconds))

    def learn(self, groups: Groups, update: int) -> dict[str, float]:
        """Learn from them and return metrics."""
        metrics = self._learner.update(groups, update)  # type: ignore[arg-type]  # They are what `play` returned.
        self._version += 1
        return metrics

    def validate(self, num_recorded: int = 0) -> Groups:
        """Play the validation episodes greedily, and record all that is done in the first `num_recorded`."""
        self._sync(0)
        tasks = with_records(self._validation, num_recorded)
        return self._from_main(lambda: self._play_tasks("validation", tasks))

    def save(self, folder: Path, training: TrainedOn, state: Mapping[str, Any]) -> None:
        """Write a checkpoint."""
        # Shards are put together by all processes, and written by one.
        weights, adapters = self._learner.policy_state_dict(), self._learner.adapter_state_dict()
        saved = self._learner.state()
        network, tokenizer = self._learner.network, load_tokenizer(self._config.policy.model)

        def write(temporary: Path) -> None:
            write_model(temporary, network, weights, tokenizer, adapters)

        spec = language_spec(self._config, training)
        whole_state = dataclasses.replace(saved, state={**saved.state, **self._schedule.state(), **state})
        self._from_main(lambda: save_language_policy(folder, write, spec, whole_state))

    def agree(self, flag: bool) -> bool:
        """Return whether the first process was asked to stop."""
        return self._from_main(lambda: flag or self._stop_requested())

    def close(self) -> None:
        """End engines and workers."""
        if self._sampling is not None:
            self._sampling.close()

    def _from_main(self, make: Callable[[], ValueT]) -> ValueT:
        return from_main(self._learner.accelerator, make)

    def _sync(self, max_staleness: int) -> None:
        """Hand the present weights to the engines if theirs are too old."""
        if self._version - self._sampling_version <= max_staleness:
            return
        weights = self._learner.policy_state_dict()
        self._from_main(lambda: self._main.load_weights(weights, self._version))
        self._sampling_version = self._version

    @property
    def _main(self) -> Sampling:
        assert self._sampling is not None  # Only the first process asks.
        return self._sampling

    def _play_tasks(self, player: str, tasks: Sequence[RolloutTask]) -> list[LanguageGroup]:
        return self._main.play(player, tasks, self._version)

    def _play(self, update: int, sync_seconds: float) -> Played:
        started = time.perf_counter()
        played = self._play_tasks("training", self._schedule.training(update))
        self._schedule.record(update, played)
        groups = by_decision(played)
        groups += self._refill(groups, update)
        metrics = play_metrics(groups, update, time.perf_counter() - started)
        if update % self._config.evaluation.every == 0:
            write_trajectories(self._run, groups, self._encoder, update)
        metrics |= self._main.restarts() | {"seconds/weights": sync_seconds}
        return Played(groups, metrics | self._answer_metrics())

    def _refill(self, groups: Sequence[LanguageGroup], update: int) -> list[LanguageGroup]:
        """Play other groups for those that teach nothing, until there are enough or the rounds are over."""
        algorithm = self._learner.algorithm
        groups_per_task = max(algorithm.settings.probes[0], 1)
        more: list[LanguageGroup] = []
        num_missing = algorithm.num_skipped(groups)
        for refill in range(1, algorithm.settings.most_refills + 1):
            if not num_missing:
                break
            num_tasks = math.ceil(num_missing / groups_per_task)
            played = self._play_tasks("training", self._schedule.training(update, refill)[:num_tasks])
            self._schedule.record(update, played, refill)
            refilled = by_decision(played)
            num_missing = algorithm.num_skipped(refilled)
            more += refilled
        return more

    def _answer_metrics(self) -> dict[str, float]:
        hits, misses = self._main.take_answer_counts()
        if not hits + misses:
            return {}
        return {"answers/asked": float(misses), "answers/cached_share": hits / (hits + misses)}
