"""How an engine runs, and the one place that makes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from memdojo.errors import unknown_name

if TYPE_CHECKING:
    pass
EngineKind = Literal["vllm", "transformers"]
Precision = Literal["float32", "bfloat16", "float16"]
CPU_CACHE_GIB = 1.0
"""Key-value cache on a CPU where `EngineSettings.memory` does not say."""
GPU_MEMORY_SHARE = 0.85
"""Share of a GPU's memory where `EngineSettings.memory` does not say."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How a model is served.

    Attributes:
        kind: `vllm`, or `transformers`, which needs no vLLM and is slower.
        dtype: Precision of the weights.
        max_sequences: Requests that are worked on at a time; the others wait.
        memory: Of vLLM: share of a GPU's memory, or on the CPU the GiB of the key-value cache.
        num_gpus: GPUs over which vLLM splits the model; 0 runs it on the CPU.
        max_context_tokens: Longest prompt and reply together; None leaves it to the model.
        seed: Of requests without a seed of their own.
        num_threads: CPU threads of the engine; None leaves them as they are.

    Raises:
        UnknownNameError: If `kind` or `dtype` is none of those above.
        ValueError: If a number is out of range.
    """

    kind: EngineKind = "vllm"
    dtype: Precision = "float32"
    max_sequences: int = 64
    memory: float | None = None
    num_gpus: int = 0
    max_context_tokens: int | None = None
    seed: int = 0
    num_threads: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(EngineKind):
            raise unknown_name("engine", self.kind, get_args(EngineKind))
        if self.dtype not in get_args(Precision):
            raise unknown_name("precision", self.dtype, get_args(Precision))
        for name, least in (("max_sequences", 1), ("num_gpus", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least {least}.")
        for name, least in (("max_context_tokens", 2), ("num_threads", 1)):
            if getattr(self, name) is not None and getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least {least}, or None.")
        if self.memory is not None and not 0 < self.memory <= (1 if self.num_gpus else float("inf")):
            raise ValueError(
                f"memory is {self.memory} with num_gpus = {self.num_gpus}; on GPUs it is a share between 0 "
                "and 1, on the CPU a positive number of GiB."
            )

    def fingerprint(self, model: str, weights_version: int) -> str:
        """Return what names an engine of the model with these settings at that version of its weights."""
        return f"{self.kind}(model={model}, dtype={self.dtype}, weights={weights_version})"
