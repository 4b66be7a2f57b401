"""Memento (Zhou et al., 2025): a case bank, and a selector of cases that learns from what came of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from memdojo.envs.answering.solver import case_told
from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.room import has_room
from memdojo.envs.types import Add, Chunk, Hit, MemoryEntry, Update
from memdojo.errors import ConfigError

from .parts.decisions import Steps
from .parts.experience import (
    EXPERIENCE,
    add_experiences,
    experiences,
    nearest_tasks,
    task_nearness,
    task_told,
)
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.use import count_use
from .parts.writing import oldest_first

Numbers = npt.NDArray[np.float64]

SELECTOR = "selector"
"""Kind of the entry in which the selector's weights stand. No reader gets it."""
START = (0.0, 4.0, 0.0, 0.0, 0.0, 0.0)
"""Weights of the bias, the cosine, the shared terms, how it has helped, and whether it was right or wrong:
before anything was learned the nearest come first."""
_MAX_WEIGHT = 9.999


class Memento(MemoryDesign):
    """Appends every case, and hands over those that a selector holds useful, which learns as it goes on.

    The selector says how likely a case is to help with a task: a logistic function of their cosine, the terms
    that they share, how often the case has helped so far, and its verdict. Each answer is a step of gradient
    on its cross-entropy for the cases that were handed over. Its weights stand in the store, as an entry that
    takes room and is never handed over; where there was no room for it the nearest cases are taken.

    Source: Memento (arXiv:2508.16153, sections 3 and 4) and its published code: 8 cases, by similarity or by
    a twin encoder with a small network on top, trained by cross-entropy on whether the answer was right. The
    encoder is left out: what is learned here are six weights.

    Args:
        parametric: Whether there is a selector; False hands over the nearest.
        max_cases: How many cases are handed over.
        step_size: Of the gradient.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "memento"
    writes = (EXPERIENCE, SELECTOR)
    reads = (EXPERIENCE,)
    decisions = (LEAVE,)

    def __init__(self, parametric: bool = True, max_cases: int = 8, step_size: float = 0.3) -> None:
        if max_cases < 1 or not 0 < step_size <= 10:
            raise ConfigError(
                f"memento has max_cases={max_cases}, step_size={step_size}; give at least one case, and a "
                "step size above 0 and at most 10."
            )
        self.parametric, self.max_cases, self.step_size = parametric, max_cases, step_size

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn as it is; who leaves is a choice."""
        yield from add_experiences(memory, chunk, lambda: _cases_first(memory))

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the cases that are likeliest to help, or those whose tasks are nearest."""
        yield from ()
        most = min(k, self.max_cases)
        selector = _selector(memory)
        if selector is None or not self.parametric:
            return nearest_tasks(memory, question, most)
        entries = experiences(memory)
        likely = _likely(_weights(selector), _pair_features(memory, question, entries))
        order = np.argsort(-likely, kind="stable")[:most]
        return tuple(Hit(entries[place], float(likely[place])) for place in order)

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Count how the cases fared, and move the selector's weights."""
        yield from ()
        for reading in readings:
            cases = [entry for each in reading.entries if (entry := memory.get(each.id)) and _is_case(entry)]
            if reading.score is None or not cases:
                continue
            if self.parametric:
                self._move(memory, reading.question, cases, float(reading.score == 1))
            count_use(memory, [reading], 1.0)

    def _move(self, memory: DesignMemory, task: str, cases: Sequence[MemoryEntry], was_right: float) -> None:
        selector, features = _selector(memory), _pair_features(memory, task, cases)
        weights = np.array(START) if selector is None else _weights(selector)
        gradient = (was_right - _likely(weights, features)) @ features / len(cases)
        weights = (weights + self.step_size * gradient).clip(-_MAX_WEIGHT, _MAX_WEIGHT)
        text = "Selector: " + " ".join(f"{each:+.3f}" for each in weights)
        if not has_room(memory.store, text, in_place_of=selector):
            return
        sources = tuple(dict.fromkeys(source for entry in cases for source in entry.sources))
        if selector is None:
            memory.apply(Add(text, sources, entry_kind=SELECTOR))
        else:
            memory.apply(Update(selector.id, text, sources))


def _is_case(entry: MemoryEntry) -> bool:
    return entry.kind == EXPERIENCE


def _cases_first(memory: DesignMemory) -> Sequence[MemoryEntry]:
    return [entry for entry in oldest_first(memory) if entry.kind != SELECTOR]


def _selector(memory: DesignMemory) -> MemoryEntry | None:
    return next(iter(memory.of_kind(SELECTOR)), None)


def _weights(selector: MemoryEntry) -> Numbers:
    return np.array([float(each) for each in selector.text.split()[1:]])


def _likely(weights: Numbers, features: Numbers) -> Numbers:
    likely: Numbers = 1 / (1 + np.exp(-(features @ weights)))
    return likely


def _pair_features(memory: DesignMemory, task: str, entries: Sequence[MemoryEntry]) -> Numbers:
    """Return what the selector knows of a task and each case, shape (num_entries, len(START))."""
    nearness = task_nearness(memory, task, entries)
    asked = {*analyze(task)}
    rows = np.zeros((len(entries), len(START)))
    for row, entry, near in zip(rows, entries, nearness, strict=True):
        case, terms = case_told(entry.text), {*analyze(task_told(entry))}
        row[:] = (
            1.0,
            near,
            len(asked & terms) / max(len(asked | terms), 1),
            (entry.helps + 1) / (entry.reads + 2) - 0.5,
            case is not None and case.is_right,
            case is not None and case.is_wrong,
        )
    return rows
