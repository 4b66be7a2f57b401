"""A selector of cases: which experience is handed over is a choice, and what decides in tasks is learned."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import Chunk, Hit, Turn
from memdojo.errors import ConfigError

from .parts.candidates import CANDIDATE_FEATURES, MAX_CANDIDATES, SITUATION_FEATURES, Candidates
from .parts.deciding_words import Numbers, told_by
from .parts.decisions import DecisionKind, Steps, decide
from .parts.experience import EXPERIENCE, add_experiences, nearest_tasks, same_outcome
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.use import DROP, drop_if_chosen, move_utilities

HAND_OVER = DecisionKind(
    "hand_over",
    "Which experience is handed over for a task, or none any more.",
    max_options=MAX_CANDIDATES + 1,
    option_features=("is_stop", "stop_support", *CANDIDATE_FEATURES),
    state_features=SITUATION_FEATURES,
)
"""Option 0 is to stop, which `stop_support` tells what the best of the others has."""

STORE = DecisionKind(
    "store",
    "Whether what came of a task is stored.",
    options=("skip", "store"),
    state_features=("nearness", "same_outcome", "is_right", "is_wrong", "speaker_share", "num_entries"),
)


class Order(StrEnum):
    """In which order the rule hands candidates over."""

    SIMILARITY = "similarity"
    """The nearest task first."""
    SUPPORT = "support"
    """One of those whose answer is likeliest to be right; where none is likely, those that were wrong."""


class CaseSelector(MemoryDesign):
    """Hands over the experiences of similar tasks one after the other, each of which is a choice.

    What is told of a candidate comes from the store and the task alone: how near it is, how old, what its
    verdict was, who tells it, what handing it over has brought, how far others agree with its answer, and how
    likely its answer holds for the task, given which words have decided so far (`same_rule`). An experience
    has a Q as in MemRL. Rules: by that likelihood, or by similarity as where nothing tells a case; everything
    is stored; the oldest leaves.

    Args:
        order: One of `Order`, the rule for what is handed over.
        max_cases: How many experiences are handed over.
        min_support: For the order by support, how likely an answer has to be right for its case to be handed
            over, or wrong where none is.
        step_size: How far Q moves towards 1 or -1.

    Raises:
        ConfigError: If a value is out of range.
    """

    name = "case_selector"
    writes = (EXPERIENCE,)
    reads = (EXPERIENCE,)
    decisions = (HAND_OVER, STORE, DROP, LEAVE)

    def __init__(
        self,
        order: str = Order.SUPPORT,
        max_cases: int = 4,
        min_support: float = 0.3,
        step_size: float = 0.3,
    ) -> None:
        if order not in [*Order] or max_cases < 1 or not 0 <= min_support <= 1 or not 0 < step_size <= 1:
            raise ConfigError(
                f"case_selector has order={order!r}, max_cases={max_cases}, min_support={min_support}, "
                f"step_size={step_size}; give {' or '.join(Order)}, at least one case, a share, and a step "
                "size above 0 and at most 1."
            )
        self.order = Order(order)
        self.max_cases, self.min_support, self.step_size = max_cases, min_support, step_size

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn as it is, if that is chosen."""
        for turn in chunk.turns:
            if (yield from self._stores(memory, turn)):
                yield from add_experiences(memory, Chunk(chunk.index, (turn,), chunk.session, chunk.time))

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what is chosen among the candidates, in the order in which it was."""
        candidates = Candidates(memory, question)
        chosen: list[int] = []
        while len(chosen) < min(k, self.max_cases, len(candidates.entries)):
            left = [place for place in range(len(candidates.entries)) if place not in chosen]
            option = yield from decide(
                HAND_OVER,
                self._by_rule(candidates, chosen, left),
                _options(candidates.features(chosen)[left], float(candidates.support[left].max())),
                candidates.situation(chosen),
                about=question,
                options=["stop", *(candidates.entries[place].text for place in left)],
                entries=[None, *(candidates.entries[place].id for place in left)],
            )
            if option == 0:
                break
            chosen.append(left[option - 1])
        return tuple(Hit(candidates.entries[place], float(candidates.likely[place])) for place in chosen)

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Move the Q of what was handed over; what was followed and was wrong may be dropped."""
        for reading in readings:
            if move_utilities(memory, reading, self.step_size) < 0:
                for read in reading.entries:
                    if (entry := memory.get(read.id)) is not None and told_by(entry.text).is_right:
                        yield from drop_if_chosen(memory, entry, False)

    def _by_rule(self, candidates: Candidates, chosen: Sequence[int], left: Sequence[int]) -> int:
        """Return the option that the rule takes."""
        if self.order is Order.SIMILARITY or not candidates.has_cases:
            return 1
        if chosen and candidates.support[chosen[0]] >= self.min_support:
            # Those that agree with the first say nothing new, and the others would vote against it.
            return 0
        is_supported = not chosen and candidates.support[left].max() >= self.min_support
        # Where no answer is likely to be right, it helps to know which ones are not.
        worth = candidates.support if is_supported else candidates.warnings(chosen)
        best = max(left, key=lambda place: (worth[place], -place))
        return 1 + left.index(best) if worth[best] >= self.min_support else 0

    def _stores(self, memory: DesignMemory, turn: Turn) -> Steps[bool]:
        text = render_turn(turn)
        told = told_by(text)
        if told.case is None:
            return True
        near = nearest_tasks(memory, told.case.text, 1)
        option = yield from decide(
            STORE,
            1,
            state_features=(
                near[0].score if near else 0.0,
                bool(near) and same_outcome(told.case, told_by(near[0].entry.text).case),
                told.is_right,
                told.is_wrong,
                speaker_share(memory, told.speaker),
                float(np.log1p(len(memory.store))),
            ),
            about=text,
        )
        return option == 1


def speaker_share(memory: DesignMemory, speaker: str) -> float:
    """Return how often what a speaker tells has helped when it was handed over, in (0, 1)."""
    own = [entry for entry in memory.store.entries if told_by(entry.text).speaker == speaker]
    return (sum(entry.helps for entry in own) + 1) / (sum(entry.reads for entry in own) + 2)


def _options(features: Numbers, best_support: float) -> FloatArray:
    """Return the features of the options: to stop, and the candidates that are left."""
    stop = [1.0, best_support, *np.zeros(features.shape[1])]
    options = np.vstack([stop, np.hstack([np.zeros((len(features), 2)), features])])
    return options.astype(np.float32)
