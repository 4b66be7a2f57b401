"""How one answered question is graded: by a metric, by its data set's own rule, or by a judge's verdict."""

from __future__ import annotations

from .locomo import locomo_score
from .metrics import metric, metric_names
from .outcomes import QuestionOutcome

OFFICIAL = "official"
"""Grades each question by the metric that it names itself."""

LOCOMO = "locomo"
DEFAULT_METRIC = "token_f1"
"""What grades a question that names no metric."""

JUDGE = "judge"
"""A judge's verdict, whatever the data set."""

LONGMEMEVAL_JUDGE = "longmemeval_judge"
REALMEM_JUDGE = "realmem_judge"

JUDGED_METRICS = (JUDGE, LONGMEMEVAL_JUDGE, REALMEM_JUDGE)
"""Grades that are a judge's verdict; `memdojo.agents.judge_prompts` says what the judge is asked for each."""


def question_metric_names() -> tuple[str, ...]:
    """Return what a question may name as its metric."""
    return (*metric_names(), LOCOMO, *JUDGED_METRICS)


def grade_names() -> tuple[str, ...]:
    """Return the names that `grade` knows."""
    return (*question_metric_names(), OFFICIAL)


def needs_judge(metric: str) -> bool:
    """Tell whether a question's metric is a judge's verdict."""
    return metric in JUDGED_METRICS


def grade(name: str, question: QuestionOutcome) -> float | None:
    """Return the score of a question's answer in [0, 1].

    An unanswerable question wants to hear that there is no information, whatever its references; only a judge
    may read them, as they may explain why it cannot be answered.

    Args:
        name: One of `grade_names()`; `official` takes the question's own metric.
        question: What became of the question.

    Returns:
        None if there is no answer, or no verdict where a judge grades.

    Raises:
        UnknownNameError: If there is no such metric.
        ConfigError: If LoCoMo's rule does not know the question's category.
    """
    if question.answer is None:
        return None
    if name == OFFICIAL:
        name = question.metric or DEFAULT_METRIC
    if needs_judge(name):
        return question.verdict
    references = () if question.unanswerable else question.references
    if name == LOCOMO:
        return locomo_score(question.answer, references, question.category)
    return metric(name)(question.answer, references)
