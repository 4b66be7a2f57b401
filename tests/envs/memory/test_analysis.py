import time

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


def test_tokens_are_words_and_punctuation_marks() -> None:
    assert count_tokens("Hi, Mel! It's 5 o'clock.") == 12
    assert count_tokens("") == count_tokens(" \n\t") == 0


def test_exceeding_is_told_exactly_at_the_limit() -> None:
    assert not exceeds_tokens("a b c", 3)
    assert exceeds_tokens("a b c d", 3)
    assert exceeds_tokens("!!!!", 3)
    assert not exceeds_tokens("a" * 1000, 3)


def test_huge_text_is_refused_without_reading_all_of_it() -> None:
    text = "word " * 2_000_000
    start = time.perf_counter()
    assert exceeds_tokens(text, 2048)
    assert time.perf_counter() - start < 0.5


def test_endless_word_is_a_term_of_its_own_and_is_not_cached() -> None:
    word = "x" * 100_000
    assert analyze(f"a {word} dog") == [word, "dog"]
