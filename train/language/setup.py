"""What a configuration of a language policy builds: task, prompts, engines, answerer, learner."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model

from memdojo.agents.answerer import ChatAnswerer
from memdojo.agents.engines.chat import EngineChat
from memdojo.agents.engines.endpoint import EndpointChat
from memdojo.agents.engines.engine import Sampler
from memdojo.agents.engines.on_demand import EngineOnDemand
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.language import PromptEncoder
from memdojo.agents.language_models import check_model, load_causal_lm, load_tokenizer
from memdojo.envs.answering import Answerer, ExtractiveAnswerer
from memdojo.envs.formats import make_format
from memdojo.envs.memory.retrievers import BM25Retriever
from memdojo.envs.text_tasks import AnswerTask, ManagerTask, RankingTask
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError
from memdojo.rewards.reward import Reward

from ..config import TrainConfig
from ..config_language import AnswererConfig
from .learner import LanguageLearner
from .network import PolicyNetwork
from .ray_rollouts import LanguageRecipe
from .rollouts import LanguagePlayer, SamplingSettings

AnyTask = ManagerTask | RankingTask | AnswerTask


def make_task(config: TrainConfig) -> AnyTask:
    """Return what the policy does in an episode."""
    format: Any = make_format(config.task, config.policy.format)
    if config.task == "manager":
        return ManagerTask(format)
    if config.task == "retriever":
        return RankingTask(format, config.policy.max_candidates)
    return AnswerTask(format, BM25Retriever(), config.episode.top_k)


def make_encoder(config: TrainConfig, task: AnyTask, model: str) -> PromptEncoder:
    """Return what renders the prompts of the policy."""
    return PromptEncoder(load_tokenizer(model), task.format, config.policy.max_prompt_tokens)


def check_room(config: TrainConfig, model: str) -> None:
    """Refuse prompts and responses that are longer than the model's context.

    Raises:
        ConfigError: With what to lower.
        ModelError: If the model cannot be used at all.
    """
    policy, limit = config.policy, check_model(model).max_context_tokens
    if policy.max_prompt_tokens + policy.max_response_tokens > limit:
        raise ConfigError(
            f"policy.max_prompt_tokens is {policy.max_prompt_tokens} and policy.max_response_tokens is "
            f"{policy.max_response_tokens}, but {model} has room for {limit} tokens in all; lower one."
        )


def engine_settings(config: TrainConfig) -> EngineSettings:
    """Return how the policy's engines run."""
    engine, policy = config.engine, config.policy
    return EngineSettings(
        kind=engine.kind,
        dtype=engine.dtype,
        max_sequences=engine.max_sequences,
        memory=engine.memory,
        num_gpus=engine.num_gpus,
        max_context_tokens=policy.max_prompt_tokens + policy.max_response_tokens,
        seed=config.seed,
    )


def answerer_engine_settings(config: AnswererConfig) -> EngineSettings:
    """Return how the engines of an answerer of the kind `model` run."""
    return EngineSettings(kind="vllm", dtype=config.dtype, memory=config.memory, num_gpus=config.num_gpus)


def make_answerer(config: AnswererConfig, sampler: Sampler | None = None) -> Answerer:
    """Return who answers.

    Args:
        config: The table `[answerer]`.
        sampler: Serves the model of the kind `model`; by default an engine in this process.
    """
    if config.kind == "extractive":
        return ExtractiveAnswerer()
    assert config.model is not None  # The configuration has seen to it.
    if config.kind == "endpoint":
        assert config.url is not None
        chat: Any = EndpointChat(config.model, config.url, timeout_s=config.timeout_s)
    else:
        if sampler is None:
            sampler = EngineOnDemand(config.model, answerer_engine_settings(config))
        chat = EngineChat(sampler, load_tokenizer(config.model))
    return ChatAnswerer(chat, config.max_tokens)


def player_recipe(
    config: TrainConfig,
    streams: Sequence[Stream],
    weights: dict[str, float],
    model: str,
    answering: Sampler | None,
) -> LanguageRecipe:
    """Return what builds a player in a worker.

    Args:
        config: The run.
        streams: Whose episodes are played.
        weights: The reward.
        model: Folder or hub id whose tokenizer is used.
        answering: Client of the answerer's engines, if it has any.
    """
    return partial(_make_player, config, streams, weights, model, answering)


def _make_player(
    config: TrainConfig,
    streams: Sequence[Stream],
    weights: dict[str, float],
    model: str,
    answering: Sampler | None,
) -> LanguagePlayer:
    task, reward = make_task(config), Reward(weights)
    answers_itself = config.task == "answer_agent"
    needs_answerer = reward.needs_answers and not answers_itself
    return LanguagePlayer(
        streams,
        task,
        make_encoder(config, task, model),
        SamplingSettings(config.policy.max_response_tokens, config.policy.temperature),
        reward,
        config.episode.capacity,
        config.episode.top_k,
        make_answerer(config.answerer, answering) if needs_answerer else None,
    )


def make_learner(config: TrainConfig, model: str, reference_model: str) -> LanguageLearner:
    """Build the learner of this process.

    Args:
        config: The run.
        model: Folder or hub id of the weights to go on from; with adapters, of those that they stand on.
        reference_model: The same of the policy to which a KL term ties the trained one.
    """
    accelerator = Accelerator(cpu=learner_device(config) == "cpu")
    torch.set_num_threads(
        config.learner.num_threads or max(1, (os.cpu_count() or 1) // config.learner.num_processes)
    )
    is_ppo = config.algorithm.name == "ppo"
    network = PolicyNetwork(_load(config, model), critic=is_ppo, seed=config.seed)
    reference = None
    if config.algorithm.kl_coefficient and not config.policy.lora_rank:
        reference = PolicyNetwork(load_causal_lm(reference_model, config.learner.dtype))
    return LanguageLearner(
        network,
        config.algorithm,
        config.learner,
        temperature=config.policy.temperature,
        accelerator=accelerator,
        reference=reference,
        seed=config.seed,
    )


def learner_device(config: TrainConfig) -> Literal["cpu", "cuda"]:
    """Return where the learner runs.

    Raises:
        ConfigError: If a GPU is asked for and there is none.
    """
    device = config.learner.device
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "learner.device is 'cuda' and torch sees no GPU; install a torch with CUDA, or take 'cpu'."
        )
    return "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"


def lora_config(config: TrainConfig) -> LoraConfig | None:
    """Return the adapters that are trained; None if all weights are."""
    policy = config.policy
    if not policy.lora_rank:
        return None
    return LoraConfig(
        r=policy.lora_rank,
        lora_alpha=policy.lora_alpha,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _load(config: TrainConfig, model: str) -> Any:
    loaded = load_causal_lm(model, config.learner.dtype)
    adapters = lora_config(config)
    if adapters is None:
        return loaded
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return get_peft_model(loaded, adapters)
