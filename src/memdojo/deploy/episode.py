"""`LiveEpisode`: a manager's episode without an end, for a dialogue that goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Chunk, Operation, OperationResult
from memdojo.errors import EpisodeStateError

from .context import LiveContext


class LiveEpisode(ManagerEpisode):
    """A store and the dialogue that fills it, chunk by chunk as they come, without questions or scores.

    Policies see what they see in a `ManagerEpisode` of the same dialogue and so do the same in it.

    Args:
        context: The dialogue so far.
        store: What is remembered.
        step_index: Steps done.
        rng_state: State of the generator, from `rng_state`; None seeds it.
        seed: Seeds the generator.
    """

    def __init__(
        self,
        context: LiveContext,
        store: MemoryStore,
        *,
        step_index: int = 0,
        rng_state: dict[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(context, store.capacity, seed=seed)
        self.store = store
        self.step_index = step_index
        if rng_state is not None:
            self.rng.bit_generator.state = rng_state
        self._live = context
        self._chunk: Chunk | None = None

    @property
    def chunk(self) -> Chunk | None:
        """The chunk that waits for operations; None between chunks."""
        return self._chunk

    @property
    def rng_state(self) -> dict[str, Any]:
        """State of the generator, as JSON has it."""
        state: dict[str, Any] = dict(self.rng.bit_generator.state)
        return state

    def present(self, chunk: Chunk) -> None:
        """Let the next chunk wait for operations; its turns are in the context already."""
        self._chunk = chunk

    def advance(self, operations: Iterable[Operation]) -> tuple[OperationResult, ...]:
        """Apply the operations for the chunk and return what they did."""
        self.begin_step(operations)
        self._pending = self._chunk = None
        self.step_index += 1
        return self.results

    def fork(self, seed: int | None = None) -> Self:
        """Refuse.

        Raises:
            EpisodeStateError: Always: what is said next is said once.
        """
        raise EpisodeStateError("a live dialogue cannot be forked; play a ManagerEpisode of a stream.")

    def _apply(self, operation: Operation) -> OperationResult:
        result = super()._apply(operation)
        self._live.note(result)
        return result
