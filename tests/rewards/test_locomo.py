from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.errors import ConfigError
from memdojo.rewards import NO_INFORMATION, locomo_score, locomo_strict_score
from memdojo.rewards.locomo import LOCOMO_CATEGORIES


def test_single_hop_is_the_f1_of_stems_without_articles_and_and() -> None:
    # run, swim / run, swim, daili -> "and", "the" dropped. Precision 1, recall 2/3: F1 = 4/5.
    assert locomo_score("Running and the swims", ["runs, swimming daily"], "4") == pytest.approx(0.8)


def test_commas_are_stripped_rather_than_made_into_gaps() -> None:
    assert locomo_score("1,000 dollars", ["1000 dollars"], "4") == 1


def test_temporal_has_the_rule_of_single_hop() -> None:
    # "7", "may" of three words each.
    assert locomo_score("7 May 2022", ["7 May, 2023"], "2") == pytest.approx(2 / 3)


def test_open_domain_keeps_the_reference_before_its_semicolon() -> None:
    reference = "Likely no; though she likes reading, she wants to be a counselor"
    assert locomo_score("likely no", [reference], "3") == 1
    assert locomo_score("likely no", [reference], "4") < 0.5


def test_multi_hop_averages_over_the_parts_of_the_reference() -> None:
    # Parts: pottery (found, 1), camping trips (best "camping": 2 * 1 / 3), painting (nothing, 0).
    score = locomo_score("camping, pottery", ["pottery, camping trips, painting"], "1")
    assert score == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_multi_hop_does_not_charge_for_parts_too_many() -> None:
    # The official rule has recall only: a known way to stuff answers.
    assert locomo_score("beach, mountains, forest, desert, moon", ["forest"], "1") == 1


def test_adversarial_wants_one_of_the_phrases() -> None:
    assert locomo_score("It is not mentioned.", ["self-care"], "5") == 1
    assert locomo_score(NO_INFORMATION, [], "5") == 1
    assert locomo_score("self-care", ["self-care"], "5") == 0


def test_the_best_reference_counts() -> None:
    assert locomo_score("blue", ["red", "blue"], "4") == 1


def test_scores_are_those_of_the_published_script() -> None:
    # Category, reference and prediction, all made up for this file, with the score that
    # `task_eval/evaluation.py` of snap-research/locomo (commit 9228632) gives.
    rows = json.loads(Path(__file__).with_name("locomo_published_scores.json").read_text("utf-8"))
    assert len(rows) == 227
    for category, reference, prediction, published in rows:
        assert locomo_score(prediction, [reference], category) == pytest.approx(published, abs=1e-12)


def test_an_empty_prediction_scores_nothing() -> None:
    assert [locomo_score("", ["the"], category) for category in "1234"] == [0, 0, 0, 0]


def test_another_category_is_refused() -> None:
    with pytest.raises(ConfigError, match="'single_fact'"):
        locomo_score("a", ["a"], "single_fact")


@given(prediction=st.text(max_size=30), reference=st.text(max_size=30), category=st.sampled_from("12345"))
def test_scores_lie_between_0_and_1(prediction: str, reference: str, category: str) -> None:
    assert 0 <= locomo_score(prediction, [reference], category) <= 1


HEDGES = [
    " (not mentioned)",
    ". No information available.",
    ", but it is not mentioned",
    " [Not mentioned]",
    " - not mentioned!",
]
QUESTION = "What did Caroline realize after her charity race?"


@pytest.mark.parametrize("hedge", HEDGES)
@pytest.mark.parametrize("category", LOCOMO_CATEGORIES)
def test_a_hedge_behind_an_answer_neither_gains_nor_costs_under_the_strict_rule(
    category: str, hedge: str
) -> None:
    for answer in ("self-care is important", "7 May, 2023", "yes"):
        plain = locomo_strict_score(answer, ["self-care", "May 7, 2023"], category, QUESTION)
        assert locomo_strict_score(answer + hedge, ["self-care", "May 7, 2023"], category, QUESTION) == plain
        assert plain == locomo_score(answer, ["self-care", "May 7, 2023"], category)
    if category == "5":
        assert locomo_score("yes" + hedge, [], category) == 1


@pytest.mark.parametrize(
    "answer",
    [
        NO_INFORMATION,
        "Not mentioned",
        "It is not mentioned in the conversation.",
        "I'm sorry, there is no information available about that.",
        "What Caroline realized after the race is not mentioned.",
        "The dialogue has no information available on Caroline's charity race.",
    ],
)
def test_an_answer_that_only_says_so_is_right_where_nothing_is_known(answer: str) -> None:
    assert locomo_strict_score(answer, [], "5", QUESTION) == 1
    assert locomo_strict_score(answer, [], "2", QUESTION) == 1


def test_a_choice_named_by_the_question_is_an_answer() -> None:
    assert locomo_strict_score("tea (not mentioned)", [], "5", "Does Ann drink tea or coffee?") == 0
    assert locomo_strict_score("not mentioned", [], "5", "Does Ann drink tea or coffee?") == 1
    assert locomo_strict_score("I don't know", [], "5", "Does Ann drink tea?") == 0
    with pytest.raises(ConfigError, match="'1' to '5'"):
        locomo_strict_score("x", [], "6")


def test_words_of_the_question_are_an_answer_where_they_are_no_subject() -> None:
    for answer in (
        "Caroline (not mentioned)",
        "charity race. Not mentioned.",
        "Caroline, but it is not mentioned",
    ):
        assert locomo_strict_score(answer, [], "5", QUESTION) == 0


def test_separators_and_phrases_without_end_are_left_out_in_one_pass() -> None:
    assert locomo_strict_score("yes" + " (not mentioned)" * 5000, ["yes"], "4") == 1
    assert locomo_strict_score("yes" + " ,;([" * 20_000 + " not mentioned", ["yes"], "4") == 1
