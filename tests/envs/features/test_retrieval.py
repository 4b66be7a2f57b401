from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pytest

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.features.retrieval import (
    MATCH_FEATURES,
    RETRIEVAL_FEATURES,
    RetrievalFeatures,
    RetrievalObservation,
)
from memdojo.envs.features.word_matches import WordVectors
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.streams.turn_features import TURN_FEATURES
from memdojo.envs.types import Add, Capacity, Delete

MAY, JUNE = datetime(2023, 5, 8), datetime(2024, 6, 1)
# Text, time and step of each entry; the fourth comes long after the third, in the same session.
ARCHIVE = (
    ("Ann: Where is your cello?", MAY, 0),
    ("Bob: My red cello is in Oslo.", MAY, 1),
    ("Ann: I see.", MAY, 2),
    ("Ann: Oscar has two red canoes.", MAY, 9),
    ("Bob: I sold 3 boats last week, Ann.", JUNE, 10),
    ("Ann: Good.", JUNE, 11),
)


def _store(archive: Sequence[tuple[str, datetime | None, int]] = ARCHIVE) -> MemoryStore:
    store = MemoryStore(Capacity())
    for position, (text, time, step) in enumerate(archive):
        assert store.apply(Add(text, (f"t{position}",), time, "turn"), step).applied
    return store


def _observe(query: str, store: MemoryStore | None = None) -> RetrievalObservation:
    return RetrievalFeatures().observe(_store() if store is None else store, query)


def _column(query: str, name: str, store: MemoryStore | None = None) -> list[float]:
    return _observe(query, store).features[:, RETRIEVAL_FEATURES.index(name)].tolist()


def _bm25(query: str, store: MemoryStore | None = None) -> list[float]:
    """Scores by the retriever itself, in order of ids; 0 where it finds nothing."""
    store = store or _store()
    found = {hit.entry.id: hit.score for hit in BM25Retriever().search(store, query, len(store))}
    return [found.get(entry.id, 0.0) for entry in store]


class CountingEmbedder:
    """Counts the texts that it embeds."""

    name = "counting"
    dim = 2

    def __init__(self) -> None:
        self.batches: list[int] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.batches.append(len(texts))
        return np.tile(np.array([1.0, 0.0], np.float32), (len(texts), 1))


def test_every_entry_has_a_row_and_every_name_a_column() -> None:
    store = _store()
    store.apply(Delete(2), 12)
    observation = _observe("What does Oscar have?", store)
    assert observation.features.shape == (5, len(RETRIEVAL_FEATURES))
    assert observation.features.dtype == np.float32
    assert observation.entry_ids.tolist() == [1, 3, 4, 5, 6]
    assert RETRIEVAL_FEATURES == MATCH_FEATURES + TURN_FEATURES
    assert len(set(RETRIEVAL_FEATURES)) == len(RETRIEVAL_FEATURES)


def test_an_empty_store_has_no_rows() -> None:
    observation = _observe("Anything?", MemoryStore(Capacity()))
    assert observation.features.shape == (0, len(RETRIEVAL_FEATURES))
    assert observation.entry_ids.tolist() == []


@pytest.mark.parametrize("query", ["", "???", "zzz qqq", "the of and", "Where is it? " * 500])
def test_odd_queries_have_finite_features(query: str) -> None:
    features = _observe(query).features
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= 10


def test_one_lone_entry_has_finite_features() -> None:
    features = _observe("Where is the cello?", _store(ARCHIVE[:1])).features
    assert np.isfinite(features).all()


def test_the_table_of_entries_is_kept_until_the_store_changes() -> None:
    features, store = RetrievalFeatures(), _store()
    features.embedder = embedder = CountingEmbedder()
    features.observe(store, "Where is the cello?")
    features.observe(store, "Who sold boats?")
    assert embedder.batches == [6, 1, 1]
    # A fork has the same entries until it writes.
    fork = store.fork()
    fork.apply(Delete(1), 12)
    assert len(features.observe(fork, "Who sold boats?").features) == 5
    assert embedder.batches == [6, 1, 1, 5, 1]
    store.apply(Add("Ann: New."), 12)
    assert len(features.observe(store, "Who sold boats?").features) == 7


def test_another_query_in_between_changes_nothing() -> None:
    features, store = RetrievalFeatures(), _store()
    first = features.observe(store, "Where is the cello?").features
    features.observe(store, "Who sold 3 boats in June?")
    np.testing.assert_array_equal(features.observe(store, "Where is the cello?").features, first)


def test_bm25_is_that_of_the_retriever_over_its_best_score() -> None:
    query = "Where is the red cello?"
    scores = np.array(_bm25(query))
    assert scores.argmax() == 1
    assert _column(query, "bm25") == pytest.approx((scores / scores.max()).tolist(), rel=1e-5)
    standardised = (scores - scores.mean()) / scores.std() / 2
    assert _column(query, "bm25_z") == pytest.approx(standardised.tolist(), rel=1e-4)
    assert _column("zzz", "bm25") == [0] * 6


def test_matched_terms_pairs_and_coverage_are_counted() -> None:
    # "red cello": both words are next to each other in the second entry; the fourth has "red" only.
    assert _column("red cello", "matched_terms") == [1 / 4, 2 / 4, 0, 1 / 4, 0, 0]
    assert _column("red cello", "matched_pairs") == [0, 1 / 2, 0, 0, 0, 0]
    # Each word is in two of six entries, so both weigh the same.
    assert _column("red cello", "coverage") == pytest.approx([1 / 2, 1, 0, 1 / 2, 0, 0])
    # "oslo" is in one of six entries and "red" in two.
    rare, common = math.log(1 + 5.5 / 1.5), math.log(1 + 4.5 / 2.5)
    assert _column("red Oslo", "coverage")[3] == pytest.approx(common / (rare + common))


def test_a_speaker_that_the_query_names_is_matched() -> None:
    assert _column("What did Bob sell?", "speaker_named") == [0, 1, 0, 0, 1, 0]
    assert _column("What did they sell?", "speaker_named") == [0] * 6
    coverage = _column("Is the cello with Bob?", "coverage")
    assert _column("Is the cello with Bob?", "speaker_named_coverage") == pytest.approx(
        [0, coverage[1], 0, 0, coverage[4], 0]
    )


def test_names_within_the_text_are_matched_without_the_speaker() -> None:
    # Ann speaks often, and is spoken to once.
    assert _column("What do Ann and Oscar have?", "named_in_text") == [0, 0, 0, 1, 1, 0]


def test_month_and_year_of_the_query_are_matched() -> None:
    assert _column("What happened in May 2023?", "date_match") == [1, 1, 1, 1, 0, 0]
    assert _column("What happened in June?", "date_match") == [0, 0, 0, 0, 1 / 2, 1 / 2]
    assert _column("What happened in May 2024?", "date_match") == [1 / 2] * 6
    assert _column("What happened?", "date_match") == [0] * 6


def test_entries_without_a_date_match_none() -> None:
    store = _store([("Ann: Hello.", None, 0), ("Bob: Hello.", None, 1)])
    assert _column("What happened in May 2023?", "date_match", store) == [0, 0]


def test_words_of_time_and_number_count_where_they_are_asked_for() -> None:
    times = _column("When did he sell boats?", "when_time_words")
    assert times == [0, 0, 0, 0, 1, 0]  # "last" and "week", halved.
    assert _column("Who sold boats?", "when_time_words") == [0] * 6
    assert _column("How many boats did he sell?", "how_many_numbers") == [0, 0, 0, 1 / 2, 1, 0]
    assert _column("Which boats did he sell?", "how_many_numbers") == [0] * 6


def test_neighbours_are_of_the_same_session_and_close_by() -> None:
    query = "Where is the red cello?"
    score = (np.array(_bm25(query)) / max(_bm25(query))).tolist()
    # The fourth entry was said seven steps after the third, and the fifth in another session.
    assert _column(query, "previous_bm25") == pytest.approx([0, score[0], score[1], 0, 0, score[4]])
    assert _column(query, "next_bm25") == pytest.approx([score[1], score[2], 0, 0, score[5], 0])
    assert _column(query, "around_bm25") == pytest.approx([score[2], 0, score[0], 0, 0, 0])


def test_what_follows_a_matching_question_answers_it() -> None:
    query = "Where is the cello?"
    score = _column(query, "bm25")
    assert score[0] > 0
    # Only the first entry is a question, and the second follows it.
    assert _column(query, "answers_matching_question") == pytest.approx([0, score[0], 0, 0, 0, 0])


def test_an_entry_knows_how_well_its_session_matches() -> None:
    query = "red canoes and boats"
    scores = np.array(_bm25(query))
    may, june = scores[:4].max() / scores.max(), scores[4:].max() / scores.max()
    assert _column(query, "session_max") == pytest.approx([may] * 4 + [june] * 2, rel=1e-5)
    means = np.array([scores[:4].mean()] * 4 + [scores[4:].mean()] * 2)
    standardised = (means - means.mean()) / means.std() / 2
    assert _column(query, "session_mean") == pytest.approx(standardised.tolist(), rel=1e-3)
    assert _column(query, "session_top") == [0, 0, 0, 1, 1, 0]
    assert _column("zzz", "session_top") == [0] * 6


def test_the_newest_entry_is_the_most_recent() -> None:
    assert _column("Anything?", "recency") == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_an_entry_is_described_as_the_turn_that_it_is() -> None:
    (stream,) = load_streams("synthetic:train", num_streams=1, num_sessions=2, num_facts=6, num_questions=4)
    context = StreamContext(stream)
    episode = RetrievalEpisode(context)
    while not episode.ended:
        features = RetrievalFeatures().observe(episode.store, "Anything?").features
        described = features[:, len(MATCH_FEATURES) :]
        np.testing.assert_array_equal(described, context.turn_features[: len(described)])
        episode.step(())


def test_entries_that_follow_each_other_without_a_silence_are_of_one_session() -> None:
    times = [datetime(2024, 5, 1, 9, minute) for minute in (0, 20, 40)]
    store = MemoryStore()
    for step, time in enumerate([*times, datetime(2024, 5, 1, 12), None]):
        store.apply(Add(f"Ann: cello {step}", (), time), step)
    largest = (
        RetrievalFeatures().observe(store, "cello 1 2").features[:, RETRIEVAL_FEATURES.index("session_max")]
    )
    assert largest[0] == largest[1] == largest[2] > largest[3]


DIRECTIONS = {"cello": (1.0, 0.0), "violin": (0.6, 0.8), "red": (0.0, 1.0)}


class FewWords:
    """Knows a few words; everything else has a direction that no known word has."""

    name = "few"
    dim = 3

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        rows = [(*DIRECTIONS[text], 0.0) if text in DIRECTIONS else (0.0, 0.0, 1.0) for text in texts]
        return np.array(rows, np.float32)


def _near(query: str, name: str) -> list[float]:
    features = RetrievalFeatures()
    features.embedder = embedder = FewWords()
    features._words = WordVectors(embedder)
    return features.observe(_store(), query).features[:, RETRIEVAL_FEATURES.index(name)].tolist()


def test_an_entry_is_near_by_the_square_of_its_nearest_word() -> None:
    # "violin" is 0.6 from "cello" and 0.8 from "red".
    near = [0.36, 0.64, 0, 0.64, 0, 0]
    assert _near("violin", "near_coverage") == pytest.approx(near)
    # The fourth entry was said seven steps after the third.
    assert _near("violin", "near_coverage_with_previous") == pytest.approx([0.36, 0.64, 0.64, 0.64, 0, 0])
    assert _near("violin", "near_coverage_with_next") == pytest.approx([0.64, 0.64, 0, 0.64, 0, 0])
    # The second follows a question.
    assert _near("violin", "answers_near_question") == pytest.approx([0, 0.36, 0, 0, 0, 0])
    assert _near("Bob's violin", "speaker_named_near") == pytest.approx([0, 0.64, 0, 0, 0, 0])
    # Ties rank by their places.
    order = [2, 0, 3, 1, 4, 5]
    assert _near("violin", "near_log_rank") == pytest.approx([math.log(1 + rank) / 3 for rank in order])


def test_terms_are_covered_by_an_entry_and_its_neighbours_together() -> None:
    # "oslo" is in the second of six entries, "red" in the second and the fourth.
    rare, common = math.log(1 + 5.5 / 1.5), math.log(1 + 4.5 / 2.5)
    red = common / (rare + common)
    assert _column("red Oslo", "coverage_with_previous") == pytest.approx([0, 1, 1, red, 0, 0])
    assert _column("red Oslo", "coverage_with_next") == pytest.approx([1, 1, 0, red, 0, 0])
    assert _column("red Oslo", "coverage_around") == pytest.approx([1, 1, 1, red, 0, 0])


def test_matches_count_apart_where_the_query_names_who_speaks() -> None:
    query = "What red cello does Bob have?"
    bm25, named = _column(query, "bm25"), [0, 1, 0, 0, 1, 0]
    assert _column(query, "speaker_named_bm25") == pytest.approx(
        [score * is_named for score, is_named in zip(bm25, named, strict=True)]
    )
    assert _column(query, "other_named") == [1, 0, 1, 1, 0, 1]
    assert _column("What cello?", "other_named") == [0] * 6


def test_ranks_count_from_the_best() -> None:
    order = np.argsort(np.argsort(-np.array(_bm25("red cello canoes")), kind="stable"), kind="stable")
    assert _column("red cello canoes", "bm25_log_rank") == pytest.approx((np.log1p(order) / 3).tolist())


def test_all_scores_together_compare_an_entry_and_its_session_with_the_best() -> None:
    query = "Does Bob have a red cello?"
    halves = [_column(query, name) for name in ("bm25_z", "dense_z", "topic_z")]
    near = np.array(_column(query, "near_coverage"))
    near_z = (near - near.mean()) / near.std()
    named = np.array(_column(query, "speaker_named"))
    match = (2 * np.sum(halves, axis=0) + near_z) / 4 + named / 2
    assert match.argmax() == 1
    best = np.array([match[:4].max()] * 4 + [match[4:].max()] * 2)
    assert _column(query, "behind_session_best") == pytest.approx((match - best).tolist(), abs=1e-4)
    assert _column(query, "session_behind_best") == pytest.approx((best - match.max()).tolist(), abs=1e-4)
    assert _column(query, "session_rank") == [1, 1, 1, 1, 1 / 2, 1 / 2]
    ranks = np.argsort(np.argsort(-match))
    assert _column(query, "match_log_rank") == pytest.approx((np.log1p(ranks) / 3).tolist())
