"""MemRL (2026): experiences are found by similarity and chosen by what handing them over has brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.design_operations import Tag
from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import Chunk, Hit, MemoryEntry
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
from .parts.use import move_utilities

SIMILARITY_MEAN, SIMILARITY_STD = 0.5, 0.2
"""Of cosines of `wordllama` between tasks. The published code has .5187 and .1203 of its own embedder."""
MAX_Z = 3.0
_DRAWN = 1 << 32


class MemRL(MemoryDesign):
    """Finds experiences by similarity, and hands over those with the best similarity and Q together.

    An experience has a Q, its utility, which moves by `step_size` towards 1 whenever it was handed over and
    the answer was right, and towards -1 when it was wrong. An experience of a task that is nearly another
    one's is kept under the same key: a tag that names the first turn with it. Keys are found by cosine, and
    what they hold is ranked by half the standard score of the cosine and half that of Q among what was found.

    Source: MemRL (arXiv:2601.03192, section 4) and its published code: the five nearest keys above a
    threshold, three experiences, step size .3, .9 for a new key, standard scores within 3. The rewards are
    of tasks of one step, so nothing is discounted. The threshold is that of the code's default. There a
    language model rewrites trajectories into scripts and reflections, and here reports stay as they are.

    Args:
        min_nearness: Cosine of a key below which it is not looked at.
        max_keys: How many keys are looked at.
        max_cases: How many experiences are handed over.
        step_size: How far Q moves.
        same_key: Cosine from which on a task gets the key of another.
        min_q: Q below which an experience is not handed over.
        epsilon: Share of the tasks, drawn by their text, for which what was found comes in any order.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "mem_rl"
    writes = (EXPERIENCE,)
    reads = (EXPERIENCE,)
    decisions = (LEAVE,)

    def __init__(
        self,
        min_nearness: float = 0.35,
        max_keys: int = 5,
        max_cases: int = 3,
        step_size: float = 0.3,
        same_key: float = 0.9,
        min_q: float = -10.0,
        epsilon: float = 0.0,
    ) -> None:
        cosines_fit = all(-1 <= cosine <= 1 for cosine in (min_nearness, same_key))
        if not cosines_fit or min(max_keys, max_cases) < 1 or not 0 < step_size <= 1 or not 0 <= epsilon <= 1:
            raise ConfigError(
                f"mem_rl has min_nearness={min_nearness}, max_keys={max_keys}, max_cases={max_cases}, "
                f"step_size={step_size}, same_key={same_key}, epsilon={epsilon}; give cosines, counts of 1 "
                "or more, a step size above 0 and at most 1, and a share."
            )
        self.min_nearness, self.max_keys, self.max_cases = min_nearness, max_keys, max_cases
        self.step_size, self.same_key, self.min_q, self.epsilon = step_size, same_key, min_q, epsilon

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn as it is, under the key of a task that is nearly its own, or a new one."""
        for turn in chunk.turns:
            alone = Chunk(chunk.index, (turn,), chunk.session, chunk.time)
            for entry in (yield from add_experiences(memory, alone)):
                if memory.get(entry.id) is None:
                    # It had to leave for a further piece of its own turn.
                    continue
                others = [each for each in experiences(memory) if each.id != entry.id]
                near = nearest_tasks(memory, task_told(entry), 1, others)
                is_known = bool(near) and near[0].score >= self.same_key
                memory.apply(Tag(entry.id, (_key(near[0].entry) if is_known else turn.id,)))

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the best of what the nearest keys hold."""
        yield from ()
        found = self._found(memory, question)
        if not found:
            return ()
        entries = list(found)
        similarity = (np.array([*found.values()]) - SIMILARITY_MEAN) / SIMILARITY_STD
        q = np.array([entry.utility for entry in entries])
        scores = 0.5 * similarity.clip(-MAX_Z, MAX_Z) + 0.5 * _standardised(q).clip(-MAX_Z, MAX_Z)
        if _drawn(question) < self.epsilon:
            scores = np.array([_drawn(f"{question} {entry.id}") for entry in entries])
        order = np.argsort(-scores, kind="stable")[: min(k, self.max_cases)]
        return tuple(Hit(entries[place], float(scores[place])) for place in order)

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Move the Q of what was handed over towards 1 or -1; nothing moves where nobody says how it went."""
        yield from ()
        for reading in readings:
            move_utilities(memory, reading, self.step_size)

    def _found(self, memory: DesignMemory, question: str) -> Mapping[MemoryEntry, float]:
        """Return what the nearest keys hold, each with the cosine of its key."""
        held: dict[str, list[MemoryEntry]] = {}
        for entry in experiences(memory):
            held.setdefault(_key(entry), []).append(entry)
        groups = list(held.values())
        # The first that is there stands for its key, whose own first experience may have left.
        nearness = task_nearness(memory, question, [group[0] for group in groups])
        nearest = np.argsort(-nearness, kind="stable")[: self.max_keys]
        return {
            entry: float(nearness[place])
            for place in nearest
            if nearness[place] >= self.min_nearness
            for entry in groups[place]
            if entry.utility >= self.min_q
        }


def _key(entry: MemoryEntry) -> str:
    """Return the key of an experience; what another design wrote has its own."""
    return entry.tags[0] if entry.tags else f"entry {entry.id}"


def _standardised(values: FloatArray) -> FloatArray:
    spread = values.std()
    standardised: FloatArray = (values - values.mean()) / spread if spread else np.zeros_like(values)
    return standardised


def _drawn(text: str) -> float:
    """Return a number in [0, 1) that depends on a text alone."""
    return crc32(text.encode("utf-8", "surrogatepass")) / _DRAWN
