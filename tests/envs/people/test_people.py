from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.people import Mention, People

ANN_AND_BOB = ("Ann Lee", "Bob Ray")
DOCTORS = ("Dr. Kim", "Dr. Park")
USERS = ("User A", "User B")


@pytest.mark.parametrize(
    ("names", "text", "meant"),
    [
        (ANN_AND_BOB, "Where does Ann Lee live?", "Ann Lee"),
        (ANN_AND_BOB, "Where does Ann live?", "Ann Lee"),
        (ANN_AND_BOB, "Where does Lee live?", "Ann Lee"),
        (ANN_AND_BOB, "Where does Mrs. Lee live?", "Ann Lee"),
        (ANN_AND_BOB, "Where does A. Lee live?", "Ann Lee"),
        (ANN_AND_BOB, "Is Lee Ann here?", "Ann Lee"),
        (ANN_AND_BOB, "What is Ann Lee’s dog called?", "Ann Lee"),
        (ANN_AND_BOB, "WHERE DOES ANN LEE LIVE?", "Ann Lee"),
        (ANN_AND_BOB, "where does ann live?", "Ann Lee"),
        (ANN_AND_BOB, "In May Ann moved.", "Ann Lee"),
        (ANN_AND_BOB, "Did Robert call?", "Bob Ray"),
        (DOCTORS, "Where does doctor kim live?", "Dr. Kim"),
        (DOCTORS, "Where does Kim live?", "Dr. Kim"),
        (("Dr. Kim", "Mr. Kim"), "Where does Dr Kim live?", "Dr. Kim"),
        (("Sung Kim", "Kim Lee"), "Where is Mr. Kim?", "Sung Kim"),
        (("Uncle Bob", "Ann"), "Where is Bob?", "Uncle Bob"),
        (("Mum", "Dad"), "Where is Mum?", "Mum"),
        (USERS, "Where does User A live?", "User A"),
        (USERS, "where does user b live?", "User B"),
        (("SPEAKER_00", "SPEAKER_01"), "What does speaker 01 say?", "SPEAKER_01"),
        (("user", "assistant"), "Where does the user live?", "user"),
        (("María José", "Juan Carlos"), "Where does maria live?", "María José"),
        (("Maria Jose",), "¿Dónde vive María José?", "Maria Jose"),
        (("Zoë",), "Where is Zoe's dog?", "Zoë"),
        (("Þóra", "Ann"), "Where does Thora live?", "Þóra"),
        (("בן־גוריון",), "איפה גר בן־גוריון?", "בן־גוריון"),
        (("かな", "がな"), "がな はどこ？", "がな"),
        (("Juan de la Cruz", "Ann"), "Where does de la Cruz live?", "Juan de la Cruz"),
        (("Juan de la Cruz", "Ann"), "Where does Juan Cruz live?", "Juan de la Cruz"),
        (("Jean-Luc Picard",), "Where is Jean Luc?", "Jean-Luc Picard"),
        (("Conan O'Brien",), "Where is O’Brien's car?", "Conan O'Brien"),
        (("James",), "What is James' car?", "James"),
        (("J. Smith",), "Where is John Smith?", "J. Smith"),
        (("Ann L.", "Ann R."), "Where is Ann Lee?", "Ann L."),
        (("John Smith Jr.", "John Smith Sr."), "Where is John Smith Sr. now?", "John Smith Sr."),
        (("Ann", "Ann Lee"), "Where is Ann?", "Ann"),
        (("Ann", "Bob"), "Where is Ann Lee?", "Ann"),
        (("Melanie", "Caroline"), "Where is Caro?", "Caroline"),
        (("Robert", "Roberta"), "Where is Rob?", "Robert"),
        (("Will", "Rose"), "What will Rose do?", "Rose"),
        (("Will", "Rose"), "What does Will do with a rose?", "Will"),
        (("ann_lee", "@bob"), "Where does Ann live?", "ann_lee"),
        (("ann_lee", "@bob"), "Where does Bob live?", "@bob"),
        (("ann.lee@example.org",), "Where does Ann Lee live?", "ann.lee@example.org"),
        (("AnnLee",), "Where is Ann?", "AnnLee"),
        (("bob99",), "Where is Bob?", "bob99"),
        (("Lee, Ann",), "Where is Ann?", "Lee, Ann"),
        (("Ann Lee (Sales)",), "Where is Ann Lee?", "Ann Lee (Sales)"),
        (('Robert "Bobo" Ray',), "Where is Bobo?", 'Robert "Bobo" Ray'),
        (("小明", "小红"), "小明的狗叫什么名字?", "小明"),
        (("王小明", "李小红"), "小明的狗叫什么名字?", "王小明"),
        (("김지민", "박서준"), "지민은 어디 살아?", "김지민"),
        (("राज", "सीता"), "राज के कुत्ते का नाम क्या है?", "राज"),
        (("Анна Ли",), "Где живёт Анна?", "Анна Ли"),
    ],
)
def test_somebody_is_found_by_what_people_call_them(names: tuple[str, ...], text: str, meant: str) -> None:
    assert People(names).named_in(text) == {meant}
    decomposed = unicodedata.normalize("NFD", text)
    assert People(names).named_in(decomposed) == {meant}


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("Ann Lee", "Ann Ray"), "Where does Ann live?"),
        (("Ann Lee", "Bob Lee"), "Where does Mr. Lee live?"),
        (("John Smith", "Jane Smith"), "Where is J. Smith?"),
        (("John Smith Jr.", "John Smith Sr."), "Where is John Smith?"),
        (("王小明", "李小明"), "小明的狗叫什么名字?"),
    ],
)
def test_a_name_of_several_people_means_none_of_them(names: tuple[str, ...], text: str) -> None:
    assert People(names).named_in(text) == frozenset()


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (ANN_AND_BOB, "Where does Bob Lee live?"),
        (ANN_AND_BOB, "Where does Ann Smith live?"),
        (ANN_AND_BOB, "Where does Carol Lee live?"),
        (("Dr. Kim",), "Where does Mr. Kim live?"),
        (DOCTORS, "Where did they park, in Hyde Park?"),
        (("McDonald",), "Where is Donald?"),
        (USERS, "What is a user?"),
        (("Will", "May"), "Will she come in may?"),
        (("Janet",), "In Jan?"),
        (("ก", "ข"), "หมาของเขาชื่ออะไร"),
        (("", " ", "-", "7"), "Where is - 7?"),
    ],
)
def test_other_people_and_other_words_are_nobody(names: tuple[str, ...], text: str) -> None:
    assert People(names).named_in(text) == frozenset()


def test_several_may_be_named_and_one_under_several_spellings() -> None:
    assert People(ANN_AND_BOB).named_in("What did Ann tell Bob Ray?") == {"Ann Lee", "Bob Ray"}
    assert People(["Ann Lee", "ann_lee"]).named_in("Where is Ann?") == {"Ann Lee", "ann_lee"}


def test_a_mention_has_its_place_without_the_possessive() -> None:
    assert People(["Ann Lee"]).mentions("Is it Ann Lee's?") == (Mention(6, 13, "Ann Lee"),)


@given(names=st.lists(st.text(max_size=12), max_size=4), text=st.text(max_size=60))
def test_any_names_and_any_text_can_be_read(names: list[str], text: str) -> None:
    assert People(names).named_in(text) <= set(names)


def count_calls(run: Any) -> int:
    """Return how many Python functions of memdojo are called."""
    calls = Counter[bool]()

    def count(frame: FrameType, event: str, _: object) -> None:
        calls[event == "call" and "memdojo" in frame.f_code.co_filename] += 1

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls[True]


@pytest.mark.parametrize("word", ["Ann ", "Ann Lee ", "sister ", "de la ", "A ", "Ann-", "Dr. ", "X "])
def test_reading_takes_steps_in_proportion_to_the_text(word: str) -> None:
    people = People(["Ann Lee", "Bob Ray", "Dr. Kim", "User A"])
    few, many = (count_calls(lambda n=n: people.named_in(word * n)) for n in (100, 400))
    assert many <= 4.2 * few
