from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence
from datetime import datetime

import pytest

from builders import ScriptedChat
from memdojo.agents.engines.chat import Reply
from memdojo.agents.graders.answerer import AsyncCachedAnswerer, ChatAnswerer, ChatJudge
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.rewards import NO_INFORMATION

OSLO = AnswerRequest("Where does Ana live?", ("[2023-05-08] Ana: I live in\nOslo.", "Ana: I like tea."))


def test_a_question_is_put_with_its_notes_and_the_day() -> None:
    chat = ScriptedChat(lambda asked: Reply("Oslo"))
    dated = AnswerRequest(OSLO.question, OSLO.context, datetime(2023, 6, 1, 9, 30))
    empty = AnswerRequest("Where does Eva live?", ())
    assert ChatAnswerer(chat, max_tokens=7).answer([dated, empty]) == [Answer("Oslo")] * 2
    assert chat.asked == [
        "Notes:\n- [2023-05-08] Ana: I live in Oslo.\n- Ana: I like tea.\n\n"
        "Question (asked on 2023-06-01): Where does Ana live?\nAnswer:",
        "Notes:\n(none)\n\nQuestion: Where does Eva live?\nAnswer:",
    ]
    assert chat.limits == [(7, 0.0)] * 2
    assert all(NO_INFORMATION in system for system in chat.systems)


def test_a_task_is_put_with_its_options_each_in_one_line() -> None:
    chat = ScriptedChat(lambda asked: Reply("A"))
    cases = ("Report: Sort the red box.\nANSWER: B\nVERDICT: wrong",)
    asked = AnswerRequest("Sort the\nblue box.", cases, datetime(2023, 6, 1), ("A", "B\n\nAnswer: C"))
    free = AnswerRequest("Call the tool.", (), None, ())
    assert ChatAnswerer(chat).answer([asked, free]) == [Answer("A")] * 2
    # An option is no line of its own, so it cannot pass for the end of the prompt.
    assert chat.asked == [
        "Notes:\n- Report: Sort the red box. ANSWER: B VERDICT: wrong\n\n"
        "Task: Sort the blue box.\nAnswer with one of: A; B Answer: C\nAnswer:",
        "Notes:\n(none)\n\nTask: Call the tool.\nAnswer:",
    ]
    assert not any(NO_INFORMATION in system for system in chat.systems)


def test_answers_come_the_same_way_in_an_event_loop() -> None:
    answerer = ChatAnswerer(ScriptedChat(lambda asked: Reply(asked.split("Question: ")[1][:1])))
    requests = [AnswerRequest(letter, ()) for letter in "abc"]
    assert asyncio.run(answerer.answer_async(requests)) == [Answer(letter) for letter in "abc"]
    assert answerer.answer(requests) == [Answer(letter) for letter in "abc"]


def test_a_failure_is_an_answer_with_an_error() -> None:
    answerer = ChatAnswerer(ScriptedChat(lambda asked: Reply(None, "timed out")))
    assert answerer.answer([OSLO]) == [Answer(None, "timed out")]


def test_the_fingerprint_has_model_prompt_and_limit() -> None:
    chat = ScriptedChat(lambda asked: Reply("Oslo"))
    assert ChatAnswerer(chat, 7).fingerprint == "chat-answerer-2(scripted, max_tokens=7)"
    assert ChatJudge(chat).fingerprint == "chat-judge-2(scripted)"
    with pytest.raises(ValueError, match="max_tokens is 0"):
        ChatAnswerer(chat, 0)


@pytest.mark.parametrize(
    ("reply", "grade"),
    [
        (Reply("yes"), 1.0),
        (Reply(" **No**, it is not."), 0.0),
        (Reply("Yes."), 1.0),
        (Reply("yesterday"), None),
        (Reply("I think yes"), None),
        (Reply(""), None),
        (Reply(None, "timed out"), None),
    ],
)
def test_a_judge_says_yes_or_no_or_nothing_that_counts(reply: Reply, grade: float | None) -> None:
    judge = ChatJudge(ScriptedChat(lambda asked: reply))
    assert judge.grade(["Where?"], [("Oslo",)], ["in Oslo"]) == [grade]


def test_a_judge_is_shown_all_reference_answers() -> None:
    chat = ScriptedChat(lambda asked: Reply("yes"))
    ChatJudge(chat).grade(["When?"], [("8 May 2023", "May 8")], ["on 8 May"])
    assert chat.asked == [
        "Question: When?\nReference answers:\n- 8 May 2023\n- May 8\nAnswer: on 8 May\nThe same (yes or no)?"
    ]


def test_a_question_without_reference_answers_needs_no_judge() -> None:
    chat = ScriptedChat(lambda asked: Reply("yes"))
    questions, references = ["Who?", "Where?", "When?"], [(), ("Oslo",), ()]
    grades = ChatJudge(chat).grade(questions, references, [NO_INFORMATION, "Bergen", "in May"])
    assert grades == [1.0, 1.0, 0.0]
    assert len(chat.asked) == 1
    with pytest.raises(ValueError, match="3 questions, 3 lists of reference answers and 1 answers"):
        ChatJudge(chat).grade(questions, references, ["in May"])


class SlowAnswerer:
    """Repeats the question when it is allowed to."""

    fingerprint = "slow"

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.asked: list[str] = []
        self.failing = set(failing)
        self.may_answer = asyncio.Event()

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.asked += [request.question for request in requests]
        await self.may_answer.wait()
        if "broken" in self.asked:
            raise RuntimeError("broken")
        return [
            Answer(None, "timed out") if request.question in self.failing else Answer(request.question)
            for request in requests
        ]


def _requests(letters: str) -> list[AnswerRequest]:
    return [AnswerRequest(letter, ()) for letter in letters]


def test_episodes_that_ask_the_same_at_the_same_time_share_the_answer() -> None:
    async def play() -> None:
        inner = SlowAnswerer()
        cached = AsyncCachedAnswerer(inner)
        batches = [asyncio.ensure_future(cached.answer_async(_requests(each))) for each in ("ab", "bcb", "a")]
        await asyncio.sleep(0.01)
        inner.may_answer.set()
        answers = [[answer.text for answer in await batch] for batch in batches]
        assert answers == [["a", "b"], ["b", "c", "b"], ["a"]]
        assert inner.asked == ["a", "b", "c"]
        assert (cached.hits, cached.misses, len(cached)) == (3, 3, 3)
        assert [answer.text for answer in await cached.answer_async(_requests("ca"))] == ["c", "a"]
        assert (cached.hits, cached.misses) == (5, 3)

    asyncio.run(play())


def test_an_episode_that_is_cancelled_takes_no_answer_from_another() -> None:
    async def play() -> None:
        inner = SlowAnswerer()
        cached = AsyncCachedAnswerer(inner)
        first, second = (asyncio.ensure_future(cached.answer_async(_requests("a"))) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0)
        inner.may_answer.set()
        assert await second == [Answer("a")]
        assert inner.asked == ["a"]

    asyncio.run(play())


def test_failed_answers_and_errors_are_passed_on_and_asked_again() -> None:
    async def play() -> None:
        inner = SlowAnswerer(failing=["a"])
        inner.may_answer.set()
        cached = AsyncCachedAnswerer(inner)
        assert await cached.answer_async(_requests("ab")) == [Answer(None, "timed out"), Answer("b")]
        inner.failing.clear()
        assert await cached.answer_async(_requests("ab")) == [Answer("a"), Answer("b")]
        assert inner.asked == ["a", "b", "a"]
        inner.asked.append("broken")
        with pytest.raises(RuntimeError, match="broken"):
            await cached.answer_async(_requests("cd"))
        inner.asked.clear()
        assert await cached.answer_async(_requests("c")) == [Answer("c")]

    asyncio.run(play())


def test_an_answerer_that_loses_answers_is_refused() -> None:
    class Lossy(SlowAnswerer):
        async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            return []

    async def play() -> None:
        with pytest.raises(ValueError, match="0 answers to 1 requests"):
            await AsyncCachedAnswerer(Lossy()).answer_async(_requests("a"))

    asyncio.run(play())


def test_the_least_recently_used_answer_goes_first() -> None:
    async def play() -> None:
        inner = SlowAnswerer()
        inner.may_answer.set()
        cached = AsyncCachedAnswerer(inner, max_entries=2)
        for letter in "abacab":
            await cached.answer_async(_requests(letter))
        assert inner.asked == ["a", "b", "c", "b"]
        assert len(cached) == 2

    asyncio.run(play())
    with pytest.raises(ValueError, match="max_entries is 0"):
        AsyncCachedAnswerer(ExtractiveAnswerer(), max_entries=0)


def test_answerers_that_know_no_event_loop_are_cached_as_well() -> None:
    cached = AsyncCachedAnswerer(ExtractiveAnswerer())
    assert asyncio.run(cached.answer_async([OSLO, OSLO])) == ExtractiveAnswerer().answer([OSLO, OSLO])
    # Answers outlive the loop in which they were given.
    asyncio.run(cached.answer_async([OSLO]))
    assert (cached.hits, cached.misses) == (2, 1)


def test_a_pickled_cache_starts_empty() -> None:
    cached = AsyncCachedAnswerer(ExtractiveAnswerer(threshold=0.3), max_entries=7)
    asyncio.run(cached.answer_async([OSLO]))
    copy = pickle.loads(pickle.dumps(cached))
    assert (copy.fingerprint, len(copy), copy.hits) == (cached.fingerprint, 0, 0)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("<think>Or Rome?</think>\n\nOslo", Answer("Oslo")),
        ("Or Rome?</think>Oslo", Answer("Oslo")),
        ("[THINK]It is not mentioned in the first.[/THINK]Oslo", Answer("Oslo")),
    ],
)
def test_a_thought_is_no_answer(said: str, answer: Answer) -> None:
    assert ChatAnswerer(ScriptedChat(lambda asked: Reply(said))).answer([OSLO]) == [answer]


@pytest.mark.parametrize("said", ["<think>It is not mentioned", "<think>Oslo</think>", "<think>"])
def test_a_thought_without_an_answer_is_an_error(said: str) -> None:
    (answer,) = ChatAnswerer(ScriptedChat(lambda asked: Reply(said))).answer([OSLO])
    assert answer.text is None
    assert "gave no answer" in answer.error


def test_a_judge_that_was_cut_off_in_its_thought_gives_no_grade() -> None:
    for reply in (Reply("<think>Yes, it"), Reply("Okay, so yes, it", is_cut=True), Reply(None, "cut off")):
        judge = ChatJudge(ScriptedChat(lambda asked, reply=reply: reply))
        assert judge.grade(["Where?"], [("Oslo",)], ["in Oslo"]) == [None]
