"""Rollouts in Ray actors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NoReturn, TypeVar

import numpy as np
import ray
import torch
from ray.exceptions import RayTaskError
from torch import Tensor

from .local import LocalRollouts
from .protocol import PlayerRecipes
from .ray_session import start_ray, stop_ray
from .ray_workers import RayWorkers
from .tasks import RolloutTask

GroupT = TypeVar("GroupT")


class RayRollouts(Generic[GroupT]):
    """Rollouts by Ray actors, each with players of its own; what one that dies was to play is played again.

    Args:
        make_players: Builds the players by name; called in each actor.
        num_workers: Number of actors, at least one.
        max_restarts: How many dead actors are replaced before the run gives up.
        address: Of a running Ray cluster; None starts Ray on this machine, if it does not run yet.
    """

    def __init__(
        self,
        make_players: PlayerRecipes[GroupT],
        *,
        num_workers: int,
        max_restarts: int,
        address: str | None = None,
    ) -> None:
        self._started_ray = start_ray(address, num_cpus=num_workers)
        recipes = ray.put(make_players)
        self._workers = RayWorkers(
            lambda: ray.remote(_Worker).options(num_cpus=1).remote(recipes),
            num_workers,
            max_restarts=max_restarts,
            key="rollouts.max_restarts",
        )

    def play(self, player: str, tasks: Sequence[RolloutTask], weights: Mapping[str, Tensor]) -> list[GroupT]:
        """Play all tasks with the given weights; results in the order of `tasks`.

        Raises:
            EngineError: If more actors died than may be replaced.
        """
        shared = ray.put({name: tensor.detach().numpy() for name, tensor in weights.items()})
        num_workers = len(self._workers)

        def begin(number: int, actor: Any) -> Any:
            return actor.play.remote(player, list(tasks[number::num_workers]), shared)

        played = self._workers.call_all(range(num_workers), begin, _raise_cause)
        return [played[place % num_workers][place // num_workers] for place in range(len(tasks))]

    @property
    def num_restarts(self) -> int:
        """Actors that were replaced."""
        return self._workers.num_restarts

    def pids(self) -> list[int]:
        """Return the process ids of the actors."""
        return self._workers.pids()

    def close(self) -> None:
        """End the actors, and Ray where it was started here."""
        self._workers.close()
        if self._started_ray:
            stop_ray()


def _raise_cause(number: int, error: RayTaskError) -> NoReturn:
    # Ray's own error has a traceback for its message.
    raise error.cause from error


class _Worker:
    """What runs in an actor; it builds players when it first plays, so that their errors are its task's."""

    def __init__(self, make_players: PlayerRecipes[object]) -> None:
        self._make_players = make_players
        self._rollouts: LocalRollouts[object] | None = None

    def play(
        self, player: str, tasks: Sequence[RolloutTask], weights: Mapping[str, np.ndarray]
    ) -> list[object]:
        if self._rollouts is None:
            self._rollouts = LocalRollouts(self._make_players)
        # A copy, because what Ray hands over is read-only.
        tensors = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
        return self._rollouts.play(player, tasks, tensors)

    def pid(self) -> int:
        return os.getpid()
