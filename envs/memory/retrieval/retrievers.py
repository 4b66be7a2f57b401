"""Retrievers: a query over a store in, ranked entries out."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from memdojo.errors import ConfigError
from memdojo.registry import Registry

from ...types import CORE_KIND, Hit, MemoryEntry
from ..embedders import Embedder, HashedNgramEmbedder, make_embedder
from ..store import MemoryStore
from .per_speaker import PerSpeakerRetriever
from .protocol import Retriever

FUSION_CONSTANT = 60
"""How little the first ranks stand out in a fusion, as in Cormack, Clarke and Buettcher (SIGIR 2009)."""


class BM25Retriever:
    """Entries with a positive BM25 score, Lucene's variant; see `BM25Index.scores`."""

    def __init__(self, k1: float = 1.2, b: float = 0.75) -> None:
        if not (k1 >= 0 and math.isfinite(k1) and 0 <= b <= 1):
            raise ConfigError(f"BM25 has k1={k1} and b={b}; give k1 >= 0 and b between 0 and 1.")
        self.k1 = k1
        self.b = b

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return at most `k` entries that share a term with `query`."""
        scores = store.index.scores(query, self.k1, self.b)
        return store.best(scores[store.documents], k, above=0.0)


class DenseRetriever:
    """Entries by the cosine between their embedding and the query's, in [-1, 1]."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self.embedder = HashedNgramEmbedder() if embedder is None else embedder

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return the `k` entries nearest to `query`, however far they are."""
        if not len(store):
            return store.best(np.zeros(0), k)
        documents = store.documents
        vectors = store.corpus.vectors(self.embedder)
        vector = store.corpus.vector(self.embedder, query)
        if len(documents) * _MAX_WASTE < len(vectors):
            return store.best(vectors[documents] @ vector, k)
        # Gathering rows costs more than multiplying a few rows too many.
        return store.best((vectors @ vector)[documents], k)


class FusionRetriever:
    """Reciprocal-rank fusion: an entry scores the sum of 1 / (constant + rank) over several retrievers.

    Ranks count from 1 (Cormack, Clarke and Buettcher, SIGIR 2009). An entry that a retriever does not return
    among its first `depth` gets nothing from it.
    """

    def __init__(
        self,
        retrievers: Sequence[Retriever] | None = None,
        constant: float = FUSION_CONSTANT,
        depth: int = 100,
    ) -> None:
        self.retrievers = (BM25Retriever(), DenseRetriever()) if retrievers is None else tuple(retrievers)
        if not self.retrievers:
            raise ConfigError("FusionRetriever has no retrievers to fuse; give at least one.")
        if constant < 0 or depth < 1:
            raise ConfigError(f"fusion has constant={constant}, depth={depth}; give >= 0 and >= 1.")
        self.constant = constant
        self.depth = depth

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return the `k` entries with the highest fused score."""
        if k < 0:
            raise ValueError(f"k is {k}; give the number of entries wanted, 0 or more.")
        depth = max(k, self.depth)
        return fuse([each.search(store, query, depth) for each in self.retrievers], k, self.constant)


def fuse(rankings: Sequence[Sequence[Hit]], k: int, constant: float = FUSION_CONSTANT) -> tuple[Hit, ...]:
    """Return at most `k` entries by the sum of 1 / (constant + rank) over the rankings that have them.

    Equal sums by lower id.

    Args:
        rankings: Each with the best in front; ranks count from 1.
        k: Most entries to return.
        constant: How little the first ranks stand out.
    """
    scores: dict[int, float] = {}
    entries: dict[int, MemoryEntry] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            entries[hit.entry.id] = hit.entry
            scores[hit.entry.id] = scores.get(hit.entry.id, 0.0) + 1 / (constant + rank)
    best = sorted(scores, key=lambda id: (-scores[id], id))[:k]
    return tuple(Hit(entries[id], scores[id]) for id in best)


def embedder_of(retriever: object) -> str:
    """Return the name of the embedder that a retriever ranks by, of several parts all; "" if it has none."""
    own = getattr(retriever, "embedder", "")
    parts = [*getattr(retriever, "retrievers", ()), getattr(retriever, "base", None)]
    names = [str(getattr(own, "name", own)), *(embedder_of(part) for part in parts if part is not None)]
    return " and ".join(dict.fromkeys(filter(None, names)))


class PoolsRetriever:
    """The best of every pool of a memory with kinds, and before them the core block, whatever the query.

    A pool is all entries of one kind. BM25 ranks them with the statistics of the whole store, so that the
    scores of several pools can be compared and the entries come in one order, the core block first.

    As in Mem-alpha (arXiv:2509.25911, section 3), where each pool has an index of its own.

    Args:
        per_pool: Most entries of a pool, not counting the core block.
        max_tokens: Most tokens of all texts together, as the store counts; where there are more,
            `per_pool` is lowered until they fit, but not below 1. None for no limit.

    Raises:
        ConfigError: If a number is below 1.
    """

    def __init__(self, per_pool: int = 20, max_tokens: int | None = None) -> None:
        if per_pool < 1 or (max_tokens is not None and max_tokens < 1):
            raise ConfigError(
                f"the pools have per_pool={per_pool}, max_tokens={max_tokens}; give at least 1 of each."
            )
        self.per_pool = per_pool
        self.max_tokens = max_tokens
        self._bm25 = BM25Retriever()

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return at most `k` entries: the core block, then those of all pools, highest score first."""
        if k < 0:
            raise ValueError(f"k is {k}; give the number of entries wanted, 0 or more.")
        ranked = [hit for hit in self._bm25.search(store, query, len(store)) if hit.entry.kind != CORE_KIND]
        per_pool, core = self.per_pool, store.core
        hits = _best_of_pools(ranked, per_pool)
        if self.max_tokens is not None:
            room = self.max_tokens - (0 if core is None else store.count_tokens(core.text))
            while per_pool > 1 and sum(store.count_tokens(hit.entry.text) for hit in hits) > room:
                per_pool -= 1
                hits = _best_of_pools(ranked, per_pool)
        if core is not None:
            hits.insert(0, Hit(core, (hits[0].score if hits else 0.0) + 1.0))
        return tuple(hits[:k])


def _best_of_pools(ranked: Sequence[Hit], per_pool: int) -> list[Hit]:
    numbers: Counter[str] = Counter()
    kept = []
    for hit in ranked:
        numbers[hit.entry.kind] += 1
        if numbers[hit.entry.kind] <= per_pool:
            kept.append(hit)
    return kept


class RecencyRetriever:
    """The entries last written, whatever the query; the n-th of them scores 1 / n."""

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return the `k` entries with the highest `updated_step`, of equal ones the highest id."""
        steps = [entry.updated_step for entry in store.entries]
        # Stable, so that ids rise within a step.
        latest_last = np.argsort(steps, kind="stable")
        ranks = np.empty(len(steps))
        ranks[latest_last] = np.arange(len(steps), 0, -1)
        return store.best(1 / ranks, k)


class WrittenOrderRetriever:
    """The entries in the order in which they were written, whatever the query; the n-th scores 1 / n.

    With a `k` as large as the store it hands over all that was said, as to a reader without a memory system.
    """

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return the `k` entries with the lowest ids."""
        return store.best(1 / np.arange(1, len(store) + 1), k)


class RandomRetriever:
    """Entries in a random order that depends on the seed, the store's content and the query alone."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return `k` entries drawn without replacement."""
        content = "\0".join(f"{entry.id}\0{entry.text}" for entry in store.entries)
        checksums = [zlib.crc32(text.encode("utf-8", "surrogatepass")) for text in (query, content)]
        return store.best(np.random.default_rng([self.seed, *checksums]).random(len(store)), k)


_MAX_WASTE = 4
RETRIEVERS: Registry[Callable[[str], Retriever]] = Registry("retriever")
"""What makes a retriever, by the name before the colon of a spec. It is called with what comes after the
colon, "" if there is none."""


def list_retrievers() -> Mapping[str, str]:
    """Return one line about each retriever, by name."""
    return RETRIEVERS.describe()


def make_retriever(spec: str) -> Retriever:
    """Return a new retriever for `spec`: `bm25`, `dense:EMBEDDER`, `fusion`, `pools:20`, `random:SEED`, ...

    Raises:
        UnknownNameError: If no retriever, or no embedder, has the name.
        ConfigError: If the part after the colon is not for this retriever.
    """
    name, _, option = spec.partition(":")
    return RETRIEVERS.get(name)(option)


def _no_option(retriever: Callable[[], Retriever]) -> Callable[[str], Retriever]:
    def factory(option: str) -> Retriever:
        if option:
            raise ConfigError(
                f"{retriever.__name__} takes no option, but the spec has {option!r}; leave it out."
            )
        return retriever()

    return factory


def _dense(option: str) -> DenseRetriever:
    return DenseRetriever(make_embedder(option or "hashed_ngrams"))


def _random(option: str) -> RandomRetriever:
    if option and not option.isdecimal():
        raise ConfigError(f"random:{option} has no number after the colon; write random:SEED.")
    return RandomRetriever(int(option or 0))


def _pools(option: str) -> PoolsRetriever:
    match = re.fullmatch(r"(\d+)(?:,(\d+))?", option or "20")
    if match is None:
        raise ConfigError(f"pools:{option} is malformed; write pools:NUMBER or pools:NUMBER,TOKENS.")
    return PoolsRetriever(int(match[1]), None if match[2] is None else int(match[2]))


for _name, _factory, _description in (
    ("bm25", _no_option(BM25Retriever), "BM25 in Lucene's variant."),
    ("dense", _dense, "Cosine of embeddings; dense:EMBEDDER."),
    (
        "fusion",
        lambda option: FusionRetriever((BM25Retriever(), _dense(option))),
        "Reciprocal-rank fusion of bm25 and dense; fusion:EMBEDDER.",
    ),
    (
        "per_speaker",
        lambda option: PerSpeakerRetriever(make_retriever(option or "bm25")),
        "As many entries of each speaker, by another retriever; per_speaker:RETRIEVER.",
    ),
    ("pools", _pools, "The best entries of every kind; pools:NUMBER or pools:NUMBER,TOKENS."),
    ("recency", _no_option(RecencyRetriever), "The entries last written."),
    ("written_order", _no_option(WrittenOrderRetriever), "The entries in the order of their writing."),
    ("random", _random, "Entries in random order; random:SEED."),
):
    RETRIEVERS.add(_name, _factory, description=_description)
