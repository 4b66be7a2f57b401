"""How often entries were read, and how often that helped; and the choice to forget what did not help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.design_operations import Value
from memdojo.envs.types import Delete, MemoryEntry

from .decisions import DecisionKind, Steps, decide
from .memory import DesignMemory

DROP = DecisionKind(
    "drop",
    "Whether an entry that did not help is forgotten.",
    options=("keep", "drop"),
    state_features=("reads", "helps", "share", "age", "tokens", "num_entries"),
)


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


def move_utilities(memory: DesignMemory, reading: Reading, step_size: float) -> float:
    """Move the utility of what was handed over towards 1 where the answer was right, and else towards -1.

    The Q of MemRL (arXiv:2601.03192) without a next state: Q + step_size * (reward - Q). Nothing moves where
    nobody says how it went.

    Args:
        memory: Whose entries they are.
        reading: What was handed over, and what came of it.
        step_size: In (0, 1].

    Returns:
        The reward; 0 where nobody says.
    """
    if reading.score is None:
        return 0.0
    reward = 1.0 if reading.score == 1 else -1.0
    for read in reading.entries:
        if (entry := memory.get(read.id)) is not None:
            moved = entry.utility + step_size * (reward - entry.utility)
            memory.apply(Value(entry.id, reads=1, helps=int(reward > 0), utility=moved))
    return reward


def drop_features(memory: DesignMemory, entry: MemoryEntry) -> tuple[float, ...]:
    """Return the features of `DROP` for an entry."""
    return (
        np.log1p(entry.reads),
        np.log1p(entry.helps),
        entry.helps / max(entry.reads, 1),
        np.log1p(max(memory.step - entry.updated_step, 0)),
        np.log1p(memory.store.count_tokens(entry.text)),
        np.log1p(len(memory.store)),
    )


def drop_if_chosen(memory: DesignMemory, entry: MemoryEntry, by_rule: bool) -> Steps[None]:
    """Ask whether an entry is forgotten, and forget it.

    Args:
        memory: Whose entry it is.
        entry: The entry.
        by_rule: Whether the rule forgets it.
    """
    option = yield from decide(
        DROP,
        int(by_rule),
        state_features=drop_features(memory, entry),
        about=entry.text,
        entries=(None, entry.id),
    )
    if option == 1:
        memory.apply(Delete(entry.id))
