from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from memdojo.envs.features.word_matches import MAX_QUERY_TERMS, WordTable, WordVectors

SAID = ("A cello is loud.", "Bob bought a canoe and a canoe.", "", "The cello broke, Ann!")
# Of "cello" and "violin" the cosine is 0.6, of "canoe" and "piano" -1; all others are orthogonal.
DIRECTIONS = {"cello": (1.0, 0.0), "violin": (0.6, 0.8), "canoe": (0.0, 1.0), "piano": (0.0, -1.0)}


class FewWords:
    """Knows a few words; all others have a direction that no known word has."""

    name = "few"
    dim = 3

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(list(texts))
        rows = [(*DIRECTIONS[text], 0.0) if text in DIRECTIONS else (0.0, 0.0, 1.0) for text in texts]
        return np.array(rows, np.float32)


def _table(said: Sequence[str] = SAID) -> WordTable:
    return WordTable.of(["Ann", "Bob"], said, WordVectors(FewWords()))


def test_each_word_is_embedded_once() -> None:
    embedder = FewWords()
    vectors = WordVectors(embedder)
    assert vectors.of(["cello", "canoe", "cello"]).tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert vectors.of(["canoe", "violin"])[1].tolist() == pytest.approx([0.6, 0.8, 0])
    assert vectors.of([]).shape == (0, 3)
    assert embedder.asked == [["cello", "canoe"], ["violin"]]


def test_words_are_forgotten_where_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WordVectors, "MAX_WORDS", 1)
    embedder = FewWords()
    vectors = WordVectors(embedder)
    for _ in range(2):
        assert len(vectors.of(["cello", "canoe"])) == 2
    assert embedder.asked == [["cello", "canoe"]] * 2


def test_a_term_is_matched_exactly_and_by_the_nearest_word() -> None:
    matches = _table().match("Did Ann play the violins or sell the canoe?")
    # "did", "or" and the like are stop words, and Ann speaks: "play", "violin" and "sell" are in no entry,
    # "canoe" is in one of four.
    unknown, canoe = math.log1p(4.5 / 0.5), math.log1p(3.5 / 1.5)
    total = 3 * unknown + canoe
    assert matches.weights.tolist() == pytest.approx([*[unknown / total] * 3, canoe / total])
    assert matches.exact.tolist() == [[0, 0, 0, 0]] * 3 + [[0, 1, 0, 0]]
    # "violins" itself is no word that the embedder knows, and so nearest to all the others that it does not.
    assert matches.near[3].tolist() == pytest.approx([0, 1, 0, 0])
    assert _table().match("a violin").near.tolist() == [pytest.approx([0.6, 0.8, 0, 0.6])]
    assert _table().match("a piano").near.tolist() == [[0, 0, 0, 0]]


def test_the_word_that_a_term_was_first_met_as_says_what_it_means() -> None:
    # "canoes" has the term of "canoe", whose meaning the table knows.
    assert _table().match("canoes").near.tolist() == _table().match("canoe").near.tolist()


def test_the_topic_of_an_entry_is_the_sum_of_its_words_by_their_rarity() -> None:
    # "loud" is in one of four entries, "cello" in two.
    loud, cello = math.log1p(3.5 / 1.5), math.log1p(2.5 / 2.5)
    topic = _table().match("violin").topic
    assert topic[0] == pytest.approx(0.6 * cello / math.hypot(loud, cello))
    # Of "bought" and "canoe", both in one entry.
    assert topic[1] == pytest.approx(0.8 / math.sqrt(2))
    assert topic[2] == 0


@pytest.mark.parametrize("query", ["", "the of and", "Ann and Bob"])
def test_a_query_without_a_term_matches_nothing(query: str) -> None:
    matches = _table().match(query)
    assert matches.weights.shape == (0,)
    assert matches.exact.shape == matches.near.shape == (0, 4)
    assert matches.topic.tolist() == [0, 0, 0, 0]


def test_entries_without_words_match_nothing() -> None:
    matches = _table(["", "Ann!"]).match("a cello")
    assert matches.exact.tolist() == matches.near.tolist() == [[0, 0]]
    assert matches.topic.tolist() == [0, 0]


def test_of_a_long_query_the_rarest_terms_count() -> None:
    query = "cello " + " ".join(f"word{number}" for number in range(MAX_QUERY_TERMS))
    matches = _table().match(query)
    assert matches.exact.shape == (MAX_QUERY_TERMS, 4)
    assert not matches.exact.any()
    assert matches.weights.sum() == pytest.approx(1)
