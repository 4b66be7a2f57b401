"""`ProviderManager`: a memory provider of two functions, as EvolveLab has them, as a manager that reads."""

from __future__ import annotations

import enum
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar
from weakref import WeakKeyDictionary

from memdojo.envs.episodes.readings import Reading, TellsReadings
from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.room import make_room_for_pieces
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.rendering import pieces_of
from memdojo.envs.types import Add, Chunk, Hit, MemoryEntry, Noop, Operation, Turn
from memdojo.errors import DesignError, EpisodeStateError, cut_short

T = TypeVar("T")

_MATCHING = 0.5
"""Share of an entry's terms that a text has to have to be told from it, or of a text's that an entry has."""

_log = logging.getLogger(__name__)


class MemoryStatus(enum.Enum):
    """When a provider is asked: at the beginning of a task, or within it."""

    BEGIN = "begin"
    IN = "in"


@dataclass
class MemoryRequest:
    """What a provider is asked for."""

    query: str
    context: str
    status: Any
    additional_params: dict[str, Any] | None = None


@dataclass
class TrajectoryData:
    """What a provider takes in."""

    query: str
    trajectory: list[dict[str, Any]]
    result: Any = None
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ProviderTypes:
    """The classes of the records that a provider gets; give EvolveLab's own to one that compares by class."""

    request: Callable[..., Any] = MemoryRequest
    trajectory: Callable[..., Any] = TrajectoryData
    begin: Any = MemoryStatus.BEGIN


class MemoryProvider(Protocol):
    """A memory of two functions (EvolveLab, arXiv:2512.18746, section 3, and its published code)."""

    def provide_memory(self, request: Any, /) -> Any:
        """Return what helps with `request.query`: an object with `memories`, each with its `content`.

        Those that know it also have `turns`, the ids of the turns that they came from.
        """
        ...

    def take_in_memory(self, trajectory_data: Any, /) -> Any:
        """Take a trajectory into the memory."""
        ...


class Provided(NamedTuple):
    """A text that a provider gave, and the ids of the turns that it says this came from, if it does."""

    text: str
    turns: tuple[str, ...] = ()


@dataclass(slots=True)
class _Known:
    """A provider, and the step that it took in last."""

    provider: MemoryProvider
    step: int


@dataclass(slots=True)
class ProviderCounts:
    """What became of what providers gave.

    Attributes:
        provided: Texts that they gave.
        unmatched: Those of them that no entry of the store stands behind, which are not handed over.
        refused: Trajectories that they said they did not take in.
    """

    provided: int = 0
    unmatched: int = 0
    refused: int = 0


@dataclass
class ProviderManager:
    """Lets a provider remember: it takes in each chunk as a trajectory, and provides for each question.

    Its memory is its own, and the store mirrors it: every turn that it took in is an entry, the oldest of
    which leave a full store. A text that it provides is handed over in its own words, as the entry and with
    the sources of the turns that it tells, or of those that the provider names; a text that tells of no turn
    in the store is not, so that capacities hold for providers as for others. What came of a question is taken
    in as a trajectory too, with `metadata["is_correct"]`.

    A provider belongs to one store. For one that it has not met, such as a fork, a new one is built and takes
    in what the store holds. One that raises ends the step with a `DesignError`. While it takes in, the store
    is as it was before the chunk, and the chunk can be taken in once more; the store keeps what it holds in
    any case, and the next attempt builds a new provider from it.

    Attributes:
        build: Makes a provider that remembers nothing.
        name: Names it in tables.
        types: Classes of the records that it gets.
        success: Score of an answer from which on it was correct.
        turns_per_chunk: The chunk size that it takes in.
        counts: What became of what was provided.
    """

    build: Callable[[], MemoryProvider]
    name: str = "provider"
    types: ProviderTypes = ProviderTypes()
    success: float = 1.0
    turns_per_chunk: int | None = 1
    counts: ProviderCounts = field(default_factory=ProviderCounts)
    _known: WeakKeyDictionary[MemoryStore, _Known] = field(default_factory=WeakKeyDictionary, repr=False)

    stochastic = False

    @property
    def learns(self) -> bool:
        """True: a provider is told what came of readings."""
        return True

    @property
    def reads_by(self) -> str:
        """The provider."""
        return "what the provider gives"

    @property
    def retriever(self) -> ProviderReader:
        """Finds the entries for a question by what the provider gives."""
        return ProviderReader(self)

    def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current chunk of each episode, in the order of `episodes`.

        Raises:
            EpisodeStateError: If an episode has ended.
            DesignError: If a provider raises.
        """
        return [self._take_in(episode) for episode in episodes]

    def provided(self, store: MemoryStore, query: str) -> list[Provided]:
        """Return what the provider of a store gives for a query, best first.

        Raises:
            DesignError: If it raises.
        """
        known = self._of(store)
        request = self.types.request(query=query, context="", status=self.types.begin)
        response = self._call("provide_memory", store, lambda: known.provider.provide_memory(request))
        memories = getattr(response, "memories", response) or ()
        return [
            Provided(text, tuple(getattr(each, "turns", ())))
            for each in memories
            if (text := _as_text(getattr(each, "content", each))).strip()
        ]

    def _take_in(self, episode: VisibleEpisode) -> tuple[Operation, ...]:
        chunk, store = episode.chunk, episode.store
        if chunk is None:
            raise EpisodeStateError("the stream has ended; start a new episode.")
        known = self._known.get(store)
        if known is not None and known.step >= episode.step_index:
            # The step is done once more: what the provider took in then is not in the store.
            del self._known[store]
        known = self._of(store)
        readings = episode.last_readings if isinstance(episode, TellsReadings) else ()
        for trajectory in (*map(self._reading, readings), self._chunk(chunk)):
            self._tell(store, known, trajectory)
        known.step = episode.step_index
        trial, operations = store.fork(), list[Operation]()
        for turn in chunk.turns:
            for operation in _mirrored(trial, turn):
                operations.append(operation)
                trial.apply(operation, episode.step_index)
        return tuple(operations) or (Noop(),)

    def _of(self, store: MemoryStore) -> _Known:
        """Return the provider of a store; a new one takes in what the store holds."""
        known = self._known.get(store)
        if known is None:
            known = _Known(self._call("__init__", store, self.build), -1)
            initialize = getattr(known.provider, "initialize", None)
            if callable(initialize):
                self._call("initialize", store, initialize)
            for entry in store.entries:
                steps = [_step("user", entry.text, entry.time, entry.sources)]
                self._tell(store, known, self._trajectory(entry.text, steps, None, is_correct=True))
            self._known[store] = known
        return known

    def _tell(self, store: MemoryStore, known: _Known, trajectory: Any) -> None:
        reply = self._call("take_in_memory", store, lambda: known.provider.take_in_memory(trajectory))
        self.counts.refused += isinstance(reply, tuple) and bool(reply) and reply[0] is False

    def _chunk(self, chunk: Chunk) -> Any:
        steps = [_step(turn.speaker, turn.text, turn.time or chunk.time, (turn.id,)) for turn in chunk.turns]
        said = "\n".join(f"{turn.speaker}: {turn.text}" for turn in chunk.turns)
        return self._trajectory(said, steps, None, is_correct=True)

    def _reading(self, reading: Reading) -> Any:
        steps = [{"role": "memory", "content": entry.text} for entry in reading.entries]
        is_correct = reading.score is not None and reading.score >= self.success
        return self._trajectory(reading.question, steps, reading.answer, is_correct=is_correct)

    def _trajectory(self, query: str, steps: list[dict[str, Any]], result: Any, *, is_correct: bool) -> Any:
        metadata = {"is_correct": is_correct}
        return self.types.trajectory(query=query, trajectory=steps, result=result, metadata=metadata)

    def _call(self, function: str, store: MemoryStore, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:
            self._known.pop(store, None)
            raise DesignError(
                f"the memory provider {self.name!r} failed in {function}: {type(error).__name__}: "
                f"{cut_short(str(error))}; the store keeps what it holds, so mend the provider, and a new "
                "one takes that in."
            ) from error

    def __reduce__(self) -> tuple[object, ...]:
        fields = (self.build, self.name, self.types, self.success, self.turns_per_chunk)
        return ProviderManager, fields


class ProviderReader:
    """Finds the entries for a question by what a provider gives; a `Retriever`.

    Args:
        manager: Whose providers it asks.
    """

    ranks_all = False
    """A provider gives what it gives; there is no ranking of all entries behind it."""

    def __init__(self, manager: ProviderManager) -> None:
        self._manager = manager

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return at most `k` entries in the provider's words, best first."""
        provided, counts = self._manager.provided(store, query), self._manager.counts
        counts.provided += len(provided)
        hits: dict[int, Hit] = {}
        for text, turns in provided:
            if turns:
                entry = _entry_from(store, text, turns)
                if entry is not None and entry.id in hits:
                    # Two texts of one turn are handed over together.
                    earlier = hits[entry.id]
                    sources = tuple(dict.fromkeys((*entry.sources, *earlier.entry.sources)))
                    both = replace(entry, text=f"{earlier.entry.text}\n{text}", sources=sources)
                    hits[entry.id] = replace(earlier, entry=both)
                    continue
            else:
                entry = next((entry for entry in told_entries(store, text) if entry.id not in hits), None)
            if entry is not None:
                hits[entry.id] = Hit(entry, 1 / (1 + len(hits)))
                continue
            if not counts.unmatched:
                _log.warning(
                    "The provider %s gave a text that no turn in the store stands behind; such texts are "
                    "counted (`counts.unmatched`) and not handed over: %.200s",
                    self._manager.name,
                    ascii(text),
                )
            counts.unmatched += 1
        return tuple(hits.values())[: max(k, 0)]


def told_entries(store: MemoryStore, text: str) -> Iterator[MemoryEntry]:
    """Yield the entries that a text may tell of, in its words and with the sources of all, likeliest first.

    An entry is told where the text has half of its terms, or it has half of the text's.

    Args:
        store: Whose entries they are.
        text: Anybody's words.
    """
    terms = set(analyze(text))
    shares = []
    for entry in store.readable:
        own = set(analyze(entry.text))
        common = len(own & terms)
        share = max(common / len(own), common / len(terms)) if common else float(entry.text == text)
        if share >= _MATCHING:
            shares.append((share, common, entry.id, entry))
    ranked = [entry for *_, entry in sorted(shares, key=lambda each: each[:3], reverse=True)]
    turns = dict.fromkeys(source for entry in ranked[::-1] for source in entry.sources)
    for entry in ranked:
        last = entry.sources[-1:]
        others = (turn for turn in turns if turn not in last)
        yield replace(entry, text=text, sources=(*others, *last))


def _entry_from(store: MemoryStore, text: str, turns: tuple[str, ...]) -> MemoryEntry | None:
    """Return the entry of the latest of some turns, in a text's words; None if the store has none of them."""
    held = [entry for entry in store.readable if not {*turns}.isdisjoint(entry.sources)]
    if not held:
        return None
    sources = dict.fromkeys(turn for entry in held for turn in entry.sources if turn in turns)
    return replace(held[-1], text=text, sources=tuple(sources))


def _mirrored(store: MemoryStore, turn: Turn) -> list[Add]:
    """Return the ADDs of a turn, in pieces where it is too long for one entry; the oldest leave for them."""
    texts = pieces_of(turn, store.capacity)
    rooms = make_room_for_pieces(store, texts, store.entries)
    return [
        Add(text, (turn.id,), turn.time, "turn", evicts=tuple(entry.id for entry in leaving))
        for text, leaving in zip(texts, rooms, strict=False)
    ]


def _as_text(content: object) -> str:
    if isinstance(content, str):
        return content
    return json.dumps(content, ensure_ascii=False, default=str)


def _step(role: str, content: str, time: datetime | None, turns: tuple[str, ...]) -> dict[str, Any]:
    said_at = "" if time is None else time.isoformat()
    return {"role": role, "content": content, "time": said_at, "turns": list(turns)}
