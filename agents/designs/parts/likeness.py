"""How alike texts are in what they say, whoever says it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.memory.embedders import Embedder
from memdojo.envs.memory.lru_cache import LRUCache
from memdojo.envs.streams.rendering import split_turn
from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import Hit, MemoryEntry

from .memory import DesignMemory

_MAX_COMPARED = 32
"""Entries whose words are looked at, those nearest as they stand in the store."""

_vectors: LRUCache[FloatArray] = LRUCache(1 << 14)


def most_alike(memory: DesignMemory, text: str, entries: Sequence[MemoryEntry], k: int = 1) -> list[Hit]:
    """Return the entries that say what is most like a text, with the cosines, highest first.

    The speakers in front of texts do not count: in an embedding of a short text a name is a good part of it,
    and all that one person says would be alike.

    Args:
        memory: Whose entries they are.
        text: A text, with or without its speaker.
        entries: Those to compare it with; of many, only those nearest to it as they stand.
        k: How many to return at most.
    """
    compared = list(entries)
    if len(compared) > _MAX_COMPARED:
        nearest = np.argsort(-memory.nearness(text, compared), kind="stable")[:_MAX_COMPARED]
        compared = [compared[place] for place in nearest]
    hits = [Hit(entry, likeness(memory.embedder, text, entry.text)) for entry in compared]
    return sorted(hits, key=lambda hit: (-hit.score, hit.entry.id))[:k]


def likeness(embedder: Embedder, first: str, second: str) -> float:
    """Return the cosine of what two texts say, in [-1, 1]."""
    return float(vector_of(embedder, split_turn(first)[1]) @ vector_of(embedder, split_turn(second)[1]))


def vector_of(embedder: Embedder, said: str) -> FloatArray:
    """Return the unit vector of a text as it is, shape (embedder.dim,); those asked for last are kept."""
    return _vectors.get_or_make((embedder.name, said), lambda: embedder.embed([said])[0])
