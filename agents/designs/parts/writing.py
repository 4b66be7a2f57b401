"""Texts that designs write into a store that may be full: new, in place of an old one, or several as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from memdojo.envs.memory.design_operations import Merge
from memdojo.envs.streams.rendering import split_turn
from memdojo.envs.types import CORE_KIND, Add, Delete, MemoryEntry, Rewrite, Turn, Update

from .calls import facts_of
from .decisions import DecisionKind, Steps
from .memory import DesignMemory
from .room import LEAVE, choose_leaving, entries_that_leave

Order = Callable[[], Sequence[MemoryEntry]]
"""Returns who may leave, the first to leave in front."""


class NewFields(TypedDict, total=False):
    """Fields of a new entry: its topics, the ids of related entries, and of those that it makes outdated."""

    tags: Sequence[str]
    links: Sequence[int]
    replaces: Sequence[int]


def oldest_first(memory: DesignMemory) -> Sequence[MemoryEntry]:
    """Return the entries in the order in which they leave: the outdated, then those rewritten longest ago.

    The core block is not among them.
    """
    entries = [entry for entry in memory.store.entries if entry.kind != CORE_KIND]
    return sorted(entries, key=lambda entry: (entry.ended is None, entry.updated_step, entry.id))


def add_text(
    memory: DesignMemory,
    text: str,
    order: Order,
    *,
    sources: Sequence[str],
    time: datetime | None,
    kind: str = "fact",
    leave: DecisionKind = LEAVE,
    **fields: Unpack[NewFields],
) -> Steps[tuple[MemoryEntry, ...]]:
    """Store a text, in pieces where it is too long for one entry, and return the entries.

    Args:
        memory: Where it goes.
        text: What it says.
        order: Returns who may leave, called only if somebody has to.
        sources: Ids of the turns that it came from, at least one.
        time: When that was said.
        kind: Sort of memory.
        leave: The choice of who leaves.
        fields: Further fields of the entries.
    """
    links, replaces = fields.get("links", ()), fields.get("replaces", ())
    speaker, said = split_turn(text)
    pieces = memory.pieces(Turn("", speaker, said))
    added: list[MemoryEntry] = []
    for piece in pieces if speaker else [piece.removeprefix(": ") for piece in pieces]:
        leaving = (yield from entries_that_leave(memory, piece, order, leave)) if piece.strip() else None
        if leaving is None:
            continue
        evicts = tuple(entry.id for entry in leaving)
        gone = {*evicts}
        result = memory.apply(
            Add(
                piece,
                tuple(sources),
                time,
                kind,
                evicts=evicts,
                tags=tuple(fields.get("tags", ())),
                links=tuple(id for id in links if id not in gone and memory.get(id) is not None),
                replaces=tuple(id for id in replaces if id not in gone and is_valid(memory, id)),
            )
        )
        assert result.after is not None  # There is room now.
        added.append(result.after)
    return tuple(added)


def rewrite(
    memory: DesignMemory,
    entry: MemoryEntry,
    text: str,
    order: Order,
    *,
    sources: Sequence[str],
    time: datetime | None,
    leave: DecisionKind = LEAVE,
) -> Steps[MemoryEntry | None]:
    """Give an entry another text and return it; None, and all stays, where the text cannot fit.

    Args:
        memory: Whose entry it is.
        entry: The entry, valid.
        text: What it says from now on.
        order: Returns who may leave, called only if somebody has to; the entry itself stays.
        sources: Ids of the turns that the text came from; they join those of the entry.
        time: When that was said.
        leave: The choice of who leaves.
    """
    if not (yield from _make_room(memory, text, (entry,), order, leave)):
        return None
    return memory.apply(Update(entry.id, text, tuple(sources), time)).after


def merge(
    memory: DesignMemory,
    entries: Sequence[MemoryEntry],
    text: str,
    order: Order,
    *,
    sources: Sequence[str] = (),
    time: datetime | None = None,
    leave: DecisionKind = LEAVE,
) -> Steps[MemoryEntry | None]:
    """Write several entries into the first and return it; None, and all stays, where the text cannot fit.

    Args:
        memory: Whose entries they are.
        entries: At least two, all of them valid.
        text: What they say together.
        order: Returns who may leave, called only if somebody has to; the entries themselves stay.
        sources: Ids of further turns; of those of the entries the ones behind them.
        time: When what the text tells was said; None keeps that of the first.
        leave: The choice of who leaves.
    """
    if not (yield from _make_room(memory, text, entries, order, leave)):
        return None
    ids = tuple(entry.id for entry in entries)
    return memory.apply(Merge(ids, text, tuple(sources), time)).after


def core_room(memory: DesignMemory) -> int | None:
    """Return how many tokens the core block may have if everything else left; None for no limit."""
    capacity = memory.store.capacity
    limits = (capacity.max_core_tokens, capacity.max_entry_tokens, capacity.max_tokens)
    return min((limit for limit in limits if limit is not None), default=None)


def rewrite_core(
    memory: DesignMemory,
    text: str,
    order: Order,
    *,
    sources: Sequence[str],
    time: datetime | None,
    leave: DecisionKind = LEAVE,
) -> Steps[bool]:
    """Let the core block read a text, and return whether it does; all stays where the text cannot fit.

    Args:
        memory: Whose core block it is.
        text: What it says from now on.
        order: Returns who may leave, called only if somebody has to.
        sources: Ids of the turns that the text came from; they join those that it has.
        time: When that was said.
        leave: The choice of who leaves.
    """
    limit, core = core_room(memory), memory.store.core
    if not text.strip() or (limit is not None and memory.store.counter.exceeds(text, limit)):
        return False
    if not (yield from _make_room(memory, text, () if core is None else (core,), order, leave)):
        return False
    return memory.apply(Rewrite(text, tuple(sources), time)).applied


def hold_to(
    memory: DesignMemory,
    entries: Sequence[MemoryEntry],
    limit: int,
    leave: DecisionKind = LEAVE,
    *,
    text: str = "",
) -> Steps[None]:
    """Let entries leave until at most `limit` of them are there.

    Args:
        memory: Whose entries they are.
        entries: Those that count, the first to leave in front.
        limit: How many may stay.
        leave: The choice of who leaves.
        text: For what they leave.
    """
    waiting = list(entries)
    while len(waiting) > limit:
        left = yield from choose_leaving(memory, text, waiting, leave, num_entries=len(memory.store))
        waiting.remove(left)
        memory.apply(Delete(left.id))


def is_valid(memory: DesignMemory, id: int) -> bool:
    """Return whether an entry is there and was not invalidated."""
    entry = memory.get(id)
    return entry is not None and entry.ended is None


def facts_by_turn(turns: Sequence[Turn], texts: Sequence[str]) -> Steps[tuple[tuple[str, Turn], ...]]:
    """Return the facts that turns tell, each with the turn that it came from.

    Args:
        turns: The turns.
        texts: What they say, one for each.
    """
    facts = yield from facts_of(texts)
    return tuple((fact.text, turns[fact.origin]) for fact in facts if fact.text.strip())


def _make_room(
    memory: DesignMemory, text: str, entries: Sequence[MemoryEntry], order: Order, leave: DecisionKind
) -> Steps[bool]:
    """Let entries leave so that a text fits in place of some; return whether it does."""
    leaving = yield from entries_that_leave(memory, text, order, leave, in_place_of=entries)
    for entry in leaving or ():
        memory.apply(Delete(entry.id))
    return leaving is not None
