"""Hand-made managers: no learning, no look ahead, one turn at a time.

They store turns verbatim and name the entries that leave when the store is full, so that the capacity rule of
the store never decides for them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from memdojo.envs.episodes.visible import TurnValues, VisibleDialogue, VisibleEpisode
from memdojo.envs.memory.analysis import analyze, count_tokens, exceeds_tokens
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.streams.turn_features import COLUMN
from memdojo.envs.types import Add, MemoryEntry, Noop, Operation, Turn, Update
from memdojo.errors import ConfigError, EpisodeStateError

EpisodeT = TypeVar("EpisodeT", bound=VisibleEpisode, contravariant=True)
Priorities = npt.NDArray[np.floating[Any]]

HAND_WEIGHTS: Mapping[str, float] = {
    "sum_idf": 0.25,
    "num_new_words": 0.5,
    "new_word_share": 1.0,
    "previous_is_question": 0.5,
    "ends_with_question": -0.5,
    "time_words": 0.5,
    "capitals": 0.5,
    "digits": 0.5,
}
"""Weights of `hand_priority` over `TURN_FEATURES`: round values, tried out on one conversation (conv-26)."""

SIMILARITY_THRESHOLD = 0.25
"""Likeness from which on `SimilarityRule` takes two texts for one memory, chosen on the same conversation."""


class TurnRule(ABC, Generic[EpisodeT]):
    """A manager that decides on one turn at a time.

    One that looks only at what any manager may look at is a `TurnRule[VisibleEpisode]`, and works in live
    dialogues as well; one that looks ahead is a `TurnRule[ManagerEpisode]`.

    Attributes:
        name: Names the rule in tables.
        turns_per_chunk: 1.
        stochastic: True if it draws from the episode's generator, so that several seeds tell more than one.
    """

    name: str = ""
    turns_per_chunk: int | None = 1
    stochastic: bool = False

    def act(self, episodes: Sequence[EpisodeT]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current turn of each episode.

        Raises:
            EpisodeStateError: If an episode has ended or its chunk has more than one turn.
        """
        return [self.decide(episode, self._current_turn(episode)) for episode in episodes]

    @abstractmethod
    def decide(self, episode: EpisodeT, turn: Turn) -> tuple[Operation, ...]:
        """Return the operations for `turn`, the only one of the episode's current chunk."""

    def _current_turn(self, episode: EpisodeT) -> Turn:
        chunk = episode.chunk
        if chunk is None:
            raise EpisodeStateError("the stream has ended; start a new episode.")
        if len(chunk.turns) != 1:
            raise EpisodeStateError(
                f"{self.name} decides on one turn at a time and chunk {chunk.index} has {len(chunk.turns)}; "
                "cut the stream with rechunk(stream, 1)."
            )
        return chunk.turns[0]


def add_turn(turn: Turn, *, utility: float = 0.0, leaving: Iterable[MemoryEntry] = ()) -> Add:
    """Return the operation that stores a turn verbatim in place of the entries that are leaving."""
    evicts = tuple(entry.id for entry in leaving)
    return Add(render_turn(turn), (turn.id,), turn.time, "turn", utility, evicts)


def make_room(
    store: MemoryStore, text: str, leaving_first: Iterable[MemoryEntry]
) -> list[MemoryEntry] | None:
    """Return the entries that have to leave so that `text` fits.

    Args:
        store: The store as it is.
        text: The text to add.
        leaving_first: All entries of the store, the first to leave in front; read as far as needed.

    Returns:
        A prefix of `leaving_first`, empty where there is room; None if the text fits into no store of this
        capacity.
    """
    capacity = store.capacity
    for limit in (capacity.max_entry_tokens, capacity.max_tokens):
        if limit is not None and exceeds_tokens(text, limit):
            return None
    num_over = tokens_over = 0
    if capacity.max_entries is not None:
        num_over = len(store) + 1 - capacity.max_entries
    if capacity.max_tokens is not None:
        tokens_over = store.tokens + count_tokens(text) - capacity.max_tokens
    leaving: list[MemoryEntry] = []
    order = iter(leaving_first)
    while num_over > 0 or tokens_over > 0:
        entry = next(order)
        leaving.append(entry)
        num_over -= 1
        if tokens_over > 0:
            tokens_over -= count_tokens(entry.text)
    return leaving


class NoOpRule(TurnRule[VisibleEpisode]):
    """Leaves the store empty."""

    name = "no_op"

    def decide(self, episode: VisibleEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Do nothing."""
        return (Noop(),)


class PriorityRule(TurnRule[VisibleEpisode]):
    """Stores every turn; when the store is full, what has the lowest priority leaves or stays out.

    An entry keeps its priority as `utility`. Of equal priorities the newest is given up.

    Args:
        name: Names the rule in tables.
        priorities: Gives the turns of a context their priorities, shape (num_turns,). A turn's priority may
            depend on its text, its features and its position alone: a dialogue without an end does not keep
            all of its turns.
    """

    def __init__(self, name: str, priorities: TurnValues) -> None:
        self.name = name
        self._priorities = priorities

    def decide(self, episode: VisibleEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Add the turn unless an entry that is worth as much would have to leave for it."""
        context = episode.context
        priority = context.turn_values(self._priorities)[context.turn_index[turn.id]]
        return keep_highest(episode.store, turn, priority)


class RandomRule(TurnRule[VisibleEpisode]):
    """Keeps a uniformly random sample of the turns so far (reservoir sampling by random keys)."""

    name = "random"
    stochastic = True

    def decide(self, episode: VisibleEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Give the turn a random priority and keep the highest."""
        return keep_highest(episode.store, turn, float(episode.rng.random()))


def keep_highest(store: MemoryStore, turn: Turn, priority: float) -> tuple[Operation, ...]:
    """Return the ADD of a turn in place of entries of lower priority, or NOOP if those make no room."""
    leaving = make_room(store, render_turn(turn), _lowest_first(store))
    if leaving is None or any(entry.utility >= priority for entry in leaving):
        return (Noop(),)
    return (add_turn(turn, utility=priority, leaving=leaving),)


def _lowest_first(store: MemoryStore) -> Iterable[MemoryEntry]:
    """Yield the entries by ascending utility, of equals the newest first."""
    newest_first = store.entries[::-1]
    if not newest_first:
        return
    # A capacity in entries asks for one entry only, and a minimum is cheaper than an order.
    lowest = min(newest_first, key=_utility)
    yield lowest
    yield from (entry for entry in sorted(newest_first, key=_utility) if entry is not lowest)


def _utility(entry: MemoryEntry) -> float:
    return entry.utility


def oldest_priority(context: VisibleDialogue) -> Priorities:
    """The earlier, the higher."""
    return -context.positions.astype(np.float64)


def newest_priority(context: VisibleDialogue) -> Priorities:
    """The later, the higher."""
    return context.positions.astype(np.float64)


def length_priority(context: VisibleDialogue) -> Priorities:
    """Tokens of the turn."""
    return np.array([count_tokens(turn.text) for turn in context.turns], dtype=np.float64)


def sum_idf_priority(context: VisibleDialogue) -> Priorities:
    """Sum of the inverse document frequencies of the turn's words, among the turns so far."""
    return context.turn_features[:, COLUMN["sum_idf"]]


def hand_priority(context: VisibleDialogue) -> Priorities:
    """`HAND_WEIGHTS` times the turn's features."""
    return weighted_features(context, HAND_WEIGHTS)


def weighted_features(context: VisibleDialogue, weights: Mapping[str, float]) -> Priorities:
    """Return the weighted sum of the named `TURN_FEATURES` of every turn, shape (num_turns,)."""
    vector = np.zeros(len(COLUMN))
    for name, weight in weights.items():
        vector[COLUMN[name]] = weight
    return context.turn_features @ vector


class SimilarityRule(TurnRule[VisibleEpisode]):
    """Merges a turn into the entry most like it, else adds it; the oldest entry leaves a full store.

    Two texts are alike by the cosine of their sets of words (as `analyze` gives them). A merged entry keeps
    the sources of both and the longer text, unless that exceeds the capacity. Only the best hits of a BM25
    search are compared with the turn, so that a step does not go through the whole store.

    Args:
        threshold: Likeness from which on turn and entry are merged, in (0, 1].
        num_candidates: How many entries are compared with the turn.

    Raises:
        ConfigError: If `threshold` is out of range.
    """

    name = "similarity"

    def __init__(self, threshold: float = SIMILARITY_THRESHOLD, num_candidates: int = 8) -> None:
        if not 0 < threshold <= 1:
            raise ConfigError(f"the threshold of the similarity rule is {threshold}; it lies in (0, 1].")
        self.threshold = threshold
        self.num_candidates = num_candidates
        self._search = BM25Retriever().search

    def decide(self, episode: VisibleEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Merge the turn or add it."""
        store, text = episode.store, render_turn(turn)
        nearest = self._nearest(store, text)
        if nearest is None:
            leaving = make_room(store, text, store.entries)
            return (Noop() if leaving is None else add_turn(turn, leaving=leaving),)
        if len(text) <= len(nearest.text) or not _fits_in_place(store, nearest, text):
            return (Update(nearest.id, nearest.text, (turn.id,)),)
        return (Update(nearest.id, text, (turn.id,), turn.time),)

    def _nearest(self, store: MemoryStore, text: str) -> MemoryEntry | None:
        words = set(analyze(text))
        candidates = [hit.entry for hit in self._search(store, text, self.num_candidates)]
        likeness = [_likeness(words, set(analyze(entry.text))) for entry in candidates]
        best = max(range(len(candidates)), key=likeness.__getitem__, default=None)
        return candidates[best] if best is not None and likeness[best] >= self.threshold else None


def _fits_in_place(store: MemoryStore, entry: MemoryEntry, text: str) -> bool:
    capacity, num_tokens = store.capacity, count_tokens(text)
    if capacity.max_entry_tokens is not None and num_tokens > capacity.max_entry_tokens:
        return False
    others = store.tokens - count_tokens(entry.text)
    return capacity.max_tokens is None or others + num_tokens <= capacity.max_tokens


def _likeness(first: set[str], second: set[str]) -> float:
    return len(first & second) / math.sqrt(len(first) * len(second)) if first and second else 0.0


class ScriptedRule:
    """Replays operations that were decided beforehand: for tests, demonstrations and replays of a log.

    Args:
        script: The operations of each step; steps beyond its end have none.
        name: Names the script in tables.
        turns_per_chunk: The chunk size that the script was written for; None takes streams as they are cut.
    """

    stochastic = False

    def __init__(
        self,
        script: Sequence[Sequence[Operation]],
        *,
        name: str = "scripted",
        turns_per_chunk: int | None = None,
    ) -> None:
        self.name = name
        self.turns_per_chunk = turns_per_chunk
        self._script = tuple(map(tuple, script))

    def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
        """Return each episode's operations of its current step."""
        return [
            self._script[episode.step_index] if episode.step_index < len(self._script) else ()
            for episode in episodes
        ]
