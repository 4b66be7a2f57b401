"""ReMe (Cao et al., 2025): what was read often and helped seldom is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.answering.solver import case_told
from memdojo.envs.episodes.readings import Reading
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.streams.turn_features import SURFACE_FEATURES, surface_features
from memdojo.envs.types import Chunk, Hit
from memdojo.errors import ConfigError

from .parts.decisions import DecisionKind, Steps, decide
from .parts.experience import nearest_tasks, same_outcome
from .parts.likeness import most_alike
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.use import DROP, count_use, drop_if_chosen
from .parts.wording import tells_lasting
from .parts.writing import add_text, facts_by_turn, oldest_first

STORE = DecisionKind(
    "store",
    "Whether a fact is new enough to be stored.",
    options=("skip", "store"),
    state_features=(
        *("nearness", "second_nearness", "is_lasting", "age", "tokens", "num_entries"),
        *SURFACE_FEATURES,
    ),
)


class ReMe(MemoryDesign):
    """Stores facts that are unlike all others, counts how they fare, and forgets those that do not help.

    Source: ReMe (arXiv:2512.10696, section 3) and its published code: a text whose similarity to another is
    above .5 is not stored; one that was read 5 times or more and helped in less than half of them is deleted.
    The paper keeps experiences of tasks by when to use them; here they are reports of tasks, or facts of a
    dialogue, and a new value of an old fact is often within .5 of it. Reports are alike by their form alone,
    so one is a duplicate only of another with the same answer and verdict, by the cosine of their tasks.

    Args:
        duplicate: Cosine above which a fact is a duplicate.
        min_reads: Readings from which on an entry is judged.
        min_share: Share of them that have to have helped.
        success: Score from which on a reading helped.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "re_me"
    writes = ("experience",)
    decisions = (STORE, DROP, LEAVE)

    def __init__(
        self, duplicate: float = 0.5, min_reads: int = 5, min_share: float = 0.5, success: float = 1.0
    ) -> None:
        if not -1 <= duplicate <= 1 or min_reads < 1 or not 0 <= min_share <= 1 or not 0 <= success <= 1:
            raise ConfigError(
                f"re_me has duplicate={duplicate}, min_reads={min_reads}, min_share={min_share}, "
                f"success={success}; give a cosine, at least one reading, and shares from 0 to 1."
            )
        self.duplicate, self.min_reads = duplicate, min_reads
        self.min_share, self.success = min_share, success

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Store the facts of the turns; which are new enough is a choice."""
        facts = yield from facts_by_turn(chunk.turns, [render_turn(turn) for turn in chunk.turns])
        for text, turn in facts:
            if (yield from self._is_new(memory, text)):
                yield from add_text(
                    memory,
                    text,
                    lambda: oldest_first(memory),
                    sources=(turn.id,),
                    time=turn.time,
                    kind="experience",
                )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the nearest."""
        yield from ()
        return memory.nearest(question, k)

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Count how the entries fared; those that were read often enough may be forgotten."""
        count_use(memory, readings, self.success)
        for entry in memory.store.entries:
            if entry.reads >= self.min_reads:
                yield from drop_if_chosen(memory, entry, entry.helps < self.min_share * entry.reads)

    def _alike(self, memory: DesignMemory, text: str) -> Sequence[Hit]:
        """Return the two entries that a text is most likely to repeat, with the cosines."""
        stored, case = memory.of_kind("experience"), case_told(text)
        if case is None:
            return most_alike(memory, text, stored, 2)
        same = [entry for entry in stored if same_outcome(case, case_told(entry.text))]
        return nearest_tasks(memory, case.text, 2, same)

    def _is_new(self, memory: DesignMemory, text: str) -> Steps[bool]:
        hits = self._alike(memory, text)
        if not hits:
            return True
        nearness = [hit.score for hit in hits]
        option = yield from decide(
            STORE,
            int(nearness[0] <= self.duplicate),
            state_features=(
                nearness[0],
                nearness[1] if len(nearness) > 1 else 0.0,
                tells_lasting(text),
                np.log1p(max(memory.step - hits[0].entry.updated_step, 0)),
                np.log1p(memory.store.count_tokens(text)),
                np.log1p(len(memory.store)),
                *surface_features(text),
            ),
            about=text,
        )
        return option == 1
