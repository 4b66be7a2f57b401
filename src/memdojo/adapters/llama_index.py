"""LlamaIndex's memory block over a memory: messages that leave the chat are remembered by a manager."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.deploy.open_memory import open_memory
from memdojo.envs.quoting import one_line, without_marks
from memdojo.errors import ConfigError

from .left_out import LeftOut
from .versions import require

require("llama-index")

from llama_index.core.base.llms.types import ChatMessage, MessageRole  # noqa: E402  # Versions differ.
from llama_index.core.bridge.pydantic import PrivateAttr  # noqa: E402
from llama_index.core.memory import BaseMemoryBlock  # noqa: E402
from llama_index.core.utils import get_tokenizer  # noqa: E402


class MemdojoBlock(BaseMemoryBlock[str]):  # type: ignore[misc]  # LlamaIndex is not looked into.
    """A memory block (llama-index-core 0.12.42 to 0.14) that remembers by a manager.

    `Memory` hands over the messages that leave its queue, and the manager decides what to keep of them. For a
    prompt the block gives the entries that are found for the user's last message, one a line, best first.
    `Memory` asks a block to give up tokens where its limit is exceeded and the block's priority is not 0: the
    entries that were found last go first.

    Calls of tools are told as texts. Pictures, sounds and documents in messages are not remembered, but
    counted in `left_out`. `Memory` keeps the messages themselves in its own store, out of the prompt.

    Args:
        memory: The memory, or its file. A block for several sessions remembers all of them together.
        name: Names the block in the prompt.
        priority: As for every block: 0 is never truncated, and others from 1 on.
        top_k: Most entries for a prompt; by default those of the memory.
        accept_short_term_memory: Whether it takes the messages that leave the queue.
        **options: Where a file was given, as for `memdojo.open_memory`.
    """

    top_k: int | None = None

    _memory: MemoryAgent = PrivateAttr()
    _left_out: LeftOut = PrivateAttr(default_factory=LeftOut)

    def __init__(
        self,
        memory: MemoryAgent | str | Path,
        *,
        name: str = "memdojo",
        priority: int = 0,
        top_k: int | None = None,
        accept_short_term_memory: bool = True,
        **options: Any,
    ) -> None:
        if isinstance(memory, MemoryAgent) and options:
            raise ConfigError(
                f"the memory is open already, so {sorted(options)} came too late; leave them out."
            )
        super().__init__(
            name=name, priority=priority, top_k=top_k, accept_short_term_memory=accept_short_term_memory
        )
        self._memory = memory if isinstance(memory, MemoryAgent) else open_memory(memory, **options)

    @property
    def memory(self) -> MemoryAgent:
        """The `MemoryAgent`."""
        return self._memory

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many parts of messages were no text, by kind."""
        return self._left_out.counts

    async def _aget(self, messages: list[Any] | None = None, **block_kwargs: Any) -> str:
        """Return what is found for the last message of the user; "" without one."""
        asked = (message for message in reversed(messages or []) if message.role == MessageRole.USER)
        query = next((text for message in asked if (text := (message.content or "").strip())), "")
        if not query:
            return ""
        hits = await asyncio.to_thread(self._memory.search, query, self.top_k)
        # An entry is a line, so that `atruncate` knows where one ends.
        return "\n".join(without_marks(one_line(hit.entry.text)) for hit in hits)

    async def _aput(self, messages: list[Any]) -> None:
        """Say messages to the manager.

        Raises:
            AgentError: If it failed; the turns are kept and wait.
        """
        turns = [
            (message.role.value, text)
            for message in messages
            if (text := "\n".join(self._texts(message)).strip())
        ]
        await asyncio.to_thread(self._memory.observe_many, turns)

    async def atruncate(self, content: str, tokens_to_truncate: int) -> str | None:
        """Return what is found without its last entries: at least so many tokens less, or None."""
        tokenize, lines = get_tokenizer(), content.split("\n")
        most = len(tokenize(content)) - tokens_to_truncate
        while lines and len(tokenize("\n".join(lines))) > most:
            lines.pop()
        return "\n".join(lines) or None

    def _texts(self, message: ChatMessage) -> Iterable[str]:
        """Yield the texts of a message, and its calls of tools as texts."""
        for block in message.blocks:
            kind = block.block_type
            if kind == "text":
                yield block.text
            elif kind == "tool_call":
                yield _told(block.tool_name, block.tool_kwargs)
            else:
                self._left_out.note(kind)
        # Before there were blocks for them, and still by some models, calls come beside the blocks.
        for call in message.additional_kwargs.get("tool_calls") or ():
            function = call.get("function", call) if isinstance(call, Mapping) else call.function
            if isinstance(function, Mapping):
                yield _told(function.get("name"), function.get("arguments"))
            else:
                yield _told(function.name, function.arguments)


def _told(name: object, arguments: object) -> str:
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False, default=str)
    return f"calls {name} with {arguments}"
