"""`fuse`: several rankings as one."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.types import Hit, MemoryEntry

CONSTANT = 60
"""As in the paper of reciprocal-rank fusion (Cormack et al., SIGIR 2009)."""


def fuse(rankings: Sequence[Sequence[Hit]], k: int, constant: float = CONSTANT) -> tuple[Hit, ...]:
    """Return at most `k` entries by the sum of 1 / (constant + rank) over the rankings that have them.

    Args:
        rankings: Each with the best in front; ranks count from 1.
        k: Most entries to return.
        constant: How little the first ranks stand out.
    """
    scores: dict[int, float] = {}
    entries: dict[int, MemoryEntry] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, 1):
            entries[hit.entry.id] = hit.entry
            scores[hit.entry.id] = scores.get(hit.entry.id, 0.0) + 1 / (constant + rank)
    best = sorted(scores, key=lambda id: (-scores[id], id))[:k]
    return tuple(Hit(entries[id], scores[id]) for id in best)
