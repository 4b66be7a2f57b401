"""EvolveR's memory in EvolveLab: principles with a score that their use changes."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.answering.solver import case_told
from memdojo.envs.episodes.readings import Reading
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Chunk, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.calls import merged, relation_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.experience import same_outcome
from .parts.likeness import most_alike
from .parts.memory import DesignMemory
from .parts.pairs import PAIR_FEATURES, pair_features
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.use import DROP, count_use, drop_if_chosen
from .parts.writing import add_text, facts_by_turn, oldest_first, rewrite
from .roles.protocol import Relation

MERGE = DecisionKind(
    "merge",
    "Whether a new fact goes into the entry nearest to it.",
    options=("apart", "merge"),
    state_features=(*PAIR_FEATURES, "score"),
)


class Evolver(MemoryDesign):
    """Scores each entry by how often it helped, (helps + 1) / (reads + 2), and prunes the worst.

    Source: EvolveR (arXiv:2510.16079, section 3) as EvolveLab has it (MemEvolve, arXiv:2512.18746, and its
    published code): pruned below .3 whenever something is taken in, the code's default being .2; merged above
    a cosine of .8 if the model agrees. Over capacity the lowest score leaves. An entry that nobody has read
    yet has a score of .5. Reports of tasks are merged where answer and verdict are the same, and the newer
    one stands for both.

    Args:
        min_score: Score below which an entry is pruned.
        alike: Cosine above which two texts may become one.
        success: Score of an answer from which on a reading helped.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "evolver"
    writes = ("principle",)
    decisions = (MERGE, DROP, LEAVE)

    def __init__(self, min_score: float = 0.3, alike: float = 0.8, success: float = 1.0) -> None:
        if not 0 <= min_score <= 1 or not -1 <= alike <= 1 or not 0 <= success <= 1:
            raise ConfigError(
                f"evolver has min_score={min_score}, alike={alike}, success={success}; give scores from 0 to "
                "1 and a cosine."
            )
        self.min_score, self.alike, self.success = min_score, alike, success

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Prune, then take the facts of the turns."""
        for entry in memory.store.entries:
            if entry.reads:
                yield from drop_if_chosen(memory, entry, score_of(entry) < self.min_score)
        facts = yield from facts_by_turn(chunk.turns, [render_turn(turn) for turn in chunk.turns])
        for text, turn in facts:
            if not (yield from self._merge(memory, text, turn)):
                yield from add_text(
                    memory,
                    text,
                    lambda: _lowest_first(memory),
                    sources=(turn.id,),
                    time=turn.time,
                    kind="principle",
                )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the nearest."""
        yield from ()
        return memory.nearest(question, k)

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Count how the entries fared."""
        yield from ()
        count_use(memory, readings, self.success)

    def _merge(self, memory: DesignMemory, text: str, turn: Turn) -> Steps[bool]:
        """Write a fact into the entry nearest to it if that is chosen, and return whether it is there."""
        hits = most_alike(memory, text, memory.of_kind("principle")) if memory.fits(text) else ()
        if not hits:
            return False
        old, nearness = hits[0].entry, hits[0].score
        relation = Relation.INDEPENDENT
        if nearness > self.alike:
            relation = yield from _relation(text, old.text)
        option = yield from decide(
            MERGE,
            int(nearness > self.alike and relation is not Relation.INDEPENDENT),
            state_features=(*pair_features(memory, text, old, nearness, relation), score_of(old)),
            about=text,
            options=("apart", f"merge: {old.text}"),
            entries=(None, old.id),
        )
        if option == 0:
            return False
        joint = text if case_told(text) else (yield from merged([old.text, text]))
        order = lambda: _lowest_first(memory)  # noqa: E731
        return (yield from rewrite(memory, old, joint, order, sources=(turn.id,), time=turn.time)) is not None


def _relation(new: str, old: str) -> Steps[Relation]:
    """Return how two texts relate; reports of tasks by their outcomes, whatever the words are."""
    case = case_told(new)
    if case is None:
        return (yield from relation_of(new, old))
    return Relation.EXTENDS if same_outcome(case, case_told(old)) else Relation.INDEPENDENT


def score_of(entry: MemoryEntry) -> float:
    """Return how well an entry fared, in (0, 1)."""
    return (entry.helps + 1) / (entry.reads + 2)


def _lowest_first(memory: DesignMemory) -> Sequence[MemoryEntry]:
    return sorted(oldest_first(memory), key=score_of)
