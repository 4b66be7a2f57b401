"""A manager's operations measured against the oracle's plan: agreement, contradictions, stale answers.

`Stream.oracle` says for each turn what should be done. Synthetic streams know it by construction, labelled
data by its labels; where it is empty nothing is measured.

**Operations.** An operation that was applied matches a planned one of the same kind that belongs to a turn
shown at the same step, if

- ADD: it names the turn among its sources, and its text holds at least half of the content words of the turn
  or of the planned text;
- UPDATE: the same, and the entry that it changes came from the planned target;
- DELETE: the entry that it removes came from the planned target.

A planned DELETE is also followed by an UPDATE or ADD that puts what the turn says, as of ADD, in the place of
an entry from the planned target (an ADD evicts it): the fact is gone, and that it is can still be told. Such
an operation is right as one of its own kind.

Of another kind, what its plans have (`Operation.plan_fields`) counts: a text as of ADD, a target as of
DELETE.

Within a step each operation, in order, takes the planned one that is nearest to it among those that fit and
are not taken; an operation that takes none is not right, so that writing a fact twice costs precision.
Planned operations that were not carried out count as met if an operation that carried out another fits them,
so that writing two facts into one entry costs nothing.

**Superseded facts.** A planned UPDATE or DELETE makes its target, and what that had replaced, outdated. An
entry tells of the outdated turn if it came from it and holds at least half of the content words that the
later turn does not have; of the later turn, the other way round.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.operations import plan_fields, planned_kinds
from memdojo.envs.types import Add, Delete, MemoryEntry, OperationStatus, PlannedOperation, Update
from memdojo.rewards.outcomes import QuestionOutcome

from ..records.types import EpisodeRecord, OperationRecord, StepRecord, final_entries

Words = frozenset[str]


def measured_kinds() -> tuple[str, ...]:
    """Return the kinds that are measured: those whose plans say something."""
    return tuple(kind for kind in planned_kinds() if plan_fields(kind))


@dataclass(frozen=True, slots=True)
class OperationCounts:
    """How the operations of one kind of an episode go with the plan.

    Attributes:
        done: Operations that were applied.
        right: Those of them that match a planned one, which for a DELETE may be of another kind.
        planned: Planned operations of the turns that were shown.
        met: Those of them that are matched.
    """

    done: int = 0
    right: int = 0
    planned: int = 0
    met: int = 0


class PlanMeasures:
    """Measures episodes of one stream against its plan.

    Args:
        context: The stream.
    """

    def __init__(self, context: StreamContext) -> None:
        self._context = context
        self._plan: Mapping[str, tuple[PlannedOperation, ...]] = context.stream.oracle
        self._replaced_by = {
            planned.target: (turn_id, planned.kind)
            for turn_id, plan in self._plan.items()
            for planned in plan
            if planned.target is not None and planned.kind in (Update.kind, Delete.kind)
        }
        self._replaces = {later: earlier for earlier, (later, _) in self._replaced_by.items()}
        self._turn_words: dict[str, Words] = {}

    @property
    def has_plan(self) -> bool:
        """True if the stream says what should be done."""
        return any(planned.kind in measured_kinds() for plan in self._plan.values() for planned in plan)

    def operation_counts(self, record: EpisodeRecord) -> dict[str, OperationCounts]:
        """Count the operations of an episode by kind."""
        kinds = measured_kinds()
        done = dict.fromkeys(kinds, 0)
        right, planned, met = done.copy(), done.copy(), done.copy()
        for step in record.steps:
            open_plans = self._planned(step)
            for _, plan in open_plans:
                planned[plan.kind] += 1
            takers = []
            for operation in _applied(step):
                done[operation.kind] += 1
                taken = self._nearest(operation, open_plans)
                if taken is not None:
                    _, plan = open_plans.pop(taken)
                    takers.append(operation)
                    right[operation.kind] += 1
                    met[plan.kind] += 1
            for turn_id, plan in open_plans:
                met[plan.kind] += any(self._fits(operation, turn_id, plan) for operation in takers)
        return {kind: OperationCounts(done[kind], right[kind], planned[kind], met[kind]) for kind in kinds}

    def _planned(self, step: StepRecord) -> list[tuple[str, PlannedOperation]]:
        return [
            (turn_id, plan)
            for turn_id in step.turns
            for plan in self._plan.get(turn_id, ())
            if plan.kind in measured_kinds()
        ]

    def _nearest(
        self, operation: OperationRecord, plans: Sequence[tuple[str, PlannedOperation]]
    ) -> int | None:
        """Return the place of the plan that fits and whose words the operation holds most of."""
        words = frozenset(analyze(operation.after.entry.text)) if operation.after is not None else frozenset()
        shares = {}
        for place, (turn_id, plan) in enumerate(plans):
            if self._fits(operation, turn_id, plan):
                wanted = frozenset(analyze(plan.text))
                shares[place] = len(words & wanted) / max(len(wanted), 1)
        return max(shares, key=shares.__getitem__, default=None)

    def _fits(self, operation: OperationRecord, turn_id: str, plan: PlannedOperation) -> bool:
        if plan.kind == Delete.kind and operation.kind in (Update.kind, Add.kind):
            left = [operation.before, *operation.evicted]
            return self._says(operation, turn_id, plan) and any(
                each is not None and plan.target in each.entry.sources for each in left
            )
        if operation.kind != plan.kind:
            return False
        fields = plan_fields(plan.kind) or frozenset()
        if "target" in fields and (
            operation.before is None or plan.target not in operation.before.entry.sources
        ):
            return False
        return "text" not in fields or self._says(operation, turn_id, plan)

    def _says(self, operation: OperationRecord, turn_id: str, plan: PlannedOperation) -> bool:
        """True if an operation writes what the turn says, or the plan, and names the turn as its source."""
        if turn_id not in operation.sources or operation.after is None:
            return False
        words = frozenset(analyze(operation.after.entry.text))
        return _holds(words, self._words(turn_id)) or _holds(words, frozenset(analyze(plan.text)))

    def superseded_kept(self, record: EpisodeRecord) -> tuple[int, int, int, int]:
        """Look for superseded facts in the store at the end; see `superseded_among`."""
        shown = {turn for step in record.steps for turn in step.turns}
        return self.superseded_among(final_entries(record.steps), shown)

    def superseded_among(
        self, entries: Iterable[MemoryEntry], shown: Container[str]
    ) -> tuple[int, int, int, int]:
        """Look for superseded facts among the entries of a store.

        Args:
            entries: All of them; what was invalidated tells nothing.
            shown: Ids of the turns that were shown until then.

        Returns:
            Facts that were superseded, those of them that some entry still tells; facts that were superseded
            by a new value, and those of them whose old and new value stand in two different entries.
        """
        entries = [entry for entry in entries if entry.ended is None]
        superseded = outdated = revised = contradicted = 0
        for earlier, (later, kind) in self._replaced_by.items():
            if later not in shown:
                continue
            old = {entry.id for entry in entries if self._tells(entry, earlier, later)}
            superseded += 1
            outdated += bool(old)
            if kind == Update.kind:
                new = {entry.id for entry in entries if self._tells(entry, later, earlier)}
                revised += 1
                contradicted += any(first != second for first in old for second in new)
        return superseded, outdated, revised, contradicted

    def is_revised(self, evidence: Iterable[str]) -> bool:
        """True if a turn among the evidence of a question replaced an earlier one."""
        return any(turn_id in self._replaces for turn_id in evidence)

    def is_stale(self, outcome: QuestionOutcome, evidence: Iterable[str]) -> bool:
        """True if an answer says what the evidence has replaced.

        Of the content words of the answer that neither the question nor the evidence has, there must be some,
        and more than half of them must stand in a turn that the evidence replaced: a value is often a number
        and a unit, and the unit alone says nothing.

        Args:
            outcome: Of the question.
            evidence: Ids of its evidence turns, those that took the answer back included.
        """
        if outcome.answer is None:
            return False
        evidence = list(evidence)
        own = frozenset(analyze(outcome.answer)) - frozenset(analyze(outcome.text))
        own -= frozenset().union(*map(self._words, evidence))
        outdated = frozenset().union(*(self._words(turn) for turn in self._earlier(evidence)))
        return bool(own) and 2 * len(own & outdated) > len(own)

    def _earlier(self, turn_ids: Iterable[str]) -> set[str]:
        """Return the turns that these replaced, and what those had replaced."""
        found: set[str] = set()
        for turn_id in turn_ids:
            earlier = self._replaces.get(turn_id)
            while earlier is not None and earlier not in found:
                found.add(earlier)
                earlier = self._replaces.get(earlier)
        return found

    def _tells(self, entry: MemoryEntry, turn_id: str, other: str) -> bool:
        words = self._words(turn_id)
        distinct = words - self._words(other) or words
        return turn_id in entry.sources and _holds(frozenset(analyze(entry.text)), distinct)

    def _words(self, turn_id: str) -> Words:
        words = self._turn_words.get(turn_id)
        if words is None:
            text = self._context.turn_texts[self._context.turn_index[turn_id]]
            words = self._turn_words[turn_id] = frozenset(analyze(text))
        return words


def _applied(step: StepRecord) -> list[OperationRecord]:
    return [
        operation
        for operation in step.operations
        if operation.status is OperationStatus.APPLIED and operation.kind in measured_kinds()
    ]


def _holds(words: Words, wanted: Words) -> bool:
    return bool(wanted) and 2 * len(wanted & words) >= len(wanted)
