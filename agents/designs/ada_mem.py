"""AdaMem (2026): a memory for each participant, and links that are followed where the nearest do not do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from memdojo.envs.people import people_of
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Chunk, Delete, Hit, MemoryEntry
from memdojo.errors import ConfigError

from .parts.calls import facts_of, suffices
from .parts.decisions import DecisionKind, Steps, decide
from .parts.likeness import most_alike
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.wording import people_in, tells_lasting
from .parts.writing import add_text, oldest_first

WORKING, EPISODIC, PERSONA = "working", "episodic", "persona"

EXPAND = DecisionKind(
    "expand",
    "Whether the links of what was found are followed.",
    options=("stay", "expand"),
    state_features=("suffices", "best", "mean", "num_linked", "linked_best", "num_people", "num_entries"),
)


class AdaMem(MemoryDesign):
    """Keeps a recent buffer, episodes and a persona for each participant, linked where they are alike.

    A turn enters its speaker's buffer. Over the buffer's limit the oldest turn leaves it for the facts that
    it tells: those that last are persona, the others episodic, each tagged with whom it is of and whom it
    names. For a question that names participants theirs are read, else all; what is nearest comes first, and
    where that does not suffice, half of it makes room for what it links to.

    Source: AdaMem (arXiv:2603.16496), whose code is not published; the numbers are memdojo's.

    Args:
        num_working: Turns of a participant that stay in the buffer.
        related: Cosine from which on entries are linked.
        max_links: Entries that a new one links to at most.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "ada_mem"
    writes = (WORKING, EPISODIC, PERSONA)
    decisions = (EXPAND, LEAVE)

    def __init__(self, num_working: int = 4, related: float = 0.5, max_links: int = 3) -> None:
        if num_working < 0 or not -1 <= related <= 1 or max_links < 0:
            raise ConfigError(
                f"ada_mem has num_working={num_working}, related={related}, max_links={max_links}; give "
                "counts of 0 or more, and a cosine."
            )
        self.num_working, self.related, self.max_links = num_working, related, max_links

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Put each turn into its speaker's buffer, and what leaves the buffer into the rest of the memory."""
        for turn in chunk.turns:
            yield from add_text(
                memory,
                render_turn(turn),
                lambda: oldest_first(memory),
                sources=(turn.id,),
                time=turn.time,
                kind=WORKING,
                tags=(turn.speaker,) if turn.speaker.strip() else (),
            )
            buffered = [entry for entry in memory.of_kind(WORKING) if _is_of(entry, turn.speaker)]
            for entry in buffered[: max(len(buffered) - self.num_working, 0)]:
                yield from self._consolidate(memory, entry)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what is nearest of those whom the question names; to follow the links is a choice."""
        named = people_of(_participants(memory)).named_in(question)
        entries = [
            entry for entry in memory.store if not named or not named.isdisjoint(entry.tags) or not entry.tags
        ]
        hits = _ranked(memory, question, entries)
        found = hits[:k]
        if not found:
            return ()
        linked = _linked(memory, question, found)
        if not linked:
            return tuple(found)
        enough = yield from suffices(question, [hit.entry.text for hit in found])
        option = yield from decide(
            EXPAND,
            int(not enough),
            state_features=(
                enough,
                found[0].score,
                float(np.mean([hit.score for hit in found])),
                np.log1p(len(linked)),
                linked[0].score,
                np.log1p(len(named)),
                np.log1p(len(entries)),
            ),
            about=question,
        )
        if option == 0:
            return tuple(found)
        first = found[: -(-k // 2)]
        ranked = {hit.entry.id: hit for hit in (*first, *linked, *found)}
        return tuple(ranked.values())[:k]

    def _consolidate(self, memory: DesignMemory, entry: MemoryEntry) -> Steps[None]:
        """Let a turn leave the buffer for the facts that it tells."""
        facts = yield from facts_of([entry.text])
        memory.apply(Delete(entry.id))
        participants = _participants(memory) | {*entry.tags}
        for fact in facts:
            if not fact.text.strip():
                continue
            tags = dict.fromkeys((*entry.tags, *people_in(fact.text, participants)))
            near = most_alike(memory, fact.text, memory.of_kind(EPISODIC, PERSONA), self.max_links)
            yield from add_text(
                memory,
                fact.text,
                lambda: oldest_first(memory),
                sources=entry.sources,
                time=entry.time,
                kind=PERSONA if tells_lasting(fact.text) else EPISODIC,
                tags=[tag for tag in tags if tag.strip()],
                links=[hit.entry.id for hit in near if hit.score >= self.related],
            )


def _is_of(entry: MemoryEntry, speaker: str) -> bool:
    return entry.tags == ((speaker,) if speaker.strip() else ())


def _participants(memory: DesignMemory) -> frozenset[str]:
    return frozenset(chain.from_iterable(entry.tags for entry in memory.store))


def _ranked(memory: DesignMemory, question: str, entries: Sequence[MemoryEntry]) -> list[Hit]:
    nearness = memory.nearness(question, entries)
    hits = [Hit(entry, float(near)) for entry, near in zip(entries, nearness, strict=True)]
    return sorted(hits, key=lambda hit: (-hit.score, hit.entry.id))


def _linked(memory: DesignMemory, question: str, found: Sequence[Hit]) -> list[Hit]:
    """Return what the hits link to, or is linked to from, nearest first, without the hits themselves."""
    ids = {hit.entry.id for hit in found}
    targets = set(chain.from_iterable(hit.entry.links for hit in found))
    entries = [
        entry
        for entry in memory.store
        if entry.ended is None
        and entry.id not in ids
        and (entry.id in targets or not ids.isdisjoint(entry.links))
    ]
    return _ranked(memory, question, entries)
