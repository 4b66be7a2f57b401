from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from memdojo.errors import UnknownNameError
from memdojo.rewards import (
    NO_INFORMATION,
    bleu_1,
    exact_match,
    metric,
    metric_names,
    rouge_l,
    says_no_information,
    substring_exact_match,
    token_f1,
)
from memdojo.rewards.metrics import normalise

# A recommendation is a list of titles, all of them wanted: neither one text nor the best of several.
TEXT_METRICS = [name for name in metric_names() if name != "recommendation_recall"]

texts = st.text(alphabet="ab the.,-'É7 ", max_size=30)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Cat, a dog & an owl!", "cat dog owl"),
        ("another theme", "another theme"),
        ("O'Neil's", "oneils"),
        ("", ""),
        ("A.", ""),
    ],
)
def test_texts_are_normalised_as_in_squad(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_exact_match_ignores_case_punctuation_and_articles() -> None:
    assert exact_match("the Oak Street.", ["Elm Street", "oak street"]) == 1
    assert exact_match("Oak Streets", ["oak street"]) == 0


def test_token_f1_of_two_shared_words_in_three_and_four() -> None:
    # Shared: "red", "bike". Precision 2/3, recall 2/4: F1 = 4/7.
    assert token_f1("red bike yesterday", ["a red mountain bike shop"]) == pytest.approx(4 / 7)


def test_token_f1_counts_a_repeated_word_as_often_as_both_have_it() -> None:
    # Shared bag {la: 1}; precision 1/3, recall 1/1.
    assert token_f1("la la la", ["la"]) == pytest.approx(0.5)


def test_the_best_reference_counts() -> None:
    for name in TEXT_METRICS:
        assert metric(name)("blue car", ["green boat", "blue car", "blue"]) == pytest.approx(1)


def test_substring_match_goes_by_characters() -> None:
    assert substring_exact_match("She moved to Oslo, in Norway.", ["oslo"]) == 1
    assert substring_exact_match("born in 2012", ["12"]) == 1
    assert substring_exact_match("Oslo", ["Oslo in Norway"]) == 0


def test_a_reference_that_normalises_to_nothing_does_not_match_everything() -> None:
    assert substring_exact_match("anything", ["the"]) == 0
    assert token_f1("anything", ["the"]) == 0
    assert bleu_1("anything", ["the"]) == 0


def test_bleu_1_is_unigram_precision_with_brevity_penalty() -> None:
    # Three of four words match, prediction longer than reference: no penalty.
    assert bleu_1("red car in Rome", ["red car Rome"]) == pytest.approx(3 / 4)
    # Precision 1, lengths 1 and 3: exp(1 - 3/1).
    assert bleu_1("red", ["red car Rome"]) == pytest.approx(math.exp(-2))
    assert bleu_1("blue", ["red car Rome"]) == 0


@given(prediction=texts, reference=texts)
def test_bleu_1_equals_nltk_on_the_normalised_tokens(prediction: str, reference: str) -> None:
    predicted, wanted = normalise(prediction).split(), normalise(reference).split()
    if predicted and wanted:
        expected = sentence_bleu(
            [wanted], predicted, weights=(1, 0, 0, 0), smoothing_function=SmoothingFunction().method1
        )
        assert bleu_1(prediction, [reference]) == pytest.approx(expected)


def test_rouge_l_is_the_f_measure_of_the_longest_common_subsequence_of_stems() -> None:
    # Stems: she paint sunset / paint a sunset she; the longest common subsequence is "paint sunset".
    assert rouge_l("She painted sunsets", ["painting a sunset she"]) == pytest.approx(2 * 2 / (3 + 4))


@pytest.mark.parametrize("name", metric_names())
def test_without_references_the_right_answer_is_that_there_is_no_information(name: str) -> None:
    score = metric(name)
    assert score(NO_INFORMATION, []) == 1
    assert score("That is NOT MENTIONED anywhere.", []) == 1
    assert score("I don't know", []) == 0
    assert score("", []) == 0


@pytest.mark.parametrize("name", metric_names())
def test_no_information_is_worth_nothing_where_there_is_an_answer(name: str) -> None:
    assert metric(name)(NO_INFORMATION, ["Oslo"]) == 0


def test_listing_everything_pays_under_substring_match_only() -> None:
    # The reader's hack: name every candidate. 1 of 12 words is right: F1 = 2/13.
    stuffed = "Rome Oslo Paris Lima Quito Kyiv Riga Bern Cairo Doha Tunis Accra"
    assert substring_exact_match(stuffed, ["Oslo"]) == 1
    assert exact_match(stuffed, ["Oslo"]) == 0
    assert token_f1(stuffed, ["Oslo"]) == pytest.approx(2 / 13)
    assert bleu_1(stuffed, ["Oslo"]) == pytest.approx(1 / 12)
    assert rouge_l(stuffed, ["Oslo"]) == pytest.approx(2 / 13)


def test_adding_that_there_is_no_information_costs_an_answer_its_precision() -> None:
    hedged = f"Oslo. {NO_INFORMATION}"
    assert token_f1(hedged, []) == 1
    assert token_f1(hedged, ["Oslo"]) == pytest.approx(2 / 5)


@pytest.mark.parametrize("name", metric_names())
@given(prediction=texts, references=st.lists(texts, max_size=3))
def test_scores_lie_between_0_and_1(name: str, prediction: str, references: list[str]) -> None:
    assert 0 <= metric(name)(prediction, references) <= 1 + 1e-12


@pytest.mark.parametrize("name", TEXT_METRICS)
@given(text=texts.filter(lambda text: any(word in "ab7" for word in normalise(text))))
def test_a_text_matches_itself(name: str, text: str) -> None:
    assert metric(name)(text, [text]) == pytest.approx(1)


def test_an_unknown_metric_is_told_with_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown metric 'tokenf1'.*'token_f1'"):
        metric("tokenf1")


def test_a_bare_string_as_references_is_refused() -> None:
    with pytest.raises(TypeError, match="sequence of reference answers"):
        token_f1("a", "a")


def test_the_phrases_for_a_missing_answer_are_found_in_any_case() -> None:
    assert says_no_information("no Information AVAILABLE.")
    assert not says_no_information("no information")
