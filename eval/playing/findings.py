"""Findings collected while an evaluation plays: failures, deviations from the plan, growth."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

import pandas as pd

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.types import Poison

from ..findings.attacks import AttackExamination
from ..findings.diagnosis import FAILED_BELOW, Finding, diagnose, is_failed
from ..findings.oracle_measures import PlanMeasures
from ..records.types import EpisodeRecord
from .result_rows import Row

GROWTH_POINTS = 10
"""The memory is measured after each tenth of the steps."""

QUESTION_KEY = ("policy", "seed", "stream", "question")
"""Columns that tell the questions of an evaluation apart."""

FAILURE_COLUMNS = (
    "policy", "seed", "stream", "group", "question", "category", "score", "blame", "cause", "turn", "step",
    "operation", "entry", "rank", "missing", "decision", "decision_place", "option", "rule_agrees",
)  # fmt: skip

ATTACK_COLUMNS = (
    "policy", "seed", "stream", "group", "adversary", "question", "category", "score", "lures", "answer",
    "succeeded", "right", "said", "held", "handed", "delay",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Tables with a row for each failure, episode and point of an episode.

    Attributes:
        failures: One row per failed question; see `Finding` for the columns.
        plans: One row per episode of a manager on a stream that says what should be done.
        growth: `GROWTH_POINTS` rows per episode of a manager: what the memory had come to.
        attacks: One row per question at which an adversary aims; see `TargetedQuestion` for the columns.
        poisoned: One row per episode of a manager on a poisoned stream; see `PoisonedEpisode`.
    """

    failures: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(FAILURE_COLUMNS)))
    plans: pd.DataFrame = field(default_factory=pd.DataFrame)
    growth: pd.DataFrame = field(default_factory=pd.DataFrame)
    attacks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(ATTACK_COLUMNS)))
    poisoned: pd.DataFrame = field(default_factory=pd.DataFrame)


class FindingsCollector:
    """Gathers the rows of `Findings`, episode by episode.

    Args:
        failed_below: The score below which a question has failed.
        depth: How many of the retrieved entries the score looks at; None if it looks at the answer.
    """

    def __init__(self, failed_below: float = FAILED_BELOW, depth: int | None = None) -> None:
        self._failed_below = failed_below
        self._depth = depth
        self._failures: list[Row] = []
        self._plans: list[Row] = []
        self._growth: list[Row] = []
        self._attacks: list[Row] = []
        self._poisoned: list[Row] = []
        self._measures: dict[int, tuple[StreamContext, PlanMeasures]] = {}

    def add(self, context: StreamContext, record: EpisodeRecord, rows: Sequence[Row]) -> None:
        """Take an episode with its rows of `question_rows`."""
        key = {"policy": record.policy, "seed": record.repetition}
        known = {question.id: bool(question.evidence) for question in context.stream.questions}
        scores = [row["score"] for row in rows]
        # Whether a question without a score has failed is known only when all are.
        at_worst = [0.0 if math.isnan(score) else score for score in scores]
        findings = diagnose(
            record,
            at_worst,
            context.turn_index,
            known,
            self._failed_below,
            self._depth,
            context.task_ids,
        )
        self._failures += [
            key | _failure_row(row, finding)
            for row, finding in zip(rows, findings, strict=True)
            if finding is not None
        ]
        if context.stream.poison is not None:
            self._add_attack(AttackExamination(context, record), record, rows, context.stream.poison)
        if not any(step.turns for step in record.steps):
            return
        key |= {"stream": record.stream, "group": record.group}
        self._growth += [key | row for row in _growth_rows(record)]
        if id(context) not in self._measures:
            self._measures[id(context)] = context, PlanMeasures(context)
        measures = self._measures[id(context)][1]
        if measures.has_plan:
            self._plans.append(key | _plan_row(context, record, scores, measures, self._failed_below))

    def _add_attack(
        self, found: AttackExamination, record: EpisodeRecord, rows: Sequence[Row], poison: Poison
    ) -> None:
        key = {"policy": record.policy, "seed": record.repetition}
        of_question = {row["question"]: row for row in rows}
        for each in found.questions:
            row = of_question[each.question]
            columns = {name: row[name] for name in ("stream", "group", "question", "category", "score")}
            values = {name: getattr(each, name) for name in ATTACK_COLUMNS if hasattr(each, name)}
            self._attacks.append(
                key | columns | values | {"adversary": poison.adversary, "lures": " | ".join(each.lures)}
            )
        if found.episode is not None:
            episode = {"stream": record.stream, "group": record.group, **dataclasses.asdict(found.episode)}
            self._poisoned.append(key | episode)

    def findings(self, counted: Container[tuple[object, ...]] = frozenset()) -> Findings:
        """Return all that was gathered.

        Args:
            counted: The questions without a score that count as failed, by `QUESTION_KEY`.
        """
        failures = [
            row | {"score": 0.0} if math.isnan(row["score"]) else row
            for row in self._failures
            if not math.isnan(row["score"]) or tuple(row[name] for name in QUESTION_KEY) in counted
        ]
        return Findings(
            pd.DataFrame(failures, columns=list(FAILURE_COLUMNS)),
            pd.DataFrame(self._plans),
            pd.DataFrame(self._growth),
            pd.DataFrame(self._attacks, columns=list(ATTACK_COLUMNS)),
            pd.DataFrame(self._poisoned),
        )


def _failure_row(row: Row, finding: Finding) -> Row:
    columns = {name: row[name] for name in ("stream", "group", "question", "category", "score")}
    decision = finding.decision
    return columns | {
        "blame": finding.blame.value,
        "cause": finding.cause.value,
        "turn": finding.turn,
        "step": finding.step,
        "operation": finding.operation,
        "entry": finding.entry,
        "rank": finding.rank,
        "missing": " ".join(finding.missing),
        "decision": "" if decision is None else decision.name,
        "decision_place": None if decision is None else decision.place,
        "option": "" if decision is None else decision.option,
        "rule_agrees": None if decision is None else decision.rule_agrees,
    }


def _plan_row(
    context: StreamContext,
    record: EpisodeRecord,
    scores: Sequence[float],
    measures: PlanMeasures,
    failed_below: float,
) -> Row:
    row: Row = {}
    for kind, counts in measures.operation_counts(record).items():
        name = kind.lower()
        row |= {
            f"{name}_done": counts.done,
            f"{name}_right": counts.right,
            f"{name}_planned": counts.planned,
            f"{name}_met": counts.met,
        }
    superseded, outdated, revised, contradicted = measures.superseded_kept(record)
    evidence = {question.id: question.evidence for question in context.stream.questions}
    asked = record.outcome.questions
    about_revised = [
        (question, score)
        for question, score in zip(asked, scores, strict=True)
        if measures.is_revised(evidence[question.question_id])
    ]
    return row | {
        "superseded": superseded,
        "outdated_kept": outdated,
        "revised": revised,
        "contradictions": contradicted,
        "revised_questions": len(about_revised),
        "stale_answers": sum(
            is_failed(score, failed_below) and measures.is_stale(question, evidence[question.question_id])
            for question, score in about_revised
        ),
    }


def _growth_rows(record: EpisodeRecord) -> list[Row]:
    last = len(record.steps) - 1
    rows = []
    for point in range(1, GROWTH_POINTS + 1):
        step = record.steps[max(0, round(point * (last + 1) / GROWTH_POINTS) - 1)]
        rows.append(
            {
                "share": point / GROWTH_POINTS,
                "entries": step.num_entries,
                "tokens": step.outcome.memory_tokens,
                "evidence_kept": step.outcome.potential_after,
            }
        )
    return rows
