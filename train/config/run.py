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

from functools import reduce
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from memdojo.agents.baselines.registry import list_baselines, list_retriever_baselines
from memdojo.agents.graders.registry import ANSWERERS, JUDGES
from memdojo.agents.graders.settings import (
    AnswererSettings,
    ExtractiveSettings,
    JudgeSettings,
    NoJudgeSettings,
)
from memdojo.envs.memory.retrieval.retrievers import list_retrievers
from memdojo.errors import ConfigError, MemdojoError, UnknownNameError, unknown_name
from memdojo.rewards.reward import Reward
from memdojo.settings import Count, OneOf, Seed, Table, unused_keys

from ..algorithms.registry import ALGORITHMS
from ..algorithms.settings import AlgorithmSettings
from ..used_keys import DESIGN_ONLY, WHOLE_MANAGER_ONLY
from .language import OneStepConfig, RoundsConfig
from .name_or_path import check_name_or_path
from .policies import POLICY_KINDS, CompactPolicySettings, PolicySettings
from .tables import (
    CheckpointsConfig,
    DesignConfig,
    EpisodeConfig,
    EvaluationConfig,
    LoggingConfig,
    RolloutsConfig,
    StreamsConfig,
)
from .tuning import TuneConfig

Task = Literal["manager", "retriever", "answer_agent", "design"]


AnswererTable = Annotated[AnswererSettings, OneOf(ANSWERERS, default="extractive")]
JudgeTable = Annotated[JudgeSettings, OneOf(JUDGES, default="none")]


class TrainConfig(Table):
    """A training run; the base of the configurations of each kind of policy.

    Attributes:
        name: Name of the run and of its folder; by default that of the configuration file.
        seed: Seeds weights, episodes and minibatches.
        task: Whether a `manager`, a proxy `retriever`, an `answer_agent` or the decisions of a memory
            `design` are trained; an answer agent is a language model.
        reward: Weights of reward parts by name.
        reward_decay: Updates over which the weight of a part falls linearly to 0, by name.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Seed = 0
    task: Task
    streams: StreamsConfig
    episode: EpisodeConfig = EpisodeConfig()
    policy: Annotated[PolicySettings, OneOf(POLICY_KINDS, default="compact")] = CompactPolicySettings()
    reward: dict[str, float]
    reward_decay: dict[str, Count] = {}  # noqa: RUF012 (pydantic copies it for each model)
    algorithm: Annotated[AlgorithmSettings, OneOf(ALGORITHMS, tag="name")]
    design: Annotated[DesignConfig, DESIGN_ONLY] = DesignConfig()
    one_step: Annotated[OneStepConfig, WHOLE_MANAGER_ONLY] = OneStepConfig()
    answerer: AnswererTable = ExtractiveSettings()
    judge: JudgeTable = NoJudgeSettings()
    rollouts: RolloutsConfig = RolloutsConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    checkpoints: CheckpointsConfig = CheckpointsConfig()
    logging: LoggingConfig = LoggingConfig()
    rounds: RoundsConfig = RoundsConfig()
    tune: TuneConfig = TuneConfig()

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
            *tables, field = key.split(".")
            table = reduce(getattr, tables, self)
            value = getattr(table, field) if field in table.model_fields_set else None
            if value is not None:
                raise ConfigError(f"{key} is {value!r}, but {why}; leave it out.")
        if self.task == "design":
            self.design.check()
        self._check_limits()
        self._check_written_by()
        self._check_rounds()
        self._check_builder()
        self._check_judge()
        self._check_baselines()
        self._check_rewards()
        self._check_draws()
        self.algorithm.check_policy(is_language=self.is_language)
        return self

    @property
    def is_language(self) -> bool:
        """True if the policy is a language model."""
        return False

    @property
    def writes_memory(self) -> bool:
        """True if what is trained writes the memory: a manager, or a design, which is one."""
        return self.task in ("manager", "design")

    @property
    def turns_per_chunk(self) -> int | None:
        """How many turns a chunk has, for a design its own number; None takes the streams as they are cut."""
        return self.design.design.turns_per_chunk if self.task == "design" else self.streams.turns_per_chunk

    @property
    def supervised_updates(self) -> int:
        """How many of the updates are supervised, the first ones."""
        return 0

    @property
    def depends_on_length(self) -> bool:
        """True if an update depends on how many there are to be: such a run cannot become longer."""
        return self.algorithm.depends_on_length or len(self.streams.session_stages) > 1

    def validates_after(self, updates: int) -> bool:
        """True if the policy is validated once so many updates are done, the last one among others."""
        # The end of the imitation is what reinforcement learning has to improve on.
        is_milestone = updates in (self.supervised_updates, self.algorithm.num_updates)
        is_due = is_milestone or updates % self.evaluation.every == 0
        return self.streams.validation is not None and is_due

    @property
    def has_rounds(self) -> bool:
        """True if several trainings come one after the other."""
        return self.rounds.num_rounds > 1 or bool(self.rounds.partner)

    def unused_keys(self) -> dict[str, str]:
        """Return the dotted keys that mean nothing in this configuration, each with why."""
        return unused_keys(self)

    def _check_limits(self) -> None:
        share, most = self.episode.capacity_share, self.episode.max_entries
        if share is not None and most is not None:
            raise ConfigError(
                f"episode.capacity_share is {share} and episode.max_entries is {most}; give one of the two."
            )

    def _check_written_by(self) -> None:
        name, episode = self.episode.written_by, self.episode
        if name is None:
            return
        if self.writes_memory:
            raise ConfigError(
                f"episode.written_by is {name!r}, but task is {self.task!r}, which writes its memory itself; "
                "leave it out."
            )
        if name in list_baselines() and not episode.has_limits:
            raise ConfigError(
                f"episode.written_by is {name!r}, a rule whose store has no size of its own; set "
                "episode.capacity_share, episode.max_entries or episode.token_share."
            )
        try:
            check_name_or_path(name, "baseline", list_baselines())
        except UnknownNameError as error:
            raise ConfigError(f"episode.written_by: {error}") from None

    def _check_rounds(self) -> None:
        rounds = self.rounds
        if rounds.partner and self.task in ("retriever", "design"):
            raise ConfigError(
                f"rounds.partner is {rounds.partner!r}, but task is {self.task!r}, and it is managers and "
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
        stages = self.streams.session_stages
        if len(stages) > self.algorithm.num_updates:
            raise ConfigError(
                f"streams.session_stages has {len(stages)} stages, but algorithm.num_updates is "
                f"{self.algorithm.num_updates}, and a stage has at least one update; leave stages out, or "
                "train longer."
            )
        if self.algorithm.curriculum != "priority":
            return
        for key, value in (
            ("length_curriculum", self.streams.length_curriculum),
            ("session_stages", list(stages) or None),
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
        if "evidence_dcg_share" in reward.weights and self.writes_memory:
            raise ConfigError(
                f"task is {self.task!r} and the reward has evidence_dcg_share, which divides by the entries "
                "of an archive that hold evidence; pay evidence_dcg instead."
            )
        if "overlong_responses" in reward.weights and not self.is_language:
            raise ConfigError(
                f"policy.kind is {self.policy.kind!r} and the reward has overlong_responses, which only "
                "language policies write; leave it out."
            )
        if reward.needs_tiers and self.task != "retriever":
            raise ConfigError(
                f"task is {self.task!r} and the reward compares answers at tiers of a ranking, which only a "
                "retriever writes; leave out marginal_utility and the like."
            )
        if (reward.needs_answerability or reward.needs_attribution) and not self.writes_memory:
            raise ConfigError(
                f"task is {self.task!r} and the reward pays for what a step writes into a memory, which only "
                "a manager does; leave out answerability and attribution."
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

    def _check_baselines(self) -> None:
        if self.writes_memory:
            known = set(list_baselines())
            unknown = [name for name in self.evaluation.baselines if name not in known]
        else:
            known = {*list_retriever_baselines(), *list_retrievers()}
            # What follows a colon is an option of the retriever, such as the embedder of `dense`.
            unknown = [name for name in self.evaluation.baselines if name.partition(":")[0] not in known]
        if unknown:
            kind = "manager" if self.writes_memory else self.task
            raise ConfigError(f"evaluation.baselines: {unknown_name(f'{kind} baseline', unknown[0], known)}")
