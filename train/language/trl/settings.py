"""A configuration translated into the arguments of TRL's GRPOTrainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch

from memdojo.agents.engines.settings import TransformersSettings, VLLMSettings
from memdojo.errors import ConfigError
from memdojo.settings import seed_of_32_bits

from ...algorithms.schedules import ScheduleName
from ...algorithms.settings import GrpoSettings
from ...config.run_kinds import LanguageConfig
from ..setup import learner_device

_SCHEDULERS: Mapping[ScheduleName, str] = {
    "constant": "constant_with_warmup",
    "linear": "linear",
    "cosine": "cosine",
}
"""Our names of the schedules of the learning rate, with those of transformers; all have a warm-up."""


def grpo_settings(config: LanguageConfig) -> dict[str, Any]:
    """Return the fields of `GRPOConfig` that a configuration means, and `steps_per_update`.

    An update is one generation batch, which TRL takes in gradient steps of so many completions, and those in
    passes of as many completions as fit into `learner.micro_batch_tokens` and divide the step.
    """
    algorithm, policy, learner = _grpo(config), config.policy, config.learner
    groups_per_step = algorithm.minibatch_groups or algorithm.groups_per_update
    step_size = groups_per_step * algorithm.group_size
    longest = policy.max_prompt_tokens + policy.max_response_tokens
    most = max(1, learner.micro_batch_tokens // longest)
    pass_size = max(size for size in range(1, step_size + 1) if step_size % size == 0 and size <= most)
    steps_per_update = algorithm.epochs * (algorithm.groups_per_update // groups_per_step)
    return {
        "steps_per_update": steps_per_update,
        "max_steps": algorithm.num_updates * steps_per_update,
        "per_device_train_batch_size": pass_size,
        "gradient_accumulation_steps": step_size // pass_size,
        "generation_batch_size": algorithm.groups_per_update * algorithm.group_size,
        "num_generations": algorithm.group_size,
        "num_iterations": algorithm.epochs,
        "shuffle_dataset": False,  # The schedule has shuffled.
        "max_completion_length": policy.max_response_tokens,
        "temperature": policy.temperature,
        "chat_template_kwargs": {"enable_thinking": False},  # As `PromptEncoder` renders.
        "learning_rate": algorithm.learning_rate,
        "lr_scheduler_type": _SCHEDULERS[algorithm.learning_rate_schedule],
        "warmup_steps": algorithm.warmup_updates * steps_per_update,
        "weight_decay": algorithm.weight_decay,
        "max_grad_norm": algorithm.max_gradient_norm,
        "epsilon": algorithm.clip_low,
        "epsilon_high": algorithm.clip_high,
        "beta": algorithm.kl_coefficient,
        "use_bias_correction_kl": False,
        "entropy_coef": algorithm.entropy_coefficient,
        "loss_type": "dapo" if algorithm.loss_average == "token" else "grpo",
        "disable_dropout": True,
        "gradient_checkpointing": learner.gradient_checkpointing,
        "bf16": False,  # Weights have the learner's precision themselves.
        "use_cpu": learner_device(config) == "cpu",
        "seed": seed_of_32_bits(config.seed),
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "report_to": [],
        "trust_remote_code": False,
        "disable_tqdm": True,
        **_vllm_settings(config),
    }


def _vllm_settings(config: LanguageConfig) -> dict[str, Any]:
    if not isinstance(config.engine, VLLMSettings):
        return {}
    importance_cap = _grpo(config).importance_cap
    settings: dict[str, Any] = {
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_max_model_length": config.policy.max_prompt_tokens + config.policy.max_response_tokens,
        "vllm_importance_sampling_correction": importance_cap > 0,
    }
    if config.engine.cache_size is not None:
        settings["vllm_gpu_memory_utilization"] = config.engine.cache_size
    if importance_cap:
        settings["vllm_importance_sampling_mode"] = "token_truncate"
        settings["vllm_importance_sampling_clip_max"] = importance_cap
    return settings


def _grpo(config: LanguageConfig) -> GrpoSettings:
    # With `learner.kind = "trl"` a configuration of another algorithm does not load.
    return cast(GrpoSettings, config.algorithm)


def validation_engine(config: LanguageConfig) -> TransformersSettings:
    """Return how the policy is served for its validation."""
    return TransformersSettings(
        dtype=config.engine.dtype,
        max_sequences=config.engine.max_sequences,
        num_gpus=int(learner_device(config) == "cuda"),
        max_context_tokens=config.policy.max_prompt_tokens + config.policy.max_response_tokens,
        seed=seed_of_32_bits(config.seed),
    )


def check_devices(config: LanguageConfig) -> None:
    """Refuse what TRL cannot do on this machine.

    Raises:
        ConfigError: If vLLM has no GPU, or there are several.
    """
    if learner_device(config) == "cpu":
        if isinstance(config.engine, VLLMSettings):
            raise ConfigError(
                "engine.kind is 'vllm', which under learner.kind = 'trl' shares the learner's GPU, but the "
                "learner runs on the CPU; use engine.kind = 'transformers'."
            )
    elif torch.cuda.device_count() > 1:
        raise ConfigError(
            f"torch sees {torch.cuda.device_count()} GPUs, and learner.kind = 'trl' trains on one; set "
            "CUDA_VISIBLE_DEVICES=0 or take learner.kind = 'memdojo'."
        )
