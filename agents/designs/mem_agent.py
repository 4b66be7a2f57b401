"""MemAgent (Yu et al., 2025): one text, overwritten with each chunk."""

from __future__ import annotations

import numpy as np

from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import CORE_KIND, Chunk, Hit
from memdojo.errors import ConfigError

from .parts.calls import summary_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.writing import core_room, rewrite_core

OVERWRITE = DecisionKind(
    "overwrite",
    "Whether the new text takes the place of the old.",
    options=("keep", "overwrite"),
    state_features=("nearness", "chunk_nearness", "tokens", "old_tokens", "chunk_tokens", "fill"),
)


class MemAgent(MemoryDesign):
    """Has one text for everything, the core block, and writes it anew from itself and what is said.

    What the new text does not tell is gone. Readers get the text whatever they ask.

    Source: MemAgent (arXiv:2507.02259, section 3.1): chunks of 5,000 tokens, a memory of 1,024.

    Args:
        max_tokens: Most tokens of the text; less where the store has less room for a core block.
        turns_per_chunk: Turns after which it is written anew; None takes the stream as it is cut.

    Raises:
        ConfigError: If a number is below 1.
    """

    name = "mem_agent"
    writes = (CORE_KIND,)
    reads = (CORE_KIND,)
    decisions = (OVERWRITE,)

    def __init__(self, max_tokens: int = 1024, turns_per_chunk: int | None = 1) -> None:
        if max_tokens < 1 or (turns_per_chunk is not None and turns_per_chunk < 1):
            raise ConfigError(
                f"mem_agent has max_tokens={max_tokens}, turns_per_chunk={turns_per_chunk}; give at least 1."
            )
        self.max_tokens = max_tokens
        self.turns_per_chunk = turns_per_chunk

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Write the text anew, or leave it; that is a choice once there is one."""
        core, said = memory.store.core, [render_turn(turn) for turn in chunk.turns]
        room = core_room(memory)
        limit = self.max_tokens if room is None else min(self.max_tokens, room)
        old = [] if core is None else core.text.splitlines()
        text = yield from summary_of([*old, *said], limit)
        if core is not None and text.strip() and text != core.text:
            counter, news = memory.store.counter, "\n".join(said)
            option = yield from decide(
                OVERWRITE,
                1,
                state_features=(
                    float(memory.nearness(text, [core])[0]),
                    float(memory.nearness(news, [core])[0]),
                    np.log1p(counter.count(text)),
                    np.log1p(counter.count(core.text)),
                    np.log1p(counter.count(news)),
                    min(counter.count(core.text) / limit, 1.0),
                ),
                about=news,
                options=(f"keep: {core.text}", f"overwrite: {text}"),
                entries=(core.id, core.id),
            )
            if option == 0:
                return
        yield from rewrite_core(
            memory,
            text,
            tuple,
            sources=tuple(turn.id for turn in chunk.turns),
            time=chunk.turns[-1].time or chunk.time,
        )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the text."""
        yield from ()
        core = memory.store.core
        return () if core is None or k < 1 else (Hit(core, 1.0),)
