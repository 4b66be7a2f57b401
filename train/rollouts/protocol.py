"""The protocols of rollouts with given weights: a player of tasks, and players here or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from torch import Tensor, nn

from .tasks import RolloutTask

GroupT = TypeVar("GroupT")
GroupT_co = TypeVar("GroupT_co", covariant=True)


class RolloutPlayer(Protocol[GroupT_co]):
    """Plays tasks with one policy.

    A task names everything that its trajectories depend on, and the episodes of one task run in one batch.
    So the numbers are the same wherever it is played, and whatever was played before.

    Attributes:
        network: Whose weights are set before tasks are played.
    """

    network: nn.Module

    def play(self, task: RolloutTask) -> GroupT_co:
        """Return the trajectories of the task, in the order of its seeds."""
        ...


PlayerRecipes = Mapping[str, Callable[[], RolloutPlayer[GroupT]]]
"""What builds the players, by name; it can be sent to other processes."""


class Rollouts(Protocol[GroupT]):
    """Players of tasks, in this process or in others."""

    @property
    def num_restarts(self) -> int:
        """Processes that died and were replaced."""
        ...

    def play(self, player: str, tasks: Sequence[RolloutTask], weights: Mapping[str, Tensor]) -> list[GroupT]:
        """Play all tasks with the given weights.

        Args:
            player: Name of the one that plays.
            tasks: What it plays.
            weights: State dict of its network.

        Returns:
            The trajectory groups, in the order of `tasks`.
        """
        ...

    def close(self) -> None:
        """End the processes that play, if there are any."""
        ...
