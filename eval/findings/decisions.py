"""The decision of a memory design by which the evidence of a failed question was lost, found in records.

The rules; docs/evaluation.md has them for readers. They look at what was decided on, at the option that was
taken and at what was done, never at names, so that they hold for any design:

- **Lost by an operation** (evicted, overwritten, deleted, invalidated): of the decisions of the step before
  the operation the last whose option is the entry that was lost. Where there is none, the last whose option
  is no entry, or another one that the operation changed. Options that are other entries are about those.
- **Never written** (never stored, refused, too little kept): of the decisions of the step that showed the
  turn, or of the operation, the last that was on a text which supports the turn. One whose option is an entry
  that left at the step is not meant: it made room.
- **Not retrieved**: of the decisions that were made while the question was read for, the last whose option is
  an entry that holds the turn. Where there is none, the last whose option is no entry.

Where none is left no decision is named. A decision that is named is the last that could have gone otherwise;
whether that would have been better, records cannot say.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from memdojo.agents.policy import MadeDecision

from ..records.types import StepRecord


@dataclass(frozen=True, slots=True)
class Ascribed:
    """The decision to which a failure is ascribed.

    Attributes:
        name: Of its kind.
        place: Among the decisions of the step, or of the question where evidence was not retrieved.
        option: Name of the option that was taken; "" where options are entries or the like.
        rule_agrees: Whether the design's own rule takes the same option.
    """

    name: str
    place: int
    option: str
    rule_agrees: bool

    @classmethod
    def of(cls, decisions: Sequence[MadeDecision], place: int) -> Ascribed:
        """Describe one of several decisions."""
        made = decisions[place]
        return cls(made.name, place, made.taken.name, made.by_rule is None)


def lost_by(step: StepRecord, operation: int, entry: int) -> Ascribed | None:
    """Return the decision behind an operation that made an entry useless.

    Args:
        step: The step of both.
        operation: Place of the operation among those of the step.
        entry: Id of the entry.
    """
    before = [each.made for each in step.decisions if each.made.num_operations <= operation]
    return _last(before, {entry}) or _last(before, {None, *_changed(step, operation)})


def unwritten_by(step: StepRecord, turn: str) -> Ascribed | None:
    """Return the decision by which a turn was not written, or not enough of it.

    Args:
        step: The step that showed the turn, or wrote too little of it.
        turn: Id of the turn.
    """
    left = {
        change.before.entry.id
        for operation in step.operations
        for change in operation.changes
        if change.before is not None and change.after is None
    }
    made = [each.made for each in step.decisions]
    for place in reversed(range(len(made))):
        if turn in step.decisions[place].supports and made[place].taken.entry not in left:
            return Ascribed.of(made, place)
    return None


def unread_by(reading: Sequence[MadeDecision], holders: Collection[int]) -> Ascribed | None:
    """Return the decision by which a turn that was stored was not retrieved.

    Args:
        reading: The decisions that were made while the question was read for.
        holders: Ids of the entries that hold the turn.
    """
    return _last(reading, {*holders}) or _last(reading, {None})


def _last(made: Sequence[MadeDecision], options: Collection[int | None]) -> Ascribed | None:
    """Return the last decision whose option is one of some entries, or None where that is no entry."""
    for place in reversed(range(len(made))):
        if made[place].taken.entry in options:
            return Ascribed.of(made, place)
    return None


def _changed(step: StepRecord, operation: int) -> set[int]:
    """Return the ids of the entries that an operation is about or changed, without those that left for it."""
    done = step.operations[operation]
    changes = [change for change in done.changes if change.before not in done.evicted]
    return {side.entry.id for change in changes for side in (change.before, change.after) if side is not None}
