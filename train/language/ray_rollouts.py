"""Rollouts of language policies in Ray actors, which are replaced if they die."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from memdojo.agents.engines.actors import EngineClient, EnginePool
from memdojo.agents.engines.engine import Generation, GenerationRequest
from memdojo.errors import EngineError

from ..rollouts.ray_workers import RayWorkers
from ..rollouts.tasks import RolloutTask
from .players import LanguageRecipe
from .trajectories import LanguageGroup
from .worker import LanguageWorker


class _OnOneRoute:
    """Sends the requests of a group to one engine, whose cache has their common prefixes."""

    def __init__(self, client: EngineClient, route: str) -> None:
        self._client = client
        self._route = route

    @property
    def fingerprint(self) -> str:
        return self._client.fingerprint

    @property
    def weights_version(self) -> int:
        return self._client.weights_version

    async def generate(self, request: GenerationRequest) -> Generation:
        return await self._client.generate(request, self._route)


class LanguageRollouts:
    """Plays tasks in actors; the episodes of a worker or engine that dies are played again.

    Args:
        make_players: Builds the players by name; called in each actor.
        pool: The engines that sample.
        num_workers: Number of actors.
        max_restarts: How many dead workers are replaced before the run gives up.
        max_staleness: Versions by which the sampling weights may be behind.

    Attributes:
        num_replayed: Tasks that were played again.
    """

    def __init__(
        self,
        make_players: Mapping[str, LanguageRecipe],
        pool: EnginePool,
        *,
        num_workers: int,
        max_restarts: int,
        max_staleness: int = 0,
    ) -> None:
        self.num_replayed = 0
        self._pool = pool
        self._max_staleness = max_staleness
        recipes = ray.put(make_players)
        self._workers = RayWorkers(
            lambda: ray.remote(LanguageWorker).options(num_cpus=1).remote(recipes),
            num_workers,
            max_restarts=max_restarts,
            key="engine.max_restarts",
        )

    @property
    def num_restarts(self) -> int:
        """Workers that were replaced."""
        return self._workers.num_restarts

    def play(self, player: str, tasks: Sequence[RolloutTask], version: int) -> list[LanguageGroup]:
        """Play all tasks with weights of `version`, or at most `max_staleness` older; in their order.

        Raises:
            EngineError: If more workers or engines died than may be replaced, or an engine refuses a request.
            StaleWeightsError: If an engine samples with older weights.
        """
        # Of each task: how many engines had been replaced when it was last begun.
        restarts: dict[int, int] = {}

        def begin(place: int, actor: Any) -> Any:
            self.num_replayed += place in restarts
            restarts[place] = self._pool.num_restarts
            client = self._pool.client(max_staleness=self._max_staleness, wanted_version=version)
            route = f"{tasks[place].stream} {tasks[place].question}"
            return actor.play.remote(player, tasks[place], _OnOneRoute(client, route))

        return self._workers.call_all(
            share_out_tasks(tasks, len(self._workers)),
            begin,
            lambda place, error: self._heal_engines(restarts[place], error),
        )

    def take_answer_counts(self) -> tuple[int, int]:
        """Return how many questions the caches answered since the last call, and how many were asked.

        What a worker counted that has died meanwhile is lost; the next `play` replaces it.
        """
        hits = misses = 0
        for counts in [worker.take_answer_counts.remote() for worker in self._workers]:
            with contextlib.suppress(RayActorError):
                of_worker = ray.get(counts)
                hits, misses = hits + of_worker[0], misses + of_worker[1]
        return hits, misses

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        return self._workers.pids()

    def close(self) -> None:
        """End the actors."""
        self._workers.close()

    def _heal_engines(self, num_restarts: int, error: RayTaskError) -> None:
        if not isinstance(error.cause, EngineError):
            raise error
        if self._pool.num_restarts == num_restarts and self._pool.heal() == 0:
            # All engines are alive, so the request is at fault.
            raise error.cause


def share_out_tasks(tasks: Sequence[RolloutTask], num_workers: int) -> list[int]:
    """Return the worker of each task: the one that has played its stream or question before, if it has room.

    Its cache has what was answered then. No worker gets more than its share, rounded up.
    """
    loads = [0] * num_workers
    workers = []
    for task in tasks:
        home = zlib.crc32(f"{task.stream} {task.question}".encode()) % num_workers
        if loads[home] * num_workers >= len(tasks):
            home = loads.index(min(loads))
        loads[home] += 1
        workers.append(home)
    return workers
