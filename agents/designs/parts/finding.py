"""`FOUND_FEATURES`: how well what was found goes with a question, for decisions whether that will do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.types import MemoryEntry

from ..roles.coverage import Asked
from .memory import DesignMemory

FOUND_FEATURES = (
    "best_nearness",
    "best_match",
    "next_match",
    "best_coverage",
    "next_coverage",
    "may_answer",
    "num_found",
)


def found_features(memory: DesignMemory, question: str, found: Sequence[MemoryEntry]) -> tuple[float, ...]:
    """Return `FOUND_FEATURES` of some entries.

    They are the cosine of the nearest; the BM25 scores of the two that match best; the shares of the
    question's weighted words in the two that have most of them; whether one of them has most and something of
    the sort that the question wants; and how many they are. Scores of BM25 and counts are logarithmic.

    Args:
        memory: Whose entries they are.
        question: The question.
        found: Any number, in any order.
    """
    asked = Asked(question, [entry.text for entry in found])
    best_match, next_match = _two_best(np.log1p(memory.bm25(question, found)))
    best_coverage, next_coverage = _two_best(asked.coverage)
    return (
        float(memory.nearness(question, found).max(initial=0)),
        best_match,
        next_match,
        best_coverage,
        next_coverage,
        float(asked.is_answered()),
        float(np.log1p(len(found))),
    )


def _two_best(values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float32]]) -> tuple[float, float]:
    best, second, *_ = (*sorted((float(value) for value in values), reverse=True), 0.0, 0.0)
    return best, second
