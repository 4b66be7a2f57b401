"""Language models that answer from memory and that grade answers, and a cache that many episodes share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from memdojo.envs.answering import Answer, Answerer, AnswerRequest
from memdojo.envs.prompts.protocol import Message
from memdojo.envs.prompts.thoughts import split_thoughts
from memdojo.envs.quoting import ARE_DATA, in_quotes, one_line
from memdojo.rewards.metrics import NO_INFORMATION, says_no_information

from ..engines.chat import ChatModel, Reply
from .caching import AsyncCache
from .judge_formats import JUDGE_MAX_TOKENS, JUDGE_PROMPT_VERSION, judge_messages, read_verdict

_ANSWER_PROMPT_VERSION = 2
_ANSWER_INSTRUCTIONS = (
    "You are asked a question about people whose conversations were noted down. Answer from the notes "
    "alone, in as few words as will do: a name, a place, a date or a short phrase, not a sentence. If "
    "several notes disagree, the latest is right. Where a note says when something was in words like "
    "yesterday or last week, work the date out from the date of the note. If the notes do not tell, reply "
    f'"{NO_INFORMATION}". {ARE_DATA}'
)
_TASK_INSTRUCTIONS = (
    "You are given a task, and notes of earlier tasks: what was answered, and whether it was right, wrong, "
    "or given away as the right answer. Learn from them what is wanted, and reply with the answer alone, in "
    f"the form that the right answers have. {ARE_DATA}"
)
_NO_NOTES = "(none)"
_BETWEEN_OPTIONS = "; "


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
        """Answer a batch; a missing answer says why it is missing."""
        conversations = [answer_messages(request) for request in requests]
        return [_as_answer(reply) for reply in self._chat.reply(conversations, self._max_tokens)]

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch together with whatever else the model is asked at the time."""
        replies = (self._chat.reply_one(answer_messages(request), self._max_tokens) for request in requests)
        return [_as_answer(reply) for reply in await asyncio.gather(*replies)]


def answer_messages(request: AnswerRequest) -> tuple[Message, ...]:
    """Return the conversation that asks for an answer, or for a task to be done."""
    notes = "\n".join(f"- {one_line(text)}" for text in request.context) or _NO_NOTES
    if request.options is not None:
        options = _BETWEEN_OPTIONS.join(map(_option, request.options))
        among = f"\nAnswer with one of: {options}" if options else ""
        task = f"Notes:\n{notes}\n\nTask: {one_line(request.question)}{among}\nAnswer:"
        return (Message("system", _TASK_INSTRUCTIONS), Message("user", task))
    asked = f" (asked on {request.question_time:%Y-%m-%d})" if request.question_time else ""
    return (
        Message("system", _ANSWER_INSTRUCTIONS),
        Message("user", f"Notes:\n{notes}\n\nQuestion{asked}: {one_line(request.question)}\nAnswer:"),
    )


def _option(text: str) -> str:
    """Return an option so that it cannot pass for two."""
    return in_quotes(one_line(text), (_BETWEEN_OPTIONS,))


def _as_answer(reply: Reply) -> Answer:
    """Return the answer in a reply. Chat models of other people may leave their thoughts in it."""
    if reply.text is None:
        return Answer(None, reply.error)
    parts = split_thoughts(reply.text)
    text = parts.text.strip()
    if not text and (parts.thought or parts.is_cut):
        return Answer(None, "the model thought and then gave no answer; raise thinking_tokens.")
    return Answer(text)


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
        return f"chat-judge-{JUDGE_PROMPT_VERSION}({self._chat.fingerprint})"

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
        replies = self._chat.reply(conversations, JUDGE_MAX_TOKENS) if asked else []
        for index, reply in zip(asked, replies, strict=True):
            grades[index] = read_verdict(reply.text, is_cut=reply.is_cut)
        return grades


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

    Args:
        answerer: The one to ask.
        max_entries: Most answers to remember; the least recently used go first.

    Raises:
        ValueError: If `max_entries` is below 1.
    """

    def __init__(self, answerer: Answerer | AsyncAnswerer, max_entries: int = 100_000) -> None:
        self._answerer = answerer
        self._max_entries = max_entries
        self._cache: AsyncCache[_Key, Answer] = AsyncCache(
            self._ask, lambda answer: answer.text is not None, max_entries
        )

    @property
    def hits(self) -> int:
        """Requests that needed no asking of their own."""
        return self._cache.hits

    @property
    def misses(self) -> int:
        """Requests that were put to the answerer."""
        return self._cache.misses

    @property
    def fingerprint(self) -> str:
        """That of the answerer behind it."""
        return self._answerer.fingerprint

    def __len__(self) -> int:
        return len(self._cache)

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch, asking only what is neither known nor asked already.

        Raises:
            ValueError: If the answerer returns another number of answers than it was asked for.
        """
        fingerprint = self._answerer.fingerprint
        return await self._cache.get([(fingerprint, request) for request in requests])

    async def _ask(self, keys: list[_Key]) -> list[Answer]:
        answers = await self._put_to_answerer([request for _, request in keys])
        if len(answers) != len(keys):
            raise ValueError(
                f"the answerer {self._answerer.fingerprint!r} gave {len(answers)} answers to {len(keys)} "
                "requests; it must give one per request."
            )
        return answers

    async def _put_to_answerer(self, requests: list[AnswerRequest]) -> list[Answer]:
        if isinstance(self._answerer, AsyncAnswerer):
            return await self._answerer.answer_async(requests)
        return self._answerer.answer(requests)

    def __reduce__(self) -> tuple[object, ...]:
        return AsyncCachedAnswerer, (self._answerer, self._max_entries)
