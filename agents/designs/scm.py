"""SCM (Liang et al., 2023): the last turn and the most similar ones, where history is needed at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.types import Chunk, Hit, MemoryEntry
from memdojo.errors import ConfigError

from .parts.calls import suffices, summary_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.finding import FOUND_FEATURES, found_features
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE, add_turn
from .parts.writing import add_text, oldest_first

TURN, SUMMARY = "turn", "summary"

RECALL = DecisionKind(
    "recall",
    "Whether the question needs what was said before the last turn.",
    options=("last turn", "history"),
    state_features=("last_suffices", "last_nearness", *FOUND_FEATURES, "num_turns"),
)

FORM = DecisionKind(
    "form",
    "Whether a long turn is read as it was said or as its summary.",
    options=("as said", "summary"),
    state_features=("summary_suffices", "nearness", "tokens", "summary_tokens", "excess_tokens"),
)


class SCM(MemoryDesign):
    """Stores every turn, long ones with a summary, and reads the last turn and the most similar ones by time.

    What the paper asks a model, whether history is needed, is here whether the last turn alone does not
    answer. Where what was found is longer than `max_tokens`, turns are read as their summaries, the least
    similar first, except for the most similar.

    Source: SCM (arXiv:2304.13343, section 3) and its published code, whose numbers are the defaults.

    Args:
        num_similar: Similar turns that are read beside the last one.
        long_tokens: Tokens of a turn from which on it has a summary.
        summary_tokens: Tokens of a summary at most.
        max_tokens: Tokens of what is read from which on summaries stand for turns.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "scm"
    writes = (TURN, SUMMARY)
    reads = (TURN,)
    decisions = (LEAVE, RECALL, FORM)

    def __init__(
        self,
        num_similar: int = 6,
        long_tokens: int = 300,
        summary_tokens: int = 100,
        max_tokens: int = 2500,
    ) -> None:
        if num_similar < 0 or min(long_tokens, summary_tokens, max_tokens) < 1:
            raise ConfigError(
                f"scm has num_similar={num_similar}, long_tokens={long_tokens}, "
                f"summary_tokens={summary_tokens}, max_tokens={max_tokens}; give a count of 0 or more, and "
                "tokens of 1 or more."
            )
        self.num_similar, self.long_tokens = num_similar, long_tokens
        self.summary_tokens, self.max_tokens = summary_tokens, max_tokens

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn, and the summary of a long one; who leaves is a choice."""
        for turn in chunk.turns:
            added = yield from add_turn(memory, turn, lambda: oldest_first(memory), kind=TURN)
            for entry in added:
                if memory.store.count_tokens(entry.text) > self.long_tokens:
                    yield from self._summarize(memory, entry)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the last turn and, where history is needed, the most similar ones, in order of time."""
        turns = memory.of_kind(TURN)
        if not turns or k < 1:
            return ()
        *earlier, last = turns
        if not (yield from self._needs_history(memory, question, turns)) or not earlier:
            return (Hit(last, 1.0),)
        ranked = memory.nearest(question, len(turns), TURN)
        similar = [hit for hit in ranked if hit.entry != last][: min(self.num_similar, k - 1)]
        nearness = next(hit.score for hit in ranked if hit.entry == last)
        return (yield from self._within_limit(memory, question, [*similar, Hit(last, nearness)]))

    def _summarize(self, memory: DesignMemory, turn: MemoryEntry) -> Steps[None]:
        summary = yield from summary_of([turn.text], self.summary_tokens)
        yield from add_text(
            memory,
            summary,
            lambda: oldest_first(memory),
            sources=turn.sources,
            time=turn.time,
            kind=SUMMARY,
            links=(turn.id,),
        )

    def _needs_history(
        self, memory: DesignMemory, question: str, turns: Sequence[MemoryEntry]
    ) -> Steps[bool]:
        last_suffices = yield from suffices(question, [turns[-1].text])
        nearness = memory.nearness(question, turns)
        nearest = [turns[place] for place in np.argsort(-nearness, kind="stable")[: self.num_similar + 1]]
        found = found_features(memory, question, nearest)
        state = (last_suffices, nearness[-1], *found, np.log1p(len(turns)))
        return bool((yield from decide(RECALL, int(not last_suffices), (), state, about=question)))

    def _within_limit(
        self, memory: DesignMemory, question: str, hits: Sequence[Hit]
    ) -> Steps[tuple[Hit, ...]]:
        """Return what is read for each hit, in the order of the turns."""
        count = memory.store.count_tokens
        excess = sum(count(hit.entry.text) for hit in hits) - self.max_tokens
        read = {hit.entry.id: hit for hit in hits}
        summaries = {id: entry for entry in memory.of_kind(SUMMARY) for id in entry.links}
        *others, _ = sorted(hits, key=lambda hit: hit.score)
        for hit in others:
            summary = summaries.get(hit.entry.id)
            if excess <= 0 or summary is None:
                continue
            enough = yield from suffices(question, [summary.text])
            tokens, short = count(hit.entry.text), count(summary.text)
            state = (enough, hit.score, np.log1p(tokens), np.log1p(short), np.log1p(excess))
            if (
                yield from decide(FORM, 1, (), state, about=question, options=(hit.entry.text, summary.text))
            ):
                read[hit.entry.id] = Hit(summary, hit.score)
                excess -= tokens - short
        return tuple(read[id] for id in sorted(read))
