"""Memory: the store, its index and its retrievers."""

from .analysis import analyze, count_tokens
from .corpus import Corpus
from .embedders import (
    Embedder,
    HashedNgramEmbedder,
    SentenceTransformerEmbedder,
    WordLlamaEmbedder,
    list_embedders,
    make_embedder,
)
from .index import BM25Index, Compaction
from .persistence import load_store, save_store
from .retrieval.protocol import Retriever
from .retrieval.retrievers import (
    BM25Retriever,
    DenseRetriever,
    FusionRetriever,
    RandomRetriever,
    RecencyRetriever,
    WrittenOrderRetriever,
    list_retrievers,
    make_retriever,
)
from .store import MemoryStore, StoreDiff, StoreSnapshot

__all__ = [
    "BM25Index",
    "BM25Retriever",
    "Compaction",
    "Corpus",
    "DenseRetriever",
    "Embedder",
    "FusionRetriever",
    "HashedNgramEmbedder",
    "MemoryStore",
    "RandomRetriever",
    "RecencyRetriever",
    "Retriever",
    "SentenceTransformerEmbedder",
    "StoreDiff",
    "StoreSnapshot",
    "WordLlamaEmbedder",
    "WrittenOrderRetriever",
    "analyze",
    "count_tokens",
    "list_embedders",
    "list_retrievers",
    "load_store",
    "make_embedder",
    "make_retriever",
    "save_store",
]
