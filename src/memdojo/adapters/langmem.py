"""LangMem as a memory in our gym."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from pydantic import BaseModel

from memdojo.errors import ConfigError

from .foreign import Remembered
from .versions import require

require("langmem")

from langmem.knowledge.extraction import MemoryStoreManager  # noqa: E402  # Versions differ.


class LangMemMemory:
    """A `ForeignMemory` (langmem 0.0.30) that lets a `MemoryStoreManager` take each turn as a message.

    Its memories have provenance: every turn at which the manager wrote one counts among its sources.

    Args:
        manager: What `langmem.create_memory_store_manager` returns, over a store and with a model of yours.
            If its namespace has `{langgraph_user_id}`, as by default, several may share the store.

    Raises:
        ConfigError: If the manager is something else.
    """

    def __init__(self, manager: MemoryStoreManager) -> None:
        if not isinstance(manager, MemoryStoreManager):
            raise ConfigError(
                f"{type(manager).__name__} was given as LangMem's manager; give what "
                "langmem.create_memory_store_manager returns."
            )
        self._manager = manager
        self._config = {"configurable": {"langgraph_user_id": uuid4().hex}}
        self._turns: dict[str, dict[str, None]] = {}

    def add(self, text: str, *, speaker: str, time: str, turns: Sequence[str]) -> None:
        """Let LangMem take a turn, as a message of a user with the speaker's name and the time in it."""
        said = f"{speaker}: {text}" if not time else f"[{time}] {speaker}: {text}"
        written = self._manager.invoke({"messages": [{"role": "user", "content": said}]}, self._config)
        for memory in written:
            self._turns.setdefault(memory["key"], {}).update(dict.fromkeys(turns))

    def search(self, query: str, k: int) -> list[Remembered]:
        """Return what LangMem finds in its store."""
        found = self._manager.search(query=query, limit=k, config=self._config)
        return [Remembered(_text(item.value), tuple(self._turns.get(item.key, ()))) for item in found]


def _text(value: Any) -> str:
    """Return the content of a memory: that of an unstructured one, and the fields of others as JSON."""
    fields = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    content = fields["content"] if fields.keys() == {"content"} else fields
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
