"""Train a language policy: rollouts through engines, learner, new weights, over and over."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import ray

from memdojo.agents.engines.actors import EnginePool
from memdojo.agents.language_models import load_tokenizer, quieten_transformers
from memdojo.envs.types import Stream

from ..checkpoints import TrainingRecord, load_training_state
from ..config import TrainConfig
from ..config_tables import Split
from ..loop import Groups, Played, Standing, TrainLoop, TrainResult, load_splits, prepare_run, training_record
from ..progress import Progress
from ..rollouts import RolloutTask, start_ray
from ..runs import RunFolder
from ..schedule import Schedule
from .checkpoints import MODEL, language_spec, save_language_policy, write_model
from .distributed import from_main, train_in_processes
from .learner import LanguageLearner
from .metrics import play_metrics
from .ray_rollouts import LanguageRollouts
from .recorded import write_trajectories
from .rows import LanguageGroup
from .setup import (
    answerer_engine_settings,
    check_room,
    engine_settings,
    make_encoder,
    make_learner,
    make_task,
    player_recipe,
)
from .warm_start import initial_model, warm_start

ValueT = TypeVar("ValueT")


def train_language(config: TrainConfig, run: RunFolder, *, resume: bool, progress: Progress) -> TrainResult:
    """Train a language policy; see `memdojo.train.trainer.train`.

    Raises:
        ConfigError: If the prompts may be longer than the model's context.
        ModelError: If the model cannot be used.
        EngineError: If engines or workers die more often than `engine.max_restarts` allows, or a learner
            process dies.
    """
    quieten_transformers()
    config = _with_absolute_models(config)
    assert config.policy.model is not None  # The configuration has seen to it.
    check_room(config, config.policy.model)
    warm_start(config, run, progress)
    if config.learner.kind == "trl":
        from .trl_trainer import train_with_trl

        return train_with_trl(config, run, resume=resume, progress=progress)
    if config.learner.num_processes == 1:
        return _train_here(config, run, resume, progress, lambda: False)
    return train_in_processes(_train_here, config, run, resume=resume, progress=progress)


def _train_here(
    config: TrainConfig,
    run: RunFolder,
    resume: bool,
    progress: Progress,
    stop_requested: Callable[[], bool],
) -> TrainResult:
    """Train in this process, which may be one of several."""
    splits = load_splits(config)
    standing, checkpoint = _load_standing(run) if resume else (Standing(), None)
    base = initial_model(config, run)
    model = base if checkpoint is None else str(checkpoint / MODEL)
    learner = make_learner(config, base if config.policy.lora_rank else model, base)
    if checkpoint is not None:
        learner.load_state(load_training_state(checkpoint))
    from_main(learner.accelerator, lambda: prepare_run(run, standing))
    sampling = Sampling(config, splits, model) if learner.accelerator.is_main_process else None
    trainee = LanguageTrainee(config, run, splits, sampling, learner, stop_requested)
    try:
        loop = TrainLoop(config, run, trainee, training_record(config, splits), standing)
        return loop.run_to_end(progress)
    finally:
        trainee.close()
        run.close()


def _with_absolute_models(config: TrainConfig) -> TrainConfig:
    """Name the models so that processes in other folders find them."""

    def absolute(model: str | None) -> str | None:
        return str(Path(model).absolute()) if model is not None and Path(model).is_dir() else model

    policy, answerer = config.policy, config.answerer
    return config.model_copy(
        update={
            "policy": policy.model_copy(update={"model": absolute(policy.model)}),
            "answerer": answerer.model_copy(update={"model": absolute(answerer.model)}),
        }
    )


class Sampling:
    """What plays the episodes of a run: engines, the answerer's engines, rollout workers.

    Args:
        config: The run.
        splits: Its streams.
        model: Folder or hub id of the weights that the engines begin with.
    """

    def __init__(self, config: TrainConfig, splits: Mapping[Split, Sequence[Stream]], model: str) -> None:
        self._config = config
        self._splits = splits
        self._model = model
        self._started_ray = start_ray(config.rollouts.address, num_cpus=config.rollouts.num_workers)
        engine, answerer = config.engine, config.answerer
        self._answering: EnginePool | None = None
        try:
            self.engines = EnginePool(
                model,
                engine_settings(config),
                num_engines=engine.num_engines,
                max_restarts=engine.max_restarts,
            )
            if answerer.kind == "model":
                assert answerer.model is not None  # The configuration has seen to it.
                self._answering = EnginePool(
                    answerer.model,
                    answerer_engine_settings(answerer),
                    num_engines=answerer.num_engines,
                    max_restarts=engine.max_restarts,
                )
            self.rollouts = self._start_rollouts()
        except BaseException:
            if self._started_ray:
                ray.shutdown()
            raise

    def play(self, player: str, tasks: Sequence[RolloutTask], version: int) -> list[LanguageGroup]:
        """Play tasks; see `LanguageRollouts.play`."""
        if self._answering is not None and self._answering.heal():
            # The workers' clients know the engines that died.
            self.rollouts.close()
            self.rollouts = self._start_rollouts()
        return self.rollouts.play(player, tasks, version)

    def close(self) -> None:
        """End engines and workers, and Ray where it was started here."""
        self.rollouts.close()
        self.engines.close()
        if self._answering is not None:
            self._answering.close()
        if self._started_ray:
            ray.shutdown()

    def _start_rollouts(self) -> LanguageRollouts:
        config = self._config
        answering = None if self._answering is None else self._answering.client()
        metric = {config.evaluation.metric: 1.0}
        held_out = self._splits.get("validation", [])
        return LanguageRollouts(
            {
                "training": player_recipe(
                    config, self._splits["train"], config.reward, self._model, answering
                ),
                "validation": player_recipe(config, held_out, metric, self._model, answering),
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
    """

    def __init__(
        self,
        config: TrainConfig,
        run: RunFolder,
        splits: Mapping[Split, Sequence[Stream]],
        sampling: Sampling | None,
        learner: LanguageLearner,
        stop_requested: Callable[[], bool],
    ) -> None:
        self.is_main = sampling is not None
        self._config = config
        self._run = run
        self._schedule = Schedule(config, splits["train"])
        self._validation = self._schedule.validation(splits.get("validation", []))
        self._sampling = sampling
        self._learner = learner
        self._stop_requested = stop_requested
        self._encoder = make_encoder(config, make_task(config), str(config.policy.model))
        self._version = 0
        self._sampling_version = 0
        self._answers = (0, 0)

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

    def validate(self) -> list[float]:
        """Return the score of each validation episode that could be scored, played greedily."""
        self._sync(0)
        groups = self._from_main(lambda: self._play_tasks("validation", self._validation))
        return [trajectory.episode_return for group in groups for trajectory in group if trajectory.scored]

    def save(self, folder: Path, training: TrainingRecord, state: Mapping[str, Any]) -> None:
        """Write a checkpoint."""
        # Shards are put together by all processes, and written by one.
        weights, adapters = self._learner.policy_state_dict(), self._learner.adapter_state_dict()
        saved = self._learner.state()
        network, tokenizer = self._learner.network, load_tokenizer(str(self._config.policy.model))

        def write(temporary: Path) -> None:
            write_model(temporary, network, weights, tokenizer, adapters)

        spec = language_spec(self._config, training)
        whole_state = dataclasses.replace(saved, state={**saved.state, **state})
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
        before, self._answers = self._answers, self._main.rollouts.answer_counts()
        hits, misses = self._answers[0] - before[0], self._answers[1] - before[1]
        if not hits + misses:
            return {}
        return {"answers/asked": float(misses), "answers/cached_share": hits / (hits + misses)}


def _load_standing(run: RunFolder) -> tuple[Standing, Path | None]:
    """Return where a run stands, and the checkpoint to go on from; None if it has to begin."""
    folder = run.latest
    if folder is None:
        return Standing(), None
    return Standing(**load_training_state(folder).state["standing"]), folder
