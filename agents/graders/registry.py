"""Kinds of answerers and judges by name: `ANSWERERS`, `JUDGES`, `make_answerer` and `make_judge_chat`.

One of one's own is a subclass of `AnswererSettings` or `JudgeSettings` and one registration:

    ANSWERERS.add("shouting", GraderKind(ShoutingSettings, make=lambda settings, sampler: Shouting()))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from memdojo.envs.answering import Answerer, ExtractiveAnswerer
from memdojo.errors import missing_for_language
from memdojo.registry import Registry

from ..engines.registry import engine_settings_of
from ..engines.settings import EndpointModelSettings, EngineSettings, ServedModelSettings
from .settings import (
    AnswererSettings,
    EndpointAnswererSettings,
    EndpointJudgeSettings,
    ExtractiveSettings,
    JudgeSettings,
    NoJudgeSettings,
    ServedAnswererSettings,
    ServedJudgeSettings,
)

if TYPE_CHECKING:
    from ..engines.chat import ChatModel
    from ..engines.engine import Sampler

GraderT_co = TypeVar("GraderT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that engines must serve before an answerer or a judge can use it.

    Attributes:
        model: Folder or hub id.
        settings: Of each engine.
    """

    model: str
    settings: EngineSettings


@dataclass(frozen=True, slots=True)
class GraderKind(Generic[GraderT_co]):
    """One kind of answerer or judge.

    Attributes:
        settings: Its table `[answerer]` or `[judge]`; `kind` is the name of the registration.
        make: Builds it from its settings and what samples from the model of `served`; None stands for an
            engine in this process.
        served: Names the model for which a run starts engines; None, as by default, where there is none.
    """

    settings: type[Any]
    make: Callable[[Any, Sampler | None], GraderT_co]
    served: Callable[[Any], ServedModel] | None = None


ANSWERERS: Registry[GraderKind[Answerer]] = Registry("answerer")
JUDGES: Registry[GraderKind[ChatModel | None]] = Registry("judge")


def make_answerer(settings: AnswererSettings, sampler: Sampler | None = None) -> Answerer:
    """Return the answerer; a model is loaded when it is first asked.

    Args:
        settings: The table `[answerer]`.
        sampler: Serves the model of `answering_model`; by default an engine in this process.
    """
    return ANSWERERS.get(settings.kind).make(settings, sampler)


def answering_model(settings: AnswererSettings) -> ServedModel | None:
    """Return the model that answers in engines; None if none does."""
    served = ANSWERERS.get(settings.kind).served
    return None if served is None else served(settings)


def make_judge_chat(settings: JudgeSettings, sampler: Sampler | None = None) -> ChatModel | None:
    """Return the model that grades; None where there is none.

    Args:
        settings: The table `[judge]`.
        sampler: Serves the model of `judging_model`; by default an engine in this process.
    """
    return JUDGES.get(settings.kind).make(settings, sampler)


def judging_model(settings: JudgeSettings) -> ServedModel | None:
    """Return the model that grades in engines; None if none does."""
    served = JUDGES.get(settings.kind).served
    return None if served is None else served(settings)


def _served(settings: ServedModelSettings) -> ServedModel:
    return ServedModel(settings.model, engine_settings_of(settings, settings.engine))


def served_chat(settings: ServedModelSettings, sampler: Sampler | None = None) -> ChatModel:
    """Return a chat model that engines serve.

    Args:
        settings: A table that names the model and the engines.
        sampler: Serves it; by default an engine in this process, which loads it when it is first asked.

    Raises:
        MissingDependencyError: If the library that reads models is not installed.
        ModelError: If there is no such model, or it has no chat template.
    """
    from ..engines.chat import EngineChat
    from ..engines.on_demand import EngineOnDemand

    try:
        from ..engines.models import load_tokenizer
    except ModuleNotFoundError as error:
        raise missing_for_language(error.name) from error

    served = _served(settings)
    return EngineChat(
        sampler or EngineOnDemand(served.model, served.settings),
        load_tokenizer(settings.model),
        settings.thinking_tokens,
    )


def endpoint_chat(settings: EndpointModelSettings) -> ChatModel:
    """Return a chat model behind an endpoint.

    Raises:
        MissingDependencyError: If the library that speaks to it is not installed.
    """
    from ..engines.endpoint import EndpointChat

    return EndpointChat(
        settings.model, settings.url, timeout_s=settings.timeout_s, thinking_tokens=settings.thinking_tokens
    )


def _answer_by_model(settings: ServedAnswererSettings, sampler: Sampler | None) -> Answerer:
    from .answerer import ChatAnswerer

    return ChatAnswerer(served_chat(settings, sampler), settings.max_tokens)


def _answer_by_endpoint(settings: EndpointAnswererSettings, sampler: Sampler | None) -> Answerer:
    from .answerer import ChatAnswerer

    return ChatAnswerer(endpoint_chat(settings), settings.max_tokens)


ANSWERERS.add(
    "extractive",
    GraderKind(ExtractiveSettings, lambda settings, sampler: ExtractiveAnswerer()),
    description="The reader without a model.",
)
ANSWERERS.add(
    "model",
    GraderKind(ServedAnswererSettings, _answer_by_model, _served),
    description="A model in engines of its own.",
)
ANSWERERS.add(
    "endpoint",
    GraderKind(EndpointAnswererSettings, _answer_by_endpoint),
    description="A model behind an OpenAI-compatible server.",
)
JUDGES.add("none", GraderKind(NoJudgeSettings, lambda settings, sampler: None), description="No judge.")
JUDGES.add(
    "model",
    GraderKind(ServedJudgeSettings, served_chat, _served),
    description="A model in engines of its own.",
)
JUDGES.add(
    "endpoint",
    GraderKind(EndpointJudgeSettings, lambda settings, sampler: endpoint_chat(settings)),
    description="A model behind an OpenAI-compatible server.",
)
