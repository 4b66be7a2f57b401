"""AMA (2026): turns, facts and episodes, each for the questions that want them."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.answering.questions import parse_question
from memdojo.envs.memory.design_operations import Tag
from memdojo.envs.memory.editor import ordered_union
from memdojo.envs.memory.retrieval.retrievers import fuse
from memdojo.envs.people import people_of
from memdojo.envs.types import Chunk, Hit, MemoryEntry, Turn
from memdojo.errors import ConfigError

from .parts.calls import facts_of, next_query, relation_of, suffices, summary_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.finding import FOUND_FEATURES, found_features
from .parts.memory import DesignMemory
from .parts.pairs import PAIR_FEATURES, pair_features
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.segments import CUT, Boundary, session_tag
from .parts.writing import add_text, oldest_first, rewrite
from .roles.protocol import Fact, Relation

TURN, FACT, EPISODE = "turn", "fact", "episode"
OPEN = "open"
"""Tag of the entries that belong to the episode that goes on."""

_KINDS = {"fine": (TURN, FACT), "abstract": (EPISODE,), "event": (EPISODE,), "atomic": (FACT,)}
_ROUTES = tuple(_KINDS)
_QUOTING = frozenset(("say", "said", "tell", "told", "mention", "word", "quot"))
_HAPPENING = frozenset(("happen", "event", "occur"))

ROUTE = DecisionKind(
    "route",
    "Which memory a question wants: turns as they were said, what an episode was about, or single facts.",
    options=_ROUTES,
    option_features=FOUND_FEATURES,
    state_features=("asks_why_or_how", "asks_when", "asks_one_thing", "asks_words", "asks_events"),
)

RETRY = DecisionKind(
    "retry",
    "Whether to search once more, in all memories and with what was found.",
    options=("enough", "once more"),
    state_features=("judged", *FOUND_FEATURES, "round"),
)

UPDATE = DecisionKind(
    "update",
    "Whether a new fact takes the place of the nearest one.",
    options=("add", "update"),
    state_features=PAIR_FEATURES,
)


class AMA(MemoryDesign):
    """Keeps what was said, the facts in it and what episodes were about, and reads the one that is wanted.

    A turn that is nothing but a fact is kept once and stands for both. A fact that contradicts the nearest
    one takes its place. Questions for exact words want turns, for reasons, ways and events episodes, and
    others facts. Where what is found does not answer, up to `max_retries` further searches look everywhere.

    Source: AMA (arXiv:2601.20352, sections 3 and 4), whose code is not published; the thresholds and the
    words that tell what a question wants are choices of this project.

    Args:
        topic_nearness: Mean cosine of a turn with its episode below which the topic has shifted.
        min_turns: Turns of an episode at least, unless a session ends.
        max_turns: Turns at which it is saturated.
        summary_tokens: Tokens of what an episode was about at most.
        fact_nearness: Cosine from which on a fact may take another's place.
        max_retries: Further searches for a question at most.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "ama"
    writes = (TURN, FACT, EPISODE)
    decisions = (LEAVE, CUT, UPDATE, ROUTE, RETRY)

    def __init__(
        self,
        topic_nearness: float = 0.1,
        min_turns: int = 2,
        max_turns: int = 15,
        summary_tokens: int = 64,
        fact_nearness: float = 0.3,
        max_retries: int = 2,
    ) -> None:
        if not 1 <= min_turns <= max_turns or summary_tokens < 1 or max_retries < 0:
            raise ConfigError(
                f"ama has min_turns={min_turns}, max_turns={max_turns}, summary_tokens={summary_tokens}, "
                f"max_retries={max_retries}; give 1 or more turns and tokens, no more min_turns than "
                "max_turns, and 0 or more retries."
            )
        self.topic_nearness, self.min_turns, self.max_turns = topic_nearness, min_turns, max_turns
        self.summary_tokens, self.fact_nearness = summary_tokens, fact_nearness
        self.max_retries = max_retries

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Sum up the episode in front of a turn that begins another, and add the turn and its facts."""
        tag = session_tag(chunk)
        for turn in chunk.turns:
            opened = [entry for entry in memory.of_kind(TURN, FACT) if OPEN in entry.tags]
            if opened and (yield from self._is_cut(memory, opened, turn, tag)):
                yield from self._sum_up(memory, opened)
            pieces = memory.pieces(turn)
            facts = yield from facts_of(pieces)
            for place, text in enumerate(pieces):
                yield from self._write_piece(
                    memory, turn, text, [fact for fact in facts if fact.origin == place], tag
                )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what is wanted, and where it does not answer what further searches find."""
        if not len(memory.store) or k < 1:
            return ()
        found = yield from self._route(memory, question, k)
        rankings, query = [found], question
        for number in range(self.max_retries):
            if not (yield from self._searches_on(memory, question, found, number)):
                break
            query = yield from next_query(query, [hit.entry.text for hit in found])
            rankings.append(memory.fused(query, k))
            found = fuse(rankings, k)
        return found or memory.fused(question, k)

    def _is_cut(
        self, memory: DesignMemory, opened: Sequence[MemoryEntry], turn: Turn, tag: str
    ) -> Steps[bool]:
        place = Boundary.between(memory, opened, turn, tag)
        shifts = place.size >= self.min_turns and place.nearness < self.topic_nearness
        by_rule = place.new_session or place.size >= self.max_turns or shifts
        return (yield from place.cuts(by_rule, turn))

    def _sum_up(self, memory: DesignMemory, opened: Sequence[MemoryEntry]) -> Steps[None]:
        summary = yield from summary_of([entry.text for entry in opened], self.summary_tokens)
        yield from add_text(
            memory,
            summary,
            lambda: _turns_first(memory),
            sources=ordered_union(*(entry.sources for entry in opened)),
            time=opened[0].time,
            kind=EPISODE,
        )
        for entry in opened:
            if memory.get(entry.id) is not None:
                memory.apply(Tag(entry.id, entry.tags[-1:]))

    def _write_piece(
        self, memory: DesignMemory, turn: Turn, text: str, facts: Sequence[Fact], tag: str
    ) -> Steps[None]:
        """Add what was said, and its facts; once where it is nothing but a fact that is new."""
        is_stored = False
        for fact in facts:
            old = yield from self._to_update(memory, fact.text)
            if old is not None:
                rewritten = yield from rewrite(
                    memory,
                    old,
                    fact.text,
                    lambda: _turns_first(memory),
                    sources=(turn.id,),
                    time=turn.time,
                )
                if rewritten is not None:
                    continue
            tags = (OPEN, tag) if fact.text == text else (tag,)
            yield from self._add(memory, turn, fact.text, FACT, tags)
            is_stored = is_stored or fact.text == text
        if not is_stored:
            yield from self._add(memory, turn, text, TURN, (OPEN, tag))

    def _add(
        self, memory: DesignMemory, turn: Turn, text: str, kind: str, tags: Sequence[str]
    ) -> Steps[None]:
        yield from add_text(
            memory,
            text,
            lambda: _turns_first(memory),
            sources=(turn.id,),
            time=turn.time,
            kind=kind,
            tags=tags,
        )

    def _to_update(self, memory: DesignMemory, fact: str) -> Steps[MemoryEntry | None]:
        """Return the fact whose place a new one takes; None if it takes none."""
        nearest = memory.nearest(fact, 1, FACT)
        if not nearest or nearest[0].score < self.fact_nearness:
            return None
        old = nearest[0].entry
        relation = yield from relation_of(fact, old.text)
        contradicts = relation is Relation.CONTRADICTS
        state = pair_features(memory, fact, old, nearest[0].score, relation)
        about = f"new: {fact}\nold: {old.text}"
        return old if (yield from decide(UPDATE, int(contradicts), (), state, about=about)) else None

    def _route(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        asked = parse_question(question, people_of(frozenset()))
        why_or_how = asked.wants in ("why", "how")
        words = not asked.stems.isdisjoint(_QUOTING)
        events = not asked.stems.isdisjoint(_HAPPENING)
        one_thing = asked.wants in ("who", "where", "number", "address", "name")
        by_rule = "fine" if words else "event" if events else "abstract" if why_or_how else "atomic"
        found = {kinds: memory.fused(question, k, *kinds) for kinds in {*_KINDS.values()}}
        told = {
            kinds: found_features(memory, question, [hit.entry for hit in hits])
            for kinds, hits in found.items()
        }
        features = [told[kinds] for kinds in _KINDS.values()]
        state = (why_or_how, asked.wants == "when", one_thing, words, events)
        route = yield from decide(ROUTE, _ROUTES.index(by_rule), features, state, about=question)
        return found[_KINDS[_ROUTES[route]]]

    def _searches_on(
        self, memory: DesignMemory, question: str, found: Sequence[Hit], number: int
    ) -> Steps[bool]:
        entries = [hit.entry for hit in found]
        enough = yield from suffices(question, [entry.text for entry in entries])
        state = (enough, *found_features(memory, question, entries), number)
        return bool((yield from decide(RETRY, int(not enough), (), state, about=question)))


def _turns_first(memory: DesignMemory) -> Sequence[MemoryEntry]:
    """Return the entries as they leave: turns, which their facts outlive, then the rest, the oldest first."""
    return sorted(oldest_first(memory), key=lambda entry: entry.kind != TURN)
