"""The parts that a language policy's configuration describes: task, prompts, engines, answerer, learner."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model

from memdojo.agents.designs.roles.registry import make_roles
from memdojo.agents.designs.running.features import learned_kinds
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.designs.running.text import DecisionTask
from memdojo.agents.engines.engine import Sampler
from memdojo.agents.engines.models import check_model, load_causal_lm, load_tokenizer
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.graders.judging import Judging
from memdojo.agents.graders.registry import make_answerer, make_judge_chat
from memdojo.agents.language.network import PolicyNetwork
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.episodes.written_memory import StoredByQuestion
from memdojo.envs.memory.retrieval.candidates import CandidateOrder
from memdojo.envs.memory.retrieval.retrievers import make_retriever
from memdojo.envs.prompts.registry import make_format
from memdojo.envs.prompts.tasks import AnswerTask, ManagerTask, RankingTask
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError
from memdojo.rewards.grading import OFFICIAL
from memdojo.rewards.reward import Reward
from memdojo.settings import seed_of_32_bits

from ..algorithms.registry import make_algorithm
from ..config.run_kinds import LanguageConfig
from .learner import LanguageLearner
from .one_step_episodes import OneSteps
from .players import LanguagePlayer, LanguageRecipe
from .steps import SamplingSettings

AnyTask = ManagerTask | RankingTask | AnswerTask | DecisionTask


def make_task(config: LanguageConfig, *, training: bool = False) -> AnyTask:
    """Return what the policy does in an episode.

    Args:
        config: The run.
        training: Whether prompts are for training: those of a retriever then always show the evidence.
    """
    format: Any = make_format(config.task, config.policy.format)
    if config.task == "manager":
        return ManagerTask(format, config.policy.related_entries)
    if config.task == "retriever":
        policy = config.policy
        return RankingTask(
            format,
            policy.max_candidates,
            make_retriever(policy.prefilter),
            order=CandidateOrder(policy.candidate_order),
            keep_evidence=training,
        )
    if config.task == "design":
        design = config.design.design
        learned = frozenset(kind.name for kind in learned_kinds(design, config.design.learn))
        roles = make_roles(config.design.roles)
        manager = DesignManager(design, roles=roles, embedder=config.design.embedder)
        return DecisionTask(format, manager, learned)
    return AnswerTask(format, make_retriever(config.episode.retriever), config.episode.top_k)


def make_encoder(config: LanguageConfig, task: AnyTask, model: str) -> PromptEncoder:
    """Return what renders the prompts of the policy."""
    return PromptEncoder(load_tokenizer(model), task.format, config.policy.max_prompt_tokens)


def check_room(config: LanguageConfig, model: str) -> None:
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


def engine_settings(config: LanguageConfig) -> EngineSettings:
    """Return how the policy's engines run."""
    longest = config.policy.max_prompt_tokens + config.policy.max_response_tokens
    return config.engine.model_copy(
        update={"max_context_tokens": longest, "seed": seed_of_32_bits(config.seed)}
    )


def make_judging(config: LanguageConfig, reward: Reward, sampler: Sampler | None = None) -> Judging | None:
    """Return what grades what the reward pays for; None if no model needs to be asked.

    Args:
        config: The run.
        reward: What is paid.
        sampler: Serves the judge's model; by default an engine in this process.
    """
    by_model = reward.needs_validity and config.judge.operations == "model"
    if not (reward.needs_verdicts or OFFICIAL in reward.weights or by_model):
        return None
    chat = make_judge_chat(config.judge, sampler)
    if chat is None:
        return None
    return Judging(chat, all_answers=reward.needs_verdicts, operations=by_model)


class GraderClients(NamedTuple):
    """Clients of the engines in which models grade; None where there are no such engines.

    Attributes:
        answerer: Serves the answerer's model.
        judge: Serves the judge's model.
    """

    answerer: Sampler | None = None
    judge: Sampler | None = None


NO_CLIENTS = GraderClients()


def player_recipe(
    config: LanguageConfig,
    streams: Sequence[Stream],
    weights: dict[str, float],
    model: str,
    *,
    clients: GraderClients = NO_CLIENTS,
    one_steps: OneSteps | None = None,
    training: bool = False,
    memories: Sequence[StoredByQuestion] | None = None,
) -> LanguageRecipe:
    """Return what builds a player in a worker.

    Args:
        config: The run.
        streams: Whose episodes are played.
        weights: The reward.
        model: Folder or hub id whose tokenizer is used.
        clients: Of the models that grade.
        one_steps: What tasks of a single step begin with, if there are any.
        training: Whether the episodes are trained on: then weights decay, and prompts show the evidence.
        memories: What a manager stored of each stream, if the questions are asked over that.
    """
    return partial(_make_player, config, streams, weights, model, clients, one_steps, training, memories)


def _make_player(
    config: LanguageConfig,
    streams: Sequence[Stream],
    weights: dict[str, float],
    model: str,
    clients: GraderClients,
    one_steps: OneSteps | None,
    training: bool,
    memories: Sequence[StoredByQuestion] | None,
) -> LanguagePlayer:
    task = make_task(config, training=training)
    reward = Reward(weights, config.reward_decay if training else None)
    answers_itself = config.task == "answer_agent"
    needs_answerer = reward.needs_answers and not answers_itself
    rules = config.episode.rules(
        reward,
        answerer=make_answerer(config.answerer, clients.answerer) if needs_answerer else None,
        judge=make_judging(config, reward, clients.judge),
    )
    if isinstance(task, DecisionTask):
        # A design reads by itself.
        rules = dataclasses.replace(rules, retriever=task.manager.retriever)
    return LanguagePlayer(
        streams,
        task,
        make_encoder(config, task, model),
        SamplingSettings(config.policy.max_response_tokens, config.policy.temperature),
        rules,
        one_steps=one_steps,
        memories=memories,
    )


def make_learner(config: LanguageConfig, model: str, reference_model: str) -> LanguageLearner:
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
    algorithm = make_algorithm(config.algorithm)
    network = PolicyNetwork(_load(config, model), critic=algorithm.needs_critic, seed=config.seed)
    reference = None
    if algorithm.needs_reference and not config.policy.lora_rank:
        reference = PolicyNetwork(load_causal_lm(reference_model, config.learner.dtype))
    return LanguageLearner(
        network,
        algorithm,
        config.learner,
        temperature=config.policy.temperature,
        accelerator=accelerator,
        reference=reference,
        seed=config.seed,
    )


def learner_device(config: LanguageConfig) -> Literal["cpu", "cuda"]:
    """Return where the learner runs.

    Raises:
        ConfigError: If a GPU is asked for and there is none.
    """
    device = config.learner.device
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "learner.device is 'cuda' and torch sees no GPU; install a torch with CUDA, or use 'cpu'."
        )
    return "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"


def lora_config(config: LanguageConfig) -> LoraConfig | None:
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


def _load(config: LanguageConfig, model: str) -> Any:
    loaded = load_causal_lm(model, config.learner.dtype)
    adapters = lora_config(config)
    if adapters is None:
        return loaded
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return get_peft_model(loaded, adapters)
