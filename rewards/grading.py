"""`grade`: the score of one answered question, by a metric, its data set's own rule or a judge's verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

from memdojo.errors import ConfigError, MemdojoError, cut_short
from memdojo.registry import Registry

from .locomo import locomo_score, locomo_strict_score
from .metrics import METRICS, metric, metric_names, says_no_information
from .nuggets import nugget_recall
from .outcomes import QuestionOutcome

OFFICIAL = "official"
"""Grades each question by the metric that it names itself."""

LOCOMO = "locomo"
LOCOMO_STRICT = "locomo_strict"
DEFAULT_METRIC = "token_f1"
"""The metric of a question that names none."""

_ROUNDING = 1e-6
"""By how much a score may miss the range from 0 to 1."""

JUDGE = "judge"
"""A judge's verdict, whatever the data set."""

LONGMEMEVAL_JUDGE = "longmemeval_judge"
REALMEM_JUDGE = "realmem_judge"
LOCOMO_PLUS_JUDGE = "locomo_plus_judge"

BEAM_JUDGE = "beam_judge"
BEAM_PUBLISHED_JUDGE = "beam_published_judge"
"""BEAM's score with what its script gets wrong: half marks count nothing, and the judge sees no question."""

NUGGET_RECALL = "nugget_recall"
NUGGET_METRICS = frozenset({BEAM_JUDGE, BEAM_PUBLISHED_JUDGE, NUGGET_RECALL})
"""Metrics of questions that have nuggets, and of no others."""


@dataclass(frozen=True, slots=True)
class Grade:
    """A way to grade a question that needs more of it than a metric does.

    Attributes:
        function: The score of an answered question; None where it lacks what it needs.
        needs_judge: True if it is a judge's verdict; `memdojo.agents.graders.judge_formats` has its prompt.
        of_questions: True if a question may name it as its metric.
    """

    function: Callable[[QuestionOutcome], float | None]
    needs_judge: bool = False
    of_questions: bool = True


GRADES: Registry[Grade] = Registry("grade", apart_from=(METRICS,))
"""Grades by name, beside the metrics, each of which grades as well."""


def _verdict(question: QuestionOutcome) -> float | None:
    return question.verdict


def _locomo(question: QuestionOutcome) -> float | None:
    return locomo_score(question.answer or "", wanted_answers(question), question.category)


def _locomo_strict(question: QuestionOutcome) -> float | None:
    return locomo_strict_score(
        question.answer or "", wanted_answers(question), question.category, question.text
    )


def _nugget_recall(question: QuestionOutcome) -> float | None:
    answer = question.answer or ""
    if question.unanswerable:
        return float(says_no_information(answer))
    if not question.nuggets:
        raise ConfigError(
            f"{NUGGET_RECALL} grades by a question's nuggets and {question.question_id!r} has none; for "
            "other streams use another metric, such as token_f1."
        )
    return nugget_recall(answer, question.nuggets)


def _official(question: QuestionOutcome) -> float | None:
    return grade(question.metric or DEFAULT_METRIC, question)


for _name in (JUDGE, LONGMEMEVAL_JUDGE, REALMEM_JUDGE, LOCOMO_PLUS_JUDGE, BEAM_JUDGE, BEAM_PUBLISHED_JUDGE):
    GRADES.add(_name, Grade(_verdict, needs_judge=True))
GRADES.add(LOCOMO, Grade(_locomo))
GRADES.add(LOCOMO_STRICT, Grade(_locomo_strict))
GRADES.add(NUGGET_RECALL, Grade(_nugget_recall))
GRADES.add(OFFICIAL, Grade(_official, of_questions=False))


def question_metric_names() -> tuple[str, ...]:
    """Return what a question may name as its metric."""
    return (*metric_names(), *(name for name in GRADES if GRADES.get(name).of_questions))


def grade_names() -> tuple[str, ...]:
    """Return the names that `grade` knows."""
    return (*metric_names(), *GRADES)


def needs_judge(metric: str) -> bool:
    """Return whether a question's metric is a judge's verdict."""
    return metric in GRADES and GRADES.get(metric).needs_judge


def wanted_answers(question: QuestionOutcome) -> tuple[str, ...]:
    """Return the references that count: none of an unanswerable question, whose may explain why it is."""
    return () if question.unanswerable else question.references


def grade(name: str, question: QuestionOutcome) -> float | None:
    """Return the score of a question's answer in [0, 1].

    An unanswerable question wants to hear that there is no information, whatever its references; only a judge
    may read them, as they may explain why it cannot be answered.

    Args:
        name: One of `grade_names()`; `official` takes the question's own metric.
        question: What became of the question.

    Returns:
        None if there is no answer, no verdict where a judge grades, or nothing that the metric can mark.

    Raises:
        UnknownNameError: If there is no such metric.
        ConfigError: If LoCoMo's rule does not know the question's category, the question has no nuggets where
            they are marked, or a metric fails or gives anything but a number from 0 to 1.
    """
    if question.answer is None:
        return None
    try:
        if name in GRADES:
            value = GRADES.get(name).function(question)
            return None if value is None else _checked(name, value, question)
        return _checked(name, metric(name)(question.answer, wanted_answers(question)), question)
    except MemdojoError:
        raise
    except Exception as error:
        raise ConfigError(
            f"the metric {name!r} failed on the answer {cut_short(ascii(question.answer))} "
            f"({type(error).__name__}: {error}); mend it so that it grades any text."
        ) from error


def _checked(name: str, value: object, question: QuestionOutcome) -> float:
    """Return what a metric gave as a float, which may miss the range by what rounding does.

    Raises:
        ConfigError: If it is no number from 0 to 1.
    """
    score = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not -_ROUNDING <= score <= 1 + _ROUNDING:
        raise ConfigError(
            f"the metric {name!r} gave {cut_short(ascii(value))} for the answer "
            f"{cut_short(ascii(question.answer))}; a metric returns a number from 0 to 1."
        )
    return min(max(score, 0.0), 1.0)
