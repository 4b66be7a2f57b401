"""`add_turn` and `entries_that_leave`: texts that enter a full store, while who leaves is a choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from memdojo.envs.memory.room import has_room
from memdojo.envs.streams.turn_features import SURFACE_FEATURES, surface_features
from memdojo.envs.types import Delete, MemoryEntry, Turn

from .decisions import DecisionKind, Steps, decide
from .memory import DesignMemory

MAX_LEAVING = 16
"""How many entries a choice of who leaves shows at most, those that the rule lets go first."""

LEAVE_FEATURES = (
    *("rank", "age", "utility", "tokens", "nearness", "newer_nearness", "reads", "helps", "links"),
    *SURFACE_FEATURES,
)
"""What is told of an entry that may leave: `nearness` is to the new text, `newer_nearness` to that of the
entries behind it which is most like it."""

LEAVE = DecisionKind(
    "leave",
    "Which entry leaves a full store for a new text.",
    max_options=MAX_LEAVING,
    option_features=LEAVE_FEATURES,
    state_features=("num_entries", "tokens"),
)
"""Option 0 is the entry that the design's rule lets go."""


def add_turn(
    memory: DesignMemory,
    turn: Turn,
    order: Callable[[], Sequence[MemoryEntry]],
    *,
    kind: str = "turn",
    utility: float = 0.0,
    leave: DecisionKind = LEAVE,
) -> Steps[tuple[MemoryEntry, ...]]:
    """Store a turn as it was said, in pieces where it is too long for one entry, and return the entries.

    Args:
        memory: Where it goes.
        turn: What was said.
        order: Returns who may leave, the first to leave in front; called only if somebody has to.
        kind: Sort of memory.
        utility: A number to keep with the entries.
        leave: The choice of who leaves.
    """
    added = []
    for text in memory.pieces(turn):
        leaving = yield from entries_that_leave(memory, text, order, leave)
        if leaving is None:
            break
        entry = memory.add(
            text, sources=(turn.id,), time=turn.time, kind=kind, utility=utility, leaving_first=leaving
        )
        assert entry is not None  # There is room now.
        added.append(entry)
    return tuple(added)


def entries_that_leave(
    memory: DesignMemory,
    text: str,
    order: Callable[[], Sequence[MemoryEntry]],
    kind: DecisionKind = LEAVE,
    *,
    in_place_of: Sequence[MemoryEntry] = (),
) -> Steps[tuple[MemoryEntry, ...] | None]:
    """Return the entries that have to leave so that a text fits, each of them chosen; None if it cannot.

    Args:
        memory: Where the text is to go.
        text: What is to be written.
        order: Returns who may leave, the first to leave in front; called only if somebody has to.
        kind: Which choice it is.
        in_place_of: Entries whose room the text gets as well, and which do not count as leaving.
    """
    if not memory.fits(text):
        return None
    replaced = in_place_of[0] if in_place_of else None
    # Mostly there is room, and a fork would make the next write of the store copy its counts.
    if len(in_place_of) < 2 and has_room(memory.store, text, in_place_of=replaced):
        return ()
    trial = memory.store.fork()
    for entry in in_place_of[1:]:
        trial.apply(Delete(entry.id), memory.step)
    staying = {entry.id for entry in in_place_of}
    waiting = [entry for entry in order() if entry.id not in staying]
    leaving: list[MemoryEntry] = []
    while not has_room(trial, text, in_place_of=replaced):
        if not waiting:
            return None
        left = yield from choose_leaving(memory, text, waiting, kind, num_entries=len(trial))
        waiting.remove(left)
        leaving.append(left)
        trial.apply(Delete(left.id), memory.step)
    return tuple(leaving)


def choose_leaving(
    memory: DesignMemory,
    text: str,
    waiting: Sequence[MemoryEntry],
    kind: DecisionKind = LEAVE,
    *,
    num_entries: int,
) -> Steps[MemoryEntry]:
    """Return the entry that leaves for a text; no choice where there is one alone.

    Args:
        memory: Whose entries they are.
        text: What is to be written.
        waiting: Who may leave, at least one, the first to leave in front.
        kind: Which choice it is.
        num_entries: How many entries there are.
    """
    shown = waiting[:MAX_LEAVING]
    option = 0
    if len(shown) > 1:
        option = yield from decide(
            kind,
            0,
            _leave_features(memory, text, shown),
            (np.log1p(num_entries), np.log1p(memory.store.count_tokens(text))),
            about=text,
            options=[entry.text for entry in shown],
            entries=[entry.id for entry in shown],
        )
    return shown[option]


def _leave_features(memory: DesignMemory, text: str, shown: Sequence[MemoryEntry]) -> list[list[float]]:
    nearness, newer_nearness = memory.nearness(text, shown), memory.nearness_to_newer(shown)
    return [
        [
            place / MAX_LEAVING,
            np.log1p(max(memory.step - entry.updated_step, 0)),
            entry.utility,
            np.log1p(memory.store.count_tokens(entry.text)),
            float(near),
            float(newer),
            np.log1p(entry.reads),
            np.log1p(entry.helps),
            np.log1p(len(entry.links)),
            *surface_features(entry.text),
        ]
        for place, (entry, near, newer) in enumerate(zip(shown, nearness, newer_nearness, strict=True))
    ]
