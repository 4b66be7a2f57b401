"""`train_compact`: trains a compact policy as its configuration says."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from memdojo.agents.compact.base import use_one_thread
from memdojo.agents.compact.design import CompactDesign, NetworkDecider, new_design_network
from memdojo.agents.compact.manager import MANAGER_NETWORKS, CompactManager, new_manager_network
from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
from memdojo.agents.designs.roles.registry import make_roles
from memdojo.agents.designs.running.features import DecisionFeatures, learned_kinds
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.rules import resolve_answerer
from memdojo.envs.episodes.written_memory import StoredByQuestion
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.features.retrieval import RetrievalFeatures
from memdojo.envs.memory.embedders import make_tunable_embedder, make_tuned_embedder
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError
from memdojo.rewards.reward import Reward

from ..algorithms.registry import make_algorithm
from ..checkpoints.compact import (
    PolicySpec,
    TrainedOn,
    TrainingState,
    design_spec,
    load_encoder_state,
    load_training_state,
    load_weights,
    manager_spec,
    pack_critic,
    pack_optimizer,
    reading_state,
    restore_critic,
    restore_optimizer,
    retriever_spec,
    save_policy,
    with_encoder,
    with_familiarity,
)
from ..checkpoints.design_spec import DesignSpec
from ..config.run_kinds import CompactConfig
from ..config.tables import ImitationConfig
from ..episodes.memories import keep_memories, read_memories
from ..episodes.schedule import Schedule, validation_tasks
from ..episodes.splits import load_splits, trained_on
from ..loop import Groups, Played, TrainLoop, TrainResult, find_start, prepare_run
from ..rollouts.protocol import RolloutPlayer, Rollouts
from ..rollouts.recorded_episodes import with_records
from ..rollouts.start import start_rollouts
from ..rollouts.tasks import RolloutTask
from ..runs.folder import RunFolder
from ..runs.progress import Progress
from .critic import FutureCritic, new_future_critic
from .design_player import DesignPlayer
from .encoder import tune_encoder
from .familiar_dialogues import FamiliarDialogues
from .labels import Labels
from .learner import Learner
from .players import ManagerPlayer, RetrieverPlayer
from .trajectories import TrajectoryGroup


def train_compact(config: CompactConfig, run: RunFolder, *, resume: bool, progress: Progress) -> TrainResult:
    """Train a compact policy; see `train`."""
    num_threads = torch.get_num_threads()
    use_one_thread()
    keep_memories(config, run, progress)
    splits = load_splits(config, run.path)
    _require_labels(config, splits["train"])
    schedule = Schedule(config, splits["train"])
    run_state, checkpoint = find_start(run, resume=resume)
    encoder: dict[str, Tensor] = {}
    if checkpoint is not None:
        encoder = load_encoder_state(checkpoint)
    elif config.encoder.tuned_layers:
        encoder = tune_encoder(
            make_tunable_embedder(config.features.embedder),
            splits["train"],
            config.imitation.teacher,
            config.encoder,
            seed=config.seed,
            num_threads=num_threads,
            message=progress.message,
        )
    policy = _new_policy(config, encoder)
    learner = Learner(
        policy.network,
        make_algorithm(config.algorithm),
        seed=config.seed,
        critic=_new_critic(config, policy),
    )
    if checkpoint is not None:
        _go_on_from(checkpoint, learner, schedule)
    prepare_run(run, run_state)
    held_out = splits.get("validation", [])
    rollouts = start_rollouts(
        {
            "training": partial(
                _make_player,
                config,
                schedule.streams,
                policy,
                config.reward,
                config.reward_decay,
                memories=read_memories(run, "train", schedule.streams),
                imitation=config.imitation,
            ),
            "validation": partial(
                _make_player,
                config,
                held_out,
                policy,
                {config.evaluation.metric: 1.0},
                memories=read_memories(run, "validation", held_out),
            ),
        },
        config.rollouts,
    )
    familiar = None
    if config.fallback.rule is not None and isinstance(policy, CompactManager):
        familiar = FamiliarDialogues(policy, splits["train"], config.episode.rules(), config.fallback)
    trainee = CompactTrainee(
        config, schedule, rollouts, learner, validation_tasks(config, held_out), encoder, familiar
    )
    try:
        loop = TrainLoop(
            config, run, trainee, trained_on(config, splits), run_state, held_out, validates_start=True
        )
        return loop.run_to_end(progress)
    finally:
        trainee.close()
        run.close()


class CompactTrainee:
    """A compact policy in training: the learner is in this process, the rollouts here or in workers.

    Args:
        config: The run.
        schedule: Draws the episodes.
        rollouts: Play them.
        learner: Has the network.
        validation: The episodes of a validation.
        encoder: Layers of the text encoder that were tuned, which checkpoints carry as well.
        familiar: Say what the policy of a checkpoint knows; None if it falls back on nothing.
    """

    is_main = True

    def __init__(
        self,
        config: CompactConfig,
        schedule: Schedule,
        rollouts: Rollouts[TrajectoryGroup],
        learner: Learner,
        validation: list[RolloutTask],
        encoder: Mapping[str, Tensor],
        familiar: FamiliarDialogues | None = None,
    ) -> None:
        self._familiar = familiar
        self._config = config
        self._schedule = schedule
        self._rollouts = rollouts
        self._learner = learner
        self._validation = validation
        self._encoder = encoder

    def play(self, update: int) -> Played:
        """Play the episodes of update `update` with the present weights."""
        started = time.perf_counter()
        groups = self._rollouts.play("training", self._schedule.training(update), self._weights())
        self._schedule.record(update, groups)
        num_steps = sum(trajectory.actions.size for group in groups for trajectory in group)
        seconds = time.perf_counter() - started
        restarts = {"restarts/workers": float(self._rollouts.num_restarts)}
        return Played(groups, {"rollouts/steps_per_s": num_steps / seconds} | restarts)

    def learn(self, groups: Groups, update: int) -> dict[str, float]:
        """Learn from them and return metrics."""
        played: Sequence[TrajectoryGroup] = groups  # type: ignore[assignment]  # What `play` returned.
        imitation = self._config.imitation
        if update < imitation.num_updates:
            return self._learner.imitate(played, update, imitation)
        return self._learner.update(played, update)

    def validate(self, num_recorded: int = 0) -> Groups:
        """Play the validation episodes greedily, and record all that is done in the first `num_recorded`."""
        tasks = with_records(self._validation, num_recorded)
        return self._rollouts.play("validation", tasks, self._weights())

    def save(self, folder: Path, training: TrainedOn, state: Mapping[str, Any]) -> None:
        """Write a checkpoint."""
        tensors, optimizer = pack_optimizer(self._learner.optimizer)
        if self._learner.critic is not None:
            tensors |= pack_critic(self._learner.critic)
        saved = TrainingState(tensors, {**self._schedule.state(), **state, "optimizer": optimizer})
        weights, spec = with_encoder(self._weights(), self._encoder), _spec(self._config, training)
        if self._familiar is not None:
            weights, spec = with_familiarity(weights, spec, self._familiar.fit(), self._familiar.rule)
        save_policy(folder, weights, spec, saved)

    def agree(self, flag: bool) -> bool:
        """Return the flag: there is one process."""
        return flag

    def close(self) -> None:
        """End the rollout workers."""
        self._rollouts.close()

    def _weights(self) -> dict[str, Tensor]:
        return self._learner.network.state_dict()


CompactPolicy = CompactManager | CompactRetriever | CompactDesign


def _new_policy(config: CompactConfig, encoder: Mapping[str, Tensor]) -> CompactPolicy:
    if config.task == "design":
        design = config.design.design
        features = DecisionFeatures(learned_kinds(design, config.design.learn))
        network = new_design_network(features, config.policy.hidden_dim, config.seed)
        learned = NetworkDecider(network, features)
        roles = make_roles(config.design.roles)
        return CompactDesign(design, learned, roles=roles, embedder=config.design.embedder, name=config.name)
    if config.task == "manager":
        embedder = make_tuned_embedder(config.features.embedder, encoder)
        manager_features = ManagerFeatures(_feature_settings(config), embedder)
        manager = new_manager_network(
            manager_features, config.policy.hidden_dim, config.seed, config.policy.network
        )
        return CompactManager(manager, manager_features, name=config.name)
    retriever = new_retriever_network(config.episode.top_k, config.policy.hidden_dim, config.seed)
    return CompactRetriever(retriever, RetrievalFeatures(config.features.embedder), name=config.name)


def _new_critic(config: CompactConfig, policy: CompactPolicy) -> FutureCritic | None:
    """Return the critic that sees the future, if the run has one; else the policy's network has its own."""
    if config.algorithm.future_discount is None:
        return None
    assert isinstance(policy, CompactManager)  # The configuration has it for managers alone.
    return new_future_critic(policy.features, config.policy.hidden_dim, config.seed)


def _require_labels(config: CompactConfig, streams: Sequence[Stream]) -> None:
    """Refuse imitation and a tuned encoder where no stream says what should be done.

    Raises:
        ConfigError: If no stream does.
    """
    stage = config.imitation
    if config.task == "retriever":
        _require_evidence(config, streams)
        return
    uses_labels = stage.num_updates or config.encoder.tuned_layers
    if uses_labels and all(Labels(StreamContext(stream), stage.teacher).is_empty for stream in streams):
        missing = {
            "auto": "neither a plan of operations nor a question with evidence",
            "labelled": "no plan of operations",
            "oracle": "no question with evidence",
        }
        raise ConfigError(
            f"imitation.teacher is {stage.teacher!r}, and the streams {config.streams.train!r} have "
            f"{missing[stage.teacher]}; set imitation.num_updates and encoder.tuned_layers to 0, or train on "
            "others."
        )


def _require_evidence(config: CompactConfig, streams: Sequence[Stream]) -> None:
    asked = (question for stream in streams for question in stream.questions)
    if config.imitation.num_updates and not any(question.needed_evidence for question in asked):
        raise ConfigError(
            f"imitation.num_updates is {config.imitation.num_updates}, and the streams "
            f"{config.streams.train!r} have no question with evidence, which is what a retriever learns; set "
            "it to 0, or train on others."
        )


def _feature_settings(config: CompactConfig) -> FeatureSettings:
    sees_entry_ages = MANAGER_NETWORKS[config.policy.network].sees_entry_ages
    return FeatureSettings(**config.features.model_dump(), entry_ages=sees_entry_ages)


def _make_player(
    config: CompactConfig,
    streams: Sequence[Stream],
    policy: CompactPolicy,
    weights: Mapping[str, float],
    decay: Mapping[str, int] | None = None,
    *,
    memories: Sequence[StoredByQuestion] | None = None,
    imitation: ImitationConfig | None = None,
) -> RolloutPlayer[TrajectoryGroup]:
    reward = Reward(weights, decay)
    rules = config.episode.rules(reward, answerer=resolve_answerer(None, reward))
    if isinstance(policy, CompactManager):
        return ManagerPlayer(streams, policy, rules, imitation, config.algorithm.future_discount)
    if isinstance(policy, CompactDesign):
        return DesignPlayer(streams, policy, rules)
    return RetrieverPlayer(streams, policy, rules, imitation, memories=memories)


def _spec(config: CompactConfig, training: TrainedOn) -> PolicySpec:
    if config.task == "design":
        design = DesignSpec.of(config.design)
        return design_spec(design, config.design.embedder, config.policy.hidden_dim, training)
    if config.task == "manager":
        return manager_spec(
            _feature_settings(config), config.policy.hidden_dim, training, config.policy.network
        )
    return retriever_spec(config.features.embedder, config.episode.top_k, config.policy.hidden_dim, training)


def _go_on_from(checkpoint: Path, learner: Learner, schedule: Schedule) -> None:
    load_weights(checkpoint, learner.network)
    saved = load_training_state(checkpoint)
    with reading_state(checkpoint):
        moments = saved.tensors
        if learner.critic is not None:
            moments = restore_critic(learner.critic, moments)
        restore_optimizer(learner.optimizer, moments, saved.state["optimizer"])
        schedule.load_state(saved.state)
