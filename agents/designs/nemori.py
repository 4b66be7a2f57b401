"""Nemori (Nan et al., 2025): episodes cut where the topic changes, and facts that they did not foretell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.memory.editor import ordered_union
from memdojo.envs.memory.retrieval.retrievers import fuse
from memdojo.envs.types import Chunk, Delete, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.calls import facts_of, merged, summary_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.segments import CUT, Boundary, session_tag
from .parts.writing import add_text, rewrite

BUFFER, EPISODE, FACT = "buffer", "episode", "fact"
MAX_SIMILAR = 5

MERGE = DecisionKind(
    "merge",
    "Whether a new episode is one of its own (the first option) or goes on with an older one.",
    max_options=MAX_SIMILAR + 1,
    option_features=("is_new", "nearness", "gap", "tokens", "num_turns"),
    state_features=("tokens", "num_turns"),
)

CALIBRATE = DecisionKind(
    "calibrate",
    "Whether a fact of an episode is news beside the stored facts.",
    options=("foretold", "news"),
    state_features=("nearness", "tokens", "num_facts", "num_entries"),
)


class Nemori(MemoryDesign):
    """Buffers turns, closes an episode at a boundary, and keeps the facts that were not known before.

    A boundary is a change of topic, a pause, or a full buffer. The narrative of an episode is what was said,
    or a summary where it is too long. An episode near an older one of the same hour is joined with it.
    Facts are kept where no stored one is near: what can be foretold teaches nothing. A question is read for
    by reciprocal-rank fusion of both kinds, each by nearness and by BM25; turns that wait in the buffer count
    as episodes.

    Source: Nemori (arXiv:2508.03341, section 3) and its published code. There a model cuts and merges, with
    30 minutes, one hour and .85 in its prompts and settings; `min_relevance` is a choice of this project,
    since cosines are no percentages.

    Args:
        min_turns: Turns of an episode from which on a change of topic ends it.
        max_turns: Turns at which it ends in any case.
        min_relevance: Mean cosine of a turn with the buffer below which the topic has changed.
        max_gap_minutes: Pause that ends an episode.
        merge_nearness: Cosine from which on episodes are joined.
        merge_minutes: How far apart they may be.
        fact_nearness: Cosine with a stored fact from which on a fact is no news.
        max_narrative_tokens: Tokens of a narrative from which on it is a summary.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "nemori"
    writes = (BUFFER, EPISODE, FACT)
    reads = (BUFFER, EPISODE, FACT)
    decisions = (LEAVE, CUT, MERGE, CALIBRATE)

    def __init__(
        self,
        min_turns: int = 2,
        max_turns: int = 15,
        min_relevance: float = 0.1,
        max_gap_minutes: float = 30,
        merge_nearness: float = 0.85,
        merge_minutes: float = 60,
        fact_nearness: float = 0.85,
        max_narrative_tokens: int = 1024,
    ) -> None:
        if not 1 <= min_turns <= max_turns or max_narrative_tokens < 1:
            raise ConfigError(
                f"nemori has min_turns={min_turns}, max_turns={max_turns}, "
                f"max_narrative_tokens={max_narrative_tokens}; give 1 or more, and no more min_turns than "
                "max_turns."
            )
        self.min_turns, self.max_turns = min_turns, max_turns
        self.min_relevance, self.max_gap_minutes = min_relevance, max_gap_minutes
        self.merge_nearness, self.merge_minutes = merge_nearness, merge_minutes
        self.fact_nearness, self.max_narrative_tokens = fact_nearness, max_narrative_tokens

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Close the episode in front of a turn that begins another, and buffer the turn."""
        tag = session_tag(chunk)
        for turn in chunk.turns:
            opened = memory.of_kind(BUFFER)
            if opened and (yield from self._is_cut(memory, opened, turn, tag)):
                yield from self._close(memory, opened)
            for text in memory.pieces(turn):
                yield from add_text(
                    memory,
                    text,
                    lambda: _episodes_first(memory),
                    sources=(turn.id,),
                    time=turn.time,
                    kind=BUFFER,
                    tags=(tag,),
                )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the best episodes and facts by reciprocal-rank fusion."""
        yield from ()
        kinds = ((EPISODE, BUFFER), (FACT,))
        rankings = [
            ranked
            for each in kinds
            for ranked in (memory.nearest(question, 2 * k, *each), memory.matching(question, 2 * k, *each))
        ]
        return fuse(rankings, k)

    def _is_cut(
        self, memory: DesignMemory, opened: Sequence[MemoryEntry], turn: Turn, tag: str
    ) -> Steps[bool]:
        place = Boundary.between(memory, opened, turn, tag)
        by_rule = (
            place.new_session
            or place.gap_minutes > self.max_gap_minutes
            or place.size >= self.max_turns
            or (place.size >= self.min_turns and place.nearness < self.min_relevance)
        )
        return (yield from place.cuts(by_rule, turn))

    def _close(self, memory: DesignMemory, opened: Sequence[MemoryEntry]) -> Steps[None]:
        """Turn the buffer into an episode, or part of an older one, and its facts into entries."""
        texts = [entry.text for entry in opened]
        facts = yield from facts_of(texts)
        narrative = "\n".join(texts)
        if memory.store.count_tokens(narrative) > self.max_narrative_tokens or not memory.fits(narrative):
            narrative = yield from summary_of(texts, self._narrative_room(memory))
        for entry in opened:
            memory.apply(Delete(entry.id))
        older = yield from self._older_to_join(memory, opened, narrative)
        if older is None or not (yield from self._join(memory, older, opened, narrative)):
            yield from self._add(memory, opened, narrative, EPISODE)
        for fact in facts:
            if (yield from self._is_news(memory, fact.text)):
                yield from self._add(memory, [opened[fact.origin]], fact.text, FACT)

    def _narrative_room(self, memory: DesignMemory) -> int:
        capacity = memory.store.capacity
        limits = (self.max_narrative_tokens, capacity.max_entry_tokens, capacity.max_tokens)
        return min(limit for limit in limits if limit is not None)

    def _add(
        self, memory: DesignMemory, told_by: Sequence[MemoryEntry], text: str, kind: str
    ) -> Steps[tuple[MemoryEntry, ...]]:
        return (
            yield from add_text(
                memory,
                text,
                lambda: _episodes_first(memory),
                sources=ordered_union(*(entry.sources for entry in told_by)),
                time=told_by[0].time,
                kind=kind,
            )
        )

    def _older_to_join(
        self, memory: DesignMemory, opened: Sequence[MemoryEntry], narrative: str
    ) -> Steps[MemoryEntry | None]:
        """Return the episode that the new one goes on with; None if it is one of its own."""
        similar = memory.nearest(narrative, MAX_SIMILAR, EPISODE)
        if not similar:
            return None
        count = memory.store.count_tokens
        gaps = [_minutes_between(hit.entry, opened[0]) for hit in similar]
        by_rule = next(
            (
                place
                for place, (hit, gap) in enumerate(zip(similar, gaps, strict=True), 1)
                if hit.score >= self.merge_nearness and gap <= self.merge_minutes
            ),
            0,
        )
        features = [
            (0.0, hit.score, np.log1p(gap), np.log1p(count(hit.entry.text)), np.log1p(len(hit.entry.sources)))
            for hit, gap in zip(similar, gaps, strict=True)
        ]
        option = yield from decide(
            MERGE,
            by_rule,
            [(1.0, 0.0, 0.0, 0.0, 0.0), *features],
            (np.log1p(count(narrative)), np.log1p(len(opened))),
            about=narrative,
            options=("one of its own", *(hit.entry.text for hit in similar)),
            entries=(None, *(hit.entry.id for hit in similar)),
        )
        return similar[option - 1].entry if option else None

    def _join(
        self, memory: DesignMemory, older: MemoryEntry, opened: Sequence[MemoryEntry], narrative: str
    ) -> Steps[bool]:
        """Let an older episode tell the new one as well; return whether that fits."""
        text = yield from merged([older.text, narrative])
        if not text.strip():
            return False
        sources = ordered_union(*(entry.sources for entry in opened))
        joined = yield from rewrite(
            memory, older, text, lambda: _episodes_first(memory), sources=sources, time=None
        )
        return joined is not None

    def _is_news(self, memory: DesignMemory, fact: str) -> Steps[bool]:
        nearest = memory.nearest(fact, 1, FACT)
        nearness = nearest[0].score if nearest else 0.0
        state = (
            nearness,
            np.log1p(memory.store.count_tokens(fact)),
            np.log1p(len(memory.of_kind(FACT))),
            np.log1p(len(memory.store)),
        )
        by_rule = int(nearness < self.fact_nearness)
        return bool((yield from decide(CALIBRATE, by_rule, (), state, about=fact)))


def _episodes_first(memory: DesignMemory) -> Sequence[MemoryEntry]:
    """Return the entries in the order in which they leave: episodes, whose facts outlive them, then facts."""
    return sorted(
        memory.store.entries, key=lambda entry: (entry.kind != EPISODE, entry.kind == BUFFER, entry.id)
    )


def _minutes_between(first: MemoryEntry, second: MemoryEntry) -> float:
    """Return how far apart two entries were said; 0 where that is not known."""
    if first.time is None or second.time is None:
        return 0.0
    return abs((second.time - first.time).total_seconds()) / 60
