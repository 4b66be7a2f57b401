"""PlugMem (2026): facts that are found by their tags, and deactivated instead of deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from memdojo.envs.memory.design_operations import Invalidate, Tag
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Chunk, Hit, MemoryEntry
from memdojo.errors import ConfigError

from .parts.calls import facts_of, keywords_of, merged, relation_of, title_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.likeness import likeness, most_alike
from .parts.memory import DesignMemory
from .parts.pairs import PAIR_FEATURES, pair_features
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.writing import add_text, merge, oldest_first
from .roles.protocol import Relation

FACT, STEP = "fact", "step"
_OPEN, _CLOSED, _MERGED = "(open)", "(closed)", "(merged)"
"""Tags that are no topics: of the steps of an episode, and of facts that were merged once."""

MERGE = DecisionKind(
    "merge",
    "What becomes of two facts that share a tag.",
    options=("apart", "deactivate", "merge"),
    state_features=(*PAIR_FEATURES, "shared_tags"),
)
APART, DEACTIVATE, JOIN = range(3)


class PlugMem(MemoryDesign):
    """Keeps the steps of episodes, and at the end of each the facts that they tell, with tags.

    An episode ends where what a turn is about is no longer near to what the turn before was about. Equal
    tags are one node. A fact and the nearest one that shares a tag with it, not of the same episode, may
    become one, or the older is deactivated; each fact is merged once at most. For a question its tags vote
    for the facts that have them. Steps leave before facts, and what is deactivated leaves first.

    Source: PlugMem (arXiv:2603.03296, section 3) and its published code: episodes end below a cosine of .75,
    facts are compared from .5, an exact tag has 5 votes, one whose cosine is .8 or more 1, and the 5 nearest
    facts 2; an episode is read as a whole if its facts have 3 votes.

    Args:
        same_episode: Cosine of what two turns are about from which on they are of one episode.
        comparable: Cosine from which on two facts are compared.
        near_tag: Cosine from which on a tag stands for another.
        num_tags: Tags of a fact and of a question.
        min_votes: Votes from which on an episode is read as a whole.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "plug_mem"
    writes = (FACT, STEP)
    reads = (FACT, STEP)
    decisions = (MERGE, LEAVE)

    def __init__(
        self,
        same_episode: float = 0.75,
        comparable: float = 0.5,
        near_tag: float = 0.8,
        num_tags: int = 3,
        min_votes: float = 3.0,
    ) -> None:
        cosines = (same_episode, comparable, near_tag)
        if not all(-1 <= cosine <= 1 for cosine in cosines) or num_tags < 1 or not min_votes >= 0:
            raise ConfigError(
                f"plug_mem has same_episode={same_episode}, comparable={comparable}, near_tag={near_tag}, "
                f"num_tags={num_tags}, min_votes={min_votes}; give cosines, at least one tag, and votes of 0 "
                "or more."
            )
        self.same_episode, self.comparable, self.near_tag = same_episode, comparable, near_tag
        self.num_tags, self.min_votes = num_tags, min_votes

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn as a step, and the facts of the episode that ends before it."""
        for turn in chunk.turns:
            subject = yield from title_of([turn.text])
            steps = _open_steps(memory)
            if steps and likeness(memory.embedder, subject, steps[-1].tags[-1]) < self.same_episode:
                yield from self._close(memory, steps)
            yield from add_text(
                memory,
                render_turn(turn),
                lambda: _leaving(memory),
                sources=(turn.id,),
                time=turn.time,
                kind=STEP,
                tags=(_OPEN, subject) if subject.strip() else (_OPEN,),
            )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the facts with the most votes, then episodes that enough of them are of."""
        tags = yield from keywords_of([question], self.num_tags)
        facts, steps = memory.of_kind(FACT), memory.of_kind(STEP)
        votes = self._votes(memory, question, tags, facts)
        nearness = memory.nearness(question, (*facts, *steps))
        of_episode = Counter[int]()
        for fact, vote in zip(facts, votes, strict=True):
            of_episode.update(dict.fromkeys(fact.links, vote))
        # An open episode has no facts yet, so that its steps stand for them.
        votes += [
            max(of_episode[step.id] - self.min_votes, 0.0) if _CLOSED in step.tags else 0.0 for step in steps
        ]
        told = {source for fact in facts for source in fact.sources}
        is_read = [
            not (_CLOSED in step.tags and told.issuperset(step.sources))
            or of_episode[step.id] >= self.min_votes
            for step in steps
        ]
        ranked = [
            Hit(entry, vote + float(near))
            for entry, vote, near, counts in zip(
                (*facts, *steps), votes, nearness, [*(True for _ in facts), *is_read], strict=True
            )
            if counts
        ]
        return tuple(sorted(ranked, key=lambda hit: (-hit.score, hit.entry.id))[:k])

    def _votes(
        self, memory: DesignMemory, question: str, tags: Sequence[str], facts: Sequence[MemoryEntry]
    ) -> list[float]:
        """Return the votes of a question's tags, and of its nearness, for each fact."""
        known = list(dict.fromkeys(tag for fact in facts for tag in _topics(fact)))
        weights = Counter[str]()
        for tag in tags:
            if tag in known:
                weights[tag] += 5
            elif known:
                cosines = [likeness(memory.embedder, tag, other) for other in known]
                best = int(np.argmax(cosines))
                if cosines[best] >= self.near_tag:
                    weights[known[best]] += 1
        nearness = memory.nearness(question, facts)
        nearest = set(np.argsort(-nearness, kind="stable")[:5].tolist())
        return [
            sum(weights[tag] for tag in _topics(fact)) / max(len(_topics(fact)), 1) + 2 * (place in nearest)
            for place, fact in enumerate(facts)
        ]

    def _close(self, memory: DesignMemory, steps: Sequence[MemoryEntry]) -> Steps[None]:
        """End an episode: write its facts, and compare each with what is known."""
        facts = yield from facts_of([step.text for step in steps])
        for step in steps:
            memory.apply(Tag(step.id, (_CLOSED, *step.tags[1:])))
        for fact in facts:
            if not fact.text.strip():
                continue
            step = steps[fact.origin]
            tags = yield from keywords_of([fact.text], self.num_tags)
            added = yield from add_text(
                memory,
                fact.text,
                lambda: _leaving(memory),
                sources=step.sources,
                time=step.time,
                kind=FACT,
                tags=tags,
                links=[other.id for other in steps],
            )
            if len(added) == 1:
                yield from self._compare(memory, added[0])

    def _compare(self, memory: DesignMemory, new: MemoryEntry) -> Steps[None]:
        """Merge a fact with the nearest that shares a tag, deactivate that one, or leave both."""
        tags = set(_topics(new))
        others = [
            fact
            for fact in memory.of_kind(FACT)
            if fact.id != new.id
            and not tags.isdisjoint(fact.tags)
            and _MERGED not in fact.tags
            and set(fact.links).isdisjoint(new.links)
            and set(fact.sources).isdisjoint(new.sources)
        ]
        if not others:
            return
        (nearest,) = most_alike(memory, new.text, others)
        old, near = nearest.entry, nearest.score
        if near < self.comparable:
            return
        relation = yield from relation_of(new.text, old.text)
        by_rule = {Relation.CONTRADICTS: DEACTIVATE, Relation.EXTENDS: JOIN}.get(relation, APART)
        option = yield from decide(
            MERGE,
            by_rule,
            state_features=(
                *pair_features(memory, new.text, old, near, relation),
                len(tags & {*old.tags}) / self.num_tags,
            ),
            about=new.text,
            options=tuple(f"{name}: {old.text}" for name in MERGE.options),
            entries=(old.id,) * len(MERGE.options),
        )
        if option == DEACTIVATE:
            memory.apply(Invalidate(old.id, by=new.id))
        elif option == JOIN:
            text = yield from merged([old.text, new.text])
            joint = yield from merge(memory, (old, new), text, lambda: _leaving(memory), time=new.time)
            if joint is not None:
                memory.apply(Tag(joint.id, (*joint.tags, _MERGED)))


def _open_steps(memory: DesignMemory) -> list[MemoryEntry]:
    return [entry for entry in memory.of_kind(STEP) if _OPEN in entry.tags]


def _topics(fact: MemoryEntry) -> tuple[str, ...]:
    return tuple(tag for tag in fact.tags if tag != _MERGED)


def _leaving(memory: DesignMemory) -> Sequence[MemoryEntry]:
    """Return who leaves first: the inactive, steps of episodes that ended, facts, and the open episode."""

    def place(entry: MemoryEntry) -> int:
        if entry.ended is not None:
            return 0
        return 1 if _CLOSED in entry.tags else 3 if _OPEN in entry.tags else 2

    return sorted(oldest_first(memory), key=place)
