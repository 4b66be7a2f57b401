"""What a policy is: observations of several episodes in, one decision for each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from memdojo.envs.manager_episode import ManagerEpisode
from memdojo.envs.types import Operation


class ManagerPolicy(Protocol):
    """Decides what happens to memory when a chunk arrives.

    A policy reads what an agent could know: the current chunk, the store and the stream's past. Only an
    oracle may look at the questions or ahead; it bounds what can be reached.
    """

    @property
    def name(self) -> str:
        """Names the policy in tables."""
        ...

    @property
    def turns_per_chunk(self) -> int | None:
        """The chunk size that it decides on; None takes the stream as it is cut."""
        ...

    @property
    def stochastic(self) -> bool:
        """True if it draws from the episode's generator, so that several seeds tell more than one."""
        ...

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current chunk of each episode, in the order of `episodes`."""
        ...
