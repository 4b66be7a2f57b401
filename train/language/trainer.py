"""The training of a language policy: rollouts through engines, learning, new weights, over and over."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import ray

from memdojo.agents.engines.actors import EnginePool
from memdojo.agents.graders.registry import ServedModel, answering_model, judging_model
from memdojo.agents.language.models import load_tokenizer, quieten_transformers
from memdojo.envs.types import Stream
from memdojo.registry import load_target
from memdojo.settings import with_absolute_folders

from ..checkpoints.compact import TrainedOn, load_training_state
from ..checkpoints.language import language_spec, save_language_policy, write_model
from ..checkpoints.model_folders import MODEL
from ..config.kinds import LanguageConfig
from ..config.language import LEARNERS
from ..config.tables import Split
from ..episodes.memories import MEMORY_SPLITS, keep_memories, read_memories
from ..episodes.schedule import Schedule
from ..episodes.splits import load_splits, trained_on
from ..loop import Groups, Played, TrainLoop, TrainResult, find_start, prepare_run
from ..rollouts.ray_session import start_ray
from ..rollouts.recorded_episodes import with_records
from ..rollouts.tasks import RolloutTask
from ..runs.folder import RunFolder
from ..runs.progress import Progress
from .distributed import from_main, train_in_processes
from .learner import LanguageLearner
from .one_step_episodes import build_one_steps
from .ray_rollouts import LanguageRollouts
from .recorded_trajectories import write_trajectories
from .rollout_metrics import play_metrics
from .setup import (
    GraderClients,
    check_room,
    engine_settings,
    make_encoder,
    make_learner,
    make_task,
    player_recipe,
)
from .trajectories import LanguageGroup
from .warm_start.stage import initial_model, warm_start

ValueT = TypeVar("ValueT")


def train_language(
    config: LanguageConfig, run: RunFolder, *, resume: bool, progress: Progress
) -> TrainResult:
    """Train a language policy; see `memdojo.train.entry.train`.

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
    return train_in_processes(_train_here, config, run, resume=resume, progress=progress)


def _train_here(
    config: LanguageConfig,
    run: RunFolder,
    resume: bool,
    progress: Progress,
    stop_requested: Callable[[], bool],
) -> TrainResult:
    """Train in this process, which may be one of several."""
    splits = load_splits(config)
    run_state, checkpoint = find_start(run, resume=resume)
    base = initial_model(config, run)
    model = base if checkpoint is None else str(checkpoint / MODEL)
    learner = make_learner(config, base if config.policy.lora_rank else model, base)
    saved = None if checkpoint is None else load_training_state(checkpoint)
    if saved is not None:
        learner.load_state(saved)
    state = None if saved is None else saved.state
    from_main(learner.accelerator, lambda: prepare_run(run, run_state))
    sampling = Sampling(config, run, splits, model) if learner.accelerator.is_main_process else None
    trainee = LanguageTrainee(config, run, splits, sampling, learner, stop_requested, state)
    try:
        held_out = splits.get("validation", ())
        loop = TrainLoop(config, run, trainee, trained_on(config, splits), run_state, held_out)
        return loop.run_to_end(progress)
    finally:
        trainee.close()
        run.close()


class Sampling:
    """What plays the episodes of a run: engines, the answerer's engines, rollout workers.

    Args:
        config: The run.
        run: Its folder, which has the memories over which questions are asked.
        splits: Its streams.
        model: Folder or hub id of the weights that the engines begin with.
    """

    def __init__(
        self, config: LanguageConfig, run: RunFolder, splits: Mapping[Split, Sequence[Stream]], model: str
    ) -> None:
        self._config = config
        self._splits = splits
        self._model = model
        # Before any engine starts: who builds the memories may be a model as well.
        self._one_steps = build_one_steps(config, splits["train"])
        self._memories = {split: read_memories(run, split, splits.get(split, ())) for split in MEMORY_SPLITS}
        self._started_ray = start_ray(config.rollouts.address, num_cpus=config.rollouts.num_workers)
        self._answering: EnginePool | None = None
        self._judge: EnginePool | None = None
        try:
            self.engines = EnginePool(
                model,
                engine_settings(config),
                num_engines=config.engine.num_engines,
                max_restarts=config.engine.max_restarts,
            )
            self._answering = self._serve(answering_model(config.answerer))
            self._judge = self._serve(judging_model(config.judge))
            self.rollouts = self._start_rollouts()
        except BaseException:
            if self._started_ray:
                ray.shutdown()
            raise

    def play(self, player: str, tasks: Sequence[RolloutTask], version: int) -> list[LanguageGroup]:
        """Play tasks; see `LanguageRollouts.play`."""
        healed = [pool.heal() for pool in (self._answering, self._judge) if pool is not None]
        if any(healed):
            # The workers' clients know the engines that died.
            self.rollouts.close()
            self.rollouts = self._start_rollouts()
        return self.rollouts.play(player, tasks, version)

    def close(self) -> None:
        """End engines and workers, and Ray where it was started here."""
        self.rollouts.close()
        self.engines.close()
        for pool in (self._answering, self._judge):
            if pool is not None:
                pool.close()
        if self._started_ray:
            ray.shutdown()

    def _serve(self, served: ServedModel | None) -> EnginePool | None:
        if served is None:
            return None
        return EnginePool(
            served.model,
            served.settings,
            num_engines=served.settings.num_engines,
            max_restarts=self._config.engine.max_restarts,
        )

    def _start_rollouts(self) -> LanguageRollouts:
        config = self._config
        clients = GraderClients(
            None if self._answering is None else self._answering.client(),
            None if self._judge is None else self._judge.client(),
        )
        metric = {config.evaluation.metric: 1.0}
        held_out = self._splits.get("validation", [])
        return LanguageRollouts(
            {
                "training": player_recipe(
                    config,
                    self._splits["train"],
                    config.reward,
                    self._model,
                    clients=clients,
                    one_steps=self._one_steps,
                    training=True,
                    memories=self._memories["train"],
                ),
                "validation": player_recipe(
                    config,
                    held_out,
                    metric,
                    self._model,
                    clients=clients,
                    memories=self._memories["validation"],
                ),
            },
            self.engines,
            num_workers=config.rollouts.num_workers,
            max_restarts=config.engine.max_restarts,
            max_staleness=config.engine.max_staleness,
        )


class LanguageTrainee:
    """A language policy in training: engines and workers are in Ray actors, the learner is in this process.

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
            self._schedule.load_state(state)
        self._validation = self._schedule.validation(splits.get("validation", []))
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
        self._from_main(lambda: self._main.engines.load_weights(weights, self._version))
        self._sampling_version = self._version

    @property
    def _main(self) -> Sampling:
        assert self._sampling is not None  # Only the first process asks.
        return self._sampling

    def _play_tasks(self, player: str, tasks: Sequence[RolloutTask]) -> list[LanguageGroup]:
        return self._main.play(player, tasks, self._version)

    def _play(self, update: int, sync_seconds: float) -> Played:
        started = time.perf_counter()
        groups = self._play_tasks("training", self._schedule.training(update))
        self._schedule.record(update, groups)
        metrics = play_metrics(groups, update, time.perf_counter() - started)
        if update % self._config.evaluation.every == 0:
            write_trajectories(self._run, groups, self._encoder, update)
        sampling = self._main
        metrics |= {
            "rollouts/replayed_groups": float(sampling.rollouts.num_replayed),
            "restarts/workers": float(sampling.rollouts.num_restarts),
            "restarts/engines": float(sampling.engines.num_restarts),
            "seconds/weights": sync_seconds,
        }
        return Played(groups, metrics | self._answer_metrics())

    def _answer_metrics(self) -> dict[str, float]:
        hits, misses = self._main.rollouts.take_answer_counts()
        if not hits + misses:
            return {}
        return {"answers/asked": float(misses), "answers/cached_share": hits / (hits + misses)}
