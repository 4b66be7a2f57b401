"""BM25 over the live documents of a corpus: exact after every change, and forkable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log1p

import numpy as np
import numpy.typing as npt

from .corpus import Corpus, with_room


@dataclass(frozen=True, slots=True)
class Compaction:
    """When dead documents make up so much of a corpus that a store leaves them behind.

    Only the store's own layer counts: a shared corpus below it may be much larger than any store on it.

    Attributes:
        max_ratio: Documents of the layer for each live document; infinity never compacts.
        slack: Documents that are allowed beyond that, so that small stores do not compact all the time.
    """

    max_ratio: float = 4
    slack: int = 1024

    def is_due(self, num_documents: int, num_live_documents: int) -> bool:
        """Return whether a layer of `num_documents` has too few live ones."""
        return num_documents > self.max_ratio * num_live_documents + self.slack


class BM25Index:
    """Counts how often each document of a corpus is live, and scores the live ones for a query.

    The corpus is shared with forks and only grows; what an index owns is one count per document. So a
    change costs O(length of its text) whatever the size of the index, and a fork costs O(1): both sides read
    the same counts until one of them writes, which copies them (four bytes a document).
    """

    __slots__ = (
        "_live",
        "_live_is_shared",
        "_num_writes",
        "compaction",
        "corpus",
        "num_entries",
        "num_live_documents",
        "total_terms",
    )

    def __init__(self, corpus: Corpus, compaction: Compaction) -> None:
        self.corpus = corpus
        self.compaction = compaction
        self.num_entries = 0
        """Live documents, each counted as often as it is live."""
        self.num_live_documents = 0
        """Distinct live documents."""
        self.total_terms = 0
        """Terms over all entries."""
        self._live = np.zeros(len(corpus), dtype=np.int32)
        self._live_is_shared = False
        self._num_writes = 0

    def add(self, document: int) -> None:
        """Count `document` as live once more."""
        live = self._writable_live()
        live[document] += 1
        self.num_live_documents += int(live[document] == 1)
        self.num_entries += 1
        self.total_terms += int(self.corpus.num_terms[document])

    def remove(self, document: int) -> None:
        """Count `document` as live once less."""
        live = self._writable_live()
        live[document] -= 1
        self.num_live_documents -= int(live[document] == 0)
        self.num_entries -= 1
        self.total_terms -= int(self.corpus.num_terms[document])

    def fork(self) -> BM25Index:
        """Return an independent index over the same corpus."""
        fork = BM25Index.__new__(BM25Index)
        for name in BM25Index.__slots__:
            setattr(fork, name, getattr(self, name))
        self._live_is_shared = fork._live_is_shared = True
        fork._num_writes = 0
        return fork

    def live(self) -> npt.NDArray[np.int32]:
        """Return how many entries hold each document, shape (num_documents,). Do not write to it."""
        num_documents = len(self.corpus)
        if len(self._live) < num_documents:
            # Another fork added documents. Zeros at the end change nothing for forks that share the counts.
            self._live = with_room(self._live, num_documents)
            self._live_is_shared = False
        return self._live[:num_documents]

    def document_frequency(self, terms: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return in how many entries each of `terms` (as analyzed) occurs, shape (num_terms,)."""
        postings, found, sizes = self.corpus.postings(terms)
        frequencies = np.zeros(len(terms), dtype=np.int64)
        if found:
            frequencies[found] = np.add.reduceat(self.live()[postings[:, 0]], _starts(sizes))
        return frequencies

    def scores(self, query: str, k1: float = 1.2, b: float = 0.75) -> npt.NDArray[np.float64]:
        """Return the BM25 score of every document for `query`, shape (num_documents,).

        Lucene's variant (Kamphuis et al., ECIR 2020, table 1), as `bm25s` has it under `method="lucene"`:
        the sum over the query's terms t of

            ln(1 + (N - df_t + 0.5) / (df_t + 0.5)) * tf / (tf + k1 * (1 - b + b * length / mean length))

        where N, df and the mean length are those of the entries. A term that the query repeats counts as
        often as it stands there. A document that no entry holds is scored under the same statistics.

        The order of summation is that of the query's terms, so the scores do not depend on the history of the
        corpus.
        """
        terms = Counter(self.corpus.analyzer(query))
        postings, found, sizes = self.corpus.postings(terms)
        num_documents = len(self.corpus)
        if not found or not self.total_terms:
            return np.zeros(num_documents)
        documents = postings[:, 0].astype(np.intp)
        frequencies = postings[:, 1]
        df = np.add.reduceat(self.live()[documents], _starts(sizes)).tolist()
        repeats = list(terms.values())
        idf = [
            repeats[position] * log1p((self.num_entries - n + 0.5) / (n + 0.5))
            for position, n in zip(found, df, strict=True)
        ]
        weights = self.corpus.num_terms[documents] * (k1 * b * self.num_entries / self.total_terms)
        weights += k1 * (1 - b)
        weights += frequencies
        np.divide(frequencies, weights, out=weights)
        weights *= np.array(idf).repeat(sizes)
        return np.bincount(documents, weights, num_documents).astype(np.float64, copy=False)

    def is_wasteful(self) -> bool:
        """Return whether compaction is due."""
        return self.compaction.is_due(self.corpus.num_own_documents, self.num_live_documents)

    def has_paid_for_compaction(self) -> bool:
        """Return whether this index has seen as many writes as compaction has documents to move.

        Counted from the fork or compaction that made it: many short-lived forks that together fill a corpus
        would else each move all documents at its first write, and hold them apart from then on.
        """
        return self._num_writes >= self.num_live_documents

    def compacted(self) -> BM25Index:
        """Return an equal index over a fresh layer that holds live documents only. Document ids change."""
        base = self.corpus.base
        assert base is not None
        live = self.live()
        corpus = base.layer()
        old = np.flatnonzero(live)
        new = [corpus.add(self.corpus.text(document)) for document in old.tolist()]
        index = BM25Index(corpus, self.compaction)
        index._live[new] = live[old]
        index.num_entries = self.num_entries
        index.num_live_documents = self.num_live_documents
        index.total_terms = self.total_terms
        return index

    def _writable_live(self) -> npt.NDArray[np.int32]:
        live = self.live()
        if self._live_is_shared:
            self._live = self._live.copy()
            self._live_is_shared = False
            live = self.live()
        self._num_writes += 1
        return live


def _starts(sizes: Sequence[int]) -> list[int]:
    """Return where each of the runs that follow each other starts."""
    return [0, *accumulate(sizes[:-1])]
