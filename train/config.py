"""What a training run is told: TOML files, checked against models that refuse what they do not know.

    name = "my-run"
    task = "manager"
    [streams]
    train = "synthetic:train"
    [episode]
    capacity_share = 0.25
    [reward]
    evidence_recall = 1.0

Every table and key is a field of a model, here and in the two modules beside this one, with its default. A
configuration that loads is one that makes sense: what contradicts itself is refused, not repaired.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from memdojo.agents.baselines import list_baselines, list_retriever_baselines
from memdojo.envs.memory.retrievers import list_retrievers
from memdojo.errors import ConfigError, MemdojoError, unknown_name
from memdojo.rewards.reward import Reward

from .config_language import AnswererConfig, EngineConfig, LearnerConfig, PolicyConfig, WarmStartConfig
from .config_tables import (
    AlgorithmConfig,
    CheckpointsConfig,
    EpisodeConfig,
    EvaluationConfig,
    FeaturesConfig,
    RolloutsConfig,
    Seed,
    StreamsConfig,
    Table,
)

Task = Literal["manager", "retriever", "answer_agent"]


class TrainConfig(Table):
    """A training run.

    Attributes:
        name: Name of the run and of its folder; by default that of the configuration file.
        seed: Seeds weights, episodes and minibatches.
        task: Whether a `manager`, a proxy `retriever` or an `answer_agent` is trained; the last one is a
            language model.
        reward: Weights of reward parts by name.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Seed = 0
    task: Task
    streams: StreamsConfig
    episode: EpisodeConfig = EpisodeConfig()
    features: FeaturesConfig = FeaturesConfig()
    policy: PolicyConfig = PolicyConfig()
    reward: dict[str, float]
    algorithm: AlgorithmConfig
    warm_start: WarmStartConfig = WarmStartConfig()
    engine: EngineConfig = EngineConfig()
    learner: LearnerConfig = LearnerConfig()
    answerer: AnswererConfig = AnswererConfig()
    rollouts: RolloutsConfig = RolloutsConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    checkpoints: CheckpointsConfig = CheckpointsConfig()

    @field_validator("reward")
    @classmethod
    def _known_parts(cls, weights: dict[str, float]) -> dict[str, float]:
        try:
            Reward(weights)
        except MemdojoError as error:
            raise ConfigError(f"reward: {error}") from error
        return weights

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key, why in self.unused_keys().items():
            table, field = key.split(".")
            part = getattr(self, table)
            if field in part.model_fields_set and getattr(part, field) is not None:
                raise ConfigError(f"{key} is {getattr(part, field)!r}, but {why}; leave it out.")
        if self.task == "manager":
            self._check_manager()
        self._check_language()
        self._check_baselines()
        return self

    @property
    def is_language(self) -> bool:
        """True if the policy is a language model."""
        return self.policy.kind == "language"

    def unused_keys(self) -> dict[str, str]:
        """Return the keys that mean nothing in this configuration, each with why."""
        unused: dict[str, str] = {}
        if self.task != "manager":
            unused |= dict.fromkeys(MANAGER_KEYS, f"task is {self.task!r} and only a manager uses it")
        others = COMPACT_KEYS if self.is_language else LANGUAGE_KEYS
        wanted = "compact" if self.is_language else "language"
        why = f"policy.kind is {self.policy.kind!r} and only a {wanted} policy uses it"
        unused |= dict.fromkeys(others, why)
        if self.is_language and self.learner.kind == "trl":
            unused |= self._unused_under_trl()
        if self.streams.validation is None:
            unused["evaluation.every"] = "there is no streams.validation to validate on"
        return unused

    def _check_language(self) -> None:
        if not self.is_language:
            if self.task == "answer_agent":
                raise ConfigError(
                    "task is 'answer_agent', which only a language model does; set policy.kind."
                )
            if self.algorithm.advantage == "rows":
                raise ConfigError(
                    "algorithm.advantage is 'rows', which only language policies have; take 'step'."
                )
            return
        if (
            self.algorithm.name == "grpo"
            and self.algorithm.advantage == "rows"
            and self.algorithm.discount < 1
        ):
            raise ConfigError(
                f"algorithm.discount is {self.algorithm.discount}, but algorithm.advantage is 'rows', which "
                "compares undiscounted rewards; leave the discount out or take advantage = 'step'."
            )
        if self.learner.sharding == "full" and self.learner.num_processes == 1:
            raise ConfigError(
                "learner.sharding is 'full' with one learner process; raise learner.num_processes or leave "
                "the sharding out."
            )
        if self.learner.kind == "trl":
            self._check_trl()

    def _check_trl(self) -> None:
        if self.algorithm.name != "grpo":
            raise ConfigError(
                f"algorithm.name is {self.algorithm.name!r}, but learner.kind is 'trl', whose trainer has "
                "grpo only; take learner.kind = 'memdojo'."
            )
        algorithm, engine = self.algorithm, self.engine
        if self.learner.num_processes > 1:
            raise ConfigError(
                f"learner.num_processes is {self.learner.num_processes}, but learner.kind is 'trl', which "
                "trains in one process; take learner.kind = 'memdojo'."
            )
        if algorithm.skip_equal_groups:
            raise ConfigError(
                "algorithm.skip_equal_groups is true, but learner.kind is 'trl', whose trainer skips no "
                "groups; leave it out or take learner.kind = 'memdojo'."
            )
        if algorithm.minibatch_groups and algorithm.groups_per_update % algorithm.minibatch_groups:
            raise ConfigError(
                f"algorithm.minibatch_groups is {algorithm.minibatch_groups}, but under learner.kind = 'trl' "
                f"it must divide algorithm.groups_per_update, which is {algorithm.groups_per_update}."
            )
        if self.answerer.kind == "model":
            raise ConfigError(
                "answerer.kind is 'model', which learner.kind = 'trl' has no engines for; serve the model "
                "(memdojo serve) and take answerer.kind = 'endpoint'."
            )
        if engine.kind == "vllm" and (engine.num_gpus != 1 or self.learner.device == "cpu"):
            raise ConfigError(
                "engine.kind is 'vllm', which under learner.kind = 'trl' shares the learner's one GPU; set "
                "engine.num_gpus = 1, or on a CPU engine.kind = 'transformers'."
            )
        if engine.kind == "transformers" and engine.dtype != self.learner.dtype:
            raise ConfigError(
                f"engine.dtype is {engine.dtype!r} and learner.dtype is {self.learner.dtype!r}, but under "
                "learner.kind = 'trl' transformers samples with the learner's own weights; make them equal."
            )

    def _unused_under_trl(self) -> dict[str, str]:
        unused = dict.fromkeys(KEYS_UNUSED_BY_TRL, "learner.kind is 'trl', whose trainer does not use it")
        if self.algorithm.advantage != "trajectory":
            unused["algorithm.advantage"] = "learner.kind is 'trl', which compares the episodes as wholes"
        if self.engine.kind == "transformers":
            unused["algorithm.importance_cap"] = (
                "under learner.kind = 'trl' transformers samples with the learner's own weights"
            )
        return unused

    def _check_manager(self) -> None:
        share, most = self.episode.capacity_share, self.episode.max_entries
        if share is not None and most is not None:
            raise ConfigError(
                f"episode.capacity_share is {share} and episode.max_entries is {most}; give one of the two."
            )
        if share is None and most is None:
            raise ConfigError(
                "a manager's store needs a capacity; set episode.capacity_share (a share of the stream's "
                "turns) or episode.max_entries."
            )

    def _check_baselines(self) -> None:
        if self.task == "manager":
            known = set(list_baselines())
            unknown = [name for name in self.evaluation.baselines if name not in known]
        else:
            known = {*list_retriever_baselines(), *list_retrievers()}
            # What follows a colon is an option of the retriever, such as the embedder of `dense`.
            unknown = [name for name in self.evaluation.baselines if name.partition(":")[0] not in known]
        if unknown:
            raise ConfigError(
                f"evaluation.baselines: {unknown_name(f'{self.task} baseline', unknown[0], known)}"
            )


MANAGER_KEYS = (
    "episode.max_entries",
    "episode.capacity_share",
    "features.num_candidates",
    "features.embedding_inputs",
    "streams.window_turns",
    "streams.turns_per_chunk",
    "algorithm.group_start",
)
"""Keys of a manager alone."""

COMPACT_KEYS = (
    "features.num_candidates",
    "features.embedder",
    "features.embedding_inputs",
    "policy.hidden_dim",
    "algorithm.minibatch_size",
)
"""Keys of a compact policy alone."""

LANGUAGE_KEYS = (
    *(f"policy.{key}" for key in PolicyConfig.model_fields if key not in ("kind", "hidden_dim")),
    *(f"warm_start.{key}" for key in WarmStartConfig.model_fields),
    *(f"engine.{key}" for key in EngineConfig.model_fields),
    *(f"learner.{key}" for key in LearnerConfig.model_fields),
    *(f"answerer.{key}" for key in AnswererConfig.model_fields),
    "streams.turns_per_chunk",
    "algorithm.minibatch_groups",
    "algorithm.loss_average",
    "algorithm.kl_coefficient",
    "algorithm.importance_cap",
    "algorithm.skip_equal_groups",
    "algorithm.warmup_updates",
    "algorithm.weight_decay",
    "algorithm.critic_learning_rate",
)
"""Keys of a language policy alone."""

KEYS_UNUSED_BY_TRL = (
    "algorithm.discount",
    "algorithm.group_start",
    "engine.num_engines",
    "engine.max_staleness",
    "engine.max_restarts",
    "rollouts.num_workers",
    "rollouts.address",
)
"""Keys of a language policy that mean nothing under `learner.kind = "trl"`."""
