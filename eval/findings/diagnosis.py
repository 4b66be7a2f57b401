"""The cause of each failed question, found by provenance: its evidence was not written, not read or not used.

The rules, in this order; docs/evaluation.md has them for readers:

1. A question that needs an answer and names no evidence is `unknown`.
2. An unanswerable question needs no evidence: it is `use`.
3. If some evidence turn is supported by no entry when the question is asked, it is `write`.
4. If some evidence turn is supported by no entry that was retrieved, it is `read`.
5. Else it is `use`.

Where the score is of what was retrieved, `read` is as deep as the score looks, and what was retrieved behind
the ranks that it pays for is `read` as well: no answer is graded, so none is to blame.

Of a task, any one of the earlier ones that help is enough: it is `write` if none of their reports is
supported by an entry, `read` if none of those entries was handed over, and else `use`; one that nothing is
known to help is `unknown`.

So each failure has exactly one blame. Of several turns that are missing, the first in the dialogue is named,
of a task the last.
Where a memory design lost it, so is the decision by which it did (`decisions`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from memdojo.envs.types import OperationStatus
from memdojo.rewards.outcomes import QuestionOutcome

from ..records.types import (
    ChangeRecord,
    EntryRecord,
    EpisodeRecord,
    OperationRecord,
    QuestionRecord,
    StepRecord,
)
from .decisions import Ascribed, lost_by, unread_by, unwritten_by

FAILED_BELOW = 0.5
"""A question whose score is lower than this has failed."""


class Blame(StrEnum):
    """The cause of a failure."""

    WRITE = "write"
    """Evidence was not in the store when the question was asked; of a task, no right experience was."""
    READ = "read"
    """All evidence was in the store, and not all of it was retrieved; of a task, none was handed over."""
    USE = "use"
    """All evidence was retrieved, or none is needed, and the answer was wrong; of a task, the solver did not
    use the right experience that it had."""
    UNKNOWN = "unknown"
    """The evidence of the question is not known; of a task, no experience is known to help."""


class Cause(StrEnum):
    """What happened to the evidence turn that is named."""

    NEVER_STORED = "never stored"
    REFUSED = "refused"
    """The store refused the operation that would have written it."""
    TOO_LITTLE = "too little kept"
    """An entry came from the turn, but never held half of its content words."""
    OVERWRITTEN = "overwritten"
    DELETED = "deleted"
    EVICTED = "evicted"
    INVALIDATED = "invalidated"
    """Its last entry is still there, but out of the reach of readers."""
    RANKED_LOW = "ranked too low"
    NOT_RANKED = "not ranked"
    """The retriever does not rank an entry that supports it, or was not asked for more than `top_k`."""
    NONE = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why one question failed.

    Attributes:
        blame: Write, read, use or unknown.
        cause: What happened to `turn`; NONE for use and unknown.
        turn: The evidence turn that was missing; "" for use and unknown.
        step: Index of the step at which it was lost, or that showed it and did not keep it; None where the
            step is not known or none is to blame.
        operation: Place of the operation among those of `step`; None where no operation did it.
        entry: Id of the entry that held the turn last.
        rank: For read, the rank of the first entry that supports the turn; None where it was not ranked.
        missing: All evidence turns that were missing, in the order of the dialogue; of a task the last first.
        decision: The decision of a memory design by which `turn` was lost: of `step`, or for read of the
            question; None where no decision is to blame.
    """

    blame: Blame
    cause: Cause = Cause.NONE
    turn: str = ""
    step: int | None = None
    operation: int | None = None
    entry: int | None = None
    rank: int | None = None
    missing: tuple[str, ...] = ()
    decision: Ascribed | None = None


@dataclass(frozen=True, slots=True)
class _Event:
    """What an operation did to a turn that some question needs."""

    cause: Cause
    step: int
    operation: int
    entry: int | None
    decision: Ascribed | None


class _Examination:
    """Finds out why questions of one episode failed.

    Args:
        record: The episode.
        turn_index: Position of each turn of the stream in the dialogue, by its id.
        is_evidence_known: Whether the data set names the evidence of a question, by its id.
        tasks: Ids of the questions of which any evidence is enough.
        depth: How many of the retrieved entries the score looks at; None if it looks at the answer.
    """

    def __init__(
        self,
        record: EpisodeRecord,
        turn_index: Mapping[str, int],
        is_evidence_known: Mapping[str, bool],
        tasks: Collection[str],
        depth: int | None,
    ) -> None:
        self._tasks = tasks
        self._depth = depth
        self._turn_index = turn_index
        self._is_known = is_evidence_known
        self._shown = {turn: step for step in record.steps for turn in step.turns}
        self._history = _History()
        self._findings = [self._of_step(step) for step in record.steps]

    def findings(self) -> list[Finding]:
        """Return why each question would have failed, in the order in which they were asked.

        Whether it has failed is for its score to say.
        """
        return [finding for of_step in self._findings for finding in of_step]

    def _of_step(self, step: StepRecord) -> list[Finding]:
        self._history.apply(step)
        return [
            self._of_question(outcome, question)
            for outcome, question in zip(step.outcome.questions, step.questions, strict=True)
        ]

    def _of_question(self, outcome: QuestionOutcome, question: QuestionRecord) -> Finding:
        if not self._is_known[outcome.question_id] and not outcome.unanswerable:
            return Finding(Blame.UNKNOWN)
        is_task = outcome.question_id in self._tasks
        needed = outcome.evidence
        if is_task and outcome.stored:
            needed = outcome.stored
        if unwritten := self._in_order(needed - outcome.stored, is_task):
            return self._unwritten(unwritten)
        places = _places(outcome)
        depth = len(outcome.retrieved) if self._depth is None else self._depth
        found = {turn for turn, place in places.items() if place <= depth}
        if is_task and found:
            needed = frozenset(found)
        if unread := self._in_order(needed - found, is_task):
            rank = places.get(unread[0], question.ranks.get(unread[0]))
            cause = Cause.NOT_RANKED if rank is None else Cause.RANKED_LOW
            decision = None
            if unread[0] not in places:
                decision = unread_by(question.decisions, self._history.holders(unread[0]))
            return Finding(Blame.READ, cause, unread[0], rank=rank, missing=unread, decision=decision)
        if self._depth is not None and places:
            lowest = max(self._in_order(places), key=places.__getitem__)
            return Finding(Blame.READ, Cause.RANKED_LOW, lowest, rank=places[lowest])
        return Finding(Blame.USE)

    def _unwritten(self, missing: tuple[str, ...]) -> Finding:
        turn = missing[0]
        if not self._shown:
            # A memory that a manager wrote before: its operations are in no step of this episode.
            return Finding(Blame.WRITE, turn=turn, missing=missing)
        event = self._history.last_event(turn)
        if event is None:
            shown = self._shown.get(turn)
            return Finding(
                Blame.WRITE,
                Cause.NEVER_STORED,
                turn,
                step=None if shown is None else shown.outcome.step,
                missing=missing,
                decision=None if shown is None else unwritten_by(shown, turn),
            )
        return Finding(
            Blame.WRITE,
            event.cause,
            turn,
            step=event.step,
            operation=event.operation,
            entry=event.entry,
            missing=missing,
            decision=event.decision,
        )

    def _in_order(self, turns: Iterable[str], last_first: bool = False) -> tuple[str, ...]:
        return tuple(sorted(turns, key=self._turn_index.__getitem__, reverse=last_first))


def _places(outcome: QuestionOutcome) -> dict[str, int]:
    """Return the rank of the first retrieved entry that supports each evidence turn, from 1."""
    places: dict[str, int] = {}
    for place, turns in enumerate(outcome.retrieved, start=1):
        for turn in turns & outcome.evidence:
            places.setdefault(turn, place)
    return places


class _History:
    """Which entries hold which turns, and by what operation a turn was lost."""

    def __init__(self) -> None:
        self._holders: dict[str, set[int]] = {}
        self._lost: dict[str, _Event] = {}
        self._refused: dict[str, _Event] = {}

    def apply(self, step: StepRecord) -> None:
        """Follow the operations of a step."""
        for place, operation in enumerate(step.operations):
            if operation.status is OperationStatus.APPLIED:
                self._follow(operation, step, place)
            else:
                for turn in operation.sources:
                    decision = unwritten_by(step, turn)
                    self._refused[turn] = _Event(Cause.REFUSED, step.outcome.step, place, None, decision)

    def holders(self, turn: str) -> Collection[int]:
        """Return the ids of the entries that hold a turn."""
        return self._holders.get(turn, ())

    def last_event(self, turn: str) -> _Event | None:
        """Return what happened last to a turn that no entry holds; None if nothing ever came from it."""
        return self._lost.get(turn) or self._refused.get(turn)

    def _follow(self, operation: OperationRecord, step: StepRecord, place: int) -> None:
        gone: list[tuple[EntryRecord, Cause]] = []
        for change in operation.changes:
            if change.before is not None:
                is_evicted = change.before in operation.evicted
                gone.append((change.before, Cause.EVICTED if is_evicted else _cause_of(change)))
        for entry, _ in gone:
            for turn in entry.supports:
                self._holders.get(turn, set()).discard(entry.entry.id)
        for after in (change.after for change in operation.changes):
            if after is not None and after.entry.ended is None:
                for turn in after.supports:
                    self._holders.setdefault(turn, set()).add(after.entry.id)
                self._note_thin(after, step, place)
        for entry, cause in gone:
            for turn in entry.supports:
                if not self._holders.get(turn):
                    id = entry.entry.id
                    decision = lost_by(step, place, id)
                    self._lost[turn] = _Event(cause, step.outcome.step, place, id, decision)

    def _note_thin(self, after: EntryRecord, step: StepRecord, place: int) -> None:
        """Note the turns that an entry came from without holding enough of them."""
        for turn in after.entry.sources:
            if turn not in after.supports and turn not in self._holders and turn not in self._lost:
                id, decision = after.entry.id, unwritten_by(step, turn)
                self._lost[turn] = _Event(Cause.TOO_LITTLE, step.outcome.step, place, id, decision)


def _cause_of(change: ChangeRecord) -> Cause:
    if change.after is None:
        return Cause.DELETED
    return Cause.OVERWRITTEN if change.after.entry.ended is None else Cause.INVALIDATED


def is_failed(score: float, failed_below: float = FAILED_BELOW) -> bool:
    """True if a question of this score has failed; one without a score (NaN) has not."""
    return score < failed_below


def diagnose(
    record: EpisodeRecord,
    scores: Sequence[float],
    turn_index: Mapping[str, int],
    is_evidence_known: Mapping[str, bool],
    failed_below: float = FAILED_BELOW,
    depth: int | None = None,
    tasks: Collection[str] = frozenset(),
) -> list[Finding | None]:
    """Return for each question of an episode why it failed, None where it did not.

    Args:
        record: The episode.
        scores: Of its questions in the order in which they were asked; NaN where there is none.
        turn_index: Position of each turn of the stream in the dialogue, by its id.
        is_evidence_known: Whether the data set names the evidence of a question, by its id.
        failed_below: The score below which a question has failed.
        depth: How many of the retrieved entries the score looks at; None if it looks at the answer.
        tasks: Ids of the questions that are tasks, of which any evidence is enough.
    """
    findings = _Examination(record, turn_index, is_evidence_known, tasks, depth).findings()
    return [
        finding if is_failed(score, failed_below) else None
        for finding, score in zip(findings, scores, strict=True)
    ]
