"""ExpRAG (Evo-Memory, 2025): every experience is kept, and the most similar ones are handed over."""

from __future__ import annotations

from memdojo.envs.types import Chunk, Hit

from .parts.decisions import Steps
from .parts.experience import EXPERIENCE, add_experiences, nearest_tasks
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE


class ExpRAG(MemoryDesign):
    """Appends what came of every task, and hands over that of the most similar tasks.

    Source: ExpRAG of Evo-Memory (arXiv:2511.20857): an experience is task, answer and feedback; nothing is
    ever changed. The paper's store has no limit; in one that is full the oldest leaves.
    """

    name = "exp_rag"
    writes = (EXPERIENCE,)
    reads = (EXPERIENCE,)
    decisions = (LEAVE,)

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn as it is; who leaves is a choice."""
        yield from add_experiences(memory, chunk)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return those whose tasks are nearest."""
        yield from ()
        return nearest_tasks(memory, question, k)
