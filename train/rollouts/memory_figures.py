"""Figures of an episode's memory as training metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np

from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.eval.findings.diagnosis import is_failed
from memdojo.eval.findings.oracle_measures import PlanMeasures
from memdojo.rewards.grading import OFFICIAL, grade
from memdojo.rewards.outcomes import QuestionOutcome


def memory_figures(episode: ManagerEpisode, plan: PlanMeasures) -> dict[str, float]:
    """Return figures of an episode that has ended; those that nothing can be said about are left out.

    Args:
        episode: With all of its steps, those before a fork included.
        plan: Of the episode's stream.

    Returns:
        By name: `entries`, `tokens` and `compression` (tokens as a share of the stream's) at the end,
        `growth` (tokens that a step of the second half adds), `tokens_written`, `evidence_stored` (share of
        the evidence in the store when its question is asked), and where answerability is paid
        `questions_to_come_asked` (questions that were put to the answerer for it). Where the stream says
        what should be done, also `outdated_kept`, `contradictions` and, where questions were answered,
        `stale_answers`, as in docs/evaluation.md.
    """
    steps = episode.outcome().steps
    tokens = [step.memory_tokens for step in steps]
    half = len(steps) // 2
    figures = {
        "entries": float(len(episode.store)),
        "tokens": float(tokens[-1]),
        "compression": tokens[-1] / max(steps[-1].stream_tokens, 1),
        "growth": (tokens[-1] - (tokens[half - 1] if half else 0)) / (len(steps) - half),
        "tokens_written": float(sum(each.text_tokens for step in steps for each in step.operations)),
    }
    questions = [question for step in steps for question in step.questions]
    stored = [len(each.stored) / len(each.evidence) for each in questions if each.evidence]
    if stored:
        figures["evidence_stored"] = float(np.mean(stored))
    measured = [step.answerability for step in steps if step.answerability is not None]
    if measured:
        figures["questions_to_come_asked"] = float(sum(each.num_asked for each in measured))
    return figures | _plan_figures(episode, questions, plan)


def mean_figures(figures: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over the episodes that have it."""
    values: dict[str, list[float]] = {}
    for name, value in chain.from_iterable(each.items() for each in figures):
        values.setdefault(name, []).append(value)
    return {name: float(np.mean(each)) for name, each in values.items()}


def _plan_figures(
    episode: ManagerEpisode, questions: Sequence[QuestionOutcome], plan: PlanMeasures
) -> dict[str, float]:
    if not plan.has_plan:
        return {}
    stream = episode.context.stream
    shown = {turn.id for chunk in stream.chunks[: episode.step_index] for turn in chunk.turns}
    superseded, outdated, revised, contradicted = plan.superseded_among(episode.store.entries, shown)
    evidence = {question.id: question.evidence for question in stream.questions}
    asked = [
        question
        for question in questions
        if question.answer is not None and plan.is_revised(evidence[question.question_id])
    ]
    stale = sum(_failed(each) and plan.is_stale(each, evidence[each.question_id]) for each in asked)
    shares = (
        ("outdated_kept", outdated, superseded),
        ("contradictions", contradicted, revised),
        ("stale_answers", stale, len(asked)),
    )
    return {name: count / of for name, count, of in shares if of}


def _failed(question: QuestionOutcome) -> bool:
    value = grade(OFFICIAL, question)
    return value is not None and is_failed(value)
