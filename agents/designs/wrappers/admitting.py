"""What is said is admitted, waits to be confirmed, or is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType

from memdojo.envs.streams.rendering import render_turn, split_turn
from memdojo.envs.types import Chunk, Delete, MemoryEntry, Turn
from memdojo.errors import ConfigError, unknown_name

from ..parts.decisions import DecisionKind, Steps, decide
from ..parts.doubt import DOUBT_FEATURES, Doubt, doubt
from ..parts.hidden import hidden, hide
from ..parts.memory import DesignMemory
from ..parts.protocol import MemoryDesign
from .wrapper import Wrapper

REFUSE, WAIT, STORE = 0, 1, 2

ADMIT = DecisionKind(
    "admit",
    "Whether what is said is stored, waits until somebody confirms it, or is refused.",
    options=("refuse", "wait", "store"),
    state_features=DOUBT_FEATURES,
)

WAITING_KIND = "waiting"
"""Of entries that wait. They are invalidated, so that nobody reads them."""


def _all(doubt: Doubt) -> int:
    return STORE


def _by_source(doubt: Doubt) -> int:
    return REFUSE if doubt.is_stranger or doubt.is_second_hand else STORE


def _if_confirmed(doubt: Doubt) -> int:
    return WAIT if doubt.is_stranger or doubt.is_second_hand or doubt.contradicts else STORE


RULES: Mapping[str, Callable[[Doubt], int]] = MappingProxyType(
    {"all": _all, "trusted": _by_source, "confirmed": _if_confirmed}
)
"""Whom to admit, by the value of the parameter."""


class Admitting(Wrapper):
    """Admits what is said, lets it wait or refuses it, before the design within writes; each is a choice.

    By `all` everything is admitted, as without the wrapper; it is what a learned policy begins with. By
    `trusted` only who has spoken before is believed, and neither hearsay, nor a program, nor what gives
    orders or answers its own question. By `confirmed` such turns wait, and so does what says an entry again
    with another value, until somebody who has spoken before says the same; after `patience` chunks it is
    dropped.

    What waits stands in the store as an entry that nobody finds, where there is room for it; a turn that is
    too long for one entry cannot wait, and is refused.

    Args:
        design: The design within.
        admit: Whom the rule admits, one of `RULES`.
        patience: Chunks after which what waits is dropped.

    Raises:
        UnknownNameError: If there is no such rule.
        ConfigError: If `patience` is below 1.
    """

    def __init__(self, design: MemoryDesign, admit: str = "all", patience: int = 64) -> None:
        super().__init__(design)
        if admit not in RULES:
            raise unknown_name("rule of whom to admit", str(admit), RULES)
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise ConfigError(f"patience is {patience!r}; give a whole number of chunks from 1.")
        self.admit, self.patience = admit, patience
        self.decisions = (*design.decisions, ADMIT)
        if design.writes:
            self.writes = (*design.writes, WAITING_KIND)

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Have the design write what is admitted, and what was confirmed."""
        for entry in hidden(memory, WAITING_KIND):
            if memory.step - entry.created_step > self.patience:
                memory.apply(Delete(entry.id))
        admitted = []
        for turn in chunk.turns:
            found = doubt(memory, turn, hidden(memory, WAITING_KIND))
            option = yield from decide(
                ADMIT, RULES[self.admit](found), state_features=found.features, about=render_turn(turn)
            )
            confirmed = [entry for entry in found.confirms if option != REFUSE]
            for entry in confirmed:
                memory.apply(Delete(entry.id))
                admitted.append(_turn_of(entry))
            if option == STORE or confirmed:
                admitted.append(turn)
            elif option == WAIT:
                _let_wait(memory, turn)
        if admitted:
            yield from self.design.write(memory, dataclasses.replace(chunk, turns=tuple(admitted)))


def _let_wait(memory: DesignMemory, turn: Turn) -> None:
    """Keep a turn as an entry that nobody finds; nothing that is read leaves for it."""
    pieces = memory.pieces(turn)
    if len(pieces) == 1:
        hide(memory, pieces[0], sources=(turn.id,), time=turn.time, kind=WAITING_KIND)


def _turn_of(entry: MemoryEntry) -> Turn:
    """Return the turn that an entry keeps."""
    speaker, said = split_turn(entry.text)
    return Turn(entry.sources[0], speaker, said, entry.time)
