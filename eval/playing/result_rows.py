"""The results of an episode as table rows: one per question, one per episode."""

from __future__ import annotations

import math
from typing import Any

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.memory.operations import operation_kinds
from memdojo.envs.types import Question
from memdojo.rewards.grading import JUDGE, LOCOMO, LOCOMO_STRICT, grade
from memdojo.rewards.outcomes import EpisodeOutcome, QuestionOutcome
from memdojo.rewards.ranking import MEASURES_AT_RANK

from ..findings.experience import TASK
from ..records.types import EpisodeRecord, question_context
from .settings import KEPT_EVIDENCE

ANSWER_METRICS = ("exact_match", "token_f1")
"""The answer metrics that every table has; the one that counts joins them where it is another."""

_AT_RANK = ("recall", "ndcg")
"""The measures at a rank that every table has; the one that counts joins them where it is another."""

_BESIDE = {LOCOMO: LOCOMO_STRICT}
"""Metrics that stand beside another wherever that one counts."""

Row = dict[str, Any]


def metric_columns(ranks: tuple[int, ...], score: str, *, judged: bool = False) -> tuple[str, ...]:
    """Return the names of the score columns of `question_rows`, the column `score` itself left out."""
    return (*answer_metrics(score, judged=judged), *evidence_metrics(ranks, score))


def evidence_metrics(ranks: tuple[int, ...], score: str) -> tuple[str, ...]:
    """Return the names of the score columns that measure what was stored and retrieved."""
    return (*_at_ranks(ranks, score), KEPT_EVIDENCE)


def _at_ranks(ranks: tuple[int, ...], score: str) -> tuple[str, ...]:
    columns = [f"{name}@{k}" for name in _AT_RANK for k in ranks]
    return tuple(dict.fromkeys([*columns, score] if "@" in score else columns))


def depth_of(score: str) -> int | None:
    """Return how many of the retrieved entries a score looks at; None for one of answers or of the store."""
    _, at, depth = score.partition("@")
    return int(depth) if at else None


def answer_metrics(score: str, *, judged: bool) -> tuple[str, ...]:
    """Return the names of the score columns that grade answers."""
    metrics = (*ANSWER_METRICS, JUDGE) if judged else ANSWER_METRICS
    if score == KEPT_EVIDENCE or depth_of(score) is not None:
        return metrics
    beside = (_BESIDE[score],) if score in _BESIDE else ()
    return tuple(dict.fromkeys((*metrics, score, *beside)))


def question_rows(
    context: StreamContext,
    outcome: EpisodeOutcome,
    ranks: tuple[int, ...],
    score: str,
    *,
    judged: bool = False,
) -> list[Row]:
    """Return one row per question, in the order in which they were asked.

    Those of tasks have the column `task` as well, their place among the tasks of the stream.

    Args:
        context: The stream as it was played.
        outcome: What the episode produced.
        ranks: The k of the recall@k and ndcg@k columns.
        score: Column that counts; it is copied to the column `score`.
        judged: Whether a judge graded the answers, so that there is a column `judge`.
    """
    questions = {question.id: question for question in context.stream.questions}
    metrics = answer_metrics(score, judged=judged)
    rows: list[Row] = []
    num_tasks = 0
    for asked, failure in ((each, step.failure) for step in outcome.steps for each in step.questions):
        question = questions[asked.question_id]
        values = _answer_scores(asked, metrics) | _evidence_scores(asked, _at_ranks(ranks, score))
        if failure:
            values = dict.fromkeys(values, math.nan)
        place: Row = {}
        if question.options is not None:
            num_tasks += 1
            place = {TASK: num_tasks}
        rows.append(
            {
                "stream": outcome.stream_id,
                "group": outcome.group,
                "question": asked.question_id,
                "category": asked.category,
                "score": values[score],
                **values,
                **_timing(context, question),
                **place,
                "unanswerable": asked.unanswerable,
                "text": question.text,
                "references": " | ".join(asked.references),
                "answer": asked.answer,
                "answer_error": asked.answer_error,
                "failure": failure,
            }
        )
    return rows


def _answer_scores(asked: QuestionOutcome, metrics: tuple[str, ...]) -> dict[str, float]:
    """Grade the answer; NaN where it, or a judge's verdict, is missing, which is not the same as 0."""
    grades = {name: grade(name, asked) for name in metrics}
    return {name: math.nan if value is None else value for name, value in grades.items()}


def _evidence_scores(asked: QuestionOutcome, columns: tuple[str, ...]) -> dict[str, float]:
    """Measure what was stored and retrieved; NaN for a question that names no evidence."""
    known = bool(asked.evidence)
    scores = dict.fromkeys(columns, math.nan)
    if known:
        for column in columns:
            name, _, k = column.partition("@")
            scores[column] = MEASURES_AT_RANK[name](
                asked.retrieved, asked.evidence, int(k), asked.num_evidence_entries
            )
    scores[KEPT_EVIDENCE] = len(asked.stored) / len(asked.evidence) if known else math.nan
    return scores


def _timing(context: StreamContext, question: Question) -> dict[str, int | None]:
    """Say after how many turns the question is asked, and how many of them came after its last evidence."""
    chunks = context.stream.chunks
    last = chunks[-1 if question.ask_after is None else question.ask_after].turns[-1]
    asked_after = context.turn_index[last.id] + 1
    latest = max((context.turn_index[turn_id] for turn_id in question.evidence), default=None)
    return {
        "asked_after_turns": asked_after,
        "evidence_age_turns": None if latest is None else asked_after - latest - 1,
    }


def occurring_kinds(record: EpisodeRecord) -> set[str]:
    """Return the kinds of operations that an episode has."""
    return {operation.kind for step in record.steps for operation in step.operations}


def operation_row(context: StreamContext, record: EpisodeRecord) -> Row:
    """Return an episode's row: what it did to the store, what the store came to and what it cost."""
    outcome, steps = record.outcome, record.steps
    operations = outcome.operations
    applied = [operation.kind for operation in operations if operation.applied and not operation.malformed]
    num_entries = [step.num_entries for step in steps]
    final_tokens = outcome.steps[-1].memory_tokens if steps else 0
    # As they were counted when the episode was played, perhaps by a tokenizer that is not at hand.
    stream_tokens = outcome.steps[-1].stream_tokens if steps else 0
    row: Row = {
        "stream": outcome.stream_id,
        "group": outcome.group,
        "turns": len(context.turns),
        "steps": len(outcome.steps),
        "questions": len(outcome.questions),
    }
    row |= {kind.lower(): applied.count(kind) for kind in operation_kinds(occurring_kinds(record))}
    return row | {
        "rejected": sum(not operation.applied and not operation.malformed for operation in operations),
        "malformed": sum(operation.malformed for operation in operations),
        "evicted": sum(len(operation.evicted) for step in steps for operation in step.operations),
        "mean_entries": sum(num_entries) / max(len(steps), 1),
        "final_entries": num_entries[-1] if steps else 0,
        "final_tokens": final_tokens,
        "stream_tokens": stream_tokens,
        "compression": final_tokens / max(stream_tokens, 1),
        "tokens_kept": max((step.memory_tokens for step in outcome.steps), default=0) / max(stream_tokens, 1),
        "tokens_written": sum(operation.text_tokens for operation in operations),
        "tokens_read": sum(
            count_tokens(line)
            for step in steps
            for question in step.questions
            for line in question_context(question)
        ),
        **record.figures,
    }
