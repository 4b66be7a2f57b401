"""`LiveEpisode`: a manager's episode without an end, for a dialogue that goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Chunk, Operation, OperationResult

from .context import LiveContext


class LiveEpisode:
    """A store and the dialogue that fills it, chunk by chunk as they come; without questions or scores.

    A `VisibleEpisode`: managers see what they see in a `ManagerEpisode` of the same dialogue, and so do the
    same in it. It has no forks, as what is said next is said once.

    Attributes:
        context: The dialogue so far.
        store: What is remembered.
        rng: The only source of randomness that policies draw from.
        step_index: Steps done.

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
        self.context = context
        self.store = store
        self.step_index = step_index
        self.rng = np.random.default_rng(seed)
        if rng_state is not None:
            self.rng.bit_generator.state = rng_state
        self._chunk: Chunk | None = None
        self._readings: tuple[Reading, ...] = ()

    @property
    def chunk(self) -> Chunk | None:
        """The chunk that waits for operations; None between chunks."""
        return self._chunk

    @property
    def rng_state(self) -> dict[str, Any]:
        """State of the generator, as JSON has it."""
        state: dict[str, Any] = dict(self.rng.bit_generator.state)
        return state

    @property
    def last_readings(self) -> tuple[Reading, ...]:
        """What was read since the last chunk, and how it went."""
        return self._readings

    def present(self, chunk: Chunk, readings: Iterable[Reading] = ()) -> None:
        """Let the next chunk wait for operations; its turns are in the context already.

        Args:
            chunk: The chunk.
            readings: What was read since the last one, for managers that learn from it.
        """
        self._chunk, self._readings = chunk, tuple(readings)

    def advance(self, operations: Iterable[Operation]) -> tuple[OperationResult, ...]:
        """Apply the operations for the chunk and return what they did."""
        results = tuple(map(self._apply, operations))
        self._chunk = None
        self.step_index += 1
        return results

    def _apply(self, operation: Operation) -> OperationResult:
        result = self.store.apply(operation, self.step_index)
        self.context.note(result)
        return result
