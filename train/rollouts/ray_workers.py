"""`RayWorkers`: actors that play, each of which is replaced if it dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from memdojo.errors import EngineError

from .ray_session import first_done


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

    def __iter__(self) -> Iterator[Any]:
        return iter(self._actors)

    def call_all(
        self,
        numbers: Sequence[int],
        begin: Callable[[int, Any], Any],
        mend: Callable[[int, RayTaskError], None],
    ) -> list[Any]:
        """Make calls that are under way at the same time, and return what each returned, in their order.

        What an actor that dies has not returned yet is asked of the one in its place.

        Args:
            numbers: Of the actor that each call is made to.
            begin: From the place of a call among all and its actor to its future.
            mend: Told the place of a call that raised, and what. Unless it raises itself, the call is made
                again.

        Raises:
            EngineError: If more actors died than may be replaced, or Ray on this machine has died.
        """
        returned: list[Any] = [None] * len(numbers)
        under_way = {}

        def submit(place: int) -> None:
            actor = self._actors[numbers[place]]
            under_way[begin(place, actor)] = place, actor

        for place in range(len(numbers)):
            submit(place)
        while under_way:
            done = first_done(list(under_way))
            place, actor = under_way.pop(done)
            try:
                returned[place] = ray.get(done)
                continue
            except RayActorError as error:
                self._replace(numbers[place], actor, error)
            except RayTaskError as error:
                mend(place, error)
            submit(place)
        return returned

    def _replace(self, number: int, dead: Any, error: RayActorError) -> None:
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
