"""Experiences: reports of tasks as entries, and how near their tasks are to another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from memdojo.envs.answering.solver import answer_key, case_told
from memdojo.envs.streams.cases import Case
from memdojo.envs.streams.rendering import split_turn
from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import Chunk, Hit, MemoryEntry

from .decisions import Steps
from .likeness import vector_of
from .memory import DesignMemory
from .room import add_turn
from .writing import oldest_first

EXPERIENCE = "experience"
"""Kind of the entries."""


def add_experiences(
    memory: DesignMemory, chunk: Chunk, order: Callable[[], Sequence[MemoryEntry]] | None = None
) -> Steps[tuple[MemoryEntry, ...]]:
    """Store each turn as it is, so that the report of a task stays one text, and return the entries.

    Args:
        memory: Where they go.
        chunk: The turns.
        order: Returns who may leave a full store, the first to leave in front; by default the oldest.
    """
    added: list[MemoryEntry] = []
    for turn in chunk.turns:
        leaving = order or (lambda: oldest_first(memory))
        added += yield from add_turn(memory, turn, leaving, kind=EXPERIENCE)
    return tuple(added)


def experiences(memory: DesignMemory) -> tuple[MemoryEntry, ...]:
    """Return the experiences that are there, in order of id."""
    return memory.of_kind(EXPERIENCE)


def task_told(entry: MemoryEntry) -> str:
    """Return the task of the case that an entry tells; all that it says where it tells none."""
    case = case_told(entry.text)
    return split_turn(entry.text)[1] if case is None else case.text


def same_outcome(first: Case | None, second: Case | None) -> bool:
    """Return whether two cases have the same answer and the same verdict; no case has that of another."""
    if first is None or second is None:
        return False
    return (answer_key(first.answer), first.verdict) == (answer_key(second.answer), second.verdict)


def task_vectors(memory: DesignMemory, entries: Sequence[MemoryEntry]) -> FloatArray:
    """Return the unit vectors of the entries' tasks, without answers and verdicts, shape (N, dim)."""
    if not entries:
        return np.zeros((0, memory.embedder.dim), np.float32)
    return np.stack([vector_of(memory.embedder, task_told(entry)) for entry in entries])


def task_nearness(memory: DesignMemory, task: str, entries: Sequence[MemoryEntry]) -> FloatArray:
    """Return the cosine of a task with that of each entry, shape (num_entries,)."""
    nearness: FloatArray = task_vectors(memory, entries) @ vector_of(memory.embedder, task)
    return nearness


def nearest_tasks(
    memory: DesignMemory, task: str, k: int, entries: Sequence[MemoryEntry] | None = None
) -> tuple[Hit, ...]:
    """Return the entries whose tasks are nearest to a task, with the cosines, nearest first.

    Args:
        memory: Whose entries they are.
        task: The task.
        k: How many at most.
        entries: Among which; by default all experiences.
    """
    among = experiences(memory) if entries is None else entries
    hits = [Hit(*pair) for pair in zip(among, task_nearness(memory, task, among).tolist(), strict=True)]
    return tuple(sorted(hits, key=lambda hit: (-hit.score, -hit.entry.id))[: max(k, 0)])
