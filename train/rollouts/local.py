"""Rollouts in the process that learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from torch import Tensor

from memdojo.agents.compact.base import use_one_thread

from .protocol import PlayerRecipes
from .tasks import RolloutTask

GroupT = TypeVar("GroupT")


class LocalRollouts(Generic[GroupT]):
    """Rollouts in this process, one task after the other.

    Args:
        make_players: Builds the players by name.

    Attributes:
        num_restarts: There is no process that could die apart from this one.
    """

    num_restarts = 0

    def __init__(self, make_players: PlayerRecipes[GroupT]) -> None:
        use_one_thread()
        self._players = {name: make() for name, make in make_players.items()}

    def play(self, player: str, tasks: Sequence[RolloutTask], weights: Mapping[str, Tensor]) -> list[GroupT]:
        """Play all tasks with the given weights; results in the order of `tasks`."""
        chosen = self._players[player]
        chosen.network.load_state_dict(weights)
        return [chosen.play(task) for task in tasks]

    def close(self) -> None:
        """Do nothing: there is no process to end."""
