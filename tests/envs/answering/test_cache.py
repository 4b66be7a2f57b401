from __future__ import annotations

import pickle
import random
import threading
from collections.abc import Sequence

import pytest

from memdojo.envs.answering import Answer, AnswerRequest, CachedAnswerer, ExtractiveAnswerer


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


def test_the_options_of_a_task_are_part_of_the_request() -> None:
    inner = Scripted()
    every = [None, (), ("x",), ("x", "y"), ("xy",), ("y", "x")]
    asked = [AnswerRequest("a", context, None, options) for options in every for context in [(), ("x",)]]
    cached = CachedAnswerer(inner)
    cached.answer(asked)
    assert len(inner.asked) == len(asked)
    cached.answer(asked)
    assert cached.hits == len(asked)


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
