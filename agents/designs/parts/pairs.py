"""`pair_features`: what is told of a new text and an old entry when a design chooses how they relate."""

from __future__ import annotations

import numpy as np

from memdojo.envs.streams.turn_features import SURFACE_FEATURES, surface_features
from memdojo.envs.types import MemoryEntry

from ..roles.protocol import Relation
from .memory import DesignMemory

PAIR_FEATURES = (
    *("nearness", "contradicts", "extends", "age", "tokens", "old_tokens"),
    *SURFACE_FEATURES,
    *(f"old_{name}" for name in SURFACE_FEATURES),
)


def pair_features(
    memory: DesignMemory, text: str, old: MemoryEntry, nearness: float, relation: Relation
) -> tuple[float, ...]:
    """Return `PAIR_FEATURES`.

    Args:
        memory: Where the old entry is.
        text: What is new.
        old: The entry.
        nearness: Cosine of both.
        relation: How the new text relates to the old one.
    """
    count = memory.store.count_tokens
    return (
        nearness,
        relation is Relation.CONTRADICTS,
        relation is Relation.EXTENDS,
        float(np.log1p(max(memory.step - old.updated_step, 0))),
        float(np.log1p(count(text))),
        float(np.log1p(count(old.text))),
        *surface_features(text),
        *surface_features(old.text),
    )
