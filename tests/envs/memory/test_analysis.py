import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.memory.analysis import (
    STOP_WORDS,
    analyze,
    count_tokens,
    exceeds_tokens,
    words_with_terms,
)


def test_terms_are_lowercase_stems_without_stop_words_in_order_with_repeats() -> None:
    assert analyze("Caroline's dogs were running, and the DOG ran!") == [
        "carolin",
        "dog",
        "run",
        "dog",
        "ran",
    ]


def test_each_term_has_the_word_that_it_came_from() -> None:
    assert words_with_terms("The DOGS ran, Zo\u00e9!") == [
        ("dogs", "dog"),
        ("ran", "ran"),
        ("zo\u00e9", "zoe"),
    ]
    assert words_with_terms("running") == [("running", "run")]
    assert words_with_terms("What is it?") == []


@given(st.text())
def test_words_come_with_the_terms_of_their_text(text: str) -> None:
    assert [term for _, term in words_with_terms(text)] == analyze(text)


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("r\u00e9sum\u00e9", "re\u0301sume\u0301"),
        ("RÉSUMÉ", "resume"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("DIYARBAKIR", "Diyarbakır"),
        ("Ærø Łódź Đà Nẵng", "aero lodz da nang"),
        ("Ｒｏｏｍ ４２", "room 42"),
        ("ﬁrst ofﬁce", "first office"),
        ("de\u00adlight\u200bful", "delightful"),
        ("ΑΘΗΝΑ ΟΔΟΣ", "Αθήνα οδός"),
        ("Ёлка", "елка"),
        ("الْعَرَبِيَّة", "العربية"),
        ("العـــربية", "العربية"),
        ("שָׁלוֹם", "שלום"),
        ("٤٢ ४२ ４２", "42 42 42"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("\u110b\u1169\u1109\u1173", "오스"),
        ("कि\u200dताब", "किताब"),
        ("It’s José’s", "It's Jose's"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_the_same_word_written_otherwise_has_the_same_terms(one: str, other: str) -> None:
    assert analyze(one) == analyze(other) != []


def test_words_with_vowel_signs_are_whole_and_signs_tell_them_apart() -> None:
    assert analyze("मेरे कुत्ते का नाम") == ["मेरे", "कुत्ते", "का", "नाम"]
    assert analyze("சென்னையில் ঢাকায়") == ["சென்னையில்", "ঢাকায়"]
    assert analyze("की") != analyze("का")


def test_where_words_are_not_set_off_pairs_of_characters_are_terms() -> None:
    assert analyze("我的狗") == ["我", "我的", "的", "的狗", "狗"]
    # Kana by themselves mean nothing, while a Chinese character may be a word.
    assert analyze("犬です") == ["犬", "犬で", "です"]
    assert analyze("ガイドー") == ["ガイ", "イド", "ドー"]
    # By what a reader takes for one character, so that no sign stands without its letter.
    assert analyze("ชื่อเร็ก") == ["ชื่", "ชื่อ", "อเ", "เร็", "ร็", "ร็ก"]
    assert analyze("개는") == ["개", "개는", "는"]
    assert analyze("ก: 我") == ["ก", "我"]
    assert analyze("我有iPhone手机") == ["我", "我有", "有", "iphon", "手", "手机", "机"]


@pytest.mark.parametrize(
    ("document", "query"),
    [
        ("我的狗叫雷克斯。", "你的狗叫什么名字?"),
        ("我的狗叫雷克斯。", "狗"),
        ("私の犬の名前はレックスです。", "犬の名前は何ですか?"),
        ("หมาของฉันชื่อเร็กซ์", "หมาของเขาชื่ออะไร"),
        ("ໝາຂອງຂ້ອຍຊື່ເຣັກ", "ໝາຊື່ຫຍັງ"),
        ("ឆ្កែរបស់ខ្ញុំឈ្មោះរ៉េក", "ឆ្កែឈ្មោះអ្វី"),
        ("ကျွန်တော့်ခွေးနာမည်ရက်စ်", "ခွေးနာမည်"),
        ("བོད་སྐད་", "བོད་"),
        ("우리 강아지는 렉스예요", "강아지의 이름은?"),
        ("मेरे कुत्ते का नाम रेक्स है।", "कुत्ते का नाम?"),
        ("என் நாய் ரெக்ஸ்", "நாய்?"),
        ("الكلب اسمه ركس", "ما اسم الكَلْب؟"),
        ("Мою собаку зовут Рекс", "СОБАКУ"),
        ("Happy birthday 🎉", "🎉"),
    ],
)
def test_what_is_asked_in_any_script_shares_terms_with_what_was_said(document: str, query: str) -> None:
    assert set(analyze(document)) & set(analyze(query))


def test_stems_and_stop_words_are_those_of_english_alone() -> None:
    assert analyze("the thé") == ["the"]
    assert analyze("Собаки собаку") == ["собаки", "собаку"]


@given(st.text())
def test_terms_are_the_same_however_a_text_is_composed_and_marks_stand_with_their_letters(text: str) -> None:
    terms = analyze(text)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert analyze(unicodedata.normalize(form, text)) == terms
    assert all(terms)


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
