"""vLLM in this process, on a CPU or on GPUs."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from packaging.requirements import Requirement
from torch import Tensor

from memdojo.errors import EngineError, MissingDependencyError

from .background import BackgroundEngine, Sampled, describe_failure
from .engine import GenerationRequest, StopReason
from .model_facts import check_weights, read_model_facts, read_weight_shapes
from .settings import CPU_CACHE_GIB, GPU_MEMORY_SHARE, EngineSettings

if TYPE_CHECKING:
    from vllm.v1.engine.llm_engine import LLMEngine

_LLVMLITE = "llvmlite.binding.ffi"
_CPU_COMMAND = "pip install 'memdojo[llm-cpu]'"
_GPU_COMMAND = "pip install 'memdojo[llm]'"
# At the level of errors vLLM prints its whole batch when it fails, which drowns the sentence of ours.
_ENVIRONMENT = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "CRITICAL"}


class VLLMEngine(BackgroundEngine):
    """Serves a model by vLLM, with continuous batching over all that wait and a cache of common prefixes.

    vLLM takes a process over: it seeds the global generators, starts torch's process group and, on a CPU,
    binds the memory to one NUMA node. Where something else runs in the process, put the engine into an actor
    (`EnginePool`).

    Args:
        model: Folder or hub id of a Hugging Face causal language model.
        settings: How to serve it.

    Raises:
        MissingDependencyError: If vLLM is not installed.
        ModelError: If there is no such model.
        EngineError: If vLLM cannot serve it: too little memory, no such GPU, a torch that does not fit.
    """

    def __init__(self, model: str, settings: EngineSettings) -> None:
        if importlib.util.find_spec("vllm") is None:
            raise MissingDependencyError(
                f"engine.kind is 'vllm', which is not installed; run {_CPU_COMMAND} for a CPU or "
                f"{_GPU_COMMAND} for GPUs, or set engine.kind to 'transformers'."
            )
        super().__init__(
            lambda: _VLLMBackend(model, settings), lambda version: settings.fingerprint(model, version)
        )


class _VLLMBackend:
    gather_s = 0.0  # A request joins the batch at the next token anyway.

    def __init__(self, model: str, settings: EngineSettings) -> None:
        facts = read_model_facts(model)
        if settings.num_threads is not None:
            torch.set_num_threads(settings.num_threads)
        self._model = model
        self._end_token_ids = sorted(facts.end_token_ids)
        self._on_cpu = settings.num_gpus == 0
        self._shapes: dict[str, tuple[int, ...]] | None = None
        self._engine = _start(model, settings)
        self.vocab_size = facts.vocab_size
        self.max_context_tokens = int(self._engine.model_config.max_model_len)

    def add(self, key: int, request: GenerationRequest) -> None:
        from vllm import SamplingParams
        from vllm.exceptions import VLLMValidationError
        from vllm.inputs.engine import tokens_input
        from vllm.sampling_params import RequestOutputKind

        try:
            params = SamplingParams(
                max_tokens=min(request.max_tokens, self.max_context_tokens - len(request.prompt_ids)),
                temperature=request.temperature,
                top_p=request.top_p,
                seed=request.seed,
                stop_token_ids=self._end_token_ids,
                logprobs=0,
                flat_logprobs=True,
                detokenize=False,
                output_kind=RequestOutputKind.FINAL_ONLY,
            )
            self._engine.add_request(str(key), tokens_input(list(request.prompt_ids)), params)
        except (VLLMValidationError, ValueError) as error:
            raise EngineError(f"vLLM refuses the request: {error}") from error

    def step(self) -> list[tuple[int, Sampled]]:
        with self._eager():
            outputs = self._engine.step()
        return [(int(output.request_id), _sampled(output)) for output in outputs if output.finished]

    def abort(self, key: int) -> None:
        self._engine.abort_request([str(key)])

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        if self._shapes is None:
            self._shapes = read_weight_shapes(self._model)
        check_weights(weights, self._shapes)
        self._engine.collective_rpc("reload_weights", kwargs={"weights_iterator": list(weights.items())})
        # Otherwise a prompt that begins as an earlier one did continues what the old weights made of it.
        if not self._engine.reset_prefix_cache():
            raise RuntimeError("vLLM could not reset its prefix cache")

    def close(self) -> None:
        from vllm.distributed import cleanup_dist_env_and_memory

        self._engine.engine_core.shutdown()
        del self._engine
        cleanup_dist_env_and_memory()

    def _eager(self) -> contextlib.AbstractContextManager[Any]:
        """Keep vLLM from compiling a helper of its sampler: on CPUs that takes seconds and a C++ compiler."""
        return torch.compiler.set_stance("force_eager") if self._on_cpu else contextlib.nullcontext()


def _sampled(output: Any) -> Sampled:
    (completion,) = output.outputs
    reason = StopReason.END if completion.finish_reason == "stop" else StopReason.LENGTH
    return Sampled(tuple(completion.token_ids), tuple(completion.logprobs.logprobs), reason)


def _start(model: str, settings: EngineSettings) -> LLMEngine:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    set_num_threads = torch.set_num_threads
    try:
        with _known_warnings(), _llvmlite_out_of_sight():
            from vllm import EngineArgs
            from vllm.platforms import current_platform
            from vllm.v1.engine.llm_engine import LLMEngine

            _check_platform(settings, on_cpu=current_platform.is_cpu())
            return LLMEngine.from_engine_args(EngineArgs(**_arguments(model, settings)))
    except EngineError:
        raise
    except Exception as error:
        raise EngineError(_misfit() or f"vLLM cannot serve {model!r}: {describe_failure(error)}") from error
    finally:
        # On a CPU vLLM puts a function that does nothing in its place.
        torch.set_num_threads = set_num_threads


def _arguments(model: str, settings: EngineSettings) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "model": model,
        "dtype": settings.dtype,
        "max_num_seqs": settings.max_sequences,
        "max_model_len": settings.max_context_tokens,
        "seed": settings.seed,
        "logprobs_mode": "processed_logprobs",
        # End tokens are passed with each request, and nothing else of the generation configuration is wanted.
        "generation_config": "vllm",
        "skip_tokenizer_init": True,
        "disable_log_stats": True,
        "trust_remote_code": False,
        "use_tqdm_on_load": False,
    }
    if settings.num_gpus:
        size = GPU_MEMORY_SHARE if settings.cache_size is None else settings.cache_size
        return arguments | {"tensor_parallel_size": settings.num_gpus, "gpu_memory_utilization": size}
    size = CPU_CACHE_GIB if settings.cache_size is None else settings.cache_size
    if settings.cache_size is not None or "VLLM_CPU_KVCACHE_SPACE" not in os.environ:
        arguments["kv_cache_memory_bytes"] = int(size * 2**30)
    return arguments | {
        "enforce_eager": True,
        "distributed_executor_backend": "uni",
        # Of a prompt in pieces vLLM takes back what its generator drew, which generators on CPUs cannot.
        "enable_chunked_prefill": False,
    }


def _check_platform(settings: EngineSettings, *, on_cpu: bool) -> None:
    if settings.num_gpus and on_cpu:
        raise EngineError(
            f"engine.num_gpus is {settings.num_gpus}, but vLLM finds no GPU; set it to 0, or install the "
            f"build for GPUs with {_GPU_COMMAND}."
        )
    if not settings.num_gpus and not on_cpu:
        raise EngineError(
            "engine.num_gpus is 0, but the installed vLLM is the build for GPUs; set it to 1, or install "
            f"the build for CPUs with {_CPU_COMMAND}."
        )
    if settings.num_gpus > torch.cuda.device_count():
        raise EngineError(
            f"engine.num_gpus is {settings.num_gpus}, but this process sees {torch.cuda.device_count()} "
            "GPUs; lower it, or check CUDA_VISIBLE_DEVICES."
        )


def _misfit() -> str | None:
    """Return what to do if the installed torch is not the one that vLLM was built for."""
    for name, command in (("vllm-cpu", _CPU_COMMAND), ("vllm", _GPU_COMMAND)):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            version = importlib.metadata.version(name)
            installed = importlib.metadata.version("torch")
            for text in importlib.metadata.requires(name) or ():
                needed = Requirement(text)
                applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
                if needed.name == "torch" and applies and installed not in needed.specifier:
                    return (
                        f"{name} {version} was built for torch{needed.specifier}, but torch {installed} is "
                        f"installed; run {command} in a fresh environment."
                    )
    return None


@contextlib.contextmanager
def _llvmlite_out_of_sight() -> Iterator[None]:
    """Hide a module that vLLM trips over: at its start it looks into the attributes of all modules.

    An object of that one, which numba loads, claims to have every attribute, `__dict__` included.
    """
    module = sys.modules.pop(_LLVMLITE, None)
    try:
        yield
    finally:
        if module is not None:
            sys.modules[_LLVMLITE] = module


@contextlib.contextmanager
def _known_warnings() -> Iterator[None]:
    """Silence what vLLM's import and start say about torch functions that it still uses."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.script", DeprecationWarning)
        warnings.filterwarnings("ignore", r"`torch\.distributed\.reduce_op`", FutureWarning)
        yield
