"""Hand-made managers: no learning, no look ahead, one turn at a time.

They store turns verbatim and name the entries that leave when the store is full, so that the capacity rule of
the store never decides for them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from memdojo.envs.episodes.visible import TurnValues, VisibleDialogue, VisibleEpisode
from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.memory.room import make_room_for_pieces
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.rendering import pieces_of, render_turn
from memdojo.envs.streams.turn_features import COLUMN
from memdojo.envs.types import Add, MemoryEntry, Noop, Operation, Turn
from memdojo.errors import EpisodeStateError

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
    return add_text(render_turn(turn), turn, utility=utility, leaving=leaving)


def add_text(text: str, turn: Turn, *, utility: float = 0.0, leaving: Iterable[MemoryEntry] = ()) -> Add:
    """Return the operation that stores a text out of a turn in place of the entries that are leaving."""
    evicts = tuple(entry.id for entry in leaving)
    return Add(text, (turn.id,), turn.time, "turn", utility, evicts)


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
        return keep_highest(episode.store, turn, self._priority(episode, turn))

    def priority(self, episode: VisibleEpisode) -> float:
        """Return the priority of the turn that the episode waits with.

        Raises:
            EpisodeStateError: If the episode has ended or its chunk has more than one turn.
        """
        return self._priority(episode, self._current_turn(episode))

    def _priority(self, episode: VisibleEpisode, turn: Turn) -> float:
        context = episode.context
        return float(context.turn_values(self._priorities)[context.turn_index[turn.id]])


class RandomRule(TurnRule[VisibleEpisode]):
    """Keeps a uniformly random sample of the turns so far (reservoir sampling by random keys)."""

    name = "random"
    stochastic = True

    def decide(self, episode: VisibleEpisode, turn: Turn) -> tuple[Operation, ...]:
        """Give the turn a random priority and keep the highest."""
        return keep_highest(episode.store, turn, float(episode.rng.random()))


def keep_highest(store: MemoryStore, turn: Turn, priority: float) -> tuple[Operation, ...]:
    """Return the ADD of a turn in place of entries of lower priority, or NOOP if those make no room.

    A turn that is too long for one entry is added in pieces, as many of them as there is room for.
    """
    return _add_pieces(store, turn, _lowest_first(store), priority)


def keep_newest(
    store: MemoryStore, turn: Turn, leaving_first: Iterable[MemoryEntry] | None = None
) -> tuple[Operation, ...]:
    """Return the ADD of a turn, in pieces where it is too long for one entry.

    Args:
        store: The store as it is.
        turn: The turn.
        leaving_first: All entries, the first to leave a full store in front; by default the oldest.
    """
    return _add_pieces(store, turn, store.entries if leaving_first is None else leaving_first)


def _add_pieces(
    store: MemoryStore, turn: Turn, leaving_first: Iterable[MemoryEntry], priority: float | None = None
) -> tuple[Operation, ...]:
    """Return the ADDs of a turn as far as there is room; entries of no lower priority do not leave."""
    pieces = pieces_of(turn, store.capacity)
    adds: list[Operation] = []
    for text, leaving in zip(pieces, make_room_for_pieces(store, pieces, leaving_first), strict=False):
        if priority is not None and any(entry.utility >= priority for entry in leaving):
            break
        adds.append(add_text(text, turn, utility=priority or 0.0, leaving=leaving))
    return tuple(adds) or (Noop(),)


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
