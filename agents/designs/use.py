"""How often entries were read, and how often that helped: what readings leave in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.design_operations import Value

from .memory import DesignMemory


def count_use(memory: DesignMemory, readings: Sequence[Reading], success: float) -> None:
    """Count a reading for each entry that was read and is still there, and a help where the answer was right.

    An answer that nobody graded counts for nothing.

    Args:
        memory: Whose entries they are.
        readings: What was read.
        success: Score from which on an answer is right.
    """
    reads: Counter[int] = Counter()
    helps: Counter[int] = Counter()
    for reading in readings:
        if reading.score is None:
            continue
        ids = [entry.id for entry in reading.entries]
        reads.update(ids)
        if reading.score >= success:
            helps.update(ids)
    for id, count in reads.items():
        if memory.get(id) is not None:
            memory.apply(Value(id, reads=count, helps=helps[id]))
