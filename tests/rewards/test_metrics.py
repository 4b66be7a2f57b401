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
    squad_exact_match,
    squad_token_f1,
    substring_exact_match,
    token_f1,
)
from memdojo.rewards.metrics import normalise, squad_normalise

# These want all references: they are neither one text nor the best of several.
TEXT_METRICS = [name for name in metric_names() if name not in ("recommendation_recall", "eventqa_recall")]

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
    assert squad_normalise(text) == normal
    assert normalise(text) == (normal or normalise("a") * bool(text))


@given(st.text(st.sampled_from(list("aAnbtheT .,'-\n7"))))
def test_our_normal_form_is_that_of_squad_but_for_articles_that_belong_to_no_word(text: str) -> None:
    assert squad_normalise(normalise(text)) == squad_normalise(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Group A", "group a"),
        ("A, C", "a c"),
        ("A or C", "a or c"),
        ("a cat and the dog", "cat and dog"),
        ("the “Cat”", "cat"),
        ("O’Neil’s", "oneils"),
        ("2019–2020", "20192020"),
        ("Oslo—Norway", "oslo norway"),
        ("Zoe\u0308 MÜLLER-Łódź", "zoe mullerlodz"),
        ("Ｒｏｏｍ　４２", "room 42"),
        ("北京，上海。", "北 京 上 海"),
        ("ชื่อเร็ก", "ชื่ อ เ ร็ ก"),
        ("오슬로에 살아요", "오 슬 로 에 살 아 요"),
        ("मेरा नाम।", "मेरा नाम"),
        ("I ❤️ it 🎉", "i ❤ it 🎉"),
        ("€5", "5"),
    ],
)
def test_texts_of_all_scripts_have_one_normal_form(text: str, normal: str) -> None:
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


def test_an_article_as_reference_is_a_word_and_no_letter() -> None:
    assert substring_exact_match("banana", ["A"]) == 0
    assert substring_exact_match("Group A.", ["A"]) == 1


# What SQuAD's normal form leaves nothing of.
NOTHING = ["A", "An", "the", "a the", "A.", "?", "...", "…", "!", "。", "-", "[A]"]


@pytest.mark.parametrize("reference", NOTHING)
@pytest.mark.parametrize("name", metric_names())
def test_a_reference_that_normalises_to_nothing_pays_itself_and_nothing_else(
    name: str, reference: str
) -> None:
    score = metric(name)
    assert score(reference, [reference]) == pytest.approx(1)
    for reply in ("", " ", "\n", "%%%", "Oslo"):
        assert score(reply, [reference]) == 0


@pytest.mark.parametrize("name", metric_names())
@given(references=st.lists(st.one_of(st.sampled_from(NOTHING), st.text(max_size=5)), min_size=1, max_size=3))
def test_an_empty_prediction_earns_nothing(name: str, references: list[str]) -> None:
    assert metric(name)("", references) == 0
    assert metric(name)(" \n", references) == 0


@pytest.mark.parametrize("name", metric_names())
@pytest.mark.parametrize("frame", ["{}", "Option {}", "It is {}.", "({})", "group {}", "{}.", "{} is right"])
def test_choices_are_paid_alike_whatever_their_letter(name: str, frame: str) -> None:
    # By characters "b" occurs in any word with a "b".
    scores = {letter: metric(name)(frame.format(letter), [letter]) for letter in "ABD"}
    assert scores["A"] == scores["B"] == scores["D"]
    wrong = metric(name)(frame.format("C"), ["A"])
    assert wrong == 0


def test_an_article_behind_its_word_is_a_choice() -> None:
    assert exact_match("Vitamin A", ["vitamin A."]) == 1
    assert exact_match("Vitamin", ["vitamin A"]) == 0
    assert token_f1("Vitamin B", ["vitamin A"]) == pytest.approx(1 / 2)
    # SQuAD's own form cannot tell.
    assert squad_exact_match("Vitamin", ["vitamin A"]) == 1
    assert squad_token_f1("Vitamin B", ["vitamin A"]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["exact_match", "token_f1", "substring_exact_match", "bleu_1", "rouge_l"])
@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("Zoe\u0308", "Zo\u00eb"),
        ("Jose", "José"),
        ("ＡＢＣ", "abc"),
        ("雷克斯", "雷克斯。"),
        ("ガイド", "ｶﾞｲﾄﾞ"),
        ("العربية", "الْعَرَبِيَّة"),
        ("ΑΘΗΝΑ", "Αθήνα"),
        ("42", "٤٢"),
        ("de\u00adlight", "delight"),
        ("🎉", "🎉"),
        ("It’s 5", "it's 5"),
    ],
)
def test_the_same_answer_written_otherwise_is_right(name: str, prediction: str, reference: str) -> None:
    assert metric(name)(prediction, [reference]) == pytest.approx(1)


def test_text_without_blanks_is_graded_by_its_characters() -> None:
    # Shared: 北, 京; two characters against four: F1 = 4/6.
    assert token_f1("在北京市", ["北京"]) == pytest.approx(2 / 3)
    assert rouge_l("在北京市", ["北京"]) == pytest.approx(2 / 3)
    assert bleu_1("在北京市", ["北京"]) == pytest.approx(1 / 2)
    assert substring_exact_match("我现在住在北京。", ["北京"]) == 1
    assert token_f1("上海", ["北京"]) == 0


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
