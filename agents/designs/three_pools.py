"""The memory of Mem-alpha: a core block, and pools of semantic and episodic entries."""

from __future__ import annotations

import re

import numpy as np

from memdojo.envs.memory.retrieval.retrievers import PoolsRetriever
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import CORE_KIND, Chunk, Hit, Turn
from memdojo.errors import ConfigError

from .parts.calls import summary_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.wording import tells_lasting
from .parts.writing import add_text, core_room, oldest_first, rewrite_core

CORE, SEMANTIC, EPISODIC = range(3)

POOL = DecisionKind(
    "pool",
    "Into which part of the memory a turn goes.",
    options=("core", "semantic", "episodic"),
    state_features=("core_nearness", "core_fill", "is_lasting", "is_dated", "tokens", "num_entries"),
)

_IDENTITY = re.compile(r"\bmy name is\b|\bcall me\b|\bi am an? \w+|\bi'm an? \w+", re.IGNORECASE)
_EVENT = re.compile(
    r"\b(?:\w+ed|was|were|went|met|saw|bought|got|had|did|made|took|will|tomorrow|yesterday|today|tonight|"
    r"(?:last|next|this) (?:week|month|year|weekend|night)|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|\d",
    re.IGNORECASE,
)


class ThreePools(MemoryDesign):
    """Keeps who somebody is in the core block, what holds in one pool and what happened in the other.

    In Mem-alpha a trained model chooses the pool. By rule a turn that says who the speaker is goes into the
    core, one that tells what lasts, or nothing that happened, into the semantic pool, and the others into the
    episodic one. Over its limit the core becomes its own summary. Over capacity the oldest entry leaves.

    Source: Mem-alpha (arXiv:2509.25911, section 3): a core block of 512 tokens, BM25 for each pool.

    Args:
        per_pool: Most entries of a pool that are read for a question.

    Raises:
        ConfigError: If `per_pool` is below 1.
    """

    name = "three_pools"
    writes = (CORE_KIND, *POOL.options[SEMANTIC:])
    decisions = (POOL, LEAVE)

    def __init__(self, per_pool: int = 20) -> None:
        if per_pool < 1:
            raise ConfigError(f"three_pools has per_pool={per_pool}; give at least 1.")
        self.per_pool = per_pool

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Put each turn into a pool; which one is a choice."""
        for turn in chunk.turns:
            option = yield from self._pool(memory, turn)
            if option == CORE and (yield from self._into_core(memory, turn)):
                continue
            yield from add_text(
                memory,
                render_turn(turn),
                lambda: oldest_first(memory),
                sources=(turn.id,),
                time=turn.time,
                kind=POOL.options[option if option != CORE else SEMANTIC],
            )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the core, then the best of each pool by BM25."""
        yield from ()
        return PoolsRetriever(self.per_pool).search(memory.store, question, k)

    def _pool(self, memory: DesignMemory, turn: Turn) -> Steps[int]:
        core, room, counter = memory.store.core, core_room(memory), memory.store.counter
        is_lasting, is_dated = tells_lasting(turn.text), _EVENT.search(turn.text) is not None
        by_rule = SEMANTIC if is_lasting or not is_dated else EPISODIC
        filled = 0 if core is None or room is None else counter.count(core.text) / room
        return (
            yield from decide(
                POOL,
                CORE if _IDENTITY.search(turn.text) else by_rule,
                state_features=(
                    0.0 if core is None else float(memory.nearness(turn.text, [core])[0]),
                    min(filled, 1.0),
                    is_lasting,
                    is_dated,
                    np.log1p(counter.count(turn.text)),
                    np.log1p(len(memory.store)),
                ),
                about=render_turn(turn),
            )
        )

    def _into_core(self, memory: DesignMemory, turn: Turn) -> Steps[bool]:
        """Write a turn into the core, and return whether it is there; not where the core would be all."""
        room, max_entries = core_room(memory), memory.store.capacity.max_entries
        if max_entries == 1:
            return False
        max_tokens = memory.store.capacity.max_tokens
        if room is not None and max_tokens is not None:
            room = min(room, max_tokens // 2)
        old = [] if memory.store.core is None else memory.store.core.text.splitlines()
        text = "\n".join([*old, render_turn(turn)])
        if room is not None and memory.store.counter.exceeds(text, room):
            text = yield from summary_of([*old, render_turn(turn)], room)
        return (
            yield from rewrite_core(
                memory, text, lambda: oldest_first(memory), sources=(turn.id,), time=turn.time
            )
        )
