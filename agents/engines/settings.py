"""The settings of the engines that ship with memdojo, and their common base."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from memdojo.settings import (
    Count,
    CountOrZero,
    FolderOrName,
    Positive,
    Seed,
    SetByCode,
    Table,
    Text,
)

Precision = Literal["float32", "bfloat16", "float16"]
CPU_CACHE_GIB = 1.0
"""Key-value cache on a CPU where `ServingSettings.cache_size` does not say."""
DEFAULT_THINKING_TOKENS = 2048
"""Tokens that a model may think besides what its reply may have."""
GPU_MEMORY_SHARE = 0.85
"""Share of a GPU's memory where `ServingSettings.cache_size` does not say."""


class ServingSettings(Table):
    """What is said of a model that engines serve, in `[engine]` as in `[answerer]`, `[judge]` and the like.

    Attributes:
        num_engines: Engines that share the requests; each holds the whole model.
        num_gpus: GPUs of one engine, over which vLLM splits the model; 0 runs it on the CPU.
        dtype: Precision of the weights.
        cache_size: Of vLLM: share of a GPU's memory that it takes for weights and key-value cache, or on the
            CPU the GiB of the cache.
    """

    num_engines: Count = 1
    num_gpus: CountOrZero = 0
    dtype: Precision = "float32"
    cache_size: Positive | None = None

    @field_validator("cache_size")
    @classmethod
    def _is_a_share_on_gpus(cls, size: float | None, info: ValidationInfo) -> float | None:
        if size is not None and size > 1 and info.data.get("num_gpus"):
            raise ValueError(
                f"must be a share between 0 and 1 with num_gpus = {info.data['num_gpus']}; it is a number of "
                "GiB on the CPU alone"
            )
        return size


class ServedModelSettings(ServingSettings):
    """A model in engines of its own, for texts that memdojo has written: answers, verdicts, roles.

    Attributes:
        model: Folder or hub id of the model.
        engine: Kind of the engines that serve it.
        thinking_tokens: Most tokens of a thought before a reply; only models that think are given them.
    """

    model: FolderOrName
    engine: Text = "vllm"
    thinking_tokens: CountOrZero = DEFAULT_THINKING_TOKENS


class EndpointModelSettings(Table):
    """A model behind an OpenAI-compatible server, for the same.

    Attributes:
        model: Name of the model there.
        url: Of the server, such as `http://HOST:8000/v1`.
        thinking_tokens: Most tokens of a thought before a reply; only models that think are given them.
        timeout_s: Seconds after which a reply counts as missing.
    """

    model: Text
    url: Text
    thinking_tokens: CountOrZero = DEFAULT_THINKING_TOKENS
    timeout_s: Positive = 60.0


class EngineSettings(ServingSettings):
    """How a model is served; the base of the settings of each kind of engine.

    Attributes:
        kind: Name of the kind in `ENGINES`.
        max_sequences: Requests that an engine works on at a time; the others wait.
        max_staleness: Updates by which the sampling weights may be behind those that are trained.
        max_restarts: How often a dead engine or rollout worker is started again before the run gives up.
        max_context_tokens: Longest prompt and reply together; None leaves it to the model.
        seed: Of requests without a seed of their own.
        num_threads: CPU threads of the engine; None leaves them as they are.
        shares_process: Whether the engine leaves the process as it is for what else runs in it.
    """

    shares_process: ClassVar[bool] = True
    kind: str
    max_sequences: Count = 64
    max_staleness: CountOrZero = 0
    max_restarts: CountOrZero = 3
    max_context_tokens: Annotated[
        Annotated[Count, Field(ge=2)] | None, SetByCode("the limits of [policy] say how long a text is")
    ] = None
    seed: Annotated[Seed, SetByCode("the seed of the run is that of its engines")] = 0
    num_threads: Annotated[Count | None, SetByCode("engines share the cores of a machine")] = None

    def fingerprint(self, model: str, weights_version: int) -> str:
        """Return what names an engine of the model with these settings at that version of its weights."""
        return f"{self.kind}(model={model}, dtype={self.dtype}, weights={weights_version})"


class VLLMSettings(EngineSettings):
    """vLLM, in process: fast, and on GPUs the one to take."""

    # It seeds the global generators, binds memory and starts a process group.
    shares_process: ClassVar[bool] = False
    kind: Literal["vllm"] = "vllm"


class TransformersSettings(EngineSettings):
    """Transformers' own generation, which needs no vLLM and is slower; `cache_size` is not used."""

    kind: Literal["transformers"] = "transformers"
