"""The entries that a manager had stored when each question fell due, for others to be asked over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ..memory.store import MemoryStore
from ..types import Capacity, MemoryEntry
from .context import StreamContext, questions_in_order

StoredByQuestion = Mapping[str, tuple[MemoryEntry, ...]]
"""The entries that a store held when each question of a stream fell due, by question id."""


@dataclass(frozen=True, slots=True, eq=False)
class WrittenMemories:
    """What a manager left of several streams.

    Attributes:
        name: Of the manager.
        of_stream: The memory of each stream, by its id.
    """

    name: str
    of_stream: Mapping[str, StoredByQuestion]


def stores_of(
    context: StreamContext, memory: StoredByQuestion, tokenizer: str | None = None
) -> list[MemoryStore]:
    """Return a store for each question of a stream, in the order in which they are asked.

    Args:
        context: The stream.
        memory: What a manager left of it.
        tokenizer: Whose tokens the stores count; None counts by `count_tokens`.
    """
    made: dict[int, MemoryStore] = {}
    stores = []
    for question in questions_in_order(context.stream):
        entries = memory[question.id]
        if id(entries) not in made:
            unlimited = Capacity(max_entry_tokens=None, tokenizer=tokenizer)
            made[id(entries)] = MemoryStore.from_entries(entries, capacity=unlimited, corpus=context.corpus)
        stores.append(made[id(entries)])
    return stores


def memory_as_json(memory: StoredByQuestion) -> dict[str, Any]:
    """Return a memory in plain values: each state of an entry once, then every store."""
    places: dict[MemoryEntry, int] = {}
    stores: dict[tuple[MemoryEntry, ...], list[str]] = {}
    for question, entries in memory.items():
        stores.setdefault(entries, []).append(question)
    held = [
        {"questions": questions, "entries": [places.setdefault(entry, len(places)) for entry in entries]}
        for entries, questions in stores.items()
    ]
    return {"entries": [_entry_as_json(entry) for entry in places], "stores": held}


def _entry_as_json(entry: MemoryEntry) -> dict[str, Any]:
    return asdict(entry) | {"time": None if entry.time is None else entry.time.isoformat()}


def memory_from_json(record: Mapping[str, Any]) -> StoredByQuestion:
    """Return what `memory_as_json` returned as a memory again.

    Raises:
        KeyError, TypeError, ValueError, IndexError: If it is something else.
    """
    entries = [
        MemoryEntry(
            **fields
            | {
                "time": None if fields["time"] is None else datetime.fromisoformat(fields["time"]),
                "sources": tuple(fields["sources"]),
                "links": tuple(fields["links"]),
                # Missing in what was written before entries had them.
                "tags": tuple(fields.get("tags", ())),
                "replaces": tuple(fields.get("replaces", ())),
            }
        )
        for fields in record["entries"]
    ]
    memory: dict[str, tuple[MemoryEntry, ...]] = {}
    for store in record["stores"]:
        memory |= dict.fromkeys(store["questions"], tuple(entries[place] for place in store["entries"]))
    return memory
