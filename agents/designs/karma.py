"""KARMA (Wang et al., 2024): a slot for each thing about each person, in which the last value stands."""

from __future__ import annotations

from memdojo.envs.memory.design_operations import Tag
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Chunk, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.calls import keywords_of, relation_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.likeness import most_alike
from .parts.memory import DesignMemory
from .parts.pairs import PAIR_FEATURES, pair_features
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.wording import people_in
from .parts.writing import add_text, hold_to, oldest_first, rewrite
from .roles.protocol import Relation

REPLACE = DecisionKind(
    "replace",
    "Whether a turn is the new value of the slot nearest to it.",
    options=("another", "same"),
    state_features=(*PAIR_FEATURES, "shared_tags"),
)

_KEYWORDS = 2


class Karma(MemoryDesign):
    """Keeps a slot for each attribute of each person, in which the last value stands; the stalest leaves.

    The paper's short-term memory has the position and state of objects in a household, overwritten by the
    object's id. In a dialogue the id is whom a turn is about and what it says of them: the first of whom it
    names, else the speaker, and its keywords. The nearest slot of that person is the same one if the turn
    says so (`Relation.CONTRADICTS`) and is near enough, or nearer still in any case. It reads by cosine.

    Source: KARMA (arXiv:2409.14908, section III) and its published code: 100 slots, the oldest leaves. The
    two limits of nearness are memdojo's.

    Args:
        max_slots: How many slots there are at most.
        near: Cosine from which on a turn that contradicts a slot is its new value.
        same: Cosine from which on any turn is.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "karma"
    writes = ("slot",)
    decisions = (REPLACE, LEAVE)

    def __init__(self, max_slots: int = 100, near: float = 0.4, same: float = 0.85) -> None:
        if max_slots < 1 or not 0 <= near <= same <= 1:
            raise ConfigError(
                f"karma has max_slots={max_slots}, near={near}, same={same}; give at least one slot, and "
                "cosines with 0 <= near <= same <= 1."
            )
        self.max_slots, self.near, self.same = max_slots, near, same

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Put each turn into its slot, or into one of its own."""
        for turn in chunk.turns:
            yield from self._place(memory, turn)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the slots nearest to the question."""
        yield from ()
        return memory.nearest(question, k)

    def _place(self, memory: DesignMemory, turn: Turn) -> Steps[None]:
        text = render_turn(turn)
        names = frozenset({turn.speaker, *(entry.tags[0] for entry in memory.store if entry.tags)}) - {""}
        person = people_in(text, names)[:2][-1]
        tags = (person or "somebody", *(yield from keywords_of([turn.text], _KEYWORDS)))
        slots = [entry for entry in memory.store if entry.tags[:1] == tags[:1]]
        if slots and memory.fits(text):
            (nearest,) = most_alike(memory, text, slots)
            slot = nearest.entry
            if (yield from self._is_same(memory, text, tags, slot, nearest.score)):
                sources = (turn.id,)
                written = yield from rewrite(
                    memory, slot, text, lambda: oldest_first(memory), sources=sources, time=turn.time
                )
                if written is not None:
                    memory.apply(Tag(slot.id, tags))
                    return
        yield from hold_to(memory, oldest_first(memory), self.max_slots - 1, text=text)
        yield from add_text(
            memory,
            text,
            lambda: oldest_first(memory),
            sources=(turn.id,),
            time=turn.time,
            kind="slot",
            tags=tags,
        )

    def _is_same(
        self, memory: DesignMemory, text: str, tags: tuple[str, ...], slot: MemoryEntry, nearness: float
    ) -> Steps[bool]:
        relation = Relation.INDEPENDENT
        if nearness >= self.near:
            relation = yield from relation_of(text, slot.text)
        contradicts = relation is Relation.CONTRADICTS
        option = yield from decide(
            REPLACE,
            int(nearness >= self.same or (contradicts and nearness >= self.near)),
            state_features=(
                *pair_features(memory, text, slot, nearness, relation),
                len({*tags[1:]} & {*slot.tags[1:]}) / _KEYWORDS,
            ),
            about=text,
            options=("another", f"same: {slot.text}"),
            entries=(None, slot.id),
        )
        return option == 1
