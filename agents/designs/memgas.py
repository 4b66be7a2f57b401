"""MemGAS (Xu et al., 2025): sessions seen at several granularities, which associate with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from memdojo.envs.memory.design_operations import Link
from memdojo.envs.memory.editor import ordered_union
from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import Chunk, Hit, MemoryEntry
from memdojo.errors import ConfigError

from .parts.calls import keywords_of, summary_of
from .parts.decisions import DecisionKind, Steps, decide
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE
from .parts.segments import session_tag
from .parts.writing import add_text, oldest_first

TURN, SUMMARY, KEYWORDS = "turn", "summary", "keywords"
GRANULARITIES = ("session", "turns", SUMMARY, KEYWORDS)
NUM_KEYWORDS = 12
_TEMPERATURE = 0.1
_ROUNDS = 20

GRANULARITY = DecisionKind(
    "granularity",
    "At which granularity sessions are compared with a question: all by their certainty, or one alone.",
    options=("weighted", *GRANULARITIES),
    option_features=("weight", "entropy", "best", "margin"),
    state_features=("num_sessions", "num_entries"),
)


class MemGAS(MemoryDesign):
    """Stores turns, and for each session that has ended a summary and keywords, which link alike sessions.

    A session is four nodes of a graph: all that was said, the mean of its turns, its summary and keywords;
    the first two are computed from the turns that the store has. Once there are `min_sessions`, the nearest
    nodes of earlier sessions are split into two groups by a mixture of two normal distributions, and those
    of the nearer group are linked. For a question the granularities are weighted by their certainty (1 minus
    the entropy of a softmax over sessions), the best nodes spread their score over the graph by personalised
    PageRank, and of the best sessions the turns nearest to the question are read.

    Source: MemGAS (arXiv:2505.19549, section 3) and its published code, whose numbers are the defaults.

    Args:
        num_sessions: Sessions whose turns are read first.
        num_seeds: Nodes from which the scores spread.
        damping: How much of a score spreads, in [0, 1).
        min_sessions: Sessions that are there before a new one is linked.
        num_associated: Nearest nodes that are split into two groups.
        summary_tokens: Tokens of a summary at most.

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "memgas"
    writes = (TURN, SUMMARY, KEYWORDS)
    # Turns of other designs are not tagged with their session, and so no reading for it.
    reads = (KEYWORDS,)
    decisions = (LEAVE, GRANULARITY)

    def __init__(
        self,
        num_sessions: int = 3,
        num_seeds: int = 15,
        damping: float = 0.1,
        min_sessions: int = 5,
        num_associated: int = 20,
        summary_tokens: int = 64,
    ) -> None:
        if (
            min(num_sessions, num_seeds, min_sessions, num_associated, summary_tokens) < 1
            or not 0 <= damping < 1
        ):
            raise ConfigError(
                f"memgas has num_sessions={num_sessions}, num_seeds={num_seeds}, damping={damping}, "
                f"min_sessions={min_sessions}, num_associated={num_associated}, "
                f"summary_tokens={summary_tokens}; give counts of 1 or more, and a damping in [0, 1)."
            )
        self.num_sessions, self.num_seeds, self.damping = num_sessions, num_seeds, damping
        self.min_sessions, self.num_associated = min_sessions, num_associated
        self.summary_tokens = summary_tokens

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Sum up the session that has ended, if one has, and add each turn."""
        tag = session_tag(chunk)
        for turn in chunk.turns:
            entries = memory.of_kind(TURN)
            if entries and entries[-1].tags != (tag,):
                yield from self._sum_up(memory, entries[-1].tags[0])
            for text in memory.pieces(turn):
                yield from add_text(
                    memory,
                    text,
                    lambda: oldest_first(memory),
                    sources=(turn.id,),
                    time=turn.time,
                    kind=TURN,
                    tags=(tag,),
                )

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return the turns of the best sessions that are nearest to the question, then those of others."""
        sessions = _Sessions.of(memory)
        if not sessions.tags or k < 1:
            return ()
        nearness = sessions.nearness(memory.store.corpus.vector(memory.embedder, question))
        weights = yield from self._weights(memory, question, nearness)
        scores = self._spread(nearness * weights, sessions)
        order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
        rank = {sessions.tags[place]: position for position, place in enumerate(order)}
        last = self.num_sessions
        hits = memory.nearest(question, len(memory.store))
        readable = [hit for hit in hits if hit.entry.kind in (TURN, SUMMARY)]
        # A session whose turns have left is told by its summary.
        told = {hit.entry.tags[0] for hit in readable if hit.entry.kind == TURN}
        readable = [hit for hit in readable if hit.entry.kind == TURN or hit.entry.tags[0] not in told]
        readable.sort(key=lambda hit: min(rank[hit.entry.tags[0]], last) == last)
        return tuple(readable[:k])

    def _sum_up(self, memory: DesignMemory, tag: str) -> Steps[None]:
        turns = [entry for entry in memory.of_kind(TURN) if entry.tags == (tag,)]
        texts = [entry.text for entry in turns]
        sources = ordered_union(*(entry.sources for entry in turns))
        summary = yield from summary_of(texts, self.summary_tokens)
        keywords = yield from keywords_of(texts, NUM_KEYWORDS)
        for kind, text in ((SUMMARY, summary), (KEYWORDS, " ".join(keywords))):
            yield from add_text(
                memory,
                text,
                lambda: oldest_first(memory),
                sources=sources,
                time=turns[-1].time,
                kind=kind,
                tags=(tag,),
            )
        self._associate(memory, tag)

    def _associate(self, memory: DesignMemory, tag: str) -> None:
        """Link the summary of a session to those of earlier ones that are alike."""
        summaries = {entry.tags[0]: entry for entry in memory.of_kind(SUMMARY)}
        sessions = _Sessions.of(memory)
        if tag not in summaries or len(sessions.tags) <= self.min_sessions:
            return
        own = sessions.tags.index(tag)
        among = np.einsum("gd,sed->gse", sessions.vectors[own], sessions.vectors)
        among[:, own] = -np.inf
        nearest = np.sort(among[np.isfinite(among)])[::-1][: self.num_associated]
        threshold = nearer_group(nearest)
        alike = [
            summaries[other].id
            for place, other in enumerate(sessions.tags)
            if other in summaries and among[:, place].max() >= threshold
        ]
        if alike:
            memory.apply(Link(summaries[tag].id, tuple(alike)))

    def _weights(self, memory: DesignMemory, question: str, nearness: FloatArray) -> Steps[FloatArray]:
        """Return what each granularity counts, shape (4,)."""
        softmax = np.exp((nearness - nearness.max(axis=0)) / _TEMPERATURE)
        softmax /= softmax.sum(axis=0)
        entropy = -(softmax * np.log(np.maximum(softmax, 1e-12))).sum(axis=0) / np.log(max(len(nearness), 2))
        certainty = np.maximum(1 - entropy, 0)
        total = certainty.sum()
        weights = certainty / total if total > 1e-9 else np.full(4, 0.25)
        ordered = np.sort(nearness, axis=0)[::-1]
        margin = ordered[0] - ordered[min(1, len(ordered) - 1)]
        features = np.stack([weights, entropy, ordered[0], margin], axis=1)
        option = yield from decide(
            GRANULARITY,
            0,
            np.vstack([features.mean(axis=0), features]),
            (np.log1p(len(nearness)), np.log1p(len(memory.store))),
            about=question,
        )
        chosen: FloatArray = np.eye(4, dtype=np.float32)[option - 1] if option else weights.astype(np.float32)
        return chosen

    def _spread(self, scores: FloatArray, sessions: _Sessions) -> FloatArray:
        """Return each session's score by personalised PageRank from the best nodes, shape (num_sessions,)."""
        flat = np.maximum(scores.reshape(-1), 0)
        seeds = np.where(flat >= np.sort(flat)[-min(self.num_seeds, len(flat))], flat, 0)
        start = seeds / seeds.sum() if seeds.sum() > 0 else np.full(len(flat), 1 / len(flat))
        rank = start
        for _ in range(_ROUNDS):
            rank = (1 - self.damping) * start + self.damping * (rank @ sessions.transitions)
        spread: FloatArray = rank.reshape(scores.shape).sum(axis=1)
        return spread


@dataclass(frozen=True, slots=True, eq=False)
class _Sessions:
    """The sessions of a store as nodes of a graph.

    Attributes:
        tags: One for each session, in order of time.
        vectors: A vector for each node, shape (num_sessions, 4, dim); zeros where there is none.
        transitions: From each node to each other, rows that sum to one, shape (num_nodes, num_nodes).
    """

    tags: Sequence[str]
    vectors: FloatArray
    transitions: FloatArray

    @classmethod
    def of(cls, memory: DesignMemory) -> _Sessions:
        entries = memory.of_kind(TURN, SUMMARY, KEYWORDS)
        tags = list(dict.fromkeys(entry.tags[0] for entry in entries))
        if not tags:
            return cls((), np.zeros((0, 4, 0), np.float32), np.zeros((0, 0), np.float32))
        place = {tag: index for index, tag in enumerate(tags)}
        vectors = memory.vectors(entries)
        nodes = np.zeros((len(tags), 4, vectors.shape[1]), np.float32)
        for entry, vector in zip(entries, vectors, strict=True):
            node = nodes[place[entry.tags[0]]]
            if entry.kind == TURN:
                node[1] += vector
                # All that was said counts long turns for more, as the embedding of the whole text does.
                node[0] += vector * memory.store.count_tokens(entry.text)
            else:
                node[GRANULARITIES.index(entry.kind)] = vector
        lengths = np.linalg.norm(nodes, axis=2, keepdims=True)
        nodes = np.divide(nodes, lengths, out=np.zeros_like(nodes), where=lengths > 0)
        return cls(tags, nodes, _transitions(entries, place))

    def nearness(self, vector: FloatArray) -> FloatArray:
        """Return the cosine of each node with a vector, shape (num_sessions, 4)."""
        cosines: FloatArray = self.vectors @ vector
        return cosines


def _transitions(entries: Sequence[MemoryEntry], place: Mapping[str, int]) -> FloatArray:
    """Let the nodes of a session lead to each other, and to those of sessions that are linked, both ways."""
    linked = np.eye(len(place), dtype=np.float32)
    session_of = {entry.id: place[entry.tags[0]] for entry in entries}
    for entry in entries:
        for id in entry.links:
            if id in session_of:
                own, other = session_of[entry.id], session_of[id]
                linked[own, other] = linked[other, own] = 1
    adjacent = np.kron(linked, np.ones((4, 4), np.float32))
    np.fill_diagonal(adjacent, 0)
    transitions: FloatArray = adjacent / adjacent.sum(axis=1, keepdims=True)
    return transitions


def nearer_group(nearness: FloatArray) -> float:
    """Return the least of some numbers that a mixture of two normal distributions puts in the higher one.

    The mixture is fitted by expectation and maximisation from the lower and the higher half.

    Args:
        nearness: At least one number.
    """
    values = np.sort(np.asarray(nearness, np.float64))
    if len(values) < 2 or values[-1] - values[0] < 1e-6:
        return float(values[0])
    halves = np.array_split(values, 2)
    means = np.array([half.mean() for half in halves])
    spreads, shares = np.full(2, values.std()), np.full(2, 0.5)
    for _ in range(_ROUNDS):
        density = shares * np.exp(-0.5 * ((values[:, None] - means) / spreads) ** 2) / spreads
        belongs = density / np.maximum(density.sum(axis=1, keepdims=True), 1e-300)
        mass = np.maximum(belongs.sum(axis=0), 1e-9)
        means = (belongs * values[:, None]).sum(axis=0) / mass
        spreads = np.sqrt((belongs * (values[:, None] - means) ** 2).sum(axis=0) / mass) + 1e-3
        shares = mass / len(values)
    higher = int(means.argmax())
    return float(values[belongs[:, higher] >= 0.5].min(initial=values[-1]))
