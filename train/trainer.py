"""Train a compact policy: rollouts, update, validation, checkpoint, over and over."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
from torch import Tensor

import memdojo
from memdojo.agents.compact import use_one_thread
from memdojo.agents.compact_manager import CompactManager, new_manager_network
from memdojo.agents.compact_retriever import CompactRetriever, new_retriever_network
from memdojo.envs.manager_features import FeatureSettings, ManagerFeatures
from memdojo.envs.retrieval_features import RetrievalFeatures
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.streams.splits import check_no_leak
from memdojo.envs.types import Stream
from memdojo.rewards.reward import Reward

from .checkpoints import (
    PolicySpec,
    TrainingRecord,
    TrainingState,
    load_network_state,
    load_training_state,
    manager_spec,
    pack_optimizer,
    restore_optimizer,
    retriever_spec,
    save_policy,
)
from .config import Split, TrainConfig
from .interrupts import GracefulStop
from .learner import Learner
from .progress import Progress, Report
from .rollouts import ManagerPlayer, RayRollouts, RetrieverPlayer, RolloutPlayer, RolloutTask
from .runs import RunFolder
from .schedule import Schedule
from .trajectories import Trajectory, TrajectoryGroup


@dataclass(frozen=True, slots=True)
class TrainResult:
    """How a run ended.

    Attributes:
        best: The checkpoint with the best validation score; the last one where nothing was validated.
        best_score: That score; None where nothing was validated.
        updates: Updates done in all.
    """

    best: Path
    best_score: float | None
    updates: int


@dataclass(slots=True)
class _Standing:
    """What a run must remember from one update to the next, beside weights and optimiser."""

    updates: int = 0
    last_score: float | None = None
    best_score: float | None = None
    best_update: int = 0

    @property
    def chosen_update(self) -> int:
        """The update whose policy is the run's result: without validation the last one is the best."""
        return self.best_update or self.updates


def train(config: TrainConfig, run: RunFolder, *, resume: bool = False, progress: Progress) -> TrainResult:
    """Train as `config` says and leave metrics and checkpoints in `run`.

    A run that is interrupted saves where it stands; `resume` goes on from the last checkpoint and gives the
    numbers that an uninterrupted run would have given, bit for bit.

    Raises:
        LeakError: If training and held-out streams share a group.
        DivergenceError: If the loss or a weight is no longer finite.
        KeyboardInterrupt: After the checkpoint was saved.
    """
    use_one_thread()
    splits = load_splits(config)
    policy = _new_policy(config)
    learner = Learner(policy.network, config.algorithm, seed=config.seed)
    standing = _load_standing(run, learner) if resume else _Standing()
    run.rewind(standing.updates)
    if run.checkpoint_folder(standing.chosen_update).is_dir():
        # A run that was killed may have saved its best checkpoint without marking it.
        run.mark_best(standing.chosen_update)
    held_out = splits.get("validation", [])
    schedule = Schedule(config, splits["train"])
    rollouts = RayRollouts(
        {
            "training": partial(_make_player, config, splits["train"], policy, config.reward),
            "validation": partial(_make_player, config, held_out, policy, {config.evaluation.metric: 1.0}),
        },
        num_workers=config.rollouts.num_workers,
        address=config.rollouts.address,
    )
    loop = _Loop(
        config,
        run,
        schedule,
        _spec(config, splits),
        rollouts,
        learner,
        standing,
        schedule.validation(held_out),
    )
    progress.start(config.algorithm.num_updates, done=standing.updates)
    try:
        with GracefulStop() as stop:
            while standing.updates < config.algorithm.num_updates:
                progress.report(loop.update())
                if stop.requested:
                    loop.save()
                    raise KeyboardInterrupt
    finally:
        rollouts.close()
        run.close()
    best = run.checkpoint_folder(standing.chosen_update)
    return TrainResult(best, standing.best_score, standing.updates)


class _Loop:
    """One update after the other."""

    def __init__(
        self,
        config: TrainConfig,
        run: RunFolder,
        schedule: Schedule,
        spec: PolicySpec,
        rollouts: RayRollouts,
        learner: Learner,
        standing: _Standing,
        validation: list[RolloutTask],
    ) -> None:
        self._config = config
        self._run = run
        self._schedule = schedule
        self._spec = spec
        self._rollouts = rollouts
        self._learner = learner
        self._standing = standing
        self._validation = validation

    def update(self) -> Report:
        """Play, learn, validate and save where it is due."""
        config, standing = self._config, self._standing
        started = time.perf_counter()
        groups = self._rollouts.play("training", self._schedule.training(standing.updates), self._weights())
        played = time.perf_counter()
        metrics = self._learner.update(groups, standing.updates) | _rollout_metrics(groups)
        standing.updates += 1
        num_steps = sum(trajectory.actions.size for group in groups for trajectory in group)
        metrics["rollouts/steps_per_s"] = num_steps / (played - started)
        metrics |= {"seconds/rollouts": played - started, "seconds/learner": time.perf_counter() - played}
        is_last = standing.updates == config.algorithm.num_updates
        is_validated = bool(self._validation) and (is_last or standing.updates % config.evaluation.every == 0)
        is_best = is_validated and self._validate(metrics)
        self._run.log(standing.updates, metrics)
        if is_best or is_last or standing.updates % config.checkpoints.every == 0:
            self.save()
        return Report(
            standing.updates,
            metrics["rollouts/return"],
            standing.last_score,
            metrics["rollouts/steps_per_s"],
            is_validated,
            is_best,
        )

    def save(self) -> None:
        """Write a checkpoint of where the run stands, unless it is there already."""
        standing = self._standing
        folder = self._run.checkpoint_folder(standing.updates)
        if folder.is_dir():
            return
        tensors, groups = pack_optimizer(self._learner.optimizer)
        state = TrainingState(tensors, {"standing": dataclasses.asdict(standing), "optimizer": groups})
        training = dataclasses.replace(self._spec.training, update=standing.updates)
        save_policy(folder, self._weights(), dataclasses.replace(self._spec, training=training), state)
        if standing.chosen_update == standing.updates:
            self._run.mark_best(standing.updates)
        self._run.prune(self._config.checkpoints.keep)

    def _validate(self, metrics: dict[str, float]) -> bool:
        standing = self._standing
        groups = self._rollouts.play("validation", self._validation, self._weights())
        scores = [trajectory.episode_return for group in groups for trajectory in group if trajectory.scored]
        metrics["validation/score"] = standing.last_score = float(np.mean(scores)) if scores else math.nan
        is_best = standing.best_score is None or standing.last_score > standing.best_score
        # What could not be scored is no score that any other must beat.
        is_best = is_best and not math.isnan(standing.last_score)
        if is_best:
            standing.best_score, standing.best_update = standing.last_score, standing.updates
        return is_best

    def _weights(self) -> dict[str, Tensor]:
        return self._learner.network.state_dict()


def load_splits(config: TrainConfig) -> dict[Split, list[Stream]]:
    """Load the training and validation streams, cut for the task, and check all splits for leaks.

    Raises:
        LeakError: If two splits share a group.
    """
    splits: dict[Split, list[Stream]] = {}
    for split in ("train", "validation", "test"):
        spec: str | None = getattr(config.streams, split)
        if spec is not None:
            splits[split] = load_streams(spec, **config.streams.load_options(split))
    # A checkpoint that was chosen on the test streams has seen them, too.
    for seen, held_out in combinations(("train", "validation", "test"), 2):
        if seen in splits and held_out in splits:
            check_no_leak(splits[seen], splits[held_out])
    splits.pop("test", None)
    return {split: [rechunk(stream, 1) for stream in streams] for split, streams in splits.items()}


def _new_policy(config: TrainConfig) -> CompactManager | CompactRetriever:
    if config.task == "manager":
        manager_features = ManagerFeatures(_feature_settings(config))
        manager = new_manager_network(manager_features, config.policy.hidden_dim, config.seed)
        return CompactManager(manager, manager_features, name=config.name)
    retriever = new_retriever_network(config.episode.top_k, config.policy.hidden_dim, config.seed)
    return CompactRetriever(retriever, RetrievalFeatures(config.features.embedder), name=config.name)


def _feature_settings(config: TrainConfig) -> FeatureSettings:
    return FeatureSettings(**config.features.model_dump())


def _make_player(
    config: TrainConfig,
    streams: Sequence[Stream],
    policy: CompactManager | CompactRetriever,
    weights: Mapping[str, float],
) -> RolloutPlayer:
    reward = Reward(weights)
    if isinstance(policy, CompactManager):
        return ManagerPlayer(streams, policy, reward, config.episode.capacity, config.episode.top_k)
    return RetrieverPlayer(streams, policy, reward, config.episode.top_k)


def _spec(config: TrainConfig, splits: dict[Split, list[Stream]]) -> PolicySpec:
    def groups(split: Split) -> tuple[str, ...]:
        return tuple(sorted({stream.group for stream in splits.get(split, [])}))

    record = TrainingRecord(
        config_name=config.name,
        streams=config.streams.train,
        groups=groups("train"),
        validation_groups=groups("validation"),
        seed=config.seed,
        algorithm=config.algorithm.name,
        max_entries=config.episode.max_entries,
        capacity_share=config.episode.capacity_share,
        top_k=config.episode.top_k,
        memdojo_version=memdojo.__version__,
    )
    if config.task == "manager":
        return manager_spec(_feature_settings(config), config.policy.hidden_dim, record)
    return retriever_spec(config.features.embedder, config.episode.top_k, config.policy.hidden_dim, record)


def _rollout_metrics(groups: Sequence[TrajectoryGroup]) -> dict[str, float]:
    trajectories: list[Trajectory] = [trajectory for group in groups for trajectory in group]
    scored = [trajectory for trajectory in trajectories if trajectory.scored]
    returns = [trajectory.episode_return for trajectory in scored]
    metrics = {
        "rollouts/return": float(np.mean(returns)),
        "rollouts/return_std": float(np.std(returns)),
        "rollouts/unscored": float(len(trajectories) - len(scored)),
    }
    parts: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for trajectory in scored:
        parts.update(trajectory.parts)
        counts.update(trajectory.counts)
    metrics |= {f"reward/{name}": total / len(scored) for name, total in parts.items()}
    metrics |= {f"operations/{kind}": count / counts.total() for kind, count in counts.items()}
    return metrics


def _load_standing(run: RunFolder, learner: Learner) -> _Standing:
    folder = run.latest
    if folder is None:
        return _Standing()
    learner.network.load_state_dict(load_network_state(folder))
    saved = load_training_state(folder)
    restore_optimizer(learner.optimizer, saved.tensors, saved.state["optimizer"])
    return _Standing(**saved.state["standing"])
