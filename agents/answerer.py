"""Language models that answer from memory and that grade answers, and a cache that many episodes share."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from memdojo.envs.answering import Answer, Answerer, AnswerRequest
from memdojo.envs.prompt_format import Message
from memdojo.rewards.metrics import NO_INFORMATION, says_no_information

from .engines.chat import ChatModel, Reply

_ANSWER_PROMPT_VERSION = 1
_ANSWER_INSTRUCTIONS = (
    "You are asked a question about people whose conversations were noted down. Answer from the notes "
    "alone, in as few words as will do: a name, a place, a date or a short phrase, not a sentence. If "
    "several notes disagree, the latest is right. Where a note says when something was in words like "
    "yesterday or last week, work the date out from the date of the note. If the notes do not tell, reply "
    f'"{NO_INFORMATION}".'
)
_NO_NOTES = "(none)"

_JUDGE_PROMPT_VERSION = 1
_JUDGE_INSTRUCTIONS = (
    "You mark answers. You are given a question, its reference answers, and the answer to be marked. "
    "Reply yes if that answer says the same as one of the reference answers, in whatever words or form of "
    "date, and no if it says something else, leaves out what was asked for, or adds what contradicts it. "
    "Reply with one word."
)
_JUDGE_MAX_TOKENS = 8


class ChatAnswerer:
    """Answers from the retrieved memory by a chat model, greedily.

    Args:
        chat: The model.
        max_tokens: Most tokens of an answer.

    Raises:
        ValueError: If `max_tokens` is below 1.
    """

    def __init__(self, chat: ChatModel, max_tokens: int = 32) -> None:
        if max_tokens < 1:
            raise ValueError(f"max_tokens is {max_tokens}; give at least 1.")
        self._chat = chat
        self._max_tokens = max_tokens

    @property
    def fingerprint(self) -> str:
        """Model, version of the prompt, and setting."""
        return (
            f"chat-answerer-{_ANSWER_PROMPT_VERSION}({self._chat.fingerprint}, max_tokens={self._max_tokens})"
        )

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch; an answer that cannot be had says why."""
        conversations = [answer_messages(request) for request in requests]
        return [_as_answer(reply) for reply in self._chat.reply(conversations, self._max_tokens)]

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch together with whatever else the model is asked at the time."""
        replies = (self._chat.reply_one(answer_messages(request), self._max_tokens) for request in requests)
        return [_as_answer(reply) for reply in await asyncio.gather(*replies)]


def answer_messages(request: AnswerRequest) -> tuple[Message, ...]:
    """Return the conversation that asks for an answer."""
    notes = "\n".join(f"- {' '.join(text.split())}" for text in request.context) or _NO_NOTES
    asked = f" (asked on {request.question_time:%Y-%m-%d})" if request.question_time else ""
    return (
        Message("system", _ANSWER_INSTRUCTIONS),
        Message("user", f"Notes:\n{notes}\n\nQuestion{asked}: {request.question}\nAnswer:"),
    )


def _as_answer(reply: Reply) -> Answer:
    return Answer(reply.text, reply.error)


class ChatJudge:
    """Grades answers by a chat model: 1 for yes, 0 for no.

    Where a question has no reference answers the model is not asked: then an answer is right if it says that
    there is no information, as in all metrics.

    Args:
        chat: The model.
    """

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat

    @property
    def fingerprint(self) -> str:
        """Model and version of the prompt."""
        return f"chat-judge-{_JUDGE_PROMPT_VERSION}({self._chat.fingerprint})"

    def grade(
        self, questions: Sequence[str], references: Sequence[Sequence[str]], answers: Sequence[str]
    ) -> list[float | None]:
        """Return the grade of each answer; None where the judge gave none, which leaves every mean.

        Args:
            questions: What was asked.
            references: The reference answers of each question.
            answers: One to each question.

        Raises:
            ValueError: If the three differ in length.
        """
        if not len(questions) == len(references) == len(answers):
            raise ValueError(
                f"there are {len(questions)} questions, {len(references)} lists of reference answers and "
                f"{len(answers)} answers; give one of each for each question."
            )
        grades: list[float | None] = [float(says_no_information(answer)) for answer in answers]
        asked = [index for index, known in enumerate(references) if known]
        conversations = [judge_messages(questions[i], references[i], answers[i]) for i in asked]
        replies = self._chat.reply(conversations, _JUDGE_MAX_TOKENS) if asked else []
        for index, reply in zip(asked, replies, strict=True):
            grades[index] = _read_verdict(reply)
        return grades


def judge_messages(question: str, references: Sequence[str], answer: str) -> tuple[Message, ...]:
    """Return the conversation that asks for a verdict."""
    known = "\n".join(f"- {text}" for text in references)
    task = f"Question: {question}\nReference answers:\n{known}\nAnswer: {answer}\nThe same (yes or no)?"
    return Message("system", _JUDGE_INSTRUCTIONS), Message("user", task)


def _read_verdict(reply: Reply) -> float | None:
    words = "".join(letter if letter.isalpha() else " " for letter in (reply.text or "").lower()).split()
    return {"yes": 1.0, "no": 0.0}.get(words[0]) if words else None


_Key = tuple[str, AnswerRequest]


@runtime_checkable
class AsyncAnswerer(Protocol):
    """An answerer whose batches of many callers run at the same time."""

    @property
    def fingerprint(self) -> str:
        """Names all that the answers depend on."""
        ...

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch: one answer a request, in order."""
        ...


class AsyncCachedAnswerer:
    """`CachedAnswerer` for episodes that run at the same time in one event loop.

    A request that another episode has put to the answerer and not yet got back is not asked again: both wait
    for the one answer. Failed answers are passed on and never remembered. A pickled copy starts empty. An
    answerer without `answer_async`, such as the extractive one, answers at once in the event loop.

    Attributes:
        hits: Requests that needed no asking of their own.
        misses: Requests that were put to the answerer.

    Args:
        answerer: The one to ask.
        max_entries: Most answers to remember; the least recently used go first.

    Raises:
        ValueError: If `max_entries` is below 1.
    """

    def __init__(self, answerer: Answerer | AsyncAnswerer, max_entries: int = 100_000) -> None:
        if max_entries < 1:
            raise ValueError(f"max_entries is {max_entries}; give a positive number.")
        self.hits = 0
        self.misses = 0
        self._answerer = answerer
        self._max_entries = max_entries
        self._answers: OrderedDict[_Key, Answer] = OrderedDict()
        self._asked: dict[_Key, asyncio.Future[Answer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def fingerprint(self) -> str:
        """That of the answerer behind it."""
        return self._answerer.fingerprint

    def __len__(self) -> int:
        return len(self._answers)

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch, asking only what is neither known nor asked already.

        Raises:
            ValueError: If the answerer returns another number of answers than it was asked for.
        """
        fingerprint = self._answerer.fingerprint
        found: dict[AnswerRequest, Answer] = {}
        awaited: dict[AnswerRequest, asyncio.Future[Answer]] = {}
        fresh: list[AnswerRequest] = []
        for request in dict.fromkeys(requests):
            key = fingerprint, request
            if key in self._answers:
                self._answers.move_to_end(key)
                found[request] = self._answers[key]
                continue
            if key not in self._asked:
                self._asked[key] = asyncio.get_running_loop().create_future()
                fresh.append(request)
            awaited[request] = self._asked[key]
        self.hits += len(requests) - len(fresh)
        self.misses += len(fresh)
        if fresh:
            # A task of its own: were the asking episode cancelled, the others would still get their answers.
            task = asyncio.create_task(self._ask(fingerprint, fresh))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        answers = await asyncio.gather(*map(asyncio.shield, awaited.values()))
        found.update(zip(awaited, answers, strict=True))
        return [found[request] for request in requests]

    async def _ask(self, fingerprint: str, requests: list[AnswerRequest]) -> None:
        futures = {request: self._asked[fingerprint, request] for request in requests}
        try:
            answers = await self._put_to_answerer(requests)
            if len(answers) != len(requests):
                raise ValueError(
                    f"the answerer {fingerprint!r} gave {len(answers)} answers to {len(requests)} requests; "
                    "it must give one a request."
                )
        except BaseException as error:
            for future in futures.values():
                if isinstance(error, asyncio.CancelledError):
                    future.cancel()
                else:
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for request, answer in zip(requests, answers, strict=True):
                futures[request].set_result(answer)
                if answer.text is not None:
                    self._answers[fingerprint, request] = answer
            while len(self._answers) > self._max_entries:
                self._answers.popitem(last=False)
        finally:
            for request in requests:
                del self._asked[fingerprint, request]

    async def _put_to_answerer(self, requests: list[AnswerRequest]) -> list[Answer]:
        if isinstance(self._answerer, AsyncAnswerer):
            return await self._answerer.answer_async(requests)
        return self._answerer.answer(requests)

    def __reduce__(self) -> tuple[object, ...]:
        return AsyncCachedAnswerer, (self._answerer, self._max_entries)
