"""HyMem (2026): summaries for most questions, and the events behind them where these are not enough."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.streams.rendering import split_turn
from memdojo.envs.types import Chunk, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.calls import facts_of, relevant, suffices
from .parts.decisions import DecisionKind, Steps, decide
from .parts.finding import FOUND_FEATURES, found_features
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE, add_turn
from .parts.writing import add_text

EVENT, SUMMARY = "event", "summary"

SUFFICES = DecisionKind(
    "suffices",
    "Whether the summaries answer a question, or the events behind them are read.",
    options=("events", "summaries"),
    state_features=("judged", *FOUND_FEATURES, "num_entries"),
)


class HyMem(MemoryDesign):
    """Stores events as they were said, each with lines of what matters in it, which lead to it.

    A question is read for in the lines first. Where they do not answer it, more of them are looked through
    in groups, and the events of those that help are read. An event that is nothing but its one line is kept
    once and stands for both.

    Source: HyMem (arXiv:2602.13933, section 3) and its published code, whose numbers are the defaults but for
    those of lines, which are choices of this project: a store that is bounded has no room for a line of
    each fact.

    Args:
        num_light: Lines that are found for a question at first.
        num_deep: Lines that are looked through for events.
        group_size: How many at a time.
        line_tokens: Tokens up to which the facts of an event share a line.
        max_lines: Lines of an event at most.

    Raises:
        ConfigError: If a number is below 1.
    """

    name = "hymem"
    writes = (EVENT, SUMMARY)
    # Without events, whatever lines there are lead nowhere.
    reads = (EVENT,)
    decisions = (LEAVE, SUFFICES)

    def __init__(
        self,
        num_light: int = 10,
        num_deep: int = 30,
        group_size: int = 50,
        line_tokens: int = 48,
        max_lines: int = 4,
    ) -> None:
        if min(num_light, num_deep, group_size, line_tokens, max_lines) < 1:
            raise ConfigError(
                f"hymem has num_light={num_light}, num_deep={num_deep}, group_size={group_size}, "
                f"line_tokens={line_tokens}, max_lines={max_lines}; give 1 or more of each."
            )
        self.num_light, self.num_deep = num_light, num_deep
        self.group_size, self.line_tokens, self.max_lines = group_size, line_tokens, max_lines

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn as an event, with what matters in it."""
        for turn in chunk.turns:
            added = yield from add_turn(memory, turn, lambda: _events_first(memory), kind=EVENT)
            facts = yield from facts_of([entry.text for entry in added])
            for place, event in enumerate(added):
                told = [fact.text for fact in facts if fact.origin == place]
                for text in self._lines_of(memory, told):
                    if text != event.text:
                        yield from self._add_line(memory, turn, text, event)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return lines where they answer the question, else events."""
        lines = _lines(memory)
        if not lines or k < 1:
            return ()
        ids = {entry.id for entry in lines}
        ranked = [hit for hit in memory.nearest(question, len(memory.store)) if hit.entry.id in ids]
        light = ranked[: min(k, self.num_light)]
        enough = yield from suffices(question, [hit.entry.text for hit in light])
        found = found_features(memory, question, [hit.entry for hit in light])
        state = (enough, *found, np.log1p(len(memory.store)))
        if (yield from decide(SUFFICES, int(enough), (), state, about=question)):
            return tuple(light)
        return (yield from self._events(memory, question, ranked[: self.num_deep], k))

    def _lines_of(self, memory: DesignMemory, facts: Sequence[str]) -> Sequence[str]:
        """Return facts in lines of at most `line_tokens` tokens, or one fact each."""
        lines: list[str] = []
        for fact in facts:
            speaker, said = split_turn(fact)
            goes_on = lines and split_turn(lines[-1])[0] == speaker
            joined = f"{lines[-1]} {said}" if goes_on else fact
            if goes_on and memory.store.count_tokens(joined) <= self.line_tokens:
                lines[-1] = joined
            else:
                lines.append(fact)
        return lines[: self.max_lines]

    def _events(
        self, memory: DesignMemory, question: str, found: Sequence[Hit], k: int
    ) -> Steps[tuple[Hit, ...]]:
        """Return the events behind the lines that help, and then behind the others."""
        helping: list[Hit] = []
        for start in range(0, len(found), self.group_size):
            group = found[start : start + self.group_size]
            picked = yield from relevant(question, [hit.entry.text for hit in group], k)
            helping += [group[place] for place in picked]
        events: dict[int, Hit] = {}
        for hit in (*helping, *found):
            for entry in _events_of(memory, hit.entry):
                events.setdefault(entry.id, Hit(entry, hit.score))
        return tuple(events.values())[:k]

    def _add_line(self, memory: DesignMemory, turn: Turn, text: str, event: MemoryEntry) -> Steps[None]:
        yield from add_text(
            memory,
            text,
            lambda: _events_first(memory),
            sources=(turn.id,),
            time=turn.time,
            kind=SUMMARY,
            links=(event.id,),
        )


def _lines(memory: DesignMemory) -> Sequence[MemoryEntry]:
    """Return the summaries, and the events that have none and stand for themselves."""
    summaries = memory.of_kind(SUMMARY)
    told = {id for entry in summaries for id in entry.links}
    return [*summaries, *(entry for entry in memory.of_kind(EVENT) if entry.id not in told)]


def _events_first(memory: DesignMemory) -> Sequence[MemoryEntry]:
    """Return the entries in the order in which they leave: events, whose lines outlive them, then lines."""
    return sorted(memory.store.entries, key=lambda entry: (entry.kind != EVENT, entry.id))


def _events_of(memory: DesignMemory, line: MemoryEntry) -> Sequence[MemoryEntry]:
    """Return the event behind a line; the line itself where it is the event, or the event has left."""
    events = [entry for id in line.links if (entry := memory.get(id)) is not None]
    return events or [line]
