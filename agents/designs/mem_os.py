"""MemOS (Li et al., 2025): cubes of text with versions, and a working memory that follows what is read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.memory.design_operations import Link, Tag
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Chunk, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.calls import merged, relation_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.likeness import most_alike
from .parts.memory import DesignMemory
from .parts.pairs import PAIR_FEATURES, pair_features
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.wording import tells_lasting
from .parts.writing import add_text, facts_by_turn, hold_to, is_valid, oldest_first, rewrite
from .roles.protocol import Relation

LONG_TERM, USER = "long_term", "user"
WORKING = "working"
"""Tag of the entries that the working memory holds."""

MERGE = DecisionKind(
    "merge",
    "What becomes of a new text and the entry nearest to it.",
    options=("apart", "relate", "merge", "replace"),
    state_features=(*PAIR_FEATURES, "same_cube"),
)
APART, RELATE, JOIN, REPLACE = range(4)


class MemOS(MemoryDesign):
    """Keeps facts in a long-term and a user's cube, merges what is alike and chains what is outdated.

    The paper's working memory has copies that are bound to their nodes; here it is a tag of the entries
    themselves, which costs no room. New texts enter it, and after readings it is replaced by what was read.
    What it holds leaves last.

    Source: MemOS (arXiv:2507.03724, sections 4 and 5) and its published code: working memory of 20 entries,
    1,500 long-term and 480 of the user, related from a similarity of .80, merged from .92.

    Args:
        related: Cosine from which on two texts are linked, or the new one replaces what it contradicts.
        alike: Cosine from which on they become one.
        max_working: Entries that the working memory holds at most.
        max_long_term: Entries of the long-term cube at most.
        max_user: Entries of the user's cube at most.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "mem_os"
    writes = (LONG_TERM, USER)
    reads = (LONG_TERM, USER)
    decisions = (MERGE, LEAVE)

    def __init__(
        self,
        related: float = 0.8,
        alike: float = 0.92,
        max_working: int = 20,
        max_long_term: int = 1500,
        max_user: int = 480,
    ) -> None:
        if not 0 <= related <= alike <= 1 or min(max_working, max_long_term, max_user) < 1:
            raise ConfigError(
                f"mem_os has related={related}, alike={alike}, max_working={max_working}, "
                f"max_long_term={max_long_term}, max_user={max_user}; give cosines with "
                "0 <= related <= alike <= 1, and at least one entry of each."
            )
        self.related, self.alike, self.max_working = related, alike, max_working
        self.max_entries = {LONG_TERM: max_long_term, USER: max_user}

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Take the facts of the turns one by one; new ones enter the working memory."""
        facts = yield from facts_by_turn(chunk.turns, [render_turn(turn) for turn in chunk.turns])
        written = []
        for text, turn in facts:
            written += [entry.id for entry in (yield from self._take(memory, text, turn))]
        _hold_in_working(memory, [*_working_ids(memory), *written][::-1], self.max_working)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the best of all cubes, by vectors and BM25."""
        yield from ()
        return memory.fused(question, k, LONG_TERM, USER)

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Let the working memory hold what was read last, and nothing else."""
        yield from ()
        read = [entry.id for entry in chain.from_iterable(reading.entries for reading in readings[::-1])]
        if read:
            _hold_in_working(memory, read, self.max_working)

    def _take(self, memory: DesignMemory, text: str, turn: Turn) -> Steps[tuple[MemoryEntry, ...]]:
        cube = USER if tells_lasting(text) else LONG_TERM
        option, old = APART, None
        if memory.fits(text):
            option, old = yield from self._compare(memory, text, cube)
        if option == JOIN and old is not None:
            joint = yield from merged([old.text, text])
            changed = yield from rewrite(
                memory, old, joint, lambda: _leaving(memory), sources=(turn.id,), time=turn.time
            )
            if changed is not None:
                return (changed,)
        of_cube = [entry for entry in _leaving(memory) if entry.kind == cube]
        yield from hold_to(memory, of_cube, self.max_entries[cube] - 1, text=text)
        added = yield from add_text(
            memory,
            text,
            lambda: _leaving(memory),
            sources=(turn.id,),
            time=turn.time,
            kind=cube,
            links=(old.id,) if option == RELATE and old is not None else (),
            replaces=(old.id,) if option == REPLACE and old is not None else (),
        )
        if option == RELATE and old is not None and added and is_valid(memory, old.id):
            memory.apply(Link(old.id, (added[0].id,)))
        return added

    def _compare(self, memory: DesignMemory, text: str, cube: str) -> Steps[tuple[int, MemoryEntry | None]]:
        """Return what becomes of a new text, and the entry that is nearest to it."""
        hits = most_alike(memory, text, memory.of_kind(LONG_TERM, USER))
        if not hits:
            return APART, None
        old, nearness = hits[0].entry, hits[0].score
        relation = Relation.INDEPENDENT
        if nearness >= self.related:
            relation = yield from relation_of(text, old.text)
        by_rule = APART
        if nearness >= self.related:
            by_rule = REPLACE if relation is Relation.CONTRADICTS else RELATE
        if nearness >= self.alike and relation is not Relation.CONTRADICTS:
            by_rule = JOIN
        option = yield from decide(
            MERGE,
            by_rule,
            state_features=(*pair_features(memory, text, old, nearness, relation), old.kind == cube),
            about=text,
            options=tuple(f"{name}: {old.text}" for name in MERGE.options),
            entries=(old.id,) * len(MERGE.options),
        )
        return option, old


def _leaving(memory: DesignMemory) -> Sequence[MemoryEntry]:
    """Return who leaves first: the outdated, what no working memory holds, then the rest, oldest in front."""
    oldest = oldest_first(memory)
    return sorted(oldest, key=lambda entry: entry.ended is None and WORKING in entry.tags)


def _working_ids(memory: DesignMemory) -> list[int]:
    """Return the ids of what the working memory holds, the one written longest ago in front."""
    return [entry.id for entry in oldest_first(memory) if entry.ended is None and WORKING in entry.tags]


def _hold_in_working(memory: DesignMemory, ids: Sequence[int], limit: int) -> None:
    """Let the working memory hold exactly the first of these entries that are valid."""
    held = [id for id in dict.fromkeys(ids) if is_valid(memory, id)][:limit]
    for id in _working_ids(memory):
        if id not in held:
            entry = memory.get(id)
            assert entry is not None
            memory.apply(Tag(id, tuple(tag for tag in entry.tags if tag != WORKING)))
    for id in held:
        entry = memory.get(id)
        assert entry is not None
        if WORKING not in entry.tags:
            memory.apply(Tag(id, (*entry.tags, WORKING)))
