import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.memory.analysis import STOP_WORDS, analyze, count_tokens, exceeds_tokens


def test_terms_are_lowercase_stems_without_stop_words_in_order_with_repeats() -> None:
    assert analyze("Caroline's dogs were running, and the DOG ran!") == [
        "carolin",
        "dog",
        "run",
        "dog",
        "ran",
    ]


def test_contractions_leave_nothing_behind() -> None:
    assert analyze("I'm sure we've seen it; they'll say he'd go, isn't it?") == [
        "sure",
        "seen",
        "say",
        "go",
        "isn",
    ]


def test_negations_and_numbers_are_terms() -> None:
    assert analyze("She is not 42, no.") == ["not", "42", "no"]


def test_text_of_stop_words_or_nothing_has_no_terms() -> None:
    assert analyze("What is it that you do?") == []
    assert analyze("") == []
    assert analyze("?! ...") == []


def test_stop_words_are_few_and_lowercase() -> None:
    assert 70 <= len(STOP_WORDS) <= 90
    assert all(word == word.lower() for word in STOP_WORDS)


def test_ordinary_words_and_marks_are_a_token_each() -> None:
    assert count_tokens("Hi, Mel! It's 5 o'clock.") == 12
    assert count_tokens("") == count_tokens(" ") == 0


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("letters", 1),
        ("letterss", 2),
        ("a" * 1000, 1 + 331),
        ("I_live_in_Oslo", 7),
        ("2023", 4),
        ("我住在奥斯陆", 6),
        ("Živković", 1 + 1 + 1),
        ("мир", 2),
        ("\u200b" * 90, 90),
        ("\N{DOG}", 2),
        ("\ud800", 1),
        ("\x00\x1b", 2),
        ("a b", 2),
        ("a" + " " * 17 + "b", 2 + 2),
        ("a" + "\n" * 9 + "b", 2 + 1),
        ("a" + "\u3000" * 3 + "b", 2 + 3),
    ],
)
def test_no_text_is_cheaper_than_its_bytes_allow(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens
    assert not exceeds_tokens(text, tokens)
    assert exceeds_tokens(text, tokens - 1)


@given(st.text(st.one_of(st.characters(), st.sampled_from("aZ_9 \n我ก"))))
def test_every_text_costs_a_token_for_at_most_eight_bytes_and_at_least_one(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    assert (size - 1) / 8 <= count_tokens(text) <= size


@given(st.text(st.sampled_from("ab9_ .é我")), st.text(st.sampled_from("ab9_ .é我")))
def test_joining_two_texts_without_a_blank_saves_at_most_one_token_at_the_seam(left: str, right: str) -> None:
    # And costs at most the rest of a word that goes on as the middle of another.
    joined = count_tokens(left + right)
    assert count_tokens(left) + count_tokens(right) - 1 <= joined


def test_huge_text_is_refused_without_reading_all_of_it() -> None:
    text = "word " * 2_000_000
    start = time.perf_counter()
    assert exceeds_tokens(text, 2048)
    assert time.perf_counter() - start < 0.5


def test_endless_word_is_a_term_of_its_own_and_is_not_cached() -> None:
    word = "x" * 100_000
    assert analyze(f"a {word} dog") == [word, "dog"]
