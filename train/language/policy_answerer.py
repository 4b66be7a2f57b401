"""`POLICY_ANSWERER`: an answer agent that memdojo has trained answers the questions of other runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from memdojo.agents.engines.registry import engine_settings_of
from memdojo.agents.engines.settings import EngineSettings, ServingSettings
from memdojo.agents.graders.registry import GraderKind, ServedModel
from memdojo.agents.graders.settings import AnswererSettings
from memdojo.errors import ConfigError, missing_for_language
from memdojo.settings import FolderOrName

from ..checkpoints.model_folders import find_model
from ..runs.checkpoint_folders import find_checkpoint

if TYPE_CHECKING:
    from memdojo.agents.engines.engine import Sampler
    from memdojo.agents.language.policies import LanguageAnswerAgent

    from ..checkpoints.language import LanguageSpec


class PolicyAnswererSettings(AnswererSettings, ServingSettings):
    """An answer agent in engines of its own, of the kind that sampled it in training.

    It replies as long as it was trained to.

    Attributes:
        checkpoint: The run or checkpoint of the answer agent.
    """

    kind: Literal["policy"] = "policy"
    checkpoint: FolderOrName

    @property
    def trained_folder(self) -> str:
        """The run or checkpoint of the answer agent."""
        return self.checkpoint


def _spec(settings: PolicyAnswererSettings) -> LanguageSpec:
    """Read how the answer agent is spoken to.

    Raises:
        ConfigError: If it is a policy for another task.
        CheckpointError: If it is no checkpoint of a language policy.
    """
    from ..checkpoints.language import load_language_spec

    spec = load_language_spec(find_checkpoint(settings.checkpoint))
    if spec.task != "answer_agent":
        raise ConfigError(
            f"answerer.checkpoint is {settings.checkpoint!r}, which was trained as {spec.task}; give the run "
            "or checkpoint of an answer agent."
        )
    return spec


def _engine_settings(settings: PolicyAnswererSettings, spec: LanguageSpec) -> EngineSettings:
    from ..checkpoints.language import engine_keys

    longest = spec.max_prompt_tokens + spec.max_response_tokens
    own = engine_keys(find_checkpoint(settings.checkpoint), spec)
    return engine_settings_of(settings, spec.engine, max_context_tokens=longest, **own)


def _served(settings: PolicyAnswererSettings) -> ServedModel:
    model = str(find_model(settings.checkpoint).folder)
    return ServedModel(model, _engine_settings(settings, _spec(settings)))


def _make(settings: PolicyAnswererSettings, sampler: Sampler | None) -> LanguageAnswerAgent:
    from memdojo.agents.engines.on_demand import EngineOnDemand
    from memdojo.envs.prompts.registry import make_format

    try:
        from memdojo.agents.engines.models import load_tokenizer
        from memdojo.agents.language.policies import LanguageAnswerAgent, PromptEncoder
    except ModuleNotFoundError as error:
        raise missing_for_language(error.name) from error

    spec, model = _spec(settings), str(find_model(settings.checkpoint).folder)
    format: Any = make_format(spec.task, spec.format)
    return LanguageAnswerAgent(
        sampler or EngineOnDemand(model, _engine_settings(settings, spec)),
        PromptEncoder(load_tokenizer(model), format, spec.max_prompt_tokens),
        max_response_tokens=spec.max_response_tokens,
    )


POLICY_ANSWERER = GraderKind(PolicyAnswererSettings, _make, _served)
