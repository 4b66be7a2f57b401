"""A-MEM (Xu et al., 2025): notes that link to each other, and change what their neighbours are found by."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.design_operations import Link, Tag
from memdojo.envs.types import Chunk, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.calls import keywords_of, relation_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.writing import add_text, oldest_first
from .roles.protocol import Relation

NOTE = "note"

_PAIR_FEATURES = ("nearness", "rank", "shared_tags", "age", "links", "extends", "contradicts")

RELATE = DecisionKind(
    "relate",
    "Whether a new note links to a neighbour.",
    options=("apart", "linked"),
    state_features=_PAIR_FEATURES,
)

EVOLVE = DecisionKind(
    "evolve",
    "Whether a neighbour takes over keywords of a new note.",
    options=("as it is", "takes over"),
    state_features=_PAIR_FEATURES,
)


class AMem(MemoryDesign):
    """Stores every turn as a note with keywords, which links to related neighbours and lets them evolve.

    The `num_neighbours` nearest notes are looked at one by one. A note that relates to one links to it, and
    the neighbour takes over keywords of both, so that it is found by them. A question finds notes by nearness
    and by how many of its words are among their keywords, where the paper embeds these with the content;
    some places are kept for what the best notes link to.

    Source: A-MEM (arXiv:2502.12110, section 3) and its published code. There the neighbour to evolve is taken
    by its rank from the list of all notes, so that other notes change than was meant; `faulty_neighbours`
    brings that back. Weight and places are choices of this project.

    Args:
        num_neighbours: Nearest notes that a new one is compared with.
        num_keywords: Keywords of a note at most.
        keyword_weight: What it counts beside the cosine if all words of a question are among a note's
            keywords.
        linked_share: Share of what is read that may be linked notes, in [0, 1).
        faulty_neighbours: Let the wrong neighbours evolve, as in the published code.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "a_mem"
    writes = (NOTE,)
    reads = (NOTE,)
    decisions = (LEAVE, RELATE, EVOLVE)

    def __init__(
        self,
        num_neighbours: int = 5,
        num_keywords: int = 8,
        keyword_weight: float = 0.2,
        linked_share: float = 0.3,
        faulty_neighbours: bool = False,
    ) -> None:
        if min(num_neighbours, num_keywords) < 1 or keyword_weight < 0 or not 0 <= linked_share < 1:
            raise ConfigError(
                f"a_mem has num_neighbours={num_neighbours}, num_keywords={num_keywords}, "
                f"keyword_weight={keyword_weight}, linked_share={linked_share}; give counts of 1 or more, a "
                "weight of 0 or more, and a share in [0, 1)."
            )
        self.num_neighbours, self.num_keywords = num_neighbours, num_keywords
        self.keyword_weight, self.linked_share = keyword_weight, linked_share
        self.faulty_neighbours = faulty_neighbours

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add a note for each turn, link it, and let its neighbours evolve."""
        for turn in chunk.turns:
            for text in memory.pieces(turn):
                yield from self._write_note(memory, turn, text)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the best notes, and of those that they link to the best at the last places."""
        yield from ()
        hits = self._ranked(memory, question)
        num_first = min(k, math.ceil(k * (1 - self.linked_share)))
        first, rest = hits[:num_first], hits[num_first:]
        linked = {id for hit in first for id in hit.entry.links}
        rest.sort(key=lambda hit: hit.entry.id not in linked)
        return tuple([*first, *rest][:k])

    def _ranked(self, memory: DesignMemory, question: str) -> list[Hit]:
        notes = memory.of_kind(NOTE)
        if not notes:
            return []
        words = set(analyze(question))
        scores = [
            float(near) + self.keyword_weight * _share_of(words, note)
            for note, near in zip(notes, memory.nearness(question, notes), strict=True)
        ]
        order = sorted(range(len(notes)), key=lambda place: (-scores[place], place))
        return [Hit(notes[place], scores[place]) for place in order]

    def _write_note(self, memory: DesignMemory, turn: Turn, text: str) -> Steps[None]:
        keywords = yield from keywords_of([text], self.num_keywords)
        added = yield from add_text(
            memory,
            text,
            lambda: oldest_first(memory),
            sources=(turn.id,),
            time=turn.time,
            kind=NOTE,
            tags=keywords,
        )
        for note in added:
            yield from self._connect(memory, note)

    def _connect(self, memory: DesignMemory, note: MemoryEntry) -> Steps[None]:
        nearest = memory.nearest(note.text, self.num_neighbours + 1, NOTE)
        neighbours = [hit for hit in nearest if hit.entry.id != note.id][: self.num_neighbours]
        for rank, hit in enumerate(neighbours):
            relation = yield from relation_of(note.text, hit.entry.text)
            pair = _Pair(note, hit, rank, relation)
            if not (yield from pair.decide(memory, RELATE)):
                continue
            memory.apply(Link(note.id, (hit.entry.id,)))
            evolving = memory.store.entries[rank] if self.faulty_neighbours else hit.entry
            if evolving.ended is None and (yield from pair.decide(memory, EVOLVE)):
                yield from self._evolve(memory, note, evolving)

    def _evolve(self, memory: DesignMemory, note: MemoryEntry, neighbour: MemoryEntry) -> Steps[None]:
        """Let a neighbour be found by what both notes are about, beside its own first keywords."""
        common = yield from keywords_of([neighbour.text, note.text], self.num_keywords)
        own = neighbour.tags[: self.num_keywords // 2]
        memory.apply(Tag(neighbour.id, tuple(dict.fromkeys((*own, *common)))[: self.num_keywords]))


class _Pair:
    """A new note and one of its neighbours.

    Args:
        note: The new note.
        hit: The neighbour, with their cosine.
        rank: How many are nearer.
        relation: How the note relates to it.
    """

    def __init__(self, note: MemoryEntry, hit: Hit, rank: int, relation: Relation) -> None:
        self._note, self._hit, self._rank, self._relation = note, hit, rank, relation

    def decide(self, memory: DesignMemory, kind: DecisionKind) -> Steps[bool]:
        """Ask for a choice, which the rule makes by the relation."""
        neighbour = self._hit.entry
        shared = len({*self._note.tags} & {*neighbour.tags}) / max(len(self._note.tags), 1)
        state = (
            self._hit.score,
            self._rank / 8,
            shared,
            np.log1p(max(memory.step - neighbour.created_step, 0)),
            np.log1p(len(neighbour.links)),
            self._relation is Relation.EXTENDS,
            self._relation is Relation.CONTRADICTS,
        )
        about = f"new: {self._note.text}\nneighbour: {neighbour.text}"
        by_rule = int(self._relation is not Relation.INDEPENDENT)
        return bool((yield from decide(kind, by_rule, (), state, about=about)))


def _share_of(words: set[str], note: MemoryEntry) -> float:
    """Return the share of some terms that is among a note's keywords."""
    return len(words.intersection(_terms(note.tags))) / len(words) if words else 0.0


def _terms(tags: Sequence[str]) -> list[str]:
    return [term for tag in tags for term in analyze(tag)]
