"""The warm start as a stage of a run: demonstrations of a teacher, and fine-tuning on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.designs.running.text import DecisionTask
from memdojo.agents.engines.models import load_causal_lm, load_tokenizer, save_model
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.prompts.tasks import AnswerTask, ManagerTask
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from ...checkpoints.language import language_spec, save_language_policy
from ...checkpoints.model_folders import MODEL
from ...config.run_kinds import LanguageConfig
from ...episodes.memories import read_memories
from ...episodes.splits import load_splits, trained_on
from ...runs.folder import RunFolder
from ...runs.progress import Progress
from ..setup import learner_device, make_task
from .demonstrations import (
    Demonstrations,
    answer_demonstrations,
    decision_demonstrations,
    manager_demonstrations,
    retriever_demonstrations,
)
from .fine_tuning import fine_tune
from .recorded_demonstrations import recorded_demonstrations


def warm_start(config: LanguageConfig, run: RunFolder, progress: Progress) -> None:
    """Do the supervised stage, if the run has one and has not done it; its policy lies in `run.warm_start`.

    Raises:
        LeakError: If two splits share a group.
        ConfigError: If the teacher's decisions have no words in the policy's format.
        DivergenceError: If the loss is no longer finite.
    """
    stage = config.warm_start
    if not stage.num_steps or run.warm_start.is_dir():
        return
    splits = load_splits(config, run.path)
    tokenizer = load_tokenizer(config.policy.model)
    demonstrations = _demonstrations(config, run, splits["train"][: stage.num_streams], tokenizer)
    if not demonstrations.examples:
        raise ConfigError(
            f"the warm start has no example: the format {config.policy.format!r} can express none of "
            f"the teacher's {demonstrations.num_without_words} decisions; use another format or a larger "
            "policy.max_prompt_tokens."
        )
    left_out = f", {demonstrations.num_without_words} left out" if demonstrations.num_without_words else ""
    progress.message(
        f"warm start: {len(demonstrations.examples)} examples{left_out}, {stage.num_steps} steps"
    )
    model = load_causal_lm(config.policy.model, "float32")
    fine_tune(
        model,
        tokenizer,
        demonstrations.examples,
        stage,
        device=learner_device(config),
        bfloat16=config.learner.dtype == "bfloat16",
        seed=config.seed,
        report=lambda step, loss: progress.message(f"warm start {step}/{stage.num_steps}  loss {loss:.3f}"),
    )
    model.to(getattr(torch, config.learner.dtype))

    if torch.cuda.is_available():
        # What torch keeps for itself, engines of other processes could not have.
        torch.cuda.empty_cache()

    def write(folder: Path) -> None:
        save_model(folder / MODEL, model, tokenizer, model.generation_config)

    save_language_policy(run.warm_start, write, language_spec(config, trained_on(config, splits)))


def initial_model(config: LanguageConfig, run: RunFolder) -> str:
    """Return the folder or hub id of the model that reinforcement learning begins with."""
    if config.warm_start.num_steps:
        return str(run.warm_start / MODEL)
    return config.policy.model


def _demonstrations(
    config: LanguageConfig, run: RunFolder, streams: Sequence[Stream], tokenizer: Any
) -> Demonstrations:
    stage = config.warm_start
    task = make_task(config, training=True)
    encoder = PromptEncoder(tokenizer, task.format, config.policy.max_prompt_tokens)
    if stage.trajectories is not None:
        return recorded_demonstrations(stage.trajectories, encoder)
    rules = config.episode.rules()
    if isinstance(task, DecisionTask):
        answered = dataclasses.replace(
            rules, answerer=CachedAnswerer(ExtractiveAnswerer()), retriever=task.manager.retriever
        )
        return decision_demonstrations(streams, task, encoder, answered, config.seed)
    if isinstance(task, ManagerTask):
        teacher = make_baseline(stage.teacher)
        return manager_demonstrations(streams, teacher, task, encoder, rules, config.seed)
    memories = read_memories(run, "train", streams)
    if isinstance(task, AnswerTask):
        return answer_demonstrations(streams, task, encoder, rules, memories)
    return retriever_demonstrations(streams, task, encoder, rules, memories)
