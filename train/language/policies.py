"""Policies out of checkpoints of language models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from memdojo.agents.engines.on_demand import EngineOnDemand
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.language import (
    LanguageAnswerAgent,
    LanguageManager,
    LanguageRetriever,
    PromptEncoder,
)
from memdojo.agents.language_models import load_tokenizer
from memdojo.envs.formats import make_format

from .checkpoints import MODEL, LanguageSpec

LanguagePolicy = LanguageManager | LanguageRetriever | LanguageAnswerAgent


def load_language_policy(folder: str | Path, spec: LanguageSpec) -> LanguagePolicy:
    """Build the policy that a checkpoint holds; it acts greedily, and its model is loaded when it first acts.

    Args:
        folder: The checkpoint.
        spec: How its model is spoken to, from `load_language_spec`.

    Raises:
        ModelError: If the model cannot be used.
        UnknownNameError: If nobody knows its prompt format.
    """
    model = str(Path(folder) / MODEL)
    settings = EngineSettings(
        kind=spec.engine,
        dtype=spec.dtype,
        num_gpus=1 if spec.engine == "vllm" and torch.cuda.is_available() else 0,
        max_context_tokens=spec.max_prompt_tokens + spec.max_response_tokens,
    )
    format: Any = make_format(spec.task, spec.format)
    engine = EngineOnDemand(model, settings)
    encoder = PromptEncoder(load_tokenizer(model), format, spec.max_prompt_tokens)
    if spec.task == "manager":
        return LanguageManager(
            engine,
            encoder,
            max_response_tokens=spec.max_response_tokens,
            turns_per_chunk=spec.turns_per_chunk,
        )
    if spec.task == "retriever":
        return LanguageRetriever(
            engine,
            encoder,
            max_response_tokens=spec.max_response_tokens,
            max_candidates=spec.max_candidates,
        )
    return LanguageAnswerAgent(engine, encoder, max_response_tokens=spec.max_response_tokens)
