"""Kinds of engines by name: `ENGINES`, `make_engine`, and the settings that a kind has.

An engine of one's own is a class that keeps the protocol `Engine`, a subclass of `EngineSettings`, and one
registration:

    ENGINES.add("mine", EngineKind(MySettings, make=MyEngine), description="...")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memdojo.registry import Registry

from .settings import EngineSettings, ServingSettings, TransformersSettings, VLLMSettings

if TYPE_CHECKING:
    from .engine import Engine


@dataclass(frozen=True, slots=True)
class EngineKind:
    """One kind of engine.

    Attributes:
        settings: Its table `[engine]`; `kind` is the name of the registration.
        make: Loads a model, by folder or hub id, in this process and starts to serve it as the settings say.
    """

    settings: type[EngineSettings]
    make: Callable[[str, Any], Engine]


ENGINES: Registry[EngineKind] = Registry("engine")


def make_engine(model: str, settings: EngineSettings) -> Engine:
    """Load a model in this process and start to serve it.

    Args:
        model: Folder or hub id of a Hugging Face causal language model.
        settings: How to serve it.

    Raises:
        UnknownNameError: If no such kind of engine is registered.
        MissingDependencyError: If the library that serves is not installed.
        ModelError: If there is no such model.
        EngineError: If it cannot be served: too little memory, no such GPU, libraries that do not fit.
    """
    return ENGINES.get(settings.kind).make(model, settings)


def engine_settings_of(serving: ServingSettings, kind: str, **more: Any) -> EngineSettings:
    """Return the settings of an engine that serves a model as an answerer's or a judge's table says.

    Args:
        serving: What is said of all engines.
        kind: Name of the engine.
        **more: Further fields of its settings.

    Raises:
        UnknownNameError: If no such kind of engine is registered.
    """
    shared = {name: getattr(serving, name) for name in ServingSettings.model_fields}
    return ENGINES.get(kind).settings(kind=kind, **shared, **more)


def _make_vllm(model: str, settings: VLLMSettings) -> Engine:
    from .vllm_engine import VLLMEngine

    return VLLMEngine(model, settings)


def _make_transformers(model: str, settings: TransformersSettings) -> Engine:
    from .transformers_engine import TransformersEngine

    return TransformersEngine(model, settings)


ENGINES.add("vllm", EngineKind(VLLMSettings, _make_vllm), description="vLLM in the process; fast.")
ENGINES.add(
    "transformers",
    EngineKind(TransformersSettings, _make_transformers),
    description="Transformers' own generation; needs no vLLM and is slower.",
)
