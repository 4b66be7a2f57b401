"""Rollouts in Ray actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
import ray
import torch
from torch import Tensor

from .local import LocalRollouts
from .protocol import PlayerRecipes
from .ray_session import start_ray
from .tasks import RolloutTask

GroupT = TypeVar("GroupT")


class RayRollouts(Generic[GroupT]):
    """Rollouts by Ray actors, each with players of its own.

    Args:
        make_players: Builds the players by name; called in each actor.
        num_workers: Number of actors, at least one.
        address: Of a running Ray cluster; None starts Ray on this machine, if it does not run yet.
    """

    def __init__(
        self, make_players: PlayerRecipes[GroupT], *, num_workers: int, address: str | None = None
    ) -> None:
        self._started_ray = start_ray(address, num_cpus=num_workers)
        worker = ray.remote(_Worker)
        recipes = ray.put(make_players)
        self._workers = [worker.options(num_cpus=1).remote(recipes) for _ in range(num_workers)]

    def play(self, player: str, tasks: Sequence[RolloutTask], weights: Mapping[str, Tensor]) -> list[GroupT]:
        """Play all tasks with the given weights; results in the order of `tasks`."""
        shared = ray.put({name: tensor.detach().numpy() for name, tensor in weights.items()})
        num_workers = len(self._workers)
        futures = [
            worker.play.remote(player, list(tasks[first::num_workers]), shared)
            for first, worker in enumerate(self._workers)
        ]
        played: list[list[GroupT]] = ray.get(futures)
        return [played[place % num_workers][place // num_workers] for place in range(len(tasks))]

    def close(self) -> None:
        """End the actors, and Ray where it was started here."""
        for worker in self._workers:
            ray.kill(worker)
        if self._started_ray:
            ray.shutdown()


class _Worker:
    """What runs in an actor."""

    def __init__(self, make_players: PlayerRecipes[object]) -> None:
        self._rollouts = LocalRollouts(make_players)

    def play(
        self, player: str, tasks: Sequence[RolloutTask], weights: Mapping[str, np.ndarray]
    ) -> list[object]:
        # A copy, because what Ray hands over is read-only.
        tensors = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
        return self._rollouts.play(player, tasks, tensors)
