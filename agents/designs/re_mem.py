"""ReMem (Evo-Memory, 2025): what is retrieved is refined before it is used, and what failed is pruned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.answering.solver import case_told
from memdojo.envs.episodes.readings import Reading
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Chunk, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.decisions import DecisionKind, Steps, decide
from .parts.experience import (
    EXPERIENCE,
    add_experiences,
    experiences,
    nearest_tasks,
    same_outcome,
    task_told,
    task_vectors,
)
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.use import DROP, count_use, drop_if_chosen
from .parts.writing import oldest_first, rewrite

REFINE = DecisionKind(
    "refine",
    "Whether an experience that was retrieved is handed over.",
    options=("prune", "keep"),
    state_features=("nearness", "rank", "reads", "helps", "is_right", "is_wrong", "repeats", "age"),
)
MERGE = DecisionKind(
    "merge",
    "Whether a new experience takes the place of one that is nearly the same.",
    options=("apart", "merge"),
    state_features=("nearness", "same_outcome", "reads", "helps", "age"),
)


class ReMem(MemoryDesign):
    """Retrieves, prunes and reorders experiences for each task, merges repeated ones, and drops what failed.

    Source: ReMem of Evo-Memory (arXiv:2511.20857), whose agent thinks, acts and refines its memory in a loop.
    There a language model says what to prune and how to reorganise; here rules do: what has mostly failed
    when it was handed over is pruned, of repeated experiences with one outcome the nearest is handed over,
    and those that worked stand in front. What the paper's agent thinks between its actions is left out, and
    no experience is reworded.

    Args:
        repeated: Cosine of two tasks from which on experiences with the same outcome are one.
        min_reads: Readings from which on an experience is judged.
        min_share: Share of them that have to have helped.
        success: Score from which on a reading helped.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "re_mem"
    writes = (EXPERIENCE,)
    reads = (EXPERIENCE,)
    decisions = (REFINE, MERGE, DROP, LEAVE)

    def __init__(
        self, repeated: float = 0.95, min_reads: int = 2, min_share: float = 0.5, success: float = 1.0
    ) -> None:
        if not -1 <= repeated <= 1 or min_reads < 1 or not 0 <= min_share <= 1 or not 0 <= success <= 1:
            raise ConfigError(
                f"re_mem has repeated={repeated}, min_reads={min_reads}, min_share={min_share}, "
                f"success={success}; give a cosine, at least one reading, and shares from 0 to 1."
            )
        self.repeated, self.min_reads = repeated, min_reads
        self.min_share, self.success = min_share, success

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn as it is, or in place of one that is nearly the same."""
        for turn in chunk.turns:
            if not (yield from self._merge(memory, turn)):
                yield from add_experiences(memory, Chunk(chunk.index, (turn,), chunk.session, chunk.time))

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Retrieve twice as many as are wanted, prune them, and put those that worked in front."""
        hits = nearest_tasks(memory, question, 2 * k)
        vectors = task_vectors(memory, [hit.entry for hit in hits])
        kept: list[int] = []
        for place, hit in enumerate(hits):
            if len(kept) == k:
                break
            case = case_told(hit.entry.text)
            repeats = any(
                same_outcome(case, case_told(hits[other].entry.text))
                and vectors[place] @ vectors[other] >= self.repeated
                for other in kept
            )
            option = yield from decide(
                REFINE,
                int(not repeats and not self._failed(hit.entry)),
                state_features=(
                    hit.score,
                    place / max(len(hits), 1),
                    np.log1p(hit.entry.reads),
                    np.log1p(hit.entry.helps),
                    case is not None and case.is_right,
                    case is not None and case.is_wrong,
                    repeats,
                    np.log1p(max(memory.step - hit.entry.updated_step, 0)),
                ),
                about=question,
                options=("prune", f"keep: {hit.entry.text}"),
                entries=(None, hit.entry.id),
            )
            if option == 1:
                kept.append(place)
        return tuple(sorted((hits[place] for place in kept), key=lambda hit: _is_wrong(hit.entry)))

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Count how the experiences fared; those that have mostly failed may be dropped."""
        count_use(memory, readings, self.success)
        for entry in experiences(memory):
            if entry.reads >= self.min_reads:
                yield from drop_if_chosen(memory, entry, self._failed(entry))

    def _failed(self, entry: MemoryEntry) -> bool:
        return entry.reads >= self.min_reads and entry.helps < self.min_share * entry.reads

    def _merge(self, memory: DesignMemory, turn: Turn) -> Steps[bool]:
        """Write a turn in place of the nearest experience if that is chosen; return whether it is there."""
        text = render_turn(turn)
        new = case_told(text)
        if new is None or not memory.fits(text):
            return False
        hits = [hit for hit in nearest_tasks(memory, new.text, 1) if hit.score >= self.repeated]
        if not hits:
            return False
        old = hits[0].entry
        same = same_outcome(new, case_told(old.text))
        option = yield from decide(
            MERGE,
            int(same),
            state_features=(
                hits[0].score,
                same,
                np.log1p(old.reads),
                np.log1p(old.helps),
                np.log1p(max(memory.step - old.updated_step, 0)),
            ),
            about=text,
            options=("apart", f"merge: {task_told(old)}"),
            entries=(None, old.id),
        )
        if option == 0:
            return False
        order = lambda: oldest_first(memory)  # noqa: E731
        return (yield from rewrite(memory, old, text, order, sources=(turn.id,), time=turn.time)) is not None


def _is_wrong(entry: MemoryEntry) -> bool:
    case = case_told(entry.text)
    return case is not None and case.is_wrong
