"""The hand-made retriever: the cues a person would combine to find the turn that answers a question."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from memdojo.envs.features.retrieval import RETRIEVAL_FEATURES, RetrievalFeatures
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Hit
from memdojo.errors import unknown_name

HYBRID_WEIGHTS: Mapping[str, float] = {
    "bm25_z": 1.0,
    "dense_z": 0.25,
    "speaker_named": 2.0,
    "date_match": 2.0,
    "session_mean": 1.0,
    "answers_matching_question": 2.0,
}
"""Weights over `RETRIEVAL_FEATURES`, chosen by hand on one conversation (LoCoMo's conv-26)."""


class HandHybridRetriever:
    """Ranks by a hand-made weighted sum of `RETRIEVAL_FEATURES`.

    That is: the standardised BM25 and dense scores, whether the question names the speaker, whether its date
    fits the entry's, how well the entry's session matches, and whether the entry answers a turn that matches.
    It sees what the learned retriever sees, so that the two differ in their weights alone.

    Args:
        weights: Weight by feature.
        embedder: Name of the embedder behind the dense features.

    Raises:
        UnknownNameError: If a feature or the embedder is unknown.
    """

    def __init__(
        self, weights: Mapping[str, float] = HYBRID_WEIGHTS, embedder: str = "hashed_ngrams"
    ) -> None:
        self._weights = np.zeros(len(RETRIEVAL_FEATURES), dtype=np.float32)
        for name, weight in weights.items():
            if name not in RETRIEVAL_FEATURES:
                raise unknown_name("retrieval feature", name, RETRIEVAL_FEATURES)
            self._weights[RETRIEVAL_FEATURES.index(name)] = weight
        self._features = RetrievalFeatures(embedder)
        self.embedder = embedder

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return the `k` entries of the highest sum, however low it is.

        Raises:
            ValueError: If `k` is negative.
        """
        if k < 0:
            raise ValueError(f"k is {k}; give the number of entries wanted, 0 or more.")
        entries = store.readable
        if not entries:
            return ()
        scores = self._features.observe(store, query).features @ self._weights
        # Entries are in order of id, and a stable sort leaves equal ones so.
        best = np.argsort(-scores, kind="stable")[:k].tolist()
        return tuple(Hit(entries[index], float(scores[index])) for index in best)
