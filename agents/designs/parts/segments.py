"""Where a dialogue is cut: what tells that a turn begins another topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memdojo.envs.memory.analysis import analyze
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Chunk, MemoryEntry, Turn

from .decisions import DecisionKind, Steps, decide
from .memory import DesignMemory

CUT_FEATURES = ("nearness", "nearness_to_last", "surprise", "gap", "size", "tokens", "new_session")

CUT = DecisionKind(
    "cut",
    "Whether an episode ends before the new turn.",
    options=("go on", "cut"),
    state_features=CUT_FEATURES,
)


@dataclass(frozen=True, slots=True)
class Boundary:
    """The place between the turns of an open episode and a new one.

    Attributes:
        nearness: Mean cosine of the new turn with those before.
        nearness_to_last: Its cosine with the last one.
        surprise: How unexpected its words are, see `surprise_of`.
        gap_minutes: Time since the last one; 0 where it is not known.
        size: Turns before it.
        tokens: Tokens of these.
        new_session: Whether it is of another session.
    """

    nearness: float
    nearness_to_last: float
    surprise: float
    gap_minutes: float
    size: int
    tokens: int
    new_session: bool

    @classmethod
    def between(
        cls, memory: DesignMemory, opened: Sequence[MemoryEntry], turn: Turn, session: str
    ) -> Boundary:
        """Return the place between at least one entry, the last turns in order, and a turn.

        Their last tag is their session.
        """
        text, last = render_turn(turn), opened[-1]
        nearness = memory.nearness(text, opened)
        has_gap = last.time is not None and turn.time is not None
        gap = (turn.time - last.time).total_seconds() / 60 if has_gap else 0.0  # type: ignore[operator]
        return cls(
            float(nearness.mean()),
            float(nearness[-1]),
            surprise_of(memory, turn.text),
            max(gap, 0.0),
            len(opened),
            sum(memory.store.count_tokens(entry.text) for entry in opened),
            last.tags[-1:] != (session,),
        )

    def cuts(self, by_rule: bool, turn: Turn) -> Steps[bool]:
        """Ask whether the episode ends here, and return it.

        Args:
            by_rule: What the design's rule says.
            turn: The new turn.
        """
        state = (
            self.nearness,
            self.nearness_to_last,
            self.surprise,
            np.log1p(self.gap_minutes),
            np.log1p(self.size),
            np.log1p(self.tokens),
            self.new_session,
        )
        return bool((yield from decide(CUT, int(by_rule), (), state, about=render_turn(turn))))


def surprise_of(memory: DesignMemory, text: str) -> float:
    """Return how unexpected a text's terms are: the mean of their inverse frequencies."""
    terms = analyze(text)
    if not terms:
        return 0.0
    frequencies = memory.store.index.document_frequency(terms)
    total = len(memory.store) + 1
    return float(sum(np.log(total / (1 + frequency)) for frequency in frequencies) / len(terms))


def session_tag(chunk: Chunk) -> str:
    """Return the tag of the entries from a chunk's session."""
    return f"session {chunk.session}"
