from __future__ import annotations

import pickle
import random
import threading
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.answering import Answer, Answerer, AnswerRequest, CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.answering.dates import time_mentions
from memdojo.envs.answering.lines import parse_line
from memdojo.rewards import NO_INFORMATION, token_f1

MONDAY = date(2023, 5, 8)


class Scripted:
    """An answerer that repeats the question, fails on those it is told to, and notes what it was asked."""

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.asked: list[str] = []
        self.failing = set(failing)
        self.fingerprint = "scripted"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.asked += [request.question for request in requests]
        return [
            Answer(None, "timed out")
            if request.question in self.failing
            else Answer(f"re: {request.question}")
            for request in requests
        ]


def request(question: str, *context: str) -> AnswerRequest:
    return AnswerRequest(question, context)


def read(question: str, *context: str) -> str:
    (answer,) = ExtractiveAnswerer().answer([request(question, *context)])
    assert answer.text is not None
    return answer.text


def test_an_answer_has_a_text_or_a_reason() -> None:
    assert Answer("", "").text == ""
    with pytest.raises(ValueError, match="or None and the reason"):
        Answer(None)
    with pytest.raises(ValueError, match="or None and the reason"):
        Answer("Oslo", "timed out")


def test_a_request_that_was_answered_is_not_asked_again() -> None:
    inner = Scripted()
    cached = CachedAnswerer(inner)
    first = cached.answer([request("a"), request("b")])
    assert cached.answer([request("b"), request("a")]) == first[::-1]
    assert inner.asked == ["a", "b"]
    assert (cached.hits, cached.misses) == (2, 2)


def test_the_context_is_part_of_the_request() -> None:
    inner = Scripted()
    CachedAnswerer(inner).answer([request("a", "x"), request("a", "y"), request("a", "x", "y")])
    assert len(inner.asked) == 3


def test_a_request_that_occurs_twice_in_a_batch_is_asked_once() -> None:
    inner = Scripted()
    cached = CachedAnswerer(inner)
    answers = cached.answer([request("a"), request("b"), request("a")])
    assert [answer.text for answer in answers] == ["re: a", "re: b", "re: a"]
    assert inner.asked == ["a", "b"]
    assert (cached.hits, cached.misses) == (1, 2)


def test_a_failed_answer_is_passed_on_and_asked_again() -> None:
    inner = Scripted(failing=["a"])
    cached = CachedAnswerer(inner)
    assert cached.answer([request("a")]) == [Answer(None, "timed out")]
    inner.failing.clear()
    assert cached.answer([request("a")]) == [Answer("re: a")]
    assert inner.asked == ["a", "a"]


def test_the_least_recently_used_answer_goes_first() -> None:
    inner = Scripted()
    cached = CachedAnswerer(inner, max_entries=2)
    for question in ("a", "b", "a", "c", "a", "b"):
        cached.answer([request(question)])
    assert inner.asked == ["a", "b", "c", "b"]
    assert len(cached) == 2


def test_a_batch_larger_than_the_cache_is_answered_whole() -> None:
    cached = CachedAnswerer(Scripted(), max_entries=1)
    assert [answer.text for answer in cached.answer([request("a"), request("b")])] == ["re: a", "re: b"]


def test_another_fingerprint_is_another_answer() -> None:
    inner = Scripted()
    cached = CachedAnswerer(inner)
    cached.answer([request("a")])
    inner.fingerprint = "scripted, warmer"
    cached.answer([request("a")])
    assert inner.asked == ["a", "a"]
    assert cached.fingerprint == "scripted, warmer"


def test_an_answerer_that_loses_answers_is_refused() -> None:
    class Lossy(Scripted):
        def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            return super().answer(requests)[1:]

    with pytest.raises(ValueError, match="0 answers to 1 requests"):
        CachedAnswerer(Lossy()).answer([request("a")])


def test_a_cache_needs_room() -> None:
    with pytest.raises(ValueError, match="max_entries is 0"):
        CachedAnswerer(Scripted(), max_entries=0)


def test_threads_may_share_a_cache() -> None:
    cached = CachedAnswerer(ExtractiveAnswerer(), max_entries=5)
    wrong: list[str] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(50):
            city = rng.choice(("Oslo", "Riga", "Lima", "Bern", "Porto", "Quito", "Accra"))
            (answer,) = cached.answer([request("Where does Ana live?", f"Ana: I live in {city}.")])
            if answer.text != city:
                wrong.append(f"{city}: {answer.text}")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cached.hits + cached.misses == 200


def test_a_pickled_cache_starts_empty() -> None:
    cached = CachedAnswerer(ExtractiveAnswerer(threshold=0.3), max_entries=7)
    cached.answer([request("Where?", "Here.")])
    copy = pickle.loads(pickle.dumps(cached))
    assert len(copy) == 0
    assert copy.fingerprint == cached.fingerprint


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
    assert read(question, *context) == answer


def test_the_speaker_must_be_the_person_asked_about() -> None:
    context = ["Ben: I live in Quito.", "Ana: I live in Lisbon."]
    assert read("Where does Ana live?", *context) == "Lisbon"
    assert read("Where does Ben live?", *context) == "Quito"


def test_what_was_said_later_wins_in_any_order_of_the_lines() -> None:
    old, new = "[2023-05-01] Ana: I live in Lisbon.", "[2023-06-01] Ana: I live in Quito."
    assert read("Where does Ana live?", old, new) == "Quito"
    assert read("Where does Ana live?", new, old) == "Quito"


def test_a_correction_on_the_same_day_wins() -> None:
    assert (
        read(
            "Where does Ana live?",
            "[2023-05-01] Ana: I live in Lisbon.",
            "[2023-05-01] Ana: About where I live, I meant Quito, not Lisbon.",
        )
        == "Quito"
    )


def test_what_was_taken_back_later_is_no_information() -> None:
    told = "[2023-05-01] Ana: I booked a trip to Lisbon."
    back = "[2023-06-01] Ana: We called off the trip."
    assert read("Where is Ana's trip going to?", told) == "Lisbon"
    assert read("Where is Ana's trip going to?", told, back) == NO_INFORMATION


def test_a_name_leads_from_one_line_to_the_next() -> None:
    assert (
        read("Where does Ana's sister live?", "Ana: My sister is called Eva.", "Ana: Eva lives in Quito.")
        == "Quito"
    )


def test_without_a_number_the_lines_are_counted() -> None:
    assert (
        read(
            "How many marathons has Ana run?",
            "[2023-05-01] Ana: I ran the marathon of Quito.",
            "[2023-06-01] Ana: What a marathon in Lisbon!",
            "[2023-06-02] Ben: I ate soup.",
        )
        == "two"
    )


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("yesterday", "7 May 2023"),
        ("last Saturday", "6 May 2023"),
        ("last Monday", "1 May 2023"),
        ("two days ago", "6 May 2023"),
        ("last week", "the week before 8 May 2023"),
        ("next month", "June 2023"),
        ("last year", "2022"),
        ("on 3 March 2021", "3 March 2021"),
    ],
)
def test_relative_times_are_counted_from_the_lines_date(said: str, answer: str) -> None:
    assert read("When did Ana run the race?", f"[2023-05-08] Ana: I ran the race {said}.") == answer


def test_a_line_without_a_time_happened_when_it_was_said() -> None:
    assert read("When did Ana run the race?", "[2023-05-08] Ana: I just ran the race!") == "8 May 2023"


def test_without_a_date_relative_times_stay_unknown() -> None:
    assert time_mentions("It was yesterday, in May 2022.", None)[0].text == "May 2022"
    assert [mention.text for mention in time_mentions("It was yesterday.", MONDAY)] == ["7 May 2023"]
    assert read("When did Ana run the race?", "Ana: I ran the race yesterday.") == NO_INFORMATION


def test_dates_at_the_end_of_the_calendar_do_no_harm() -> None:
    for stamp in ("0001-01-01", "9999-12-31", "2023-99-99"):
        assert read("When was the race?", f"[{stamp}] Ana: The race was 999 years ago.")


@pytest.mark.parametrize("context", [[], [""], ["Ben: The weather is fine."], ["[2023-05-08] Ben: Hm."]])
def test_what_the_context_does_not_tell_is_no_information(context: list[str]) -> None:
    assert read("What instrument does Ana play?", *context) == NO_INFORMATION


def test_a_colon_after_other_words_is_no_speaker() -> None:
    assert parse_line("[2023-05-08] Mary Ann: Hi: you!").speaker == "mary ann"
    assert parse_line("user: Hi").speaker == "user"
    assert parse_line("Something else: I moved.").speaker == ""
    assert parse_line("2023: a good year").sentences[0].text == "2023: a good year"


def test_answers_are_short_even_where_the_lines_are_long() -> None:
    line = "Ana: " + "I keep a garden with roses and lilies and I love the smell of it in the morning. " * 20
    assert len(read("What flowers does Ana keep?", line).split()) <= 8


def test_batches_give_what_single_requests_give() -> None:
    requests = [request("Where does Ana live?", f"Ana: I live in {city}.") for city in ("Oslo", "Riga")]
    together = ExtractiveAnswerer().answer(requests)
    assert together == [ExtractiveAnswerer().answer([single])[0] for single in requests]
    assert ExtractiveAnswerer().answer([]) == []


@given(question=st.text(max_size=60), context=st.lists(st.text(max_size=80), max_size=4))
def test_any_text_gets_an_answer(question: str, context: list[str]) -> None:
    assert read(question, *context)


WORDS = """
    I you Ana's sister to in not 12 two last week May 2023 was is the called Oslo , . ? ! " [ ] €5 n't now
"""
word = st.sampled_from(WORDS.split())


@given(question=st.lists(word, max_size=10), context=st.lists(st.lists(word, max_size=15), max_size=3))
def test_any_words_get_an_answer(question: list[str], context: list[list[str]]) -> None:
    assert read(" ".join(question), *("[2023-05-08] Ana: " + " ".join(line) for line in context))


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
            with_evidence.append(token_f1(read(question.text, *told), references))
            if references:
                without.append(token_f1(read(question.text, *others), references))
    assert sum(with_evidence) / len(with_evidence) >= 0.7
    assert sum(without) / len(without) <= 0.15
