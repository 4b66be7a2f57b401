"""Readable features of a query and the entries of a store, for ranking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import regex

from ..memory.analysis import analyze
from ..memory.embedders import Embedder, make_embedder
from ..memory.lru_cache import LRUCache
from ..memory.store import MemoryStore
from ..people import People
from ..streams.calendar import MONTHS
from ..streams.rendering import split_turn
from ..streams.turn_features import (
    COLUMN,
    TURN_FEATURES,
    FloatArray,
    begins_session,
    inverse_document_frequency,
    turn_features,
)
from ..types import MemoryEntry, Turn
from .word_matches import WordMatches, WordTable, WordVectors

MATCH_FEATURES = (
    "bm25_z",
    "bm25",
    "dense_z",
    "dense",
    "coverage",
    "matched_terms",
    "matched_pairs",
    "speaker_named",
    "speaker_named_coverage",
    "named_in_text",
    "date_match",
    "when_time_words",
    "how_many_numbers",
    "session_max",
    "session_mean",
    "session_top",
    "previous_bm25",
    "next_bm25",
    "previous_dense",
    "next_dense",
    "around_bm25",
    "answers_matching_question",
    "recency",
    "near_coverage",
    "near_coverage_with_previous",
    "near_coverage_with_next",
    "coverage_with_previous",
    "coverage_with_next",
    "coverage_around",
    "topic",
    "topic_z",
    "answers_near_question",
    "speaker_named_bm25",
    "speaker_named_dense",
    "speaker_named_near",
    "speaker_named_topic",
    "other_named",
    "match_log_rank",
    "bm25_log_rank",
    "dense_log_rank",
    "near_log_rank",
    "topic_log_rank",
    "behind_session_best",
    "session_behind_best",
    "session_rank",
)
"""Columns of a candidate in front of those of `TURN_FEATURES`.

`near` is by the nearest word of the entry for each of the query's, `match` by all scores together.
"""

RETRIEVAL_FEATURES = MATCH_FEATURES + TURN_FEATURES

MAX_TABLES = 16
"""Stores whose entries a `RetrievalFeatures` keeps described: evaluation asks several side by side."""

_NAME = regex.compile(r"\b\p{Lu}[\p{Ll}\p{M}]+\b")
_WHEN = re.compile(r"\b(?:when|what (?:date|day|month|year|time)|how long)\b", re.IGNORECASE)
_HOW_MANY = re.compile(r"\bhow (?:many|much|old|often)\b", re.IGNORECASE)
# Without its capital, "may" is a verb far more often than a month.
_MONTH_NUMBERS = {name: number for number, name in enumerate(MONTHS, start=1)}
_MONTH = re.compile(rf"\b({'|'.join(_MONTH_NUMBERS)})\b")


@dataclass(frozen=True, slots=True)
class RetrievalObservation:
    """The candidates for one query.

    Attributes:
        features: Shape (N, len(RETRIEVAL_FEATURES)), float32.
        entry_ids: Ids of the candidates, shape (N,).
    """

    features: FloatArray
    entry_ids: npt.NDArray[np.int64]


class RetrievalFeatures:
    """Describes every entry of a store by how it, its neighbours and its session match a query.

    What does not depend on the query is kept for the stores met last, so many questions to one are cheap.
    """

    def __init__(self, embedder: str = "hashed_ngrams") -> None:
        self.embedder: Embedder = make_embedder(embedder)
        self._words = WordVectors(self.embedder)
        self._tables: LRUCache[tuple[tuple[MemoryEntry, ...], _EntryTable]] = LRUCache(MAX_TABLES)

    def observe(self, store: MemoryStore, query: str) -> RetrievalObservation:
        """Describe all entries of `store` that were not invalidated for `query`."""
        entries = store.readable
        if not entries:
            return RetrievalObservation(
                np.zeros((0, len(RETRIEVAL_FEATURES)), np.float32), np.zeros(0, np.int64)
            )
        # The entries are kept beside their table, so that no other tuple takes over their identity.
        _, table = self._tables.get_or_make(
            id(entries), lambda: (entries, _EntryTable.of(entries, self.embedder, self._words))
        )
        matches = self._match(store, table, query)
        features = np.concatenate(
            [np.stack([matches[name] for name in MATCH_FEATURES], axis=1), table.prior], axis=1
        )
        return RetrievalObservation(np.clip(features, -10, 10).astype(np.float32), table.ids)

    def _match(self, store: MemoryStore, table: _EntryTable, query: str) -> dict[str, FloatArray]:
        bm25 = store.index.scores(query)[store.readable_documents].astype(np.float32)
        dense = table.vectors @ self.embedder.embed([query])[0]
        terms = analyze(query)
        matched, pairs, coverage = _term_matches(store, table, terms)
        names = _names(query, table.people)
        speaker_named = np.array([speaker in names for speaker in table.speakers], np.float32)
        named = np.array([len(names & of_entry) for of_entry in table.names], np.float32)
        bm25_z, dense_z = _standardise(bm25), _standardise(dense)
        session_max, session_mean = table.over_sessions(bm25)
        scale = max(float(bm25.max()), 1e-6)
        previous = table.neighbour(bm25, -1) / scale
        following = table.neighbour(bm25, 1) / scale
        is_when, is_how_many = bool(_WHEN.search(query)), bool(_HOW_MANY.search(query))
        prior = table.prior
        numbers = prior[:, COLUMN["digits"]] + prior[:, COLUMN["number_words"]]
        times = prior[:, COLUMN["time_words"]] + prior[:, COLUMN["calendar_words"]]
        asked_before = table.neighbour(prior[:, COLUMN["ends_with_question"]], -1)
        columns = {
            "bm25_z": bm25_z / 2,
            "bm25": bm25 / scale,
            "dense_z": dense_z / 2,
            "dense": dense,
            "coverage": coverage,
            "matched_terms": matched / 4,
            "matched_pairs": pairs / 2,
            "speaker_named": speaker_named,
            "speaker_named_coverage": speaker_named * coverage,
            "named_in_text": named,
            "date_match": table.date_matches(query),
            "when_time_words": times * is_when,
            "how_many_numbers": numbers * is_how_many,
            "session_max": session_max / scale,
            "session_mean": _standardise(session_mean) / 2,
            "session_top": (bm25 >= session_max).astype(np.float32) * (bm25 > 0),
            "previous_bm25": previous,
            "next_bm25": following,
            "previous_dense": table.neighbour(dense, -1),
            "next_dense": table.neighbour(dense, 1),
            "around_bm25": (table.neighbour(bm25, -2) + table.neighbour(bm25, 2)) / scale,
            "answers_matching_question": previous * asked_before,
            "recency": np.linspace(0, 1, len(bm25), dtype=np.float32),
        }
        return columns | _word_columns(table, table.words.match(query), columns)


def _word_columns(
    table: _EntryTable, words: WordMatches, columns: dict[str, FloatArray]
) -> dict[str, FloatArray]:
    """Return the columns of the entries' words, and those of all that the others say together."""
    exact = words.exact
    # Nearness is squared: words that are hardly alike should not add up.
    near, topic = words.near**2, words.topic
    exact_before, exact_after = (table.neighbour(exact, offset) for offset in (-1, 1))
    near_before, near_after = (table.neighbour(near, offset) for offset in (-1, 1))
    near_coverage, topic_z = words.weights @ near, _standardise(topic)
    speaker_named, ends_with_question = columns["speaker_named"], table.prior[:, COLUMN["ends_with_question"]]
    scores = (2 * columns["bm25_z"], 2 * columns["dense_z"], _standardise(near_coverage), topic_z)
    match = (np.mean(scores, axis=0) + speaker_named / 2).astype(np.float32)
    session_best, _ = table.over_sessions(match)
    _, session_places = np.unique(-session_best, return_inverse=True)
    is_other: FloatArray = (1 - speaker_named) * speaker_named.max()
    return {
        "near_coverage": near_coverage,
        "near_coverage_with_previous": words.weights @ np.maximum(near, near_before),
        "near_coverage_with_next": words.weights @ np.maximum(near, near_after),
        "coverage_with_previous": words.weights @ np.maximum(exact, exact_before),
        "coverage_with_next": words.weights @ np.maximum(exact, exact_after),
        "coverage_around": words.weights @ np.maximum(np.maximum(exact, exact_before), exact_after),
        "topic": topic,
        "topic_z": topic_z / 2,
        "answers_near_question": table.neighbour(ends_with_question * near_coverage, -1),
        "speaker_named_bm25": speaker_named * columns["bm25"],
        "speaker_named_dense": speaker_named * columns["dense"],
        "speaker_named_near": speaker_named * near_coverage,
        "speaker_named_topic": speaker_named * topic,
        "other_named": is_other,
        "match_log_rank": _log_ranks(match),
        "bm25_log_rank": _log_ranks(columns["bm25"]),
        "dense_log_rank": _log_ranks(columns["dense"]),
        "near_log_rank": _log_ranks(near_coverage),
        "topic_log_rank": _log_ranks(topic),
        "behind_session_best": match - session_best,
        "session_behind_best": session_best - match.max(),
        "session_rank": (1 / (1 + session_places)).astype(np.float32),
    }


def _log_ranks(scores: FloatArray) -> FloatArray:
    """Return ln(1 + rank) / 3 of each score, ranks from 0, shape (N,); equal ones rank by their places."""
    ranks = np.empty(len(scores), np.float32)
    ranks[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return (np.log1p(ranks) / 3).astype(np.float32)


def _sessions(times: Sequence[datetime | None]) -> npt.NDArray[np.intp]:
    """Return the number of each entry's session, a run of times without a silence; 0 where no time is."""
    clocks = [time and time.replace(tzinfo=None) for time in times]
    codes: dict[datetime | None, int] = {None: 0}
    previous: datetime | None = None
    for clock in sorted({clock for clock in clocks if clock is not None}):
        codes[clock] = codes[previous] + begins_session(previous, clock)
        previous = clock
    return np.array([codes[clock] for clock in clocks], np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class _EntryTable:
    """What does not depend on the query."""

    ids: npt.NDArray[np.int64]
    prior: FloatArray
    vectors: FloatArray
    words: WordTable
    people: People
    speakers: tuple[str, ...]
    names: tuple[frozenset[str], ...]
    terms: tuple[frozenset[str], ...]
    pairs: tuple[frozenset[tuple[str, str]], ...]
    sessions: npt.NDArray[np.intp]
    steps: npt.NDArray[np.int64]
    months: npt.NDArray[np.int64]
    years: npt.NDArray[np.int64]

    @classmethod
    def of(cls, entries: tuple[MemoryEntry, ...], embedder: Embedder, words: WordVectors) -> _EntryTable:
        texts = [entry.text for entry in entries]
        terms = [analyze(text) for text in texts]
        split = [split_turn(text) for text in texts]
        turns = [
            Turn(str(entry.id), speaker, said, entry.time)
            for entry, (speaker, said) in zip(entries, split, strict=True)
        ]
        times = [entry.time for entry in entries]
        people = People(speaker for speaker, _ in split)
        return cls(
            ids=np.array([entry.id for entry in entries], np.int64),
            prior=turn_features(turns, texts),
            vectors=embedder.embed(texts),
            words=WordTable.of([speaker for speaker, _ in split], [said for _, said in split], words),
            people=people,
            speakers=tuple(speaker for speaker, _ in split),
            names=tuple(_names(said, people) for _, said in split),
            terms=tuple(map(frozenset, terms)),
            pairs=tuple(frozenset(pairwise(of_text)) for of_text in terms),
            sessions=_sessions(times),
            steps=np.array([entry.created_step for entry in entries], np.int64),
            months=np.array([time.month if time else 0 for time in times], np.int64),
            years=np.array([time.year if time else 0 for time in times], np.int64),
        )

    def over_sessions(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return for each entry the largest and the mean value of its session, each of shape (N,)."""
        num_sessions = int(self.sessions.max()) + 1
        largest = np.full(num_sessions, -np.inf, values.dtype)
        np.maximum.at(largest, self.sessions, values)
        sums = np.bincount(self.sessions, values, minlength=num_sessions)
        counts = np.bincount(self.sessions, minlength=num_sessions)
        means = (sums / np.maximum(counts, 1)).astype(np.float32)
        return largest[self.sessions], means[self.sessions]

    def neighbour(self, values: FloatArray, offset: int) -> FloatArray:
        """Return the value of the entry `offset` places away in the same passage; 0 where none is.

        Args:
            values: Of the entries, shape (..., N).
            offset: Not 0; below it for entries before.
        """
        shifted = np.zeros_like(values)
        distance = abs(offset)
        if len(self.steps) > distance:
            near = self.steps[distance:] - self.steps[:-distance] <= distance
            near &= self.sessions[distance:] == self.sessions[:-distance]
            if offset > 0:
                shifted[..., :-distance] = np.where(near, values[..., distance:], 0)
            else:
                shifted[..., distance:] = np.where(near, values[..., :-distance], 0)
        return shifted

    def date_matches(self, query: str) -> FloatArray:
        """Return how many of month and year of each entry the query names, halved, shape (N,)."""
        months = [_MONTH_NUMBERS[month] for month in _MONTH.findall(query)]
        years = [int(year) for year in re.findall(r"\b(?:19|20)\d\d\b", query)]
        matches = np.isin(self.months, months).astype(np.float32) + np.isin(self.years, years)
        return (matches / 2).astype(np.float32)


def _names(text: str, people: People) -> frozenset[str]:
    """Return the people whom a text names, and its other words with a capital, in lower case."""
    mentions = people.mentions(text)
    rest = _without(text, ((mention.start, mention.end) for mention in mentions))
    others = (name.lower() for name in _NAME.findall(rest))
    return frozenset(others).union(mention.name for mention in mentions)


def _without(text: str, places: Iterable[tuple[int, int]]) -> str:
    kept, end = [], 0
    for start, next_end in places:
        kept.append(text[end:start])
        end = max(end, next_end)
    return " ".join([*kept, text[end:]])


def _term_matches(
    store: MemoryStore, table: _EntryTable, terms: list[str]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return matched terms, matched pairs of them and the matched share of rarity, each of shape (N,)."""
    distinct = sorted(set(terms))
    weights = inverse_document_frequency(store.index.document_frequency(distinct), len(store))
    pairs = set(pairwise(terms))
    matched = np.zeros(len(table.terms), np.float32)
    weight = np.zeros(len(table.terms), np.float32)
    for term, of_term in zip(distinct, weights, strict=True):
        has_term = np.fromiter((term in of_entry for of_entry in table.terms), np.float32, len(table.terms))
        matched += has_term
        weight += has_term * of_term
    shared_pairs = np.array([len(pairs & of_entry) for of_entry in table.pairs], np.float32)
    return matched, shared_pairs, weight / max(float(np.sum(weights)), 1e-6)


def _standardise(values: FloatArray) -> FloatArray:
    standardised: FloatArray = (values - values.mean()) / (values.std() + 1e-6)
    return standardised
