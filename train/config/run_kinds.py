"""`CompactConfig` and `LanguageConfig`: the runs of the two kinds of policies that ship with memdojo."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import model_validator

from memdojo.agents.engines.registry import ENGINES
from memdojo.agents.engines.settings import EngineSettings, VLLMSettings
from memdojo.agents.graders.settings import ExtractiveSettings, NoJudgeSettings
from memdojo.errors import ConfigError
from memdojo.settings import OneOf

from ..used_keys import LANGUAGE_ONLY, NO_DESIGN, WHOLE_MANAGER_ONLY
from .language import (
    LEARNERS,
    LearnerSettings,
    MemdojoLearnerSettings,
    OneStepConfig,
    RoundsConfig,
    WarmStartConfig,
)
from .policies import POLICY_KINDS, CompactPolicySettings, LanguagePolicySettings, PolicyKind
from .run import AnswererTable, JudgeTable, TrainConfig
from .tables import EncoderConfig, FallbackConfig, FeaturesConfig, ImitationConfig


class CompactConfig(TrainConfig):
    """The training of a small network on features: a manager with a limited store, the decisions of a memory
    design, or a proxy retriever."""

    policy: Annotated[CompactPolicySettings, OneOf(POLICY_KINDS, default="compact")] = CompactPolicySettings()
    features: Annotated[FeaturesConfig, NO_DESIGN] = FeaturesConfig()
    encoder: Annotated[EncoderConfig, WHOLE_MANAGER_ONLY] = EncoderConfig()
    imitation: Annotated[ImitationConfig, NO_DESIGN] = ImitationConfig()
    fallback: Annotated[FallbackConfig, WHOLE_MANAGER_ONLY] = FallbackConfig()
    one_step: Annotated[OneStepConfig, LANGUAGE_ONLY] = OneStepConfig()
    answerer: Annotated[AnswererTable, LANGUAGE_ONLY] = ExtractiveSettings()
    judge: Annotated[JudgeTable, LANGUAGE_ONLY] = NoJudgeSettings()
    rounds: Annotated[RoundsConfig, LANGUAGE_ONLY] = RoundsConfig()

    @property
    def supervised_updates(self) -> int:
        """Those of the imitation."""
        return self.imitation.num_updates

    @model_validator(mode="after")
    def _check_compact(self) -> Self:
        if self.task == "answer_agent":
            raise ConfigError("task is 'answer_agent', which only a language model does; set policy.kind.")
        episode = self.episode
        if self.task == "manager" and episode.capacity_share is None and episode.max_entries is None:
            raise ConfigError(
                "a manager's store needs a capacity; set episode.capacity_share (a share of the stream's "
                "turns) or episode.max_entries."
            )
        is_manager = self.task == "manager"
        if is_manager and self.imitation.num_updates and self.policy.network != "keep_and_supersede":
            raise ConfigError(
                f"imitation.num_updates is {self.imitation.num_updates}, but labels are for the two heads "
                "of policy.network = 'keep_and_supersede'; set that, or leave imitation out."
            )
        if self.encoder.tuned_layers and not self.features.embedding_inputs:
            raise ConfigError(
                f"encoder.tuned_layers is {self.encoder.tuned_layers}, but the policy does not see the "
                "encoder's vectors; set features.embedding_inputs = true, or leave encoder out."
            )
        return self


class LanguageConfig(TrainConfig):
    """The training of a language model on text."""

    policy: Annotated[LanguagePolicySettings, OneOf(POLICY_KINDS)]
    warm_start: WarmStartConfig = WarmStartConfig()
    engine: Annotated[EngineSettings, OneOf(ENGINES, default="vllm")] = VLLMSettings()
    learner: Annotated[LearnerSettings, OneOf(LEARNERS, default="memdojo")] = MemdojoLearnerSettings()

    @property
    def is_language(self) -> bool:
        """True."""
        return True

    def unused_keys(self) -> dict[str, str]:
        """Return what means nothing in this configuration, or to its learner; see `TrainConfig`."""
        return {**super().unused_keys(), **self.learner.unused_keys(self)}

    @model_validator(mode="after")
    def _check_language(self) -> Self:
        self.learner.check(self)
        return self


COMPACT = PolicyKind(
    CompactPolicySettings,
    CompactConfig,
    "memdojo.train.compact.trainer:train_compact",
    "memdojo.train.checkpoints.loading:load_compact_checkpoint",
)
LANGUAGE = PolicyKind(
    LanguagePolicySettings,
    LanguageConfig,
    "memdojo.train.language.trainer:train_language",
    "memdojo.train.checkpoints.loading:load_language_checkpoint",
)
