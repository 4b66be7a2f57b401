"""`noted`: a part of a design whose decisions are noted while it runs, so that records can tell them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from memdojo.envs.streams.turn_features import FloatArray

from ...policy import MadeDecision, Option
from ..parts.decisions import Decision, Steps
from ..parts.memory import DesignMemory
from .driver import Decider, TellsProbabilities

T = TypeVar("T")

MOST_TOLD = 4
"""How many options of a learned decision are told: the one that was taken, the rule's, and the likeliest."""


class Note(NamedTuple):
    """A decision as it was made.

    Attributes:
        decision: What was decided.
        option: Index of the option that was taken.
        probabilities: Of all options, shape (num_options,); None where nobody tells them.
        num_operations: How many operations had been issued before.
    """

    decision: Decision
    option: int
    probabilities: FloatArray | None
    num_operations: int


def noted(steps: Steps[T], memory: DesignMemory, decider: Decider, notes: list[Note]) -> Steps[T]:
    """Run a part of a design as it is, and note its decisions.

    Args:
        steps: The part.
        memory: What it writes to.
        decider: Who makes the choices.
        notes: Takes a note for each decision, in order.
    """
    reply: Any = None
    while True:
        try:
            request = steps.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result
        num_operations = len(memory.operations)
        reply = yield request
        if isinstance(request, Decision):
            told = decider.probabilities(request) if isinstance(decider, TellsProbabilities) else None
            notes.append(Note(request, reply, told, num_operations))


def made_decisions(notes: Iterable[Note]) -> tuple[MadeDecision, ...]:
    """Return decisions as records keep them."""
    return tuple(map(_made, notes))


def _made(note: Note) -> MadeDecision:
    decision, taken = note.decision, note.option
    others: Sequence[int] = ()
    if note.probabilities is not None:
        likeliest = (-note.probabilities).argsort(kind="stable").tolist()
        others = [option for option in likeliest if option not in (taken, decision.by_rule)]
    return MadeDecision(
        decision.kind.name,
        _option(note, taken),
        decision.num_options,
        decision.about,
        None if decision.by_rule == taken else _option(note, decision.by_rule),
        tuple(_option(note, option) for option in others[: MOST_TOLD - len({taken, decision.by_rule})]),
        note.num_operations,
    )


def _option(note: Note, option: int) -> Option:
    decision = note.decision
    name = decision.kind.options[option] if decision.kind.options else ""
    text = decision.options[option] if decision.options else ""
    return Option(
        name,
        "" if text == name else text,
        decision.entries[option] if decision.entries else None,
        None if note.probabilities is None else round(float(note.probabilities[option]), 4),
    )
