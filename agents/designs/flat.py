"""The plain memory: every turn as it was said."""

from __future__ import annotations

from memdojo.envs.types import Chunk, Hit

from .parts.decisions import Steps
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE, add_turn
from .parts.writing import oldest_first


class Flat(MemoryDesign):
    """Stores every turn verbatim and looks it up by BM25; the oldest leaves.

    Source: the retrieval baseline of LoCoMo (arXiv:2402.17753, section 6.1), over dialogue turns.
    """

    name = "flat"
    writes = ("turn",)
    decisions = (LEAVE,)

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn; who leaves is a choice."""
        for turn in chunk.turns:
            yield from add_turn(memory, turn, lambda: oldest_first(memory))

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what shares a term with the question, by BM25."""
        yield from ()
        return memory.matching(question, k)
