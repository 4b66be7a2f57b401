"""What a training run is told: TOML files, checked against models that refuse what they do not know.

    name = "my-run"
    task = "manager"
    [streams]
    train = "synthetic:train"
    [episode]
    capacity_share = 0.25
    [reward]
    evidence_recall = 1.0

Every table and key is a field below, with its default. A configuration that loads is one that makes sense:
what contradicts itself is refused, not repaired.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from memdojo.agents.baselines import list_baselines, list_retriever_baselines
from memdojo.envs.memory.embedders import list_embedders
from memdojo.envs.memory.retrievers import list_retrievers
from memdojo.envs.settings import CapacitySettings
from memdojo.errors import ConfigError, MemdojoError, unknown_name
from memdojo.rewards.metrics import metric_names
from memdojo.rewards.reward import Reward

Task = Literal["manager", "retriever", "answer_agent"]
Split = Literal["train", "validation", "test"]

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class StreamsConfig(_Table):
    """Where streams come from.

    Attributes:
        train: Spec of the streams to train on, such as `synthetic:train`.
        validation: Spec of the streams that choose the best checkpoint; without it the last one is the best.
        test: Spec of the streams of the final evaluation; without it there is none.
        num_train, num_validation, num_test: How many streams a generating source makes.
        options: Further options of the source, the same for all three.
        window_turns: Train on windows of so many turns instead of whole streams.
        turns_per_chunk: Turns that a language manager sees at a step; a compact one sees one.
        stream_seed: Seed of a generating source. Apart from the run's seed, so that runs of several seeds see
            the same data.
    """

    train: Text
    validation: Text | None = None
    test: Text | None = None
    num_train: Count | None = None
    num_validation: Count | None = None
    num_test: Count | None = None
    options: dict[str, Any] = {}
    window_turns: Annotated[int, Field(ge=2)] | None = None
    turns_per_chunk: Count = 1
    stream_seed: Seed | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        specs = {name: getattr(self, name) for name in ("train", "validation", "test")}
        for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
            if specs[first] is not None and specs[first] == specs[second]:
                raise ConfigError(
                    f"streams.{first} and streams.{second} are both {specs[first]!r}; held-out streams must "
                    "be others than those that a policy was trained or chosen on."
                )
        for name in ("validation", "test"):
            if specs[name] is None and getattr(self, f"num_{name}") is not None:
                raise ConfigError(f"streams.num_{name} is set without streams.{name}; name the streams, too.")
        for option, key in (("num_streams", "num_train"), ("seed", "stream_seed")):
            if option in self.options:
                raise ConfigError(
                    f"streams.options.{option} is not for all splits; use streams.{key} instead."
                )
        return self

    def load_options(self, split: Split) -> dict[str, Any]:
        """Return the keyword arguments with which `load_streams` loads the split's spec."""
        options = dict(self.options)
        count = getattr(self, f"num_{split}")
        if count is not None:
            options["num_streams"] = count
        if self.stream_seed is not None:
            options["seed"] = self.stream_seed
        return options


class EpisodeConfig(_Table):
    """What an episode allows.

    Attributes:
        max_entries: Most entries that a manager's store holds.
        capacity_share: The same as a share of the stream's turns. A manager has exactly one of the two.
        top_k: Entries from which a question is answered; for an answer agent, those that it is shown.
    """

    max_entries: Count | None = None
    capacity_share: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Count = 10

    @property
    def capacity(self) -> CapacitySettings:
        """The limits of a manager's store; an ADD to a full one names the entry that leaves."""
        return CapacitySettings(self.max_entries, self.capacity_share)


class FeaturesConfig(_Table):
    """What a compact policy sees.

    Attributes:
        num_candidates: Entries that a manager chooses among at a time.
        embedder: Name of the text embedder behind similarities.
        embedding_inputs: Whether a manager sees the embeddings themselves as well.
    """

    num_candidates: Count = 16
    embedder: str = "hashed_ngrams"
    embedding_inputs: bool = False

    @field_validator("embedder")
    @classmethod
    def _known_embedder(cls, name: str) -> str:
        if name not in list_embedders():
            raise ConfigError(f"features.embedder: {unknown_name('embedder', name, list_embedders())}")
        return name


class PolicyConfig(_Table):
    """Who decides: a small network on features, or a language model on text.

    Attributes:
        kind: `compact` or `language`.
        hidden_dim: Width of a compact policy's hidden layers; 0 makes it linear.
        model: Folder of a Hugging Face causal language model, or its hub id.
        format: Name of the prompt format in which a language model is spoken to and replies.
        max_prompt_tokens: Longer prompts are shortened by leaving out whole entries of the memory.
        max_response_tokens: Tokens that the model may sample at a step.
        max_candidates: Candidates that a language retriever is shown.
        temperature: At which responses are sampled in training; evaluation is greedy.
        lora_rank: Rank of the low-rank adapters that are trained; 0 trains all weights.
        lora_alpha: Scale of the adapters' contribution, divided by the rank.
    """

    kind: Literal["compact", "language"] = "compact"
    hidden_dim: Annotated[int, Field(ge=0)] = 64
    model: Text | None = None
    format: Text = "plain"
    max_prompt_tokens: Count = 2048
    max_response_tokens: Count = 256
    max_candidates: Count = 50
    temperature: Positive = 1.0
    lora_rank: Annotated[int, Field(ge=0)] = 0
    lora_alpha: Positive = 16.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "language" and self.model is None:
            raise ConfigError(
                "policy.kind is 'language' without policy.model; name the folder of a model "
                "(memdojo model tiny makes a small one)."
            )
        return self


class EngineConfig(_Table):
    """What samples from a language policy.

    Attributes:
        kind: `vllm`, or `transformers`, which needs no vLLM and is slower.
        num_engines: Engines that share the requests; each holds the whole model.
        num_gpus: GPUs of one engine, over which vLLM splits the model; 0 runs it on the CPU.
        dtype: Precision of the weights.
        max_sequences: Requests that an engine works on at a time.
        memory: Share of a GPU's memory that vLLM takes; on the CPU the GiB of its key-value cache.
        max_staleness: Updates by which the sampling weights may be behind those that are trained.
        max_restarts: How often a dead engine or rollout worker is started again before the run gives up.
    """

    kind: Literal["vllm", "transformers"] = "vllm"
    num_engines: Count = 1
    num_gpus: Annotated[int, Field(ge=0)] = 0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    max_sequences: Count = 64
    memory: Positive | None = None
    max_staleness: Annotated[int, Field(ge=0)] = 0
    max_restarts: Annotated[int, Field(ge=0)] = 3


class LearnerConfig(_Table):
    """Where and how a language policy is trained.

    Attributes:
        kind: `memdojo`, our own learner, or `trl`, TRL's GRPOTrainer for tasks of one context (of a manager,
            single chunks between those that `warm_start.teacher` plays).
        num_processes: Learner processes, over which the rows of an update are shared out.
        sharding: `none` keeps the whole model in each process, `full` splits weights, gradients and moments
            over the processes (FSDP).
        device: `auto` takes a GPU where there is one.
        dtype: Precision of weights and moments.
        micro_batch_tokens: Tokens, padding included, of one forward and backward pass.
        gradient_checkpointing: Compute activations twice instead of keeping them.
        num_threads: CPU threads of a learner process; by default as many as there are cores.
    """

    kind: Literal["memdojo", "trl"] = "memdojo"
    num_processes: Count = 1
    sharding: Literal["none", "full"] = "none"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    micro_batch_tokens: Count = 8192
    gradient_checkpointing: bool = False
    num_threads: Count | None = None


class WarmStartConfig(_Table):
    """Supervised training before the reinforcement learning.

    Attributes:
        teacher: Whose operations are learnt: `oracle` or another baseline, which plays the training streams.
        num_steps: Gradient steps; 0 leaves the stage out.
        batch_size: Rows of a step.
        learning_rate: Of AdamW.
        num_streams: How many of the training streams the teacher plays; by default all.
        trajectories: File of a run's folder `trajectories` to learn from instead.
    """

    teacher: Text = "oracle"
    num_steps: Annotated[int, Field(ge=0)] = 0
    batch_size: Count = 32
    learning_rate: Positive = 1e-3
    num_streams: Count | None = None
    trajectories: Text | None = None


class AnswererConfig(_Table):
    """Who answers the questions of training and evaluation, and stays as it is.

    Attributes:
        kind: `extractive` is the model-free reader; `model` serves a model in engines of its own; `endpoint`
            asks an OpenAI-compatible server.
        model: Folder or hub id of the model; the name of the model at the endpoint.
        url: Of the endpoint, such as `http://HOST:8000/v1`.
        num_engines, num_gpus, dtype, memory: As in `[engine]`, of a `model`.
        max_tokens: Most tokens of an answer.
        timeout_s: Seconds after which an endpoint's answer counts as not to be had.
    """

    kind: Literal["extractive", "model", "endpoint"] = "extractive"
    model: Text | None = None
    url: Text | None = None
    num_engines: Count = 1
    num_gpus: Annotated[int, Field(ge=0)] = 0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    memory: Positive | None = None
    max_tokens: Count = 32
    timeout_s: Positive = 60.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        needed = {"extractive": (), "model": ("model",), "endpoint": ("model", "url")}[self.kind]
        for key in ("model", "url"):
            if key in needed and getattr(self, key) is None:
                raise ConfigError(f"answerer.kind is {self.kind!r} without answerer.{key}; set it.")
            if key not in needed and getattr(self, key) is not None:
                raise ConfigError(
                    f"answerer.{key} is {getattr(self, key)!r}, but answerer.kind is {self.kind!r}, which "
                    "does not use it; leave one of the two out."
                )
        return self


class AlgorithmConfig(_Table):
    """How a policy learns. One update plays `groups_per_update` times `group_size` episodes.

    Attributes:
        name: `ppo` (critic and GAE) or `grpo` (episodes of a group compared with each other).
        num_updates: Updates of the whole run.
        groups_per_update: Streams (or windows; for a retriever, questions) played for an update.
        group_size: Episodes of each of them; GRPO needs at least 2.
        epochs: Passes over the decisions of an update.
        minibatch_size: Decisions of a gradient step; compact policies only.
        minibatch_groups: Groups of a gradient step; by default all of an update; language policies only.
        clip_low, clip_high: The probability ratio is clipped to [1 - clip_low, 1 + clip_high].
        value_coefficient: Weight of the critic's loss; PPO only.
        discount: Weight of a reward one step later.
        gae_lambda: 0 trusts the critic, 1 the rewards; PPO only.
        advantage: Whether a group's episodes are compared as wholes, step by step, or as rows (contexts) that
            all count alike, whatever their episode; GRPO only.
        group_start: Whether the episodes of a group part at the start of the stream or `fork` from a state
            that one of them has reached, at a turn drawn anew for each group; managers under GRPO only.
        loss_average: Whether every token of a gradient step counts alike, or every row; language policies
            only, as are the following.
        kl_coefficient: Weight of the KL divergence from the policy that the run began with; 0 needs no second
            model.
        importance_cap: Largest weight with which the mismatch of sampler and learner is corrected; 0 leaves
            the correction out.
        skip_equal_groups: Leave groups whose returns are all equal out of the batch; GRPO only.
        warmup_updates: Updates over which the learning rate rises from 0.
        weight_decay: Of AdamW.
        critic_learning_rate: Of the critic; by default `learning_rate`; PPO only.
    """

    name: Literal["ppo", "grpo"]
    num_updates: Count
    groups_per_update: Count = 8
    group_size: Count = 8
    epochs: Count = 2
    minibatch_size: Count = 1024
    minibatch_groups: Count | None = None
    learning_rate: Positive = 1e-3
    clip_low: Annotated[float, Field(gt=0, lt=1)] = 0.2
    clip_high: Positive = 0.2
    entropy_coefficient: NotNegative = 0.0
    value_coefficient: NotNegative = 0.5
    max_gradient_norm: Positive = 0.5
    discount: Share = 1.0
    gae_lambda: Share = 0.9
    advantage: Literal["trajectory", "step", "rows"] = "step"
    group_start: Literal["stream", "fork"] = "stream"
    loss_average: Literal["token", "sequence"] = "token"
    kl_coefficient: NotNegative = 0.0
    importance_cap: NotNegative = 2.0
    skip_equal_groups: bool = False
    warmup_updates: Annotated[int, Field(ge=0)] = 0
    weight_decay: NotNegative = 0.0
    critic_learning_rate: Positive | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in ALGORITHM_KEYS_OF_OTHERS[self.name]:
            if key in self.model_fields_set:
                raise ConfigError(
                    f"algorithm.{key} is {getattr(self, key)!r}, but algorithm.name is {self.name!r}, which "
                    "does not use it; leave one of the two out."
                )
        if self.name == "grpo" and self.advantage == "trajectory" and self.discount < 1:
            raise ConfigError(
                f"algorithm.discount is {self.discount}, but algorithm.advantage is 'trajectory', which "
                "compares undiscounted returns; leave the discount out or take advantage = 'step'."
            )
        if self.name == "grpo" and self.group_size < 2:
            raise ConfigError(
                f"algorithm.group_size is {self.group_size}, but grpo compares the episodes of a group; give "
                "at least 2."
            )
        return self


ALGORITHM_KEYS_OF_OTHERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ppo": ("advantage", "group_start", "skip_equal_groups"),
        "grpo": ("gae_lambda", "value_coefficient", "critic_learning_rate"),
    }
)
"""Keys of `[algorithm]` that an algorithm does not use."""


class RolloutsConfig(_Table):
    """Where episodes are played.

    Attributes:
        num_workers: Ray actors that play; results do not depend on it.
        address: Of a Ray cluster (`auto`, `ray://HOST:PORT`); without it Ray starts on this machine.
    """

    num_workers: Count = 2
    address: Text | None = None


class EvaluationConfig(_Table):
    """How policies are scored.

    Attributes:
        every: Updates between two validations.
        num_resamples: Bootstrap resamples behind an interval of the final evaluation.
        baselines: Names of what the policy is compared with; none named means all.
        metric: The reward part, one that grades answers or measures evidence, that chooses the best
            checkpoint and heads the final table.
    """

    every: Count = 10
    num_resamples: Count = 2000
    baselines: Names = ()
    metric: str = "evidence_recall"

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, name: str) -> str:
        if name not in SCORE_OF_METRIC and name not in ANSWER_METRICS:
            raise ConfigError(
                f"evaluation.metric: {unknown_name('metric', name, {*SCORE_OF_METRIC, *ANSWER_METRICS})}"
            )
        return name

    def score(self, top_k: int) -> str:
        """Return the column of an evaluation (`EvalSettings.score`) that has the metric."""
        return SCORE_OF_METRIC.get(self.metric, self.metric).format(top_k=top_k)

    @property
    def grades_answers(self) -> bool:
        """True if questions must be answered to compute the metric."""
        return self.metric in ANSWER_METRICS


ANSWER_METRICS = (*metric_names(), "locomo")
"""Reward parts that grade answers."""

SCORE_OF_METRIC: Mapping[str, str] = MappingProxyType(
    {"evidence_recall": "recall@{top_k}", "evidence_ndcg": "ndcg@{top_k}", "evidence_stored": "kept_evidence"}
)
"""Reward parts that measure evidence, with their columns in an evaluation."""


class CheckpointsConfig(_Table):
    """When the run is saved: every so many updates. The `keep` newest and the best checkpoint stay."""

    every: Count = 10
    keep: Count = 2


class TrainConfig(_Table):
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
