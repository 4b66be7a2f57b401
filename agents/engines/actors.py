"""Engines as Ray actors: one or many that share the requests, and are replaced when they die."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import ray
import torch
from ray.exceptions import RayError
from torch import Tensor

from memdojo.errors import EngineError, MemdojoError

from .actor_client import EngineClient, EngineDiedError, Outcome, translated
from .engine import Engine, Generation, GenerationRequest, SaysWhyItFailed
from .registry import make_engine
from .settings import EngineSettings

__all__ = ["EngineActor", "EngineClient", "EnginePool"]

_PackedWeights = dict[str, tuple[np.ndarray, torch.dtype]]

_MAX_CONCURRENCY = 4096
_HEALTH_TIMEOUT_S = 60.0


class EngineActor:
    """What runs in an engine's process."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    async def start(self, model: str, settings: EngineSettings) -> int:
        """Load the model and return the process id; not in `__init__`, whose errors Ray turns into text."""
        self._engine = await asyncio.to_thread(make_engine, model, settings)
        return os.getpid()

    async def generate(self, request: GenerationRequest) -> Generation:
        """Continue one prompt."""
        return await self._running().generate(request)

    async def generate_many(
        self, requests: Sequence[GenerationRequest]
    ) -> AsyncIterator[list[tuple[int, Outcome]]]:
        """Yield generations, or errors in their place, by index; those that are finished together at once."""
        finished: list[tuple[int, Outcome]] = []
        is_any = asyncio.Event()

        def finish(index: int, task: asyncio.Task[Generation]) -> None:
            finished.append((index, task.exception() or task.result()))
            is_any.set()

        tasks = [asyncio.create_task(self.generate(request)) for request in requests]
        for index, task in enumerate(tasks):
            task.add_done_callback(partial(finish, index))
        num_left = len(requests)
        while num_left:
            await is_any.wait()
            is_any.clear()
            ready, finished[:] = finished[:], ()
            num_left -= len(ready)
            yield ready

    async def load_weights(self, packed: _PackedWeights, version: int) -> None:
        """Take new weights."""
        await asyncio.to_thread(self._running().load_weights, _unpack(packed), version)

    async def health(self) -> tuple[str | None, int]:
        """Return why the engine cannot serve, None if it can, and the version of its weights."""
        engine = self._running()
        failure = engine.failure if isinstance(engine, SaysWhyItFailed) else None
        return failure, engine.weights_version

    async def close(self) -> None:
        """Release the model's memory."""
        if self._engine is not None:
            await asyncio.to_thread(self._engine.close)

    def _running(self) -> Engine:
        if self._engine is None:
            raise EngineError("the engine was not started.")
        return self._engine


class EnginePool:
    """Starts engines as Ray actors, keeps their weights at one version, and replaces those that die.

    The engines reserve GPUs and no CPU, so that they find room beside the workers that wait for them. Used by
    the driver, within Ray.

    Attributes:
        num_restarts: Engines that were replaced.

    Args:
        model: Folder or hub id of a Hugging Face causal language model; every machine of a cluster must find
            it.
        settings: How to serve it. Where `num_threads` is None, the engines share the machine's cores.
        num_engines: Actors, each with the whole model.
        max_restarts: How many dead engines are replaced before the pool gives up.

    Raises:
        ValueError: If a count is out of range.
        MemdojoError: What `make_engine` raises, as it is.
    """

    def __init__(
        self, model: str, settings: EngineSettings, *, num_engines: int = 1, max_restarts: int = 3
    ) -> None:
        if num_engines < 1 or max_restarts < 0:
            raise ValueError(
                f"num_engines is {num_engines} and max_restarts {max_restarts}; give at least 1 and 0."
            )
        there, needed = ray.cluster_resources().get("GPU", 0), num_engines * settings.num_gpus
        if needed > there:
            raise EngineError(
                f"{num_engines} engines of {settings.num_gpus} GPUs need {needed} GPUs, and Ray knows of "
                f"{there:g}; lower engine.num_engines or engine.num_gpus."
            )
        self.num_restarts = 0
        self._model = model
        self._settings = settings
        self._num_engines = num_engines
        self._max_restarts = max_restarts
        self._latest: tuple[Any, int] | None = None
        self._actors: list[Any] = []
        self._pids: list[int] = []
        try:
            starts = []
            for _ in range(num_engines):
                actor, start = self._spawn()
                self._actors.append(actor)
                starts.append(start)
            self._pids = [_get(start, f"engine {index}") for index, start in enumerate(starts)]
        except BaseException:
            self.close()
            raise

    @property
    def fingerprint(self) -> str:
        """Kind of engine, model, precision and version of the weights."""
        return self._settings.fingerprint(self._model, self.weights_version)

    @property
    def weights_version(self) -> int:
        """Version of the weights that the engines were given last; 0 are those of the model's folder."""
        return self._latest[1] if self._latest else 0

    def client(self, *, max_staleness: int = 0, wanted_version: int | None = None) -> EngineClient:
        """Return a client of the engines as they are now; ask for a new one after `heal` replaced any.

        Args:
            max_staleness: How far an engine's weights may be behind the wanted version.
            wanted_version: By default the present one.
        """
        wanted = self.weights_version if wanted_version is None else wanted_version
        return EngineClient(
            tuple(self._actors),
            self._settings.fingerprint(self._model, wanted),
            wanted,
            max_staleness,
            slack=max(1, self._settings.max_sequences // 4),
        )

    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> None:
        """Load a whole state dict into all engines; blocks until all have it.

        Raises:
            EngineError: If the weights do not fit, a generation is under way, the version is not higher, or
                an engine died; `heal` brings a dead engine's successor and all others to this version.
        """
        if version <= self.weights_version:
            raise EngineError(
                f"weights of version {version} came after version {self.weights_version}; versions must rise."
            )
        packed = ray.put(_pack(weights))
        loads = [actor.load_weights.remote(packed, version) for actor in self._actors]
        # All are awaited before any error is raised, so that none is still loading when the caller goes on.
        errors = [_error_of(load, f"engine {index}") for index, load in enumerate(loads)]
        refused = [error for error in errors if error is not None and not isinstance(error, EngineDiedError)]
        if len(refused) < len(errors):
            self._latest = packed, version
        for error in (*refused, *errors):
            if error is not None:
                raise error

    def heal(self) -> int:
        """Replace the engines that died or failed, and bring all to the present weights.

        Returns:
            How many were replaced.

        Raises:
            EngineError: If more would have been replaced in all than `max_restarts` allows.
            MemdojoError: If a successor cannot be started.
        """
        checks = [actor.health.remote() for actor in self._actors]
        dead: dict[int, str] = {}
        for index, check in enumerate(checks):
            try:
                failure, version = ray.get(check, timeout=_HEALTH_TIMEOUT_S)
            except RayError as error:
                failure, version = str(translated(error, f"engine {index}")), 0
            if failure is not None:
                dead[index] = failure
            elif version < self.weights_version:
                self._bring_up_to_date(index)
        if self.num_restarts + len(dead) > self._max_restarts:
            raise EngineError(
                f"{self.num_restarts} engines were replaced and {len(dead)} more died, but "
                f"engine.max_restarts is {self._max_restarts}; the last cause was: "
                f"{list(dead.values())[-1]}"
            )
        for index in dead:
            self._replace(index)
        return len(dead)

    def pids(self) -> list[int]:
        """Return the process ids of the engines."""
        return list(self._pids)

    def close(self) -> None:
        """Stop the engines; callers that still wait for one get an `EngineError`."""
        for actor in self._actors:
            ray.kill(actor)
        self._actors = []
        self._pids = []
        self._latest = None

    def _spawn(self) -> tuple[Any, Any]:
        """Start an engine; return the actor and the future of its process id."""
        threads = self._settings.num_threads or max(1, (os.cpu_count() or 1) // self._num_engines)
        settings = self._settings.model_copy(update={"num_threads": threads})
        options = {"num_cpus": 0, "num_gpus": settings.num_gpus, "scheduling_strategy": "SPREAD"}
        actor = ray.remote(EngineActor).options(max_concurrency=_MAX_CONCURRENCY, **options).remote()
        return actor, actor.start.remote(self._model, settings)

    def _replace(self, index: int) -> None:
        ray.kill(self._actors[index])
        self.num_restarts += 1
        self._actors[index], start = self._spawn()
        self._pids[index] = _get(start, f"engine {index}")
        self._bring_up_to_date(index)

    def _bring_up_to_date(self, index: int) -> None:
        if self._latest is not None:
            _get(self._actors[index].load_weights.remote(*self._latest), f"engine {index}")


def _get(future: Any, name: str) -> Any:
    try:
        return ray.get(future)
    except RayError as error:
        raise translated(error, name) from error


def _error_of(future: Any, name: str) -> MemdojoError | ValueError | None:
    """Wait for the future and return its error, None if there is none."""
    try:
        ray.get(future)
    except RayError as error:
        return translated(error, name)
    return None


def _pack(weights: Mapping[str, Tensor]) -> _PackedWeights:
    """Return the weights as arrays, which engines of one machine read from the object store uncopied."""
    packed = {}
    for name, tensor in weights.items():
        flat = tensor.detach().cpu().contiguous()
        # NumPy has no bfloat16: bytes will do for all.
        packed[name] = flat.reshape(-1).view(torch.uint8).numpy().reshape(*flat.shape, -1), flat.dtype
    return packed


def _unpack(packed: _PackedWeights) -> dict[str, Tensor]:
    with warnings.catch_warnings():
        # The weights are not written to: the engine copies them.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        tensors = {name: (torch.from_numpy(array), dtype) for name, (array, dtype) in packed.items()}
    return {name: tensor.view(dtype).squeeze(-1) for name, (tensor, dtype) in tensors.items()}
