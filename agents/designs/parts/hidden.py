"""Entries that a design keeps for itself: they are invalidated, so that nobody finds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from memdojo.envs.memory.design_operations import Invalidate
from memdojo.envs.types import MemoryEntry

from .memory import DesignMemory


def hidden(memory: DesignMemory, kind: str) -> list[MemoryEntry]:
    """Return the entries of a kind that is kept so, in order of id."""
    return [entry for entry in memory.store.entries if entry.kind == kind]


def hide(
    memory: DesignMemory, text: str, *, sources: Sequence[str], time: datetime | None, kind: str
) -> None:
    """Keep a text so, where there is room for it; only others of its kind leave, the oldest first.

    Args:
        memory: Where it goes.
        text: What it says.
        sources: Ids of the turns that it came from, at least one.
        time: When that was said.
        kind: Of such entries alone.
    """
    entry = memory.add(text, sources=sources, time=time, kind=kind, leaving_first=hidden(memory, kind))
    if entry is not None:
        memory.apply(Invalidate(entry.id))
