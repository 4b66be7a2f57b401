"""The tables of a configuration that every policy has: data, episodes, algorithm, evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from memdojo.envs.memory.embedders import list_embedders
from memdojo.envs.settings import CapacitySettings
from memdojo.errors import ConfigError, unknown_name
from memdojo.rewards.metrics import metric_names

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


class Table(BaseModel):
    """A table of a configuration: frozen, strictly typed, without keys that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class StreamsConfig(Table):
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


class EpisodeConfig(Table):
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


class FeaturesConfig(Table):
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


class AlgorithmConfig(Table):
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


class RolloutsConfig(Table):
    """Where episodes are played.

    Attributes:
        num_workers: Ray actors that play; results do not depend on it.
        address: Of a Ray cluster (`auto`, `ray://HOST:PORT`); without it Ray starts on this machine.
    """

    num_workers: Count = 2
    address: Text | None = None


class EvaluationConfig(Table):
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


class CheckpointsConfig(Table):
    """When the run is saved: every so many updates. The `keep` newest and the best checkpoint stay."""

    every: Count = 10
    keep: Count = 2
