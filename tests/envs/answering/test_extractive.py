from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import read_answer
from memdojo.envs.answering import Answerer, AnswerRequest, ExtractiveAnswerer
from memdojo.rewards import NO_INFORMATION, token_f1


def test_the_reader_is_an_answerer_and_its_fingerprint_has_its_setting() -> None:
    answerer: Answerer = ExtractiveAnswerer(threshold=0.25)
    assert "0.25" in answerer.fingerprint
    with pytest.raises(ValueError, match="between 0 and 1"):
        ExtractiveAnswerer(threshold=1.5)


@pytest.mark.parametrize(
    ("question", "context", "answer"),
    [
        ("Where does Ana live?", ["Ana: I live in Lisbon with two cats."], "Lisbon"),
        ("Who painted the fence?", ["Ben: Martin Grey painted the fence for us."], "Martin Grey"),
        ("How old is Ben?", ["Ana: Did you know that Ben is 47 years old?"], "47"),
        ("How many cats does Ana have?", ["Ana: I bought 9 chairs.", "Ana: I have three cats."], "three"),
        ("How much did Ben pay for the boat?", ["Ben: The boat was 900 euros, I paid in cash."], "900 euros"),
        ("How long has Ana been married?", ["Ana: We have been married for 12 years."], "12 years"),
        ("What does Ana work as?", ["Ana: I work as a glazier."], "glazier"),
        ("What is Ben's dog called?", ["Ben: My dog is called Rufus."], "Rufus"),
        ("What book did Ana read?", ['Ana: I read "A Quiet Year" last week.'], "A Quiet Year"),
        ("Which instrument does Ben play?", ["Ben: I play the lute, badly."], "lute"),
        ("Does Ana like snow?", ["Ana: I like snow a lot."], "Yes"),
        ("Does Ana like snow?", ["Ana: I don't like snow."], "No"),
    ],
)
def test_a_short_answer_of_the_wanted_sort_is_cut_out(question: str, context: list[str], answer: str) -> None:
    assert read_answer(question, *context) == answer


def test_the_speaker_must_be_the_person_asked_about() -> None:
    context = ["Ben: I live in Quito.", "Ana: I live in Lisbon."]
    assert read_answer("Where does Ana live?", *context) == "Lisbon"
    assert read_answer("Where does Ben live?", *context) == "Quito"


@pytest.mark.parametrize(
    ("ann", "bob", "asked"),
    [
        ("Ann Lee", "Bob Ray", "Ann Lee"),
        ("Ann Lee", "Bob Ray", "Ann"),
        ("Ann Lee", "Bob Ray", "Mrs. Lee"),
        ("Dr. Kim", "Dr. Park", "Dr. Kim"),
        ("User A", "User B", "User A"),
        ("María José", "Juan Carlos", "Maria José"),
        ("ann", "bob", "Ann"),
        ("ann lee", "bob ray", "Ann Lee"),
        ("ann_lee", "@bob", "Ann"),
        ("小明", "小红", "小明"),
    ],
)
def test_the_person_asked_about_is_found_by_any_of_their_names(ann: str, bob: str, asked: str) -> None:
    context = [f"[2024-05-01] {ann}: I live in Rome.", f"[2024-05-02] {bob}: I live in Oslo."]
    assert read_answer(f"Where does {asked} live?", *context) == "Rome"
    assert read_answer(f"Where does {bob} live?", *context) == "Oslo"


def test_a_name_that_two_share_prefers_neither() -> None:
    ann, other = "[2024-05-01] Ann Lee: I live in Rome.", "[2024-05-02] Ann Ray: I live in Oslo."
    assert read_answer("Where does Ann Lee live?", ann, other) == "Rome"
    # Nothing but the date is left to go by.
    assert read_answer("Where does Ann live?", ann, other) == "Oslo"


def test_a_name_in_full_within_a_line_is_the_person() -> None:
    assert (
        read_answer(
            "Where does Dr. Kim live?",
            "[2024-05-01] Bob: Dr. Kim lives in Rome.",
            "[2024-05-02] Bob: I live in Oslo.",
        )
        == "Rome"
    )


def test_words_are_the_same_in_all_forms_of_unicode() -> None:
    line = "Zoë: My résumé is in the attic."
    for form in ("NFC", "NFD"):
        assert read_answer("Where is Zoë's résumé?", unicodedata.normalize(form, line), "Bob: Ok.") == "attic"


def test_what_was_said_later_wins_in_any_order_of_the_lines() -> None:
    old, new = "[2023-05-01] Ana: I live in Lisbon.", "[2023-06-01] Ana: I live in Quito."
    assert read_answer("Where does Ana live?", old, new) == "Quito"
    assert read_answer("Where does Ana live?", new, old) == "Quito"


def test_a_correction_on_the_same_day_wins() -> None:
    assert (
        read_answer(
            "Where does Ana live?",
            "[2023-05-01] Ana: I live in Lisbon.",
            "[2023-05-01] Ana: About where I live, I meant Quito, not Lisbon.",
        )
        == "Quito"
    )


def test_what_was_taken_back_later_is_no_information() -> None:
    told = "[2023-05-01] Ana: I booked a trip to Lisbon."
    back = "[2023-06-01] Ana: We called off the trip."
    assert read_answer("Where is Ana's trip going to?", told) == "Lisbon"
    assert read_answer("Where is Ana's trip going to?", told, back) == NO_INFORMATION


def test_a_name_leads_from_one_line_to_the_next() -> None:
    assert (
        read_answer(
            "Where does Ana's sister live?", "Ana: My sister is called Eva.", "Ana: Eva lives in Quito."
        )
        == "Quito"
    )


def test_without_a_number_the_lines_are_counted() -> None:
    assert (
        read_answer(
            "How many marathons has Ana run?",
            "[2023-05-01] Ana: I ran the marathon of Quito.",
            "[2023-06-01] Ana: What a marathon in Lisbon!",
            "[2023-06-02] Ben: I ate soup.",
        )
        == "two"
    )


@pytest.mark.parametrize("context", [[], [""], ["Ben: The weather is fine."], ["[2023-05-08] Ben: Hm."]])
def test_what_the_context_does_not_tell_is_no_information(context: list[str]) -> None:
    assert read_answer("What instrument does Ana play?", *context) == NO_INFORMATION


def test_answers_are_short_even_where_the_lines_are_long() -> None:
    line = "Ana: " + "I keep a garden with roses and lilies and I love the smell of it in the morning. " * 20
    assert len(read_answer("What flowers does Ana keep?", line).split()) <= 8


def test_batches_give_what_single_requests_give() -> None:
    requests = [
        AnswerRequest("Where does Ana live?", (f"Ana: I live in {city}.",)) for city in ("Oslo", "Riga")
    ]
    together = ExtractiveAnswerer().answer(requests)
    assert together == [ExtractiveAnswerer().answer([single])[0] for single in requests]
    assert ExtractiveAnswerer().answer([]) == []


@given(question=st.text(max_size=60), context=st.lists(st.text(max_size=80), max_size=4))
def test_any_text_gets_an_answer(question: str, context: list[str]) -> None:
    assert read_answer(question, *context)


WORDS = """
    I you Ana's sister to in not 12 two last week May 2023 was is the called Oslo , . ? ! " [ ] €5 n't now
"""
word = st.sampled_from(WORDS.split())


@given(question=st.lists(word, max_size=10), context=st.lists(st.lists(word, max_size=15), max_size=3))
def test_any_words_get_an_answer(question: list[str], context: list[list[str]]) -> None:
    assert read_answer(" ".join(question), *("[2023-05-08] Ana: " + " ".join(line) for line in context))


def test_the_evidence_decides_on_synthetic_dialogue() -> None:
    synthetic = pytest.importorskip("memdojo.envs.streams.synthetic")
    with_evidence: list[float] = []
    without: list[float] = []
    rng = random.Random(0)
    for stream in synthetic.synthetic_streams(synthetic.SyntheticSettings(), "train", 1, 6):
        lines = {turn.id: f"[{turn.time:%Y-%m-%d}] {turn.speaker}: {turn.text}" for turn in stream.turns}
        for question in stream.questions:
            references = () if question.unanswerable else question.answers
            told = tuple(line for id, line in lines.items() if id in question.evidence)
            others = rng.sample([line for id, line in lines.items() if id not in question.evidence], 10)
            with_evidence.append(token_f1(read_answer(question.text, *told), references))
            if references:
                without.append(token_f1(read_answer(question.text, *others), references))
    assert sum(with_evidence) / len(with_evidence) >= 0.7
    assert sum(without) / len(without) <= 0.15
