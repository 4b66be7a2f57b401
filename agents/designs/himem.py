"""HiMem (2026): episodes that never change, and notes on them that do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.design_operations import Tag
from memdojo.envs.memory.retrieval.retrievers import fuse
from memdojo.envs.types import Chunk, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.calls import facts_of, merged, relation_of, relevant, suffices
from .parts.decisions import DecisionKind, Steps, decide
from .parts.finding import FOUND_FEATURES, found_features
from .parts.memory import DesignMemory
from .parts.pairs import PAIR_FEATURES, pair_features
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.segments import CUT, Boundary, session_tag
from .parts.writing import add_text, oldest_first, rewrite
from .roles.protocol import Relation

TURN, NOTE = "turn", "note"
OPEN = "open"
"""Tag of the turns of the episode that goes on."""

RELATE = DecisionKind(
    "relate",
    "What becomes of a new note beside the nearest one.",
    options=("add", "update", "replace"),
    state_features=PAIR_FEATURES,
)

SUFFICES = DecisionKind(
    "suffices",
    "Whether the notes answer a question, or episodes are read as well.",
    options=("episodes", "notes"),
    state_features=("judged", *FOUND_FEATURES, "num_notes"),
)

_BY_RELATION = {Relation.INDEPENDENT: 0, Relation.EXTENDS: 1, Relation.CONTRADICTS: 2}


class HiMem(MemoryDesign):
    """Keeps turns as they were said, in episodes, and draws notes from each episode once it has ended.

    An episode ends where the topic shifts or a turn is surprising. A note is added where it is independent of
    the nearest one, joins it where it extends it, and replaces it where it contradicts. A question is read
    for in the notes first, and beside them in the episodes where the notes do not answer it. Where such a
    question was answered well, what answered it becomes notes too.

    Source: HiMem (arXiv:2601.06377, section 3). Its code and thresholds are not published; those here are
    choices of this project.

    Args:
        topic_nearness: Mean cosine of a turn with its episode below which the topic has shifted.
        surprise: Mean surprise of a turn's terms (`surprise_of`) from which on it begins an episode.
        min_turns: Turns of an episode at least, unless a session ends.
        max_turns: Turns of an episode at most.
        note_nearness: Cosine from which on notes are related to each other.
        success: Score of an answer from which on it is drawn on, in [0, 1].

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "himem"
    writes = (TURN, NOTE)
    reads = (TURN, NOTE)
    decisions = (LEAVE, CUT, RELATE, SUFFICES)

    def __init__(
        self,
        topic_nearness: float = 0.1,
        surprise: float = 4.0,
        min_turns: int = 2,
        max_turns: int = 15,
        note_nearness: float = 0.3,
        success: float = 0.5,
    ) -> None:
        if not 1 <= min_turns <= max_turns or not 0 <= success <= 1:
            raise ConfigError(
                f"himem has min_turns={min_turns}, max_turns={max_turns}, success={success}; give 1 or more "
                "turns, no more min_turns than max_turns, and a success in [0, 1]."
            )
        self.topic_nearness, self.surprise = topic_nearness, surprise
        self.min_turns, self.max_turns = min_turns, max_turns
        self.note_nearness, self.success = note_nearness, success

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Draw notes from the episode in front of a turn that begins another, and add the turn."""
        tag = session_tag(chunk)
        for turn in chunk.turns:
            opened = [entry for entry in memory.of_kind(TURN) if OPEN in entry.tags]
            if opened and (yield from self._is_cut(memory, opened, turn, tag)):
                yield from self._take_notes(memory, opened)
                for entry in opened:
                    if memory.get(entry.id) is not None:
                        memory.apply(Tag(entry.id, entry.tags[-1:]))
            for text in memory.pieces(turn):
                yield from add_text(
                    memory,
                    text,
                    lambda: _episodes_first(memory),
                    sources=(turn.id,),
                    time=turn.time,
                    kind=TURN,
                    tags=(OPEN, tag),
                )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return notes where they answer, else notes and turns by reciprocal-rank fusion."""
        notes = memory.fused(question, k, NOTE)
        if notes:
            texts = [hit.entry.text for hit in notes]
            enough = yield from suffices(question, texts)
            found = [hit.entry for hit in notes]
            state = (
                enough,
                *found_features(memory, question, found),
                np.log1p(len(memory.of_kind(NOTE))),
            )
            if (yield from decide(SUFFICES, int(enough), (), state, about=question)):
                return notes
        return fuse([memory.fused(question, k, TURN), notes], k)

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Draw notes from the turns that answered a question where the notes did not."""
        for reading in readings:
            turns = [entry for entry in reading.entries if entry.kind == TURN and memory.get(entry.id)]
            if not turns or reading.score is None or reading.score < self.success:
                continue
            facts = yield from facts_of([entry.text for entry in turns])
            helping = yield from relevant(reading.question, [fact.text for fact in facts], 1)
            for place in helping:
                fact = facts[place]
                yield from self._note(memory, fact.text, turns[fact.origin])

    def _is_cut(
        self, memory: DesignMemory, opened: Sequence[MemoryEntry], turn: Turn, tag: str
    ) -> Steps[bool]:
        place = Boundary.between(memory, opened, turn, tag)
        shifts = place.nearness < self.topic_nearness or place.surprise >= self.surprise
        by_rule = (
            place.new_session or place.size >= self.max_turns or (place.size >= self.min_turns and shifts)
        )
        return (yield from place.cuts(by_rule, turn))

    def _take_notes(self, memory: DesignMemory, opened: Sequence[MemoryEntry]) -> Steps[None]:
        facts = yield from facts_of([entry.text for entry in opened])
        for fact in facts:
            yield from self._note(memory, fact.text, opened[fact.origin])

    def _note(self, memory: DesignMemory, text: str, turn: MemoryEntry) -> Steps[None]:
        """Add a note, or let it change the nearest one, unless that says the same."""
        nearest = memory.nearest(text, 1, NOTE)
        if nearest and nearest[0].entry.text == text:
            return
        old, option = None, 0
        if nearest and nearest[0].score >= self.note_nearness:
            old = nearest[0].entry
            option = yield from self._relate(memory, text, nearest[0])
        if old is not None and option == 1:
            joined = (yield from merged([old.text, text])).strip() or text
            rewritten = yield from rewrite(
                memory,
                old,
                joined,
                lambda: _episodes_first(memory),
                sources=turn.sources,
                time=turn.time,
            )
            if rewritten is not None:
                return
        yield from add_text(
            memory,
            text,
            lambda: _episodes_first(memory),
            sources=turn.sources,
            time=turn.time,
            kind=NOTE,
            links=(turn.id,),
            replaces=(old.id,) if old is not None and option == 2 else (),
        )

    def _relate(self, memory: DesignMemory, text: str, nearest: Hit) -> Steps[int]:
        old = nearest.entry
        relation = yield from relation_of(text, old.text)
        state = pair_features(memory, text, old, nearest.score, relation)
        about = f"new: {text}\nold: {old.text}"
        return (yield from decide(RELATE, _BY_RELATION[relation], (), state, about=about))


def _episodes_first(memory: DesignMemory) -> Sequence[MemoryEntry]:
    """Return the entries in the order in which they leave: replaced notes, turns with notes, then the rest.

    Notes outlive the turns that they were drawn from, and turns of the open episode leave last.
    """

    def rank(entry: MemoryEntry) -> int:
        if entry.ended is not None:
            return 0
        return 1 if entry.kind == TURN and OPEN not in entry.tags else 2 if entry.kind == NOTE else 3

    return sorted(oldest_first(memory), key=rank)
