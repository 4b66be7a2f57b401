"""The configuration tables of all policies: data, episodes, evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, PlainSerializer, PlainValidator, field_validator, model_validator

from memdojo.agents.baselines.registry import make_fallback_rule
from memdojo.agents.designs.parts.protocol import MemoryDesign
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.roles.registry import ROLES
from memdojo.agents.designs.roles.settings import RolesSettings, RuleRolesSettings
from memdojo.agents.designs.running.features import learned_kinds
from memdojo.agents.designs.running.policy import DEFAULT_EMBEDDER
from memdojo.envs.answering import Answerer
from memdojo.envs.episodes.archive import Granularity, TierOrder, Tiers, check_tiers
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules, StepJudge
from memdojo.envs.memory.embedders import list_embedders
from memdojo.envs.memory.retrieval.retrievers import make_retriever
from memdojo.envs.memory.token_counter import settled_tokenizer
from memdojo.envs.streams.registry import takes_option
from memdojo.envs.types import DEFAULT_CORE_TOKENS
from memdojo.errors import ConfigError, MemdojoError, UnknownNameError, unknown_name
from memdojo.rewards import Reward
from memdojo.rewards.grading import grade_names
from memdojo.settings import (
    MOST,
    Count,
    CountOrZero,
    Names,
    NotNegative,
    OneOf,
    Positive,
    Seed,
    Share,
    Table,
    Text,
    not_blank,
)

from ..used_keys import (
    ARCHIVE_ONLY,
    COMPACT_ONLY,
    LANGUAGE_ONLY,
    MANAGER_ONLY,
    NO_DESIGN,
    RETRIEVER_ONLY,
    STORE_ONLY,
    TIERS_ONLY,
    VALIDATED_ONLY,
    WHOLE_EPISODES,
    WHOLE_MANAGER_ONLY,
    WITH_ENCODER,
    WITH_FALLBACK,
)
from .tracker_names import TENSORBOARD, TRACKERS

Split = Literal["train", "validation", "test"]
TeacherName = Literal["auto", "labelled", "oracle"]
"""Teachers of compact managers."""
SPLITS: tuple[Split, ...] = get_args(Split)


def _spec_or_weights(value: object) -> str | dict[str, float]:
    """Return a spec, or a table of specs to weights, as it is."""
    if isinstance(value, str):
        return not_blank(value)
    if not isinstance(value, dict) or not value:
        raise ValueError("must be a text, or a table of at least one spec with its weight")
    for spec, weight in value.items():
        not_blank(spec)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
            raise ValueError(f"must give {spec!r} a weight above 0, not {weight!r}")
    return {spec: float(weight) for spec, weight in value.items()}


def _spec_weights_or_none(value: object) -> str | dict[str, float] | None:
    return None if value is None else _spec_or_weights(value)


def _rising_counts(value: object) -> tuple[float, ...]:
    """Return numbers of sessions, each larger than the one before; the last one may be `inf`, for all."""
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list of numbers of sessions, such as [8, 16, 32]")
    for place, count in enumerate(value):
        is_count = isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= MOST
        if not is_count and not (count == math.inf and place == len(value) - 1):
            raise ValueError(
                f"must hold whole numbers from 1, and inf at most as its last one, not {count!r}"
            )
        if place and count <= value[place - 1]:
            raise ValueError(f"must rise, and has {count!r} behind {value[place - 1]!r}")
    return tuple(value)


def _source(spec: str) -> str:
    return spec.partition(":")[0]


class StreamsConfig(Table):
    """Where streams come from.

    Attributes:
        train: Spec of the streams to train on, such as `synthetic:train`; in a mixture a table of specs with
            weights.
        validation: Spec of the streams that choose the best checkpoint, or a table of specs with the weights
            that their mean scores have; without it the last one is the best.
        test: Spec of the streams of the final evaluation; without it there is none.
        num_train, num_validation, num_test: How many streams a generating source makes.
        options: Further options of the source, the same for all three; a table under the name of a source has
            those of this source alone.
        window_turns: Train on windows of so many turns instead of whole streams.
        length_curriculum: Updates over which ever longer streams are trained on: at first the shortest
            quarter, in the end all.
        session_stages: Numbers of sessions: the updates are divided into as many equal stages, in each of
            which the training streams are their first so many sessions alone; `inf` at the end is for whole
            streams.
        turns_per_chunk: Turns that a language manager sees at a step; a compact one sees one.
        stream_seed: Seed of a generating source. Apart from the run's seed, so that runs of several seeds see
            the same data.
    """

    train: Annotated[str | dict[str, float], PlainValidator(_spec_or_weights)]
    validation: Annotated[str | dict[str, float] | None, PlainValidator(_spec_weights_or_none)] = None
    test: Text | None = None
    num_train: Count | None = None
    num_validation: Count | None = None
    num_test: Count | None = None
    options: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it for each model)
    window_turns: Annotated[Annotated[Count, Field(ge=2)] | None, MANAGER_ONLY, WHOLE_EPISODES] = None
    length_curriculum: Count | None = None
    session_stages: Annotated[
        tuple[float, ...], PlainValidator(_rising_counts), PlainSerializer(list), WHOLE_EPISODES
    ] = ()
    turns_per_chunk: Annotated[Count, WHOLE_MANAGER_ONLY, LANGUAGE_ONLY] = 1
    stream_seed: Seed | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for first, second in combinations(SPLITS, 2):
            if shared := sorted(self.specs(first).keys() & self.specs(second).keys()):
                raise ConfigError(
                    f"streams.{first} and streams.{second} are both {shared[0]!r}; held-out streams must "
                    "be others than those that a policy was trained or chosen on."
                )
        for name in ("validation", "test"):
            if getattr(self, name) is None and getattr(self, f"num_{name}") is not None:
                raise ConfigError(f"streams.num_{name} is set without streams.{name}; name the streams, too.")
        if self.length_curriculum is not None and self.window_turns is not None:
            raise ConfigError(
                f"streams.length_curriculum is {self.length_curriculum}, but streams.window_turns makes all "
                "episodes equally long; leave one of the two out."
            )
        if self.session_stages:
            for name, why in (
                ("window_turns", "cuts other parts out of the streams"),
                ("length_curriculum", "chooses among streams by their length"),
            ):
                if getattr(self, name) is not None:
                    raise ConfigError(
                        f"streams.session_stages is {list(self.session_stages)}, but streams.{name} {why}; "
                        "leave one of the two out."
                    )
        self._check_options()
        return self

    def _check_options(self) -> None:
        named = {_source(spec) for split in SPLITS for spec in self.specs(split)}
        for name, value in self.options.items():
            if isinstance(value, dict) and name not in named:
                raise ConfigError(
                    f"streams.options.{name} is a table, but no spec begins with {name!r}; these do: "
                    f"{', '.join(sorted(named))}."
                )
        for option, key in (("num_streams", "num_train"), ("seed", "stream_seed")):
            if option in self.options:
                raise ConfigError(
                    f"streams.options.{option} is not for all splits; use streams.{key} instead."
                )

    @property
    def weights(self) -> dict[str, float] | None:
        """The weight of each spec of a mixture; None if there is one spec alone."""
        return None if isinstance(self.train, str) else self.train

    @property
    def train_name(self) -> str:
        """What is trained on, as one text."""
        if isinstance(self.train, str):
            return self.train
        return " + ".join(f"{weight:g} {spec}" for spec, weight in self.train.items())

    def specs(self, split: Split) -> dict[str, float]:
        """Return the specs of a split with their weights; none if there is no such split."""
        value = getattr(self, split)
        return {value: 1.0} if isinstance(value, str) else value or {}

    def load_options(self, split: Split, spec: str | None = None) -> dict[str, Any]:
        """Return the keyword arguments with which `load_streams` loads a spec of the split.

        Args:
            split: One that has a spec.
            spec: Which of them; None where there is only one.

        Returns:
            Options by name. In a mixture, number and seed of generated streams go to the sources that have
            such options.
        """
        if spec is None:
            (spec,) = self.specs(split)
        tables = {name: value for name, value in self.options.items() if isinstance(value, dict)}
        options = {name: value for name, value in self.options.items() if name not in tables}
        made = {"num_streams": getattr(self, f"num_{split}"), "seed": self.stream_seed}
        for name, value in made.items():
            if value is not None and (len(self.specs(split)) == 1 or takes_option(spec, name)):
                options[name] = value
        return options | tables.get(_source(spec), {})


class EpisodeConfig(Table):
    """What an episode allows.

    Attributes:
        max_entries: Most entries that a manager's store holds.
        capacity_share: The same as a share of the stream's turns. A compact manager has exactly one of the
            two, a language manager at most one.
        token_share: Most tokens over all entries as a share of the stream's. Without it the share is the one
            that the entries are of the turns; with no limit in entries either the store has no limit.
            Infinity is no limit in tokens.
        tokenizer: Whose tokens are counted, in limits, rewards and tables: the folder of a language model, or
            its name on the Hugging Face hub; without it they are counted by `count_tokens`.
        max_core_tokens: Most tokens of the core block, which a manager's store of several kinds has.
        top_k: Entries from which a question is answered; for an answer agent, those that it is shown.
        retriever: Who finds them in a manager's store, such as `bm25` or `pools:20`.
        granularity: What one entry of the archive is, a `turn` or a `session`; not for managers.
        tiers: Numbers of ranked entries at which a reward compares answers, rising from 1 to `top_k`; for
            retrievers whose reward has a part that needs them.
        tier_order: Whether the answerer reads the entries of a tier by `rank`, best first, or by `time`, as
            they were said.
        written_by: Who wrote the memory over which a retriever or an answer agent is asked: a baseline by
            name, or the folder of a manager's run or checkpoint. Without it that is all that was said. The
            store's limits are then the manager's: its own if none are given.
    """

    max_entries: Annotated[Count | None, STORE_ONLY] = None
    capacity_share: Annotated[Annotated[float, Field(gt=0, le=1)] | None, STORE_ONLY] = None
    token_share: Annotated[Annotated[float, Field(gt=0, allow_inf_nan=True)] | None, STORE_ONLY] = None
    tokenizer: Annotated[Text | None, STORE_ONLY] = None
    max_core_tokens: Annotated[Count, STORE_ONLY] = DEFAULT_CORE_TOKENS
    top_k: Annotated[Count, Field(le=1_000_000)] = 10
    retriever: Annotated[Text, NO_DESIGN] = "bm25"
    granularity: Annotated[Literal["turn", "session"], *ARCHIVE_ONLY] = "turn"
    tiers: Annotated[tuple[Count, ...], Field(strict=False), RETRIEVER_ONLY] = ()
    tier_order: Annotated[Literal["rank", "time"], TIERS_ONLY] = "rank"
    written_by: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            check_tiers(self.tiers, self.top_k)
        except ConfigError as error:
            raise ConfigError(f"episode.tiers: {error}") from None
        return self

    @field_validator("retriever")
    @classmethod
    def _known_retriever(cls, spec: str) -> str:
        try:
            make_retriever(spec)
        except MemdojoError as error:
            raise ConfigError(f"episode.retriever: {error}") from error
        return spec

    @field_validator("tokenizer")
    @classmethod
    def _found_from_anywhere(cls, tokenizer: str | None) -> str | None:
        return None if tokenizer is None else settled_tokenizer(tokenizer)

    @property
    def capacity(self) -> CapacitySettings:
        """The limits of a manager's store; an ADD to a full one names the entry that leaves."""
        is_limited = self.max_entries is not None or self.capacity_share is not None
        return CapacitySettings(
            self.max_entries,
            self.capacity_share if is_limited else math.inf,
            max_core_tokens=self.max_core_tokens,
            token_share=self.token_share,
            tokenizer=self.tokenizer,
        )

    @property
    def has_limits(self) -> bool:
        """True if entries or tokens of a manager's store are limited."""
        return not (self.max_entries is self.capacity_share is self.token_share is None)

    def rules(
        self,
        reward: Reward | None = None,
        *,
        answerer: Answerer | None = None,
        judge: StepJudge | None = None,
    ) -> EpisodeRules:
        """Return the rules by which episodes are built.

        Args:
            reward: Pays them; None if nothing is paid.
            answerer: Answers their questions; None if they are not answered.
            judge: Grades them; None if no model is asked.
        """
        return EpisodeRules(
            reward=reward,
            capacity=self.capacity,
            retriever=make_retriever(self.retriever),
            top_k=self.top_k,
            answerer=answerer,
            granularity=Granularity(self.granularity),
            tiers=Tiers(self.tiers, TierOrder(self.tier_order)),
            judge=judge,
        )


class DesignConfig(Table):
    """The memory design whose decisions are learned.

    Attributes:
        name: Of the design; `memdojo designs` lists them with their decisions and parameters.
        parameters: Of the design, by name.
        learn: Names of the decisions that are learned; none named means all. The others are made by the
            design's own rule.
        embedder: Name of the text embedder that says how near texts are to each other.
        roles: Who does the work that the design's paper gives to a language model.
    """

    name: Text | None = None
    parameters: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it for each model)
    learn: Names = ()
    embedder: str = DEFAULT_EMBEDDER
    roles: Annotated[RolesSettings, OneOf(ROLES, default="rules")] = RuleRolesSettings()

    @property
    def design(self) -> MemoryDesign:
        """The design.

        Raises:
            ConfigError: If there is none of the name, or it does not take the parameters.
        """
        if self.name is None:
            raise ConfigError("task is 'design' and design.name is missing; `memdojo designs` lists them.")
        try:
            return make_design(self.name, **self.parameters)
        except UnknownNameError as error:
            raise ConfigError(f"design.name: {error}") from None
        except MemdojoError as error:
            raise ConfigError(f"design.parameters: {error}") from None

    def check(self) -> None:
        """Refuse a design that there is not, or decisions that it has not.

        Raises:
            ConfigError: With what there is.
        """
        design = self.design
        try:
            learned_kinds(design, self.learn)
        except MemdojoError as error:
            raise ConfigError(f"design.learn: {error}") from None
        if self.embedder not in list_embedders():
            raise ConfigError(f"design.embedder: {unknown_name('embedder', self.embedder, list_embedders())}")


class FeaturesConfig(Table):
    """What a compact policy sees.

    Attributes:
        num_candidates: Entries that a manager chooses among at a time.
        embedder: Name of the text embedder behind similarities.
        embedding_inputs: Whether a manager sees the embeddings themselves as well.
    """

    num_candidates: Annotated[Annotated[Count, Field(le=10_000)], MANAGER_ONLY] = 16
    embedder: str = "hashed_ngrams"
    embedding_inputs: Annotated[bool, MANAGER_ONLY] = False

    @field_validator("embedder")
    @classmethod
    def _known_embedder(cls, name: str) -> str:
        if name not in list_embedders():
            raise ConfigError(f"features.embedder: {unknown_name('embedder', name, list_embedders())}")
        return name


class ImitationConfig(Table):
    """Supervised updates of a compact policy before those of the reinforcement learning.

    A manager plays its own episodes, and learns what it should have decided in the states that it meets
    (DAgger: Ross et al., AISTATS 2011, section 3). A retriever learns to rank the evidence of its questions
    in front.

    Attributes:
        teacher: Who knows it: `labelled` by the plan of the streams, `oracle` by what the questions need,
            `auto` by the plan of a stream whose plan edits entries and by its questions otherwise.
        num_updates: How many of `algorithm.num_updates` are of this kind, the first ones; 0 for none.
        learning_rate: Of the first of these updates, by AdamW; it falls linearly to 0 at their end.
        weight_decay: Of AdamW.
        epochs: Passes over the decisions of such an update.
        dropout: Share of the inputs from embeddings that a pass leaves out, so that the phrasings of the
            training streams are not learned by heart.
    """

    teacher: Annotated[TeacherName, MANAGER_ONLY] = "auto"
    num_updates: CountOrZero = 0
    learning_rate: Positive = 3e-3
    weight_decay: NotNegative = 0.1
    epochs: Count = 4
    dropout: Annotated[Annotated[float, Field(ge=0, lt=1)], MANAGER_ONLY] = 0.5


class EncoderConfig(Table):
    """Tuning the text encoder behind `features.embedder`, before the first update.

    Its last layers learn from the labels of the training streams (`imitation.teacher`) which turns are worth
    writing and which of them makes another outdated, and are part of the policy from then on.

    Attributes:
        tuned_layers: How many of its layers; 0 leaves it as it is.
        epochs: Passes over the training streams.
        learning_rate: Of the layers, by AdamW; it rises over the first steps and then falls to 0.
    """

    tuned_layers: CountOrZero = 0
    epochs: Annotated[Count, WITH_ENCODER] = 2
    learning_rate: Annotated[Positive, WITH_ENCODER] = 1e-4


class FallbackConfig(Table):
    """What a compact manager does in dialogues that look like none that it was trained on.

    Attributes:
        rule: Name of the manager baseline that decides there; without it the network always does.
        quantile: Of the distances of training dialogues that were left out: what is further is unfamiliar.
    """

    rule: Text | None = None
    quantile: Annotated[Annotated[float, Field(gt=0, lt=1)], WITH_FALLBACK] = 0.99

    @field_validator("rule")
    @classmethod
    def _usable_rule(cls, name: str | None) -> str | None:
        try:
            if name is not None:
                make_fallback_rule(name)
        except MemdojoError as error:
            raise ConfigError(f"fallback.rule: {error}") from None
        return name


class RolloutsConfig(Table):
    """Where episodes are played.

    Attributes:
        num_workers: Ray actors that play; with 0 episodes are played in the process of the run, without Ray.
            Results do not depend on it.
        address: Of a Ray cluster (`auto`, `ray://HOST:PORT`); without it that of the environment variable
            RAY_ADDRESS, and without that Ray starts on this machine (`local` says so whatever the variable).
        max_restarts: How many workers that die are replaced before the run gives up; those of a language
            policy are counted by `engine.max_restarts`.
    """

    num_workers: Annotated[CountOrZero, Field(le=10_000)] = 2
    max_restarts: Annotated[CountOrZero, COMPACT_ONLY] = 3
    address: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.num_workers == 0 and self.address is not None:
            raise ConfigError(
                f"rollouts.address is {self.address!r}, but rollouts.num_workers is 0, which plays "
                "without Ray; set it to 1 or more, or leave the address out."
            )
        return self


class EvaluationConfig(Table):
    """How policies are scored.

    Attributes:
        every: Updates between two validations.
        patience: Validations without a better score after which the run ends early, or sooner once the score
            is surely below the best; 0 goes on to the last update.
        num_resamples: Bootstrap resamples behind an interval of a validation and of the final evaluation.
        baselines: Names of what the policy is compared with; none named means all.
        max_unscored: Share that may go without a score: of the episodes of an update or a validation, and of
            a policy's answers in the final evaluation. Of more, what is missing counts 0.
        metric: The reward part, one that grades answers or measures evidence, that chooses the best
            checkpoint and heads the final table.
    """

    every: Annotated[Count, VALIDATED_ONLY] = 10
    patience: Annotated[CountOrZero, VALIDATED_ONLY] = 0
    num_resamples: Count = 2000
    baselines: Names = ()
    max_unscored: Share = 0.05
    metric: str = "evidence_recall"

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, name: str) -> str:
        if name not in SCORE_OF_METRIC and name not in grade_names():
            raise ConfigError(
                f"evaluation.metric: {unknown_name('metric', name, {*SCORE_OF_METRIC, *grade_names()})}"
            )
        return name

    def score(self, top_k: int) -> str:
        """Return the column of an evaluation (`EvalSettings.score`) that has the metric."""
        return SCORE_OF_METRIC.get(self.metric, self.metric).format(top_k=top_k)

    @property
    def grades_answers(self) -> bool:
        """True if questions must be answered to compute the metric."""
        return self.metric in grade_names()


SCORE_OF_METRIC: Mapping[str, str] = MappingProxyType(
    {"evidence_recall": "recall@{top_k}", "evidence_ndcg": "ndcg@{top_k}", "evidence_stored": "kept_evidence"}
)
"""Reward parts that measure evidence, with their columns in an evaluation."""


class LoggingConfig(Table):
    """What a run reports while it goes on.

    Attributes:
        report_to: Trackers that get the metrics beside `metrics.jsonl`: `tensorboard`, or one that
            accelerate knows, such as `wandb` or `mlflow`, whose package must be installed.
        trajectories_every: Updates between two validations of which episodes are recorded; managers only.
        num_trajectories: How many, on the first streams of the validation; managers only.
    """

    report_to: Names = (TENSORBOARD,)
    trajectories_every: Annotated[Count, MANAGER_ONLY, VALIDATED_ONLY] = 10
    num_trajectories: Annotated[CountOrZero, MANAGER_ONLY, VALIDATED_ONLY] = 2

    @field_validator("report_to")
    @classmethod
    def _known_trackers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in TRACKERS:
                raise ConfigError(f"logging.report_to: {unknown_name('tracker', name, TRACKERS)}")
        return tuple(dict.fromkeys(names))


class CheckpointsConfig(Table):
    """When the run is saved: every so many updates. The `keep` newest and the best checkpoint stay."""

    every: Count = 10
    keep: Count = 2
