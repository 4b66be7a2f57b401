"""`TrainConfig`: the whole configuration of a run, which refuses unknown keys.

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

from memdojo.agents.baselines.registry import list_baselines, list_retriever_baselines
from memdojo.envs.memory.retrieval.retrievers import list_retrievers
from memdojo.errors import ConfigError, MemdojoError, UnknownNameError, unknown_name
from memdojo.rewards.reward import Reward
from memdojo.settings import Count, OneOf, Seed, Table, unused_keys

from ..algorithms.registry import ALGORITHMS
from ..algorithms.settings import AlgorithmSettings, GrpoSettings
from .language import (
    AnswererConfig,
    EngineConfig,
    JudgeConfig,
    LearnerConfig,
    OneStepConfig,
    PolicyConfig,
    RoundsConfig,
    WarmStartConfig,
)
from .name_or_path import check_name_or_path
from .tables import (
    CheckpointsConfig,
    EpisodeConfig,
    EvaluationConfig,
    FeaturesConfig,
    LoggingConfig,
    RolloutsConfig,
    StreamsConfig,
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
        reward_decay: Updates over which the weight of a part falls linearly to 0, by name.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Seed = 0
    task: Task
    streams: StreamsConfig
    episode: EpisodeConfig = EpisodeConfig()
    features: FeaturesConfig = FeaturesConfig()
    policy: PolicyConfig = PolicyConfig()
    reward: dict[str, float]
    reward_decay: dict[str, Count] = {}  # noqa: RUF012 (pydantic copies it for each model)
    algorithm: Annotated[AlgorithmSettings, OneOf(ALGORITHMS, tag="name")]
    one_step: OneStepConfig = OneStepConfig()
    warm_start: WarmStartConfig = WarmStartConfig()
    engine: EngineConfig = EngineConfig()
    learner: LearnerConfig = LearnerConfig()
    answerer: AnswererConfig = AnswererConfig()
    judge: JudgeConfig = JudgeConfig()
    rollouts: RolloutsConfig = RolloutsConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    checkpoints: CheckpointsConfig = CheckpointsConfig()
    logging: LoggingConfig = LoggingConfig()
    rounds: RoundsConfig = RoundsConfig()

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
        self._check_limits()
        self._check_memory()
        self._check_language()
        self._check_rounds()
        self._check_builder()
        self._check_judge()
        self._check_baselines()
        self._check_rewards()
        self._check_draws()
        return self

    @property
    def is_language(self) -> bool:
        """True if the policy is a language model."""
        return self.policy.kind == "language"

    @property
    def has_rounds(self) -> bool:
        """True if several trainings come one after the other."""
        return self.rounds.num_rounds > 1 or bool(self.rounds.partner)

    def unused_keys(self) -> dict[str, str]:
        """Return the keys that mean nothing in this configuration, each with why."""
        unused = unused_keys(self)
        if self.task == "manager":
            unused |= dict.fromkeys(ARCHIVE_KEYS, "task is 'manager', whose questions meet its own store")
        if self.task != "retriever":
            unused["episode.tiers"] = f"task is {self.task!r} and only a retriever uses it"
        if not self.episode.tiers:
            unused["episode.tier_order"] = "there are no episode.tiers"
        if self.task != "manager":
            unused |= dict.fromkeys(MANAGER_KEYS, f"task is {self.task!r} and only a manager uses it")
        if self.episode.memory is not None:
            # The limits are those of the manager that writes the memory.
            unused = {key: why for key, why in unused.items() if key not in STORE_KEYS}
            unused["episode.granularity"] = "episode.memory is set, whose entries are what its manager wrote"
        others = COMPACT_KEYS if self.is_language else LANGUAGE_KEYS
        wanted = "compact" if self.is_language else "language"
        why = f"policy.kind is {self.policy.kind!r} and only a {wanted} policy uses it"
        unused |= dict.fromkeys(others, why)
        if self.is_language and self.learner.kind == "trl":
            unused |= self._unused_under_trl()
        unused |= self._unused_with_one_step()
        if self.answerer.kind == "policy":
            unused["answerer.max_tokens"] = (
                "answerer.kind is 'policy', which replies as long as it was trained to"
            )
        if self.streams.validation is None:
            keys = ("evaluation.every", "logging.trajectories_every", "logging.num_trajectories")
            unused |= dict.fromkeys(keys, "there is no streams.validation to validate on")
        return unused

    def _unused_with_one_step(self) -> dict[str, str]:
        if self.one_step.window_turns is None:
            return {"one_step.builder": "there is no one_step.window_turns"}
        why = "one_step.window_turns is set, and its episodes are single steps behind windows of their own"
        return {"streams.window_turns": why}

    def _check_language(self) -> None:
        self.algorithm.check_policy(is_language=self.is_language)
        if not self.is_language:
            if self.task == "answer_agent":
                raise ConfigError(
                    "task is 'answer_agent', which only a language model does; set policy.kind."
                )
            return
        if self.learner.sharding == "full" and self.learner.num_processes == 1:
            raise ConfigError(
                "learner.sharding is 'full' with one learner process; raise learner.num_processes or leave "
                "the sharding out."
            )
        if self.learner.kind == "trl":
            self._check_trl()
        elif self.rollouts.num_workers == 0:
            raise ConfigError(
                "rollouts.num_workers is 0, but the episodes of a language policy are played in Ray workers; "
                "set it to 1 or more."
            )

    def _check_trl(self) -> None:
        algorithm, engine = self.algorithm, self.engine
        if not isinstance(algorithm, GrpoSettings):
            raise ConfigError(
                f"algorithm.name is {algorithm.name!r}, but learner.kind is 'trl', whose trainer has grpo "
                "only; take learner.kind = 'memdojo'."
            )
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
        if algorithm.curriculum == "priority":
            raise ConfigError(
                "algorithm.curriculum is 'priority', but learner.kind is 'trl', whose trainer has all "
                "prompts in order before it begins; leave it out or take learner.kind = 'memdojo'."
            )
        if algorithm.minibatch_groups and algorithm.groups_per_update % algorithm.minibatch_groups:
            raise ConfigError(
                f"algorithm.minibatch_groups is {algorithm.minibatch_groups}, but under learner.kind = 'trl' "
                f"it must divide algorithm.groups_per_update, which is {algorithm.groups_per_update}."
            )
        if self.answerer.kind in ("model", "policy"):
            raise ConfigError(
                f"answerer.kind is {self.answerer.kind!r}, which learner.kind = 'trl' has no engines for; "
                "serve the model (memdojo serve) and take answerer.kind = 'endpoint'."
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
        return unused

    def _check_limits(self) -> None:
        share, most = self.episode.capacity_share, self.episode.max_entries
        if share is not None and most is not None:
            raise ConfigError(
                f"episode.capacity_share is {share} and episode.max_entries is {most}; give one of the two."
            )
        if self.task == "manager" and share is None and most is None and not self.is_language:
            raise ConfigError(
                "a manager's store needs a capacity; set episode.capacity_share (a share of the stream's "
                "turns) or episode.max_entries."
            )

    def _check_memory(self) -> None:
        name, episode = self.episode.memory, self.episode
        if name is None:
            return
        if self.task == "manager":
            raise ConfigError(
                f"episode.memory is {name!r}, but task is 'manager', which writes its memory itself; leave "
                "it out."
            )
        if name in list_baselines() and episode.max_entries is None and episode.capacity_share is None:
            raise ConfigError(
                f"episode.memory is {name!r}, a rule whose store has no size of its own; set "
                "episode.capacity_share or episode.max_entries."
            )
        try:
            check_name_or_path(name, "baseline", list_baselines())
        except UnknownNameError as error:
            raise ConfigError(f"episode.memory: {error}") from None

    def _check_rounds(self) -> None:
        rounds = self.rounds
        if rounds.partner and self.task == "retriever":
            raise ConfigError(
                f"rounds.partner is {rounds.partner!r}, but task is 'retriever', and it is managers and "
                "answer agents that are trained in turn; leave it out."
            )
        if rounds.merge_best > 1 and self.streams.validation is None:
            raise ConfigError(
                f"rounds.merge_best is {rounds.merge_best} and nothing is validated; set streams.validation."
            )

    def _check_builder(self) -> None:
        try:
            check_name_or_path(self.one_step.builder, "baseline", list_baselines())
        except UnknownNameError as error:
            raise ConfigError(f"one_step.builder: {error}") from None

    def _check_draws(self) -> None:
        if self.algorithm.curriculum != "priority":
            return
        for key, value in (
            ("length_curriculum", self.streams.length_curriculum),
            ("train", self.streams.weights),
        ):
            if value is not None:
                raise ConfigError(
                    f"streams.{key} is {value!r}, but algorithm.curriculum is 'priority', which draws by "
                    "score alone; leave one of the two out."
                )

    def _check_rewards(self) -> None:
        try:
            reward = Reward(self.reward, self.reward_decay)
        except MemdojoError as error:
            raise ConfigError(f"reward_decay: {error}") from None
        if reward.needs_tiers and self.task != "retriever":
            raise ConfigError(
                f"task is {self.task!r} and the reward compares answers at tiers of a ranking, which only a "
                "retriever writes; leave out marginal_utility and the like."
            )
        if reward.needs_tiers != bool(self.episode.tiers) and self.task == "retriever":
            raise ConfigError(
                "the reward compares answers at tiers and episode.tiers is empty; set it, such as "
                "[1, 2, 3, 5, 8, 10] with episode.top_k = 10."
                if reward.needs_tiers
                else f"episode.tiers is {list(self.episode.tiers)} and no part of the reward compares "
                "answers at tiers; leave it out, or pay marginal_utility."
            )

    def _check_judge(self) -> None:
        if Reward(self.reward).needs_verdicts and self.judge.kind == "none":
            raise ConfigError(
                "a part of the reward is a judge's grade of the answers and judge.kind is 'none'; name a "
                "judge, such as judge.kind = 'endpoint', or pay another metric."
            )
        if self.learner.kind == "trl" and self.judge.kind == "model":
            raise ConfigError(
                "judge.kind is 'model', which learner.kind = 'trl' has no engines for; serve the model "
                "(memdojo serve) and take judge.kind = 'endpoint'."
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
    "episode.max_core_tokens",
    "features.num_candidates",
    "features.embedding_inputs",
    "streams.window_turns",
    "streams.turns_per_chunk",
    "policy.related_entries",
    *(f"one_step.{key}" for key in OneStepConfig.model_fields),
    "logging.trajectories_every",
    "logging.num_trajectories",
)
"""Keys of a manager alone."""

STORE_KEYS = ("episode.max_entries", "episode.capacity_share", "episode.max_core_tokens")
"""Those of them that limit the store."""

ARCHIVE_KEYS = ("episode.granularity",)
"""Keys of those who are asked over an archive of all that was said."""

COMPACT_KEYS = (
    "features.num_candidates",
    "features.embedder",
    "features.embedding_inputs",
    "policy.hidden_dim",
)
"""Keys of a compact policy alone."""

LANGUAGE_KEYS = (
    *(f"policy.{key}" for key in PolicyConfig.model_fields if key not in ("kind", "hidden_dim")),
    *(f"one_step.{key}" for key in OneStepConfig.model_fields),
    *(f"warm_start.{key}" for key in WarmStartConfig.model_fields),
    *(f"engine.{key}" for key in EngineConfig.model_fields),
    *(f"learner.{key}" for key in LearnerConfig.model_fields),
    *(f"answerer.{key}" for key in AnswererConfig.model_fields),
    *(f"judge.{key}" for key in JudgeConfig.model_fields),
    *(f"rounds.{key}" for key in RoundsConfig.model_fields),
    "streams.turns_per_chunk",
)
"""Keys of a language policy alone."""

KEYS_UNUSED_BY_TRL = (
    "engine.num_engines",
    "engine.max_staleness",
    "engine.max_restarts",
    "rollouts.num_workers",
    "rollouts.address",
)
"""Keys of a language policy that mean nothing under `learner.kind = "trl"`."""
