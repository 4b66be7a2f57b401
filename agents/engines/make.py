"""`make_engine`: an engine of the kind that its settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .settings import EngineSettings

if TYPE_CHECKING:
    from .engine import Engine


def make_engine(model: str, settings: EngineSettings) -> Engine:
    """Load a model in this process and start to serve it.

    Args:
        model: Folder or hub id of a Hugging Face causal language model.
        settings: How to serve it.

    Raises:
        MissingDependencyError: If the library that serves is not installed.
        ModelError: If there is no such model.
        EngineError: If it cannot be served: too little memory, no such GPU, libraries that do not fit.
    """
    if settings.kind == "vllm":
        from .vllm_engine import VLLMEngine

        return VLLMEngine(model, settings)
    from .transformers_engine import TransformersEngine

    return TransformersEngine(model, settings)
