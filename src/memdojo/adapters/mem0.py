"""mem0 as a memory in our gym."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from memdojo.envs.memory.embedders import Embedder

from .foreign import Remembered
from .versions import require

require("mem0")

from mem0 import Memory  # noqa: E402  # A version that nobody tried may lack it.
from mem0.embeddings.base import EmbeddingBase  # noqa: E402

NO_KEY = "none"
"""What an endpoint without keys is given as one."""


class Mem0Memory:
    """A `ForeignMemory` (mem0ai 2.2): each turn is an `add` with its id as metadata, which keeps provenance.

    Set `MEM0_TELEMETRY=False` in the environment before this is imported if mem0 is not to report its use.

    Args:
        memory: A `mem0.Memory`; see `local_mem0`. It may be shared: each `Mem0Memory` is a user of its own.
        infer: Whether mem0's language model draws memories from what is said; else it is kept as it is.
    """

    def __init__(self, memory: Any, *, infer: bool = True) -> None:
        self._memory = memory
        self._infer = infer
        self._user = uuid4().hex

    def add(self, text: str, *, speaker: str, time: str, turns: Sequence[str]) -> None:
        """Let mem0 take a turn, as a message of a user with the speaker's name in it."""
        message = {"role": "user", "content": f"{speaker}: {text}"}
        metadata = {"turns": list(turns), "said_at": time}
        self._memory.add([message], user_id=self._user, metadata=metadata, infer=self._infer)

    def search(self, query: str, k: int) -> list[Remembered]:
        """Return what mem0 finds, with its default threshold of similarity."""
        found = self._memory.search(query, top_k=k, filters={"user_id": self._user})
        return [
            Remembered(each["memory"], tuple((each.get("metadata") or {}).get("turns", ())))
            for each in found["results"]
        ]


def local_mem0(embedder: Embedder, *, model: str = "", url: str | None = None, api_key: str = NO_KEY) -> Any:
    """Return a `mem0.Memory` that keeps everything in this process and embeds by one of our embedders.

    Args:
        embedder: Such as `make_embedder("wordllama")`.
        model: The language model that draws memories from what is said; not needed with `infer=False`.
        url: The OpenAI-compatible endpoint that serves it; by default OpenAI's.
        api_key: Its key.
    """
    from qdrant_client import QdrantClient

    store = {
        "client": QdrantClient(":memory:"),
        "collection_name": "memdojo",
        "embedding_model_dims": embedder.dim,
    }
    chat = {"model": model or None, "openai_base_url": url, "api_key": api_key}
    memory = Memory.from_config(
        {
            "vector_store": {"provider": "qdrant", "config": store},
            "llm": {"provider": "openai", "config": chat},
            # Replaced below: none of mem0's embedders works without a download or an account.
            "embedder": {"provider": "openai", "config": {"api_key": NO_KEY}},
            "history_db_path": ":memory:",
        }
    )
    memory.embedding_model = _OurEmbedder(embedder)
    return memory


class _OurEmbedder(EmbeddingBase):  # type: ignore[misc]  # mem0 is not looked into.
    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self._embedder = embedder

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        return [float(each) for each in self._embedder.embed([text])[0]]
