"""What judges are asked about the nuggets of a question, and what their marks come to.

BEAM (arXiv:2510.27246) has two scores. `beam_published_judge` is what its script computes
(`src/evaluation/compute_metrics.py`, commit b2a3ee8): the judge is not shown the question, and a mark of 0.5
counts 0 for all abilities but the order of events. `beam_judge` is without these two defects, and takes an
answer on one line for the list that it is. The wording is memdojo's own in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memdojo.envs.prompts.protocol import Message
from memdojo.envs.quoting import in_quotes
from memdojo.errors import ConfigError
from memdojo.rewards.grading import BEAM_JUDGE, BEAM_PUBLISHED_JUDGE
from memdojo.rewards.nuggets import answered_items, mean_mark, order_score
from memdojo.rewards.outcomes import QuestionOutcome

from .judge_formats import NO_INSTRUCTIONS, JudgeTask, judge_task

NUGGET_JUDGES = frozenset({BEAM_JUDGE, BEAM_PUBLISHED_JUDGE})
"""Metrics that have a judge mark each nugget."""

EVENT_ORDER = "event_ordering"
"""Category of the questions that ask for an order; their nuggets are in it."""

_MEETS = (
    "You check whether an answer meets one requirement. Go by the sense: other words, and other ways to "
    "write a number or a date, are as good. Style, length and politeness count only where the requirement is "
    "about them. Give 1 if the answer meets all of the requirement, 0.5 if it meets a part of it or meets it "
    "with a small mistake, 0 if it does not meet it. A requirement may say what an answer should not have: "
    "then give 1 if that is missing, 0.5 if there is a trace of it, 0 if it is there. "
)
_TO_THE_POINT = "An answer that does not deal with the question gets 0 in any case. "
_ONE_MARK = "Reply with the mark alone: 0, 0.5 or 1."
_SAME_EVENT = (
    "You are given two short descriptions. Reply yes if they are about the same event or topic, in whatever "
    "words, and no otherwise. Reply with one word."
)
_LABELS = (
    *("Question:", "Requirement:", "Answer:", "Mark (", "First:", "Second:", "The same ("),
    *("0.5 or 1", "yes or no"),
)
"""What the lines of the conversations consist of."""


def judge_tasks(question: QuestionOutcome) -> tuple[JudgeTask, ...]:
    """Return all that there is to ask about an answer; nothing if it is missing, or needs no model.

    No model is needed where there is nothing to compare with, nor for an answer that is blank: it is right
    if it says that there is no information.

    Raises:
        ConfigError: If nuggets are to be marked and an answerable question has none.
    """
    if question.metric in NUGGET_JUDGES and not question.nuggets and not question.unanswerable:
        raise ConfigError(
            f"{question.metric} marks nuggets and question {question.question_id!r} has none; give it "
            "nuggets, or name another metric."
        )
    if question.metric not in NUGGET_JUDGES or not question.nuggets:
        task = judge_task(question)
        return () if task is None else (task,)
    answer = question.answer or ""
    if not answer.strip():
        return ()
    if question.category == EVENT_ORDER:
        pairs = ((item, nugget) for item in _items(question) for nugget in question.nuggets)
        return tuple(JudgeTask(same_event_messages(item, nugget)) for item, nugget in pairs)
    asked = "" if question.metric == BEAM_PUBLISHED_JUDGE else question.text
    return tuple(
        JudgeTask(nugget_messages(asked, nugget, answer), question.metric) for nugget in question.nuggets
    )


def verdict_of(question: QuestionOutcome, grades: Sequence[float | None]) -> float | None:
    """Return what the grades of `judge_tasks` come to, at least one; None if one of them is missing."""
    known = [grade for grade in grades if grade is not None]
    if len(known) < len(grades):
        return None
    if question.metric not in NUGGET_JUDGES or not question.nuggets:
        (verdict,) = known
        return verdict
    if question.category == EVENT_ORDER:
        return order_score(_aligned(_items(question), len(question.nuggets), known), len(question.nuggets))
    return mean_mark(known, whole=question.metric == BEAM_PUBLISHED_JUDGE)


def nugget_messages(question: str, nugget: str, answer: str) -> tuple[Message, ...]:
    """Return the conversation that asks for the mark of a nugget; an empty question is not shown."""
    shown = f"Question: {in_quotes(question, _LABELS)}\n" if question else ""
    rule = _MEETS + (_TO_THE_POINT if question else "")
    task = (
        f"{shown}Requirement: {in_quotes(nugget, _LABELS)}\nAnswer: {in_quotes(answer, _LABELS)}\n"
        "Mark (0, 0.5 or 1)?"
    )
    return Message("system", f"{rule}{_ONE_MARK} {NO_INSTRUCTIONS}"), Message("user", task)


def same_event_messages(item: str, nugget: str) -> tuple[Message, ...]:
    """Return the conversation that asks whether an item of an answer is a nugget."""
    first, second = in_quotes(nugget, _LABELS), in_quotes(item, _LABELS)
    task = f"First: {first}\nSecond: {second}\nThe same event (yes or no)?"
    return Message("system", f"{_SAME_EVENT} {NO_INSTRUCTIONS}"), Message("user", task)


def _items(question: QuestionOutcome) -> list[str]:
    """Return the items of an answer, of which no two are the same; the script takes lines as they are."""
    answer = question.answer or ""
    lines = answer.splitlines() if question.metric == BEAM_PUBLISHED_JUDGE else answered_items(answer)
    return list(dict.fromkeys(line for line in lines if line.strip()))


def _aligned(items: Iterable[str], num_nuggets: int, grades: Sequence[float]) -> list[int | str]:
    """Return for each item the first nugget that it is and that no item before it was, else its text."""
    aligned: list[int | str] = []
    for place, item in enumerate(items):
        same = grades[place * num_nuggets : (place + 1) * num_nuggets]
        numbers = (number for number, grade in enumerate(same) if grade and number not in aligned)
        aligned.append(next(numbers, item))
    return aligned
