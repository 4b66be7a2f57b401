"""A cache in front of any answerer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from hashlib import blake2b

from cachetools import LRUCache

from .answerer import Answer, Answerer, AnswerRequest


class CachedAnswerer:
    """Remembers answers by (fingerprint, request); the least recently used go first.

    Questions and contexts are kept as digests, so that long ones take no more room than short ones. In a
    group of rollouts most questions meet the same memories, so that most answers need no asking. A
    request that occurs several times in a batch is asked once. Failed answers are never remembered. Threads
    may share an instance; two of them that ask the same thing at the same moment may both reach the answerer.
    A pickled copy starts empty.

    Attributes:
        hits: Requests that needed no asking, repeats within a batch included.
        misses: Requests that were put to the answerer.

    Args:
        answerer: The one to ask.
        max_entries: Most answers to remember.

    Raises:
        ValueError: If `max_entries` is below 1.
    """

    def __init__(self, answerer: Answerer, max_entries: int = 100_000) -> None:
        if max_entries < 1:
            raise ValueError(f"max_entries is {max_entries}; give a positive number.")
        self.hits = 0
        self.misses = 0
        self._answerer = answerer
        self._max_entries = max_entries
        self._answers: LRUCache[bytes, Answer] = LRUCache(max_entries)
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """That of the answerer behind it."""
        return self._answerer.fingerprint

    def __len__(self) -> int:
        return len(self._answers)

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch, asking only what is not known.

        Raises:
            ValueError: If the answerer returns another number of answers than it was asked for.
        """
        fingerprint = self._answerer.fingerprint
        found: dict[AnswerRequest, Answer] = {}
        asked: list[AnswerRequest] = []
        with self._lock:
            for request in dict.fromkeys(requests):
                known = self._answers.get(_digest(fingerprint, request))
                if known is None:
                    asked.append(request)
                else:
                    found[request] = known
            self.hits += len(requests) - len(asked)
            self.misses += len(asked)
        if asked:
            found.update(self._ask(fingerprint, asked))
        return [found[request] for request in requests]

    def _ask(self, fingerprint: str, requests: list[AnswerRequest]) -> dict[AnswerRequest, Answer]:
        answers = self._answerer.answer(requests)
        if len(answers) != len(requests):
            raise ValueError(
                f"the answerer {fingerprint!r} gave {len(answers)} answers to {len(requests)} requests; "
                "it must give one a request."
            )
        fresh = dict(zip(requests, answers, strict=True))
        with self._lock:
            for request, answer in fresh.items():
                if answer.text is not None:
                    self._answers[_digest(fingerprint, request)] = answer
        return fresh

    def __reduce__(self) -> tuple[object, ...]:
        return CachedAnswerer, (self._answerer, self._max_entries)


def _digest(fingerprint: str, request: AnswerRequest) -> bytes:
    digest = blake2b(digest_size=32)
    options = ("",) if request.options is None else (str(len(request.options)), *request.options)
    asked = (request.question, str(request.question_time), *options)
    for part in (fingerprint, *asked, *request.context):
        # Its length in front tells where a part ends.
        content = part.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8))
        digest.update(content)
    return digest.digest()
