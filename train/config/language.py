"""The configuration tables of language policies alone: model, engines, learner, answerer."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from memdojo.envs.memory.embedders import list_embedders
from memdojo.envs.memory.retrieval.retrievers import list_retrievers
from memdojo.errors import ConfigError, unknown_name
from memdojo.settings import Count, Positive, Table, Text


class PolicyConfig(Table):
    """Who decides: a small network on features, or a language model on text.

    Attributes:
        kind: `compact` or `language`.
        hidden_dim: Width of a compact policy's hidden layers; 0 makes it linear.
        model: Folder of a Hugging Face causal language model, or its hub id.
        format: Name of the prompt format in which a language model is spoken to and replies.
        max_prompt_tokens: Longer prompts are shortened by leaving out whole entries of the memory.
        max_response_tokens: Tokens that the model may sample at a step.
        max_candidates: Candidates that a language retriever is shown.
        prefilter: Retriever that chooses them where there are more, such as `bm25` or `dense:EMBEDDER`, and
            that says which of them a prompt that is too long leaves out.
        related_entries: Entries that a language manager is shown, those that BM25 finds for the chunk; by
            default the whole store.
        temperature: At which responses are sampled in training; evaluation is greedy.
        lora_rank: Rank of the low-rank adapters that are trained; 0 trains all weights.
        lora_alpha: Scale of the adapters' contribution, divided by the rank.
    """

    kind: Literal["compact", "language"] = "compact"
    hidden_dim: Annotated[int, Field(ge=0)] = 64
    model: Text | None = None
    format: Text = "plain"
    max_prompt_tokens: Count = 2048
    max_response_tokens: Count = 256
    max_candidates: Count = 50
    prefilter: Text = "bm25"
    related_entries: Count | None = None
    temperature: Positive = 1.0
    lora_rank: Annotated[int, Field(ge=0)] = 0
    lora_alpha: Positive = 16.0

    @field_validator("prefilter")
    @classmethod
    def _known_retriever(cls, spec: str) -> str:
        name, _, option = spec.partition(":")
        if name not in list_retrievers():
            raise ConfigError(f"policy.prefilter: {unknown_name('retriever', name, list_retrievers())}")
        # Only the names: an embedder is loaded where it is used.
        if name in ("dense", "fusion") and option and option not in list_embedders():
            raise ConfigError(f"policy.prefilter: {unknown_name('embedder', option, list_embedders())}")
        return spec

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "language" and self.model is None:
            raise ConfigError(
                "policy.kind is 'language' without policy.model; name the folder of a model "
                "(memdojo model tiny makes a small one)."
            )
        return self


class EngineConfig(Table):
    """What samples from a language policy.

    Attributes:
        kind: `vllm`, or `transformers`, which needs no vLLM and is slower.
        num_engines: Engines that share the requests; each holds the whole model.
        num_gpus: GPUs of one engine, over which vLLM splits the model; 0 runs it on the CPU.
        dtype: Precision of the weights.
        max_sequences: Requests that an engine works on at a time.
        memory: Share of a GPU's memory that vLLM takes; on the CPU the GiB of its key-value cache.
        max_staleness: Updates by which the sampling weights may be behind those that are trained.
        max_restarts: How often a dead engine or rollout worker is started again before the run gives up.
    """

    kind: Literal["vllm", "transformers"] = "vllm"
    num_engines: Count = 1
    num_gpus: Annotated[int, Field(ge=0)] = 0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    max_sequences: Count = 64
    memory: Positive | None = None
    max_staleness: Annotated[int, Field(ge=0)] = 0
    max_restarts: Annotated[int, Field(ge=0)] = 3


class LearnerConfig(Table):
    """Where and how a language policy is trained.

    Attributes:
        kind: `memdojo`, our own learner, or `trl`, TRL's GRPOTrainer for tasks of one context (of a manager,
            single chunks between those that `warm_start.teacher` plays).
        num_processes: Learner processes, over which the rows of an update are shared out.
        sharding: `none` keeps the whole model in each process, `full` splits weights, gradients and moments
            over the processes (FSDP).
        device: `auto` takes a GPU where there is one.
        dtype: Precision of weights and moments.
        micro_batch_tokens: Tokens, padding included, of one forward and backward pass.
        gradient_checkpointing: Compute activations twice instead of keeping them.
        num_threads: CPU threads of a learner process; by default as many as there are cores.
    """

    kind: Literal["memdojo", "trl"] = "memdojo"
    num_processes: Count = 1
    sharding: Literal["none", "full"] = "none"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    micro_batch_tokens: Count = 8192
    gradient_checkpointing: bool = False
    num_threads: Count | None = None


class OneStepConfig(Table):
    """Episodes of one step: a manager acts once, at a turn that questions are about.

    Attributes:
        window_turns: Turns that `builder` writes into the memory before that turn; without it episodes are
            whole streams or windows.
        builder: Who wrote the memory: a baseline by name, or the folder of a manager's checkpoint or run.
    """

    window_turns: Count | None = None
    builder: Text = "recency"


class WarmStartConfig(Table):
    """Supervised training before the reinforcement learning.

    Attributes:
        teacher: Whose operations are learnt: `oracle` or another baseline, which plays the training streams.
        num_steps: Gradient steps; 0 leaves the stage out.
        batch_size: Rows of a step.
        learning_rate: Of AdamW.
        num_streams: How many of the training streams the teacher plays; by default all.
        trajectories: File of a run's folder `trajectories` to learn from instead.
    """

    teacher: Text = "oracle"
    num_steps: Annotated[int, Field(ge=0)] = 0
    batch_size: Count = 32
    learning_rate: Positive = 1e-3
    num_streams: Count | None = None
    trajectories: Text | None = None


class RoundsConfig(Table):
    """Trainings one after the other, each from the result of the one before.

    Attributes:
        num_rounds: How many; 1 trains once.
        partner: Configuration of another policy, by name or file, that is trained in turn with this one: each
            against the other as it is by then. Empty for this policy alone.
        merge_best: Of how many of its best validated checkpoints a round's result is the mean, in float32.
    """

    num_rounds: Count = 1
    partner: str = ""
    merge_best: Count = 1


class AnswererConfig(Table):
    """Who answers the questions of training and evaluation, and stays as it is.

    Attributes:
        kind: `extractive` is the model-free reader; `model` serves a model in engines of its own; `policy`
            does the same with an answer agent of memdojo; `endpoint` asks an OpenAI-compatible server.
        model: Folder or hub id of the model; the name of the model at the endpoint.
        url: Of the endpoint, such as `http://HOST:8000/v1`.
        checkpoint: Of a `policy`: the run or checkpoint of an answer agent.
        num_engines, num_gpus, dtype, memory: As in `[engine]`, of a `model` or a `policy`.
        max_tokens: Most tokens of an answer; a `policy` has its own limit.
        timeout_s: Seconds after which an endpoint's answer counts as not to be had.
    """

    kind: Literal["extractive", "model", "policy", "endpoint"] = "extractive"
    model: Text | None = None
    url: Text | None = None
    checkpoint: Text | None = None
    num_engines: Count = 1
    num_gpus: Annotated[int, Field(ge=0)] = 0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    memory: Positive | None = None
    max_tokens: Count = 32
    timeout_s: Positive = 60.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        needed: tuple[str, ...] = {
            "extractive": (),
            "model": ("model",),
            "policy": ("checkpoint",),
            "endpoint": ("model", "url"),
        }[self.kind]
        for key in ("model", "url", "checkpoint"):
            if key in needed and getattr(self, key) is None:
                raise ConfigError(f"answerer.kind is {self.kind!r} without answerer.{key}; set it.")
            if key not in needed and getattr(self, key) is not None:
                raise ConfigError(
                    f"answerer.{key} is {getattr(self, key)!r}, but answerer.kind is {self.kind!r}, which "
                    "does not use it; leave one of the two out."
                )
        return self


class JudgeConfig(Table):
    """Who grades: answers by yes or no, and operations where a model is asked about them.

    Attributes:
        kind: `none` asks nobody; `model` serves a model in engines of its own; `endpoint` asks an
            OpenAI-compatible server.
        operations: Whether operations are graded by the `rule` of `envs.validity` or by the `model`.
        model: Folder or hub id of the model; the name of the model at the endpoint.
        url: Of the endpoint, such as `http://HOST:8000/v1`.
        num_engines, num_gpus, dtype, memory: As in `[engine]`, of a `model`.
        timeout_s: Seconds after which an endpoint's grade counts as not to be had.
    """

    kind: Literal["none", "model", "endpoint"] = "none"
    operations: Literal["rule", "model"] = "rule"
    model: Text | None = None
    url: Text | None = None
    num_engines: Count = 1
    num_gpus: Annotated[int, Field(ge=0)] = 0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    memory: Positive | None = None
    timeout_s: Positive = 60.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        needed: tuple[str, ...] = {"none": (), "model": ("model",), "endpoint": ("model", "url")}[self.kind]
        for key in ("model", "url"):
            if key in needed and getattr(self, key) is None:
                raise ConfigError(f"judge.kind is {self.kind!r} without judge.{key}; set it.")
            if key not in needed and getattr(self, key) is not None:
                raise ConfigError(
                    f"judge.{key} is {getattr(self, key)!r}, but judge.kind is {self.kind!r}, which does not "
                    "use it; leave one of the two out."
                )
        if self.operations == "model" and self.kind == "none":
            raise ConfigError("judge.operations is 'model', but judge.kind is 'none'; name a model.")
        return self
