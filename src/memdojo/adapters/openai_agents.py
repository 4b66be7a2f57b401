"""The OpenAI Agents SDK's session over a memory: what is kept is shown, not the transcript."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.deploy.open_memory import open_memory
from memdojo.envs.quoting import one_line, without_marks
from memdojo.envs.streams.rendering import split_turn
from memdojo.envs.types import MemoryEntry
from memdojo.errors import ConfigError, MissingDependencyError, UnknownNameError

from .left_out import LeftOut
from .versions import require

require("openai-agents")

try:
    from agents.memory import SessionABC
except ModuleNotFoundError as error:
    raise MissingDependencyError(
        "openai-agents is installed, but Python finds another package named `agents` first, such as the "
        "folder of that name in a checkout of memdojo; start Python in another folder."
    ) from error

MAX_ITEMS = 256
"""So many items are known word for word, to be taken back."""

HEADING = "What is remembered of earlier conversations:"
"""First line of the item that shows the memory."""


class MemdojoSession(SessionABC):  # type: ignore[misc]  # The SDK is not looked into.
    """A session (openai-agents 0.20 to 0.24) that remembers by a manager instead of keeping the transcript.

    The items of a run are said to the manager when the run hands them over, and a later run sees what the
    manager kept, as one message. Nothing else comes back: not the wording where the manager changed it, no
    ids and no calls of tools, which are told as texts. Within a run the SDK keeps its own items, so that
    calls and their outputs stay together.

    By default a run is shown all entries. With `RunConfig(call_model_input_filter=session.recall)` every call
    of the model is shown those that are found for what the user said last.

    Args:
        session_id: Names the session.
        memory: The memory, or its file; another session over the same memory remembers the same.
        **options: Where a file was given, as for `memdojo.open_memory`.

    Attributes:
        memory: The `MemoryAgent`.
        left_out: What was no text, by kind; it was not remembered.
    """

    def __init__(self, session_id: str, memory: MemoryAgent | str | Path, **options: Any) -> None:
        if isinstance(memory, MemoryAgent) and options:
            raise ConfigError(
                f"the memory is open already, so {sorted(options)} came too late; leave them out."
            )
        self.session_id = session_id
        self.session_settings: Any = None
        self.memory = memory if isinstance(memory, MemoryAgent) else open_memory(memory, **options)
        self._left_out = LeftOut()
        self._added: deque[tuple[Any, list[tuple[str, str]]]] = deque(maxlen=MAX_ITEMS)
        self._adding = asyncio.Lock()

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many parts of items were no text, by kind."""
        return self._left_out.counts

    async def get_items(self, limit: int | None = None) -> list[Any]:
        """Return one message with what is remembered, oldest first, or none if there is nothing.

        Args:
            limit: Most entries in it, the latest; by default that of `session_settings`, else all.

        Raises:
            AgentError: If turns waited for the manager, and it failed.
        """
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        if self.memory.waiting:
            await asyncio.to_thread(self.memory.flush)
        entries = [entry for entry in self.memory.entries if entry.ended is None]
        return _shown(entries if limit is None else entries[len(entries) - min(limit, len(entries)) :])

    async def add_items(self, items: list[Any]) -> None:
        """Say items to the manager.

        Raises:
            AgentError: If it failed; the turns are kept and wait.
        """
        said = [[(speaker, text) for speaker, text in self._turns(item) if text.strip()] for item in items]
        async with self._adding:
            before = self.memory.num_turns
            try:
                await asyncio.to_thread(self.memory.observe_many, [turn for turns in said for turn in turns])
            finally:
                if self.memory.num_turns > before:
                    for item, turns in zip(items, said, strict=True):
                        ids = (f"t{before + number}" for number in range(1, len(turns) + 1))
                        self._added.append((item, list(zip(ids, (text for _, text in turns), strict=True))))
                        before += len(turns)

    async def pop_item(self) -> Any:
        """Take back the item that was added last, with all entries that came from it, and return it.

        Only what this object added is known as an item, and of that the last 256. An entry that the manager
        wrote from the item and from earlier ones goes as a whole.

        Returns:
            The item, or None if the memory is empty.

        Raises:
            UnknownNameError: If the memory is not empty, but this object has added nothing that is left.
        """
        async with self._adding:
            if not self._added:
                if not self.memory.entries and not self.memory.waiting:
                    return None
                raise UnknownNameError(
                    f"the session {self.session_id!r} has no item that can be taken back: its memory was "
                    "written by others, and keeps no items; forget entries by memory.forget(entry)."
                )
            item, turns = self._added.pop()
            await asyncio.to_thread(self._forget, turns)
            return item

    async def clear_session(self) -> None:
        """Forget everything, in the file's bytes as well."""
        async with self._adding:
            self._added.clear()
            await asyncio.to_thread(self._clear)

    async def recall(self, data: Any) -> Any:
        """Show a call of the model what is found for the user's last words: a `call_model_input_filter`.

        Args:
            data: The SDK's `CallModelData`.

        Returns:
            Its `model_data`, in which what is found stands in place of all that is remembered.
        """
        rest = [item for item in data.model_data.input if not _shows(item)]
        asked = next((text for item in reversed(rest) if (text := _words_of_user(item))), "")
        hits = await asyncio.to_thread(self.memory.search, asked) if asked else ()
        # The SDK adds the user's words before it calls the model, which has them already.
        found = _shown([hit.entry for hit in hits if split_turn(hit.entry.text)[1].strip() != asked])
        return dataclasses.replace(data.model_data, input=[*found, *rest])

    def _turns(self, item: Any) -> Iterable[tuple[str, str]]:
        """Yield what an item says, by whom."""
        kind = item.get("type") or "message"
        if kind == "message":
            yield str(item["role"]), " ".join(self._texts(item.get("content")))
        elif kind == "function_call":
            yield "assistant", f"calls {item['name']} with {item['arguments']}"
        elif kind == "function_call_output":
            yield "tool", " ".join(self._texts(item["output"]))
        else:
            self._left_out.note(kind)

    def _texts(self, content: Any) -> list[str]:
        if isinstance(content, str):
            return [content]
        if not isinstance(content, Sequence):
            return [] if content is None else [json.dumps(content, ensure_ascii=False, default=str)]
        texts = []
        for part in content:
            text = part.get("text") or part.get("refusal")
            if isinstance(text, str):
                texts.append(text)
            else:
                self._left_out.note(str(part.get("type")))
        return texts

    def _forget(self, turns: Iterable[tuple[str, str]]) -> None:
        # What the manager did not keep is not found. Nor is what another process said in between.
        for id, text in turns:
            found = (turn for turn in self.memory.find_said(text) if (turn.id, turn.text) == (id, text))
            for turn in found:
                self.memory.forget_turn(turn)

    def _clear(self) -> None:
        self.memory.discard_waiting()
        self.memory.forget_many(self.memory.entries)
        self.memory.purge()


def _shown(entries: Sequence[MemoryEntry]) -> list[Any]:
    if not entries:
        return []
    # A text is a line, and none of it a mark of the model's template, whatever somebody said.
    lines = "\n".join(without_marks(one_line(entry.text)) for entry in entries)
    return [{"role": "user", "content": f"{HEADING}\n{lines}"}]


def _shows(item: Any) -> bool:
    content = item.get("content")
    return isinstance(content, str) and content.startswith(f"{HEADING}\n")


def _words_of_user(item: Any) -> str:
    content: Any = item.get("content") if item.get("role") == "user" else ""
    if isinstance(content, list | tuple):
        content = " ".join(str(part.get("text") or "") for part in content)
    return content.strip() if isinstance(content, str) else ""
