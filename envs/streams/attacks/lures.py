"""`find_lures`: wrong answers of the same kind as the right ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import islice

import numpy as np

from memdojo.rewards.metrics import token_f1

from ...memory.analysis import analyze
from ...types import Question
from ..calendar import MONTHS, WEEKDAYS
from ..synthetic.phrasings.partition import SPLITS
from ..synthetic.pools import POOL_NAMES, SMALL_NUMBERS, number_word, values

TOO_ALIKE = 0.5
"""The token F1 at which a lure could pass for a right answer."""

_NUMBER_WORDS = {number_word(number): number for number in range(100)}
_WORD = re.compile(
    r"(?P<number>\d+)(?P<ordinal>(?:st|nd|rd|th)\b)?"
    rf"|\b(?:(?P<word>{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))})"
    rf"|(?P<month>{'|'.join(MONTHS)})|(?P<day>{'|'.join(WEEKDAYS)}))\b",
    re.IGNORECASE,
)
_FIRST_WORDS = 3
_NEAREST = 5
"""Among so many of the most similar questions an answer is drawn as a lure."""


def find_lures(
    question: Question, others: Sequence[Question], said: str, rng: np.random.Generator
) -> tuple[str, ...]:
    """Return wrong answers of the same kind as the right ones, which are forms of one; none if there is none.

    Tried in this order: another option of a task, the opposite of yes or no, another value of the
    generators' pools that has not been said, the answer with all its numbers, months and weekdays changed,
    and the answer to a similar question.

    Args:
        question: One that has an answer.
        others: Questions of the same stream.
        said: What is said in the stream, in lower case.
        rng: What choices are drawn from.
    """
    if question.options:
        return _one(question.options, question, rng)
    yes_or_no = {"yes": "No", "no": "Yes"}.get(question.answers[0].casefold().strip(" ."))
    if yes_or_no is not None:
        return (yes_or_no,)
    pool = _pool_of(question.answers[0])
    unsaid = [value for value in pool if value.lower() not in said] or pool
    return (
        _one(unsaid, question, rng)
        or tuple(form for form in _changed(question.answers, rng) if _is_wrong(form, question))
        or _one(_similar(question, others), question, rng)
    )


def _one(candidates: Sequence[str], question: Question, rng: np.random.Generator) -> tuple[str, ...]:
    """Draw one of the candidates that cannot pass for the right answer; none if all can."""
    wrong = [answer for answer in candidates if _is_wrong(answer, question)]
    return (wrong[rng.integers(len(wrong))],) if wrong else ()


def _is_wrong(answer: str, question: Question) -> bool:
    """Return whether an answer cannot pass for a right one."""
    if question.options is not None:
        return _plain(answer) not in map(_plain, question.answers)
    # Metrics that look for a reference inside the answer must not take one for the other.
    return bool(answer.strip()) and not any(
        token_f1(answer, [right]) >= TOO_ALIKE or _contains(answer, right) or _contains(right, answer)
        for right in question.answers
    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _contains(text: str, part: str) -> bool:
    return f" {_plain(part)} " in f" {_plain(text)} "


@cache
def _pools() -> dict[str, tuple[str, ...]]:
    """Return, for each value of the generators' pools in lower case, the values beside it."""
    return {
        value.lower(): values(pool, split)
        for pool in POOL_NAMES
        for split in SPLITS
        for value in values(pool, split)
        if not any(letter.isdigit() for letter in value)
    }


def _pool_of(answer: str) -> tuple[str, ...]:
    return _pools().get(answer.lower(), ())


def _changed(answers: Sequence[str], rng: np.random.Generator) -> tuple[str, ...]:
    """Return the answers with other numbers, months and weekdays, the same in all; none if they have none."""
    numbers: dict[int, int] = {}
    months, days, years = (int(rng.integers(1, limit)) for limit in (len(MONTHS), len(WEEKDAYS), 6))
    is_date = any(month.lower() in answers[0].lower() for month in MONTHS)

    def another(number: int) -> int:
        if number not in numbers:
            if 1900 <= number < 2100:
                numbers[number] = number - years
            elif is_date and number <= 31:
                numbers[number] = (number + int(rng.integers(1, 28)) - 1) % 28 + 1
            else:
                numbers[number] = _other_number(number, rng)
        return numbers[number]

    def change(found: re.Match[str]) -> str:
        if found["number"]:
            number = another(int(found["number"]))
            return f"{number}{_suffix(number) if found['ordinal'] else ''}"
        if found["word"]:
            number = another(_NUMBER_WORDS[found["word"].lower()])
            return number_word(number) if number < 100 else str(number)
        names, step = (MONTHS, months) if found["month"] else (WEEKDAYS, days)
        return names[(names.index(found[0].capitalize()) + step) % len(names)]

    changed = tuple(_WORD.sub(change, answer) for answer in answers)
    return () if any(new == old for new, old in zip(changed, answers, strict=True)) else changed


def _other_number(number: int, rng: np.random.Generator) -> int:
    """Return another number of as many digits."""
    least = 10 ** (len(str(number)) - 1)
    low, high = (1, len(SMALL_NUMBERS) // 2) if number < 10 else (least, 10 * least)
    other = int(rng.integers(low, high - 1))
    return other + (other >= number)


def _suffix(number: int) -> str:
    return "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _similar(question: Question, others: Sequence[Question]) -> list[str]:
    """Return the answers to the questions that are most like this one."""
    words, shape = _words(question.text), _shape(question.answers[0])
    ranked = []
    for place, other in enumerate(others):
        if other.answers and not other.unanswerable and other.id != question.id:
            theirs, answer = _words(other.text), other.answers[0]
            # What is asked for stands at the beginning: "In which city", "How long".
            alike = sum(
                len(mine & its) / (len(mine | its) or 1) for mine, its in zip(words, theirs, strict=True)
            )
            is_kin = (other.category == question.category) + (_shape(answer) == shape)
            ranked.append((-alike - is_kin / 5, place, answer))
    fitting = (answer for _, _, answer in sorted(ranked) if not _contains(question.text, answer))
    return list(islice((answer for answer in fitting if _is_wrong(answer, question)), _NEAREST))


@lru_cache(maxsize=4096)
def _words(question: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the terms of a question, and the first words of it."""
    return frozenset(analyze(question)), frozenset(question.lower().split()[:_FIRST_WORDS])


def _shape(answer: str) -> tuple[bool, bool, bool]:
    return any(map(str.isdigit, answer)), answer[:1].isupper(), len(answer.split()) > 3
