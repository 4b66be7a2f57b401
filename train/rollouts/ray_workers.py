"""`RayWorkers`: actors that play, each of which is replaced if it dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ray
from ray.exceptions import RayActorError

from memdojo.errors import EngineError


class RayWorkers:
    """Actors by their number.

    Args:
        spawn: Starts one.
        num_workers: How many there are.
        max_restarts: How many dead ones are replaced before the run gives up.
        key: Of the configuration, which says so.

    Attributes:
        num_restarts: Actors that were replaced.
    """

    def __init__(self, spawn: Callable[[], Any], num_workers: int, *, max_restarts: int, key: str) -> None:
        self.num_restarts = 0
        self._spawn = spawn
        self._max_restarts = max_restarts
        self._key = key
        self._actors = [spawn() for _ in range(num_workers)]

    def __len__(self) -> int:
        return len(self._actors)

    def __getitem__(self, number: int) -> Any:
        return self._actors[number]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._actors)

    def replace(self, number: int, dead: Any, error: RayActorError) -> None:
        """Start another actor in the place of a dead one, unless that was done already.

        Args:
            number: Its place.
            dead: The actor. All its tasks end with the same error, and the first one replaces it for all.
            error: What its task ended in.

        Raises:
            EngineError: If more died than may be replaced.
        """
        if self._actors[number] is not dead:
            return
        if self.num_restarts == self._max_restarts:
            raise EngineError(
                f"{self.num_restarts} rollout workers were replaced and another died, but {self._key} is "
                f"{self._max_restarts}; the last cause was: {_first_line(error)}"
            ) from error
        self.num_restarts += 1
        self._actors[number] = self._spawn()

    def pids(self) -> list[int]:
        """Return the process ids of the actors."""
        pids: list[int] = ray.get([actor.pid.remote() for actor in self._actors])
        return pids

    def close(self) -> None:
        """End the actors."""
        for actor in self._actors:
            ray.kill(actor)
        self._actors = []


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]
