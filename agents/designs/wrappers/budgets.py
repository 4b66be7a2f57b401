"""Budgets: how much a design may hand over for a question, and how much it may write at a chunk."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.types import Chunk, Hit, Operation, OperationResult
from memdojo.errors import ConfigError

from ..parts.decisions import Steps
from ..parts.memory import DesignMemory
from ..parts.protocol import MemoryDesign
from .wrapper import Wrapper


class EntryBudget(Wrapper):
    """Hands over at most so many entries for a question, and lets the design look for no more.

    Args:
        design: The design that finds them.
        max_entries: Most entries.

    Raises:
        ConfigError: If `max_entries` is below 1.
    """

    def __init__(self, design: MemoryDesign, max_entries: int) -> None:
        super().__init__(design)
        if max_entries < 1:
            raise ConfigError(f"the budget of entries is {max_entries}; give at least 1.")
        self.max_entries = max_entries

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what the design finds where it may hand over no more."""
        most = min(k, self.max_entries)
        return (yield from self.design.read(memory, question, most))[: max(most, 0)]


class TokenBudget(Wrapper):
    """Hands over at most so many tokens for a question: the best hits, as far as they fit.

    A hit that does not fit beside those before it is left out, and those behind it still count.

    Args:
        design: The design that finds them.
        max_tokens: Most tokens of all texts together, as the store counts.

    Raises:
        ConfigError: If `max_tokens` is below 1.
    """

    def __init__(self, design: MemoryDesign, max_tokens: int) -> None:
        super().__init__(design)
        if max_tokens < 1:
            raise ConfigError(f"the token budget is {max_tokens}; give at least 1.")
        self.max_tokens = max_tokens

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what the design finds, as far as it fits."""
        hits = yield from self.design.read(memory, question, k)
        room, handed_over = self.max_tokens, []
        for hit in hits[: max(k, 0)]:
            cost = memory.store.count_tokens(hit.entry.text)
            if cost <= room:
                handed_over.append(hit)
                room -= cost
        return tuple(handed_over)


class WriteBudget(Wrapper):
    """Lets a design do at most so many operations at a chunk, those of learning among them.

    Where it wants to do one more it is stopped, and goes on with the next chunk; what it had in hand is not
    written.

    Args:
        design: The design that writes.
        max_operations: Most operations at a chunk.

    Raises:
        ConfigError: If `max_operations` is below 1.
    """

    def __init__(self, design: MemoryDesign, max_operations: int) -> None:
        super().__init__(design)
        if max_operations < 1:
            raise ConfigError(f"the write budget is {max_operations}; give at least 1 operation.")
        self.max_operations = max_operations

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Write as the design does, until the operations are spent."""
        limited = _LimitedMemory(memory, self.max_operations)
        try:
            yield from self.design.write(limited, chunk)
        except _BudgetSpentError:
            return

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Learn as the design does, until the operations are spent."""
        limited = _LimitedMemory(memory, self.max_operations)
        try:
            yield from self.design.learn(limited, readings)
        except _BudgetSpentError:
            return


class _BudgetSpentError(Exception):
    """Stops a design that wants to do one operation too many."""


class _LimitedMemory(DesignMemory):
    """A memory, its store and its list of operations, in which no more than so many are done."""

    def __init__(self, memory: DesignMemory, max_operations: int) -> None:
        super().__init__(memory.store, step=memory.step, embedder=memory.embedder)
        self.operations = memory.operations
        self._memory = memory
        self._max_operations = max_operations

    def apply(self, operation: Operation) -> OperationResult:
        if len(self.operations) >= self._max_operations:
            raise _BudgetSpentError
        return self._memory.apply(operation)
