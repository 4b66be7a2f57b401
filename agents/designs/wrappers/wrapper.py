"""`Wrapper`: a design around another, which does what that one does until told otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.types import Chunk, Hit

from ..parts.decisions import Steps
from ..parts.memory import DesignMemory
from ..parts.protocol import MemoryDesign


class Wrapper(MemoryDesign):
    """Writes, reads and learns as the design within.

    Args:
        design: The design within.
    """

    def __init__(self, design: MemoryDesign) -> None:
        self.design = design
        self.name, self.turns_per_chunk = design.name, design.turns_per_chunk
        self.writes, self.reads, self.decisions = design.writes, design.reads, design.decisions

    @property
    def description(self) -> str:
        """That of the design within."""
        return self.design.description

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Write as the design within."""
        yield from self.design.write(memory, chunk)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Read as the design within."""
        return (yield from self.design.read(memory, question, k))

    @property
    def learns(self) -> bool:
        """Whether the design within learns."""
        return self.design.learns

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Learn as the design within."""
        yield from self.design.learn(memory, readings)
