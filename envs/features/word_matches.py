"""How the words of a query match those of entries one by one, also by what they mean."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..memory.analysis import analyze, words_with_terms
from ..memory.embedders import Embedder
from ..streams.turn_features import FloatArray, inverse_document_frequency

MAX_QUERY_TERMS = 32
"""Terms of a query that are compared with all words of the entries: its rarest ones."""


class WordVectors:
    """The vectors of single words, each of which is embedded once.

    Args:
        embedder: Of texts; a word is a text of one word.
    """

    MAX_WORDS = 65_536
    """Words that are kept; with more of them all are forgotten."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, FloatArray] = {}

    def of(self, words: Sequence[str]) -> FloatArray:
        """Return a vector of unit length for each word, shape (len(words), dim)."""
        if len(self._vectors) > self.MAX_WORDS:
            self._vectors.clear()
        new = [word for word in dict.fromkeys(words) if word not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed(new), strict=True))
        if not words:
            return np.zeros((0, self._embedder.dim), np.float32)
        return np.stack([self._vectors[word] for word in words])


@dataclass(frozen=True, slots=True, eq=False)
class WordMatches:
    """What T terms of a query have in common with N entries.

    Attributes:
        weights: The share of each term in the rarity of all of them, shape (T,); rarest first.
        exact: 1 where an entry has the term, shape (T, N).
        near: The cosine of the term's word with the nearest word of the entry, from 0 to 1, shape (T, N);
            1 where the entry has the term.
        topic: The cosine of what all terms mean together, the rare ones above all, with what an entry's do,
            shape (N,).
    """

    weights: FloatArray
    exact: FloatArray
    near: FloatArray
    topic: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WordTable:
    """The words of N entries without the names of those who speak, which `speaker_named` has already.

    Attributes:
        vectors: Makes those of words.
        ignored: Terms that count for nothing.
        number_of: The number of each of the V terms.
        meanings: What the word means as which each term was first met, shape (V, dim).
        rarity: The weight of each term, shape (V,).
        numbers: Of the distinct terms of all entries, one after the other; before those of each entry V, for
            an entry may have none.
        starts: Where those of each entry start, shape (N,).
        topics: The sum of the meanings of an entry's terms, weighted by rarity, of unit length or 0, shape
            (N, dim).
    """

    vectors: WordVectors
    ignored: frozenset[str]
    number_of: dict[str, int]
    meanings: FloatArray
    rarity: FloatArray
    numbers: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    topics: FloatArray

    @classmethod
    def of(cls, speakers: Collection[str], said: Sequence[str], vectors: WordVectors) -> WordTable:
        """Describe entries by who speaks and what each says.

        Args:
            speakers: Everybody's names.
            said: One text for each entry; at least one.
            vectors: Makes the vectors of words.
        """
        ignored = frozenset(term for speaker in set(speakers) for term in analyze(speaker))
        words: dict[str, str] = {}
        of_entries = []
        for text in said:
            pairs = [(word, term) for word, term in words_with_terms(text) if term not in ignored]
            for word, term in pairs:
                words.setdefault(term, word)
            of_entries.append(dict.fromkeys(term for _, term in pairs))
        number_of = {term: number for number, term in enumerate(words)}
        meanings = vectors.of([*words.values()])
        rows = [np.array([number_of[term] for term in terms], np.intp) for terms in of_entries]
        frequency = np.bincount(np.concatenate(rows), minlength=len(words)).astype(np.int64)
        rarity = inverse_document_frequency(frequency, len(said)).astype(np.float32)
        lengths = np.array([1 + len(row) for row in rows], np.intp)
        return cls(
            vectors,
            ignored,
            number_of,
            meanings,
            rarity,
            np.concatenate([np.append(len(words), row) for row in rows]),
            np.cumsum(lengths) - lengths,
            np.stack([_direction(rarity[row] @ meanings[row]) for row in rows]),
        )

    def match(self, query: str) -> WordMatches:
        """Match the rarest terms of a query, at most `MAX_QUERY_TERMS`, with all entries."""
        words: dict[str, str] = {}
        for word, term in words_with_terms(query):
            if term not in self.ignored:
                words.setdefault(term, word)
        (unknown,) = inverse_document_frequency(np.zeros(1, np.int64), len(self.starts))
        known = {term: self.number_of.get(term, -1) for term in words}
        rarity_of = {
            term: float(self.rarity[number] if number >= 0 else unknown) for term, number in known.items()
        }
        terms = sorted(words, key=lambda term: -rarity_of[term])[:MAX_QUERY_TERMS]
        rarity = np.array([rarity_of[term] for term in terms], np.float32)
        numbers = np.array([known[term] for term in terms], np.intp)
        meanings = self.vectors.of([words[term] for term in terms])
        # A term is as near to itself as can be, whatever the word that it was met as.
        meanings = np.where(numbers[:, None] >= 0, self._meanings_of(numbers), meanings)
        near = np.zeros((len(terms), len(self.rarity) + 1), np.float32)
        near[:, :-1] = np.clip(meanings @ self.meanings.T, 0, 1)
        exact = (self.numbers == numbers[:, None]).astype(np.float32)
        return WordMatches(
            rarity / max(float(rarity.sum()), 1e-6),
            np.maximum.reduceat(exact, self.starts, axis=1),
            np.maximum.reduceat(near[:, self.numbers], self.starts, axis=1),
            self.topics @ _direction(rarity @ meanings),
        )

    def _meanings_of(self, numbers: npt.NDArray[np.intp]) -> FloatArray:
        """Return the meanings of terms by their numbers; of those below 0 nothing that means anything."""
        if not len(self.meanings):
            return np.zeros((len(numbers), self.meanings.shape[1]), np.float32)
        return self.meanings[numbers]


def _direction(vector: FloatArray) -> FloatArray:
    """Return a vector with the length 1; one that is 0 as it is."""
    length = float(np.sqrt(vector @ vector))
    unit: FloatArray = vector / length if length else vector
    return unit
