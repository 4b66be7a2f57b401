"""Texts analyzed once and shared by every store that holds them."""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .analysis import analyze
from .embedders import Embedder
from .token_counter import TokenCounter

Analyzer = Callable[[str], Sequence[str]]
_ScalarT = TypeVar("_ScalarT", bound=np.generic)


class Corpus:
    """An append-only set of documents with their postings; a document is a distinct text.

    A text keeps its document id, an integer counting from 0, for as long as the corpus lives, and is analyzed
    once however many entries of however many stores hold it. Which documents are *live* is not known here:
    every store counts that for itself.

    A corpus that is handed to stores (all turns of a stream, for the episodes on that stream) is frozen by
    the first of them, and every store writes into a private layer on top. So nothing that a policy wrote in
    one episode stays behind for the next.

    Threads may read, through stores of their own, while another one adds: they meet each text whole or not
    at all.
    """

    def __init__(self, analyzer: Analyzer = analyze, texts: Iterable[str] = ()) -> None:
        self._analyzer = analyzer
        self._base: Corpus | None = None
        self._offset = 0
        self._texts: list[str] = []
        self._documents: dict[str, int] = {}
        # Term -> document, frequency, document, frequency, ... in order of documents.
        self._postings: dict[str, array[int]] = {}
        self._num_terms = np.zeros(64, dtype=np.int32)
        # Tokens of each document of this layer, by the name of who counts them; -1 where nobody asked yet.
        self._num_tokens: dict[str | None, array[int]] = {}
        self._vectors: dict[str, _VectorCache] = {}
        self._frozen = False
        self._lock = threading.Lock()
        # Another one, because to embed may take long.
        self._vectors_lock = threading.Lock()
        for text in texts:
            self.add(text)

    def __len__(self) -> int:
        """Return the number of documents, those of the layer below included."""
        return self._offset + len(self._texts)

    def __contains__(self, text: object) -> bool:
        return text in self._documents or (self._base is not None and text in self._base)

    def __reduce__(self) -> tuple[Any, ...]:
        # Texts alone: analyzing them again in the same order gives the same ids, and pickles stay small.
        return _rebuild_corpus, (self._analyzer, self._texts, self._base, self._frozen)

    @property
    def analyzer(self) -> Analyzer:
        """The function that turns a text into terms."""
        return self._analyzer

    @property
    def base(self) -> Corpus | None:
        """The frozen corpus below this layer; None for a corpus that is no layer."""
        return self._base

    @property
    def num_own_documents(self) -> int:
        """Documents that are not in the layer below."""
        return len(self._texts)

    @property
    def num_terms(self) -> npt.NDArray[np.int32]:
        """Terms per document, shape (num_documents,). A view: do not keep it over an `add`."""
        return self._num_terms[: len(self)]

    def add(self, text: str) -> int:
        """Return the document id of `text`, adding the text where it is new. Costs O(length of the text).

        Raises:
            ValueError: If the text is new and the corpus frozen.
        """
        known = self.document(text)
        if known is not None:
            return known
        if self._frozen:
            raise ValueError(
                "this corpus is frozen because stores build on it; add all texts before the first store, "
                "or make a new Corpus."
            )
        terms = self._analyzer(text)
        with self._lock:
            document = len(self)
            for term, frequency in Counter(terms).items():
                postings = self._postings.get(term)
                if postings is None:
                    self._postings[term] = array("i", (document, frequency))
                else:
                    postings.append(document)
                    postings.append(frequency)
            self._num_terms = with_room(self._num_terms, document + 1)
            self._num_terms[document] = len(terms)
            self._texts.append(text)
            self._documents[text] = document
        return document

    def document(self, text: str) -> int | None:
        """Return the document id of `text`, or None if the corpus does not have it."""
        found = self._documents.get(text)
        if found is None and self._base is not None:
            return self._base.document(text)
        return found

    def text(self, document: int) -> str:
        """Return the text of `document`."""
        if document < self._offset:
            assert self._base is not None
            return self._base.text(document)
        return self._texts[document - self._offset]

    def num_tokens(self, document: int, counter: TokenCounter) -> int:
        """Return the tokens of the text of `document`, counted once by each counter."""
        if document < self._offset:
            assert self._base is not None
            return self._base.num_tokens(document, counter)
        place = document - self._offset
        known = self._num_tokens.setdefault(counter.name, array("i"))
        if len(known) <= place:
            known.extend(repeat(-1, len(self._texts) - len(known)))
        if known[place] < 0:
            known[place] = counter.count(self._texts[place])
        return known[place]

    def count_tokens(self, text: str, counter: TokenCounter) -> int:
        """Return the tokens of any text, free of charge where it is a document that has been counted."""
        document = self.document(text)
        return counter.count(text) if document is None else self.num_tokens(document, counter)

    def postings(self, terms: Iterable[str]) -> tuple[npt.NDArray[np.int32], list[int], list[int]]:
        """Return the postings of those of `terms` that occur, one term after the other.

        Returns:
            A copy of shape (num_postings, 2) with columns (document, frequency); the positions in `terms` of
            those that occur; and how many postings each of these has.
        """
        own = self._postings
        below = self._base._postings if self._base is not None else {}
        parts: list[array[int]] = []
        found: list[int] = []
        sizes: list[int] = []
        with self._lock:
            for position, term in enumerate(terms):
                size = 0
                for postings in (below.get(term), own.get(term)):
                    if postings is not None:
                        parts.append(postings)
                        size += len(postings)
                if size:
                    found.append(position)
                    sizes.append(size // 2)
            # Joining copies. A view kept on an array (by a traceback, say) would make its next append fail.
            joined = b"".join(parts)
        return np.frombuffer(joined, dtype=np.int32).reshape(-1, 2), found, sizes

    def vectors(self, embedder: Embedder) -> npt.NDArray[np.float32]:
        """Return the embeddings of all documents, shape (num_documents, dim), embedding those that are new.

        Embeddings are kept under the embedder's name. A read-only view: do not keep it over an `add`.
        """
        with self._vectors_lock:
            cache = self._vectors.get(embedder.name)
            if cache is None:
                below = self._base.vectors(embedder) if self._base is not None else None
                cache = self._vectors[embedder.name] = _VectorCache(embedder.dim, below)
            if cache.size < len(self):
                cache.extend(embedder.embed(self._texts[cache.size - self._offset :]))
            return cache.rows()

    def vector(self, embedder: Embedder, text: str) -> npt.NDArray[np.float32]:
        """Return the embedding of `text`, shape (dim,); free of charge where the text is a document."""
        document = self.document(text)
        rows = embedder.embed([text]) if document is None else self.vectors(embedder)[document : document + 1]
        return rows.reshape(-1)

    def layer(self) -> Corpus:
        """Return an empty corpus on top of this one, which is frozen from now on.

        Raises:
            ValueError: If this corpus is itself a layer, which belongs to a store and must stay writable.
        """
        if self._base is not None:
            raise ValueError(
                "this corpus belongs to a store; pass its `base`, or fork the store to share its texts."
            )
        self._frozen = True
        return _build_layer(self)


class _VectorCache:
    """Rows of embeddings in a buffer that doubles."""

    def __init__(self, dim: int, below: npt.NDArray[np.float32] | None) -> None:
        self._rows = np.empty((0, dim), dtype=np.float32)
        self.size = 0
        if below is not None:
            self.extend(below)

    def extend(self, rows: npt.NDArray[np.float32]) -> None:
        end = self.size + len(rows)
        self._rows = with_room(self._rows, end)
        self._rows[self.size : end] = rows
        self.size = end

    def rows(self) -> npt.NDArray[np.float32]:
        view = self._rows[: self.size]
        view.flags.writeable = False
        return view


def with_room(buffer: npt.NDArray[_ScalarT], size: int) -> npt.NDArray[_ScalarT]:
    """Return `buffer`, or if it has fewer than `size` rows a copy at least twice as long, zeros behind."""
    if len(buffer) >= size:
        return buffer
    grown = np.zeros((max(size, 2 * len(buffer)), *buffer.shape[1:]), dtype=buffer.dtype)
    grown[: len(buffer)] = buffer
    return grown


def _build_layer(base: Corpus) -> Corpus:
    layer = Corpus(base.analyzer)
    layer._base = base
    layer._offset = len(base)
    layer._num_terms = base.num_terms.copy()
    return layer


def _rebuild_corpus(analyzer: Analyzer, texts: list[str], base: Corpus | None, frozen: bool) -> Corpus:
    corpus = Corpus(analyzer) if base is None else _build_layer(base)
    for text in texts:
        corpus.add(text)
    corpus._frozen = frozen
    return corpus
