from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.rewards import (
    dcg,
    ndcg_any_at_k,
    ndcg_at_k,
    ndcg_longmemeval_at_k,
    newly_covered,
    recall_all_at_k,
    recall_any_at_k,
    recall_at_k,
)

A, B, AB, NONE = frozenset("a"), frozenset("b"), frozenset("ab"), frozenset[str]()
turns = st.frozensets(st.sampled_from("abcdef"))


def test_a_turn_counts_at_its_first_rank_only() -> None:
    assert newly_covered([A, NONE, AB, B], AB) == [1, 0, 1, 0]


def test_turns_beyond_the_evidence_count_for_nothing() -> None:
    assert newly_covered([frozenset("xa"), frozenset("y")], AB) == [1, 0]


def test_recall_is_cut_at_k() -> None:
    ranked = [NONE, A, A, B]
    assert recall_at_k(ranked, AB, 1) == 0
    assert recall_at_k(ranked, AB, 3) == 0.5
    assert recall_at_k(ranked, AB, 4) == 1
    assert recall_at_k(ranked, AB) == 1
    assert recall_at_k([], AB, 5) == 0


def test_dcg_discounts_by_the_logarithm_of_the_rank() -> None:
    # 1/log2(2) + 0/log2(3) + 3/log2(4)
    assert dcg([1, 0, 3]) == pytest.approx(2.5)
    assert dcg([]) == 0


def test_ndcg_of_singletons_is_the_usual_binary_one() -> None:
    # Hits at ranks 1 and 3: (1 + 1/2) over the ideal (1 + 1/log2(3)).
    assert ndcg_at_k([A, NONE, B], AB, 3) == pytest.approx(1.5 / (1 + 1 / math.log2(3)))


def test_the_ideal_ranking_is_cut_at_k() -> None:
    assert ndcg_at_k([A, NONE], AB, 1) == 1


def test_an_entry_with_all_the_evidence_at_the_top_is_ideal_and_no_better() -> None:
    # DCG 2 against the singletons' 1.63: clipped.
    assert ndcg_at_k([AB], AB, 5) == 1


def test_repeating_a_supporting_entry_gains_nothing() -> None:
    assert ndcg_at_k([A, A, A], AB, 3) == ndcg_at_k([A, NONE, NONE], AB, 3)


@given(ranked=st.lists(turns, max_size=6), evidence=turns.filter(bool), k=st.integers(1, 8))
def test_scores_lie_between_0_and_1_and_recall_grows_with_k(
    ranked: list[frozenset[str]], evidence: frozenset[str], k: int
) -> None:
    assert 0 <= ndcg_at_k(ranked, evidence, k) <= 1
    assert 0 <= recall_at_k(ranked, evidence, k) <= recall_at_k(ranked, evidence, k + 1) <= 1


@given(order=st.permutations("abcdef"), evidence=turns.filter(bool))
def test_evidence_first_is_ideal(order: list[str], evidence: frozenset[str]) -> None:
    ranked = sorted((frozenset(turn) for turn in order), key=lambda entry: not entry & evidence)
    assert ndcg_at_k(ranked, evidence) == pytest.approx(1)


@pytest.mark.parametrize("function", [recall_at_k, ndcg_at_k])
def test_questions_without_evidence_are_refused(function: object) -> None:
    with pytest.raises(ValueError, match="leave it out"):
        function([A], NONE, 1)  # type: ignore[operator]


def test_k_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive number of ranks"):
        recall_at_k([A], A, 0)


def test_the_discount_of_longmemeval_starts_behind_the_second_rank() -> None:
    # Hits at ranks 2 and 3: (1 + 1/log2(3)) over the ideal (1 + 1).
    assert ndcg_longmemeval_at_k([NONE, A, B], AB, 3) == pytest.approx((1 + 1 / math.log2(3)) / 2)
    assert ndcg_longmemeval_at_k([NONE, A], A, 2) == 1
    assert ndcg_at_k([NONE, A], A, 2) == pytest.approx(1 / math.log2(3))
    assert ndcg_longmemeval_at_k([NONE] * 9 + [A], A, 10) == pytest.approx(1 / math.log2(10))


def test_any_and_all_of_the_evidence() -> None:
    assert (recall_any_at_k([NONE, A, B], AB, 1), recall_all_at_k([NONE, A, B], AB, 1)) == (0, 0)
    assert (recall_any_at_k([NONE, A, B], AB, 2), recall_all_at_k([NONE, A, B], AB, 2)) == (1, 0)
    assert (recall_any_at_k([NONE, A, B], AB, 3), recall_all_at_k([NONE, A, B], AB, 3)) == (1, 1)
    # A session that holds both turns.
    assert recall_all_at_k([AB], AB, 5) == 1


def test_longmemevals_ndcg_counts_a_session_once() -> None:
    # Two relevant sessions, one of them with two evidence turns, at ranks 1 and 3.
    evidence = frozenset("abc")
    ranked = [AB, NONE, frozenset("c")]
    assert ndcg_any_at_k(ranked, evidence, 5, 2) == pytest.approx((1 + 1 / math.log2(3)) / 2)
    assert ndcg_any_at_k(ranked, evidence, 1, 2) == 1
    # Where nobody counted the sessions, the ideal has one for each turn.
    assert ndcg_any_at_k(ranked, evidence) == pytest.approx((1 + 1 / math.log2(3)) / (2 + 1 / math.log2(3)))
    assert ndcg_any_at_k([NONE], evidence, 5, 2) == 0
    with pytest.raises(ValueError, match="leave it out"):
        ndcg_any_at_k([A], NONE, 1)
