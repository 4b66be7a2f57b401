"""Adapt-LLM (Labruna et al., 2024): to look up or to answer at once."""

from __future__ import annotations

import numpy as np

from memdojo.envs.memory.analysis import analyze
from memdojo.envs.types import Chunk, Hit
from memdojo.errors import ConfigError

from .parts.decisions import DecisionKind, Steps, decide
from .parts.finding import FOUND_FEATURES, found_features
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE, add_turn
from .parts.writing import oldest_first

LOOK_UP = DecisionKind(
    "look_up",
    "Whether memory is looked up for a question, or the answerer answers at once.",
    options=("answer", "look up"),
    state_features=(*FOUND_FEATURES, "num_terms", "num_entries"),
)


class AdaptLLM(MemoryDesign):
    """Stores every turn, and hands entries over only where a question is worth a look.

    In the paper a model learns to ask for a look-up exactly where it answers wrong without one. The rule here
    looks up where an entry is near enough to the question: what is remembered is personal, and an answerer
    without it knows nothing. The choice is the one to learn.

    Source: Adapt-LLM (arXiv:2404.19705, section 3) and its published code.

    Args:
        min_nearness: Cosine of the nearest entry with the question from which on it is looked up, in [-1, 1].

    Raises:
        ConfigError: If it is out of range.
    """

    name = "adapt_llm"
    writes = ("turn",)
    decisions = (LEAVE, LOOK_UP)

    def __init__(self, min_nearness: float = 0.2) -> None:
        if not -1 <= min_nearness <= 1:
            raise ConfigError(f"adapt_llm has min_nearness={min_nearness}; a cosine lies in [-1, 1].")
        self.min_nearness = min_nearness

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn; who leaves is a choice."""
        for turn in chunk.turns:
            yield from add_turn(memory, turn, lambda: oldest_first(memory))

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the nearest entries, or none if the answerer is to answer at once."""
        hits = memory.nearest(question, k)
        if not hits:
            return ()
        state = (
            *found_features(memory, question, [hit.entry for hit in hits]),
            np.log1p(len(analyze(question))),
            np.log1p(len(memory.store)),
        )
        by_rule = int(hits[0].score >= self.min_nearness)
        look_up = yield from decide(LOOK_UP, by_rule, (), state, about=question)
        return hits if look_up else ()
