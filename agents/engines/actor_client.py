"""The client of engines that run as Ray actors, usable from any process."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

from ray.exceptions import RayActorError, RayError, RayTaskError

from memdojo.errors import EngineError, MemdojoError, StaleWeightsError

from .background import describe_failure
from .engine import Generation, GenerationRequest

Outcome = Generation | BaseException
"""A generation, or the error in its place."""

_STALE_MESSAGE = (
    "engine {index} sampled with weights of version {version}, but version {wanted} is wanted and at most "
    "{staleness} behind is allowed; load the weights into all engines first (EnginePool.load_weights), or "
    "raise engine.max_staleness."
)

_Unsent = tuple[GenerationRequest, asyncio.Future[Generation]]


class EngineClient:
    """A `Sampler` that spreads requests over the engines of a pool.

    Requests that are made in the same turn of the event loop travel together, and so do generations that are
    finished together: a call of an actor costs its process a millisecond or two that the engine lacks. A
    client travels to other processes, and each copy counts its own requests; it serves one event loop at a
    time.

    Args:
        actors: The engines.
        fingerprint: Theirs, at the wanted version.
        wanted_version: Version of the weights that shall sample.
        max_staleness: How far behind it an engine may be.
        slack: A request with a route leaves its engine if that one has so many more requests than another.
    """

    def __init__(
        self, actors: tuple[Any, ...], fingerprint: str, wanted_version: int, max_staleness: int, slack: int
    ) -> None:
        self._actors = actors
        self._fingerprint = fingerprint
        self._wanted_version = wanted_version
        self._max_staleness = max_staleness
        self._slack = slack
        self._outstanding = [0] * len(actors)
        self._unsent: list[list[_Unsent]] = [[] for _ in actors]
        self._tasks: set[asyncio.Task[None]] = set()

    def __reduce__(self) -> tuple[object, ...]:
        return EngineClient, (
            self._actors,
            self._fingerprint,
            self._wanted_version,
            self._max_staleness,
            self._slack,
        )

    @property
    def fingerprint(self) -> str:
        """Kind of engine, model, precision and version of the weights."""
        return self._fingerprint

    @property
    def weights_version(self) -> int:
        """Version of the weights that shall sample."""
        return self._wanted_version

    @property
    def outstanding(self) -> tuple[int, ...]:
        """Requests of this client that each engine has not answered."""
        return tuple(self._outstanding)

    async def generate(self, request: GenerationRequest, route: str | None = None) -> Generation:
        """Continue one prompt in the engine that has the fewest requests of this client.

        Args:
            request: The prompt, and how to sample.
            route: Requests of one route go to one engine, whose cache has their common prefixes; from
                whatever process they come.

        Raises:
            ValueError: If the request is malformed.
            EngineError: If the engine cannot serve the request, or died.
            StaleWeightsError: If its weights are older than is allowed.
        """
        index = self._choose(route)
        self._outstanding[index] += 1
        try:
            generation = await self._enqueue(index, request)
        finally:
            self._outstanding[index] -= 1
        if generation.weights_version < self._wanted_version - self._max_staleness:
            raise StaleWeightsError(
                _STALE_MESSAGE.format(
                    index=index,
                    version=generation.weights_version,
                    wanted=self._wanted_version,
                    staleness=self._max_staleness,
                )
            )
        return generation

    def _enqueue(self, index: int, request: GenerationRequest) -> asyncio.Future[Generation]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Generation] = loop.create_future()
        if not self._unsent[index]:
            loop.call_soon(self._send, index)
        self._unsent[index].append((request, future))
        return future

    def _send(self, index: int) -> None:
        unsent, self._unsent[index] = self._unsent[index], []
        # Whose caller was cancelled in the meantime is not asked.
        unsent = [(request, future) for request, future in unsent if not future.done()]
        if unsent:
            task = asyncio.create_task(self._receive(index, unsent))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _receive(self, index: int, sent: list[_Unsent]) -> None:
        actor = self._actors[index]
        try:
            if len(sent) == 1:
                _settle(sent[0][1], await actor.generate.remote(sent[0][0]))
                return
            parts = actor.generate_many.remote([request for request, _ in sent])
            async for part in parts:
                for place, outcome in await part:
                    _settle(sent[place][1], outcome)
        except RayError as error:
            for _, future in sent:
                _settle(future, translated(error, f"engine {index}"))

    def _choose(self, route: str | None) -> int:
        least = min(self._outstanding)
        if route is not None:
            # Not `hash`, which differs from process to process.
            home = zlib.crc32(route.encode()) % len(self._actors)
            if self._outstanding[home] - least < self._slack:
                return home
        return self._outstanding.index(least)


def _settle(future: asyncio.Future[Generation], outcome: Outcome) -> None:
    if future.done():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


class EngineDiedError(EngineError):
    """An engine's process is gone."""


def translated(error: RayError, name: str) -> MemdojoError | ValueError:
    """Return what happened in the engine's process as an error of ours."""
    if isinstance(error, RayTaskError):
        cause = error.cause
        if isinstance(cause, MemdojoError | ValueError):
            return cause
        return EngineError(f"{name}: {describe_failure(cause)}")
    line = (str(error).strip() or repr(error)).splitlines()[0]
    if isinstance(error, RayActorError):
        return EngineDiedError(
            f"{name} died ({line}); a run replaces it up to engine.max_restarts times. If it was killed "
            "for its memory, lower engine.cache_size or engine.max_sequences."
        )
    return EngineError(f"{name} cannot be reached: {line}")
