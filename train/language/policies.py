"""Policies out of checkpoints of language models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from memdojo.agents.baselines import make_baseline
from memdojo.agents.compact_manager import CompactManager
from memdojo.agents.engines.on_demand import EngineOnDemand
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.language import (
    LanguageAnswerAgent,
    LanguageManager,
    LanguageRetriever,
    PromptEncoder,
)
from memdojo.agents.language_models import load_tokenizer
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.formats import make_format
from memdojo.envs.memory.retrievers import make_retriever
from memdojo.errors import ConfigError

from ..checkpoint_folders import find_checkpoint
from ..checkpoints import load_policy, read_policy_json
from .checkpoints import MODEL, LanguageSpec, load_language_spec

LanguagePolicy = LanguageManager | LanguageRetriever | LanguageAnswerAgent


def load_manager(name_or_folder: str) -> ManagerPolicy:
    """Return the manager of that name, or the one that a folder holds.

    Args:
        name_or_folder: A baseline; or a checkpoint, or a run, of which it is the best checkpoint, else the
            newest.

    Raises:
        UnknownNameError: If there is neither a folder nor a baseline of that name.
        RunFolderError: If it is a run without a checkpoint.
        CheckpointError: If the folder holds no usable checkpoint.
        ConfigError: If what it holds is no manager.
    """
    folder = Path(name_or_folder).expanduser()
    if "/" not in name_or_folder and not folder.is_dir():
        return make_baseline(name_or_folder)
    folder = find_checkpoint(folder)
    policy: object
    if read_policy_json(folder).get("kind") == "language":
        policy = load_language_policy(folder, load_language_spec(folder))
    else:
        policy = load_policy(folder)
    if not isinstance(policy, CompactManager | LanguageManager):
        raise ConfigError(f"{folder} holds no manager, and one is wanted here.")
    return policy


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
            related_entries=spec.related_entries,
        )
    if spec.task == "retriever":
        return LanguageRetriever(
            engine,
            encoder,
            max_response_tokens=spec.max_response_tokens,
            max_candidates=spec.max_candidates,
            prefilter=make_retriever(spec.prefilter),
        )
    return LanguageAnswerAgent(engine, encoder, max_response_tokens=spec.max_response_tokens)
