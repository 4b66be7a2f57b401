"""`DesignManager`: a memory design as a manager that also reads, with somebody who decides for it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TypeVar

from memdojo.envs.episodes.readings import Reading, TellsReadings
from memdojo.envs.episodes.visible import CanFail, VisibleEpisode
from memdojo.envs.memory.embedders import Embedder, make_embedder
from memdojo.envs.memory.retrieval.protocol import Search
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Chunk, Hit, Noop, Operation
from memdojo.errors import EpisodeStateError, RoleError

from ...policy import MadeDecision
from ..parts.decisions import Steps
from ..parts.memory import DesignMemory
from ..parts.protocol import MemoryDesign
from ..roles.protocol import CountsCalls, Roles
from ..roles.rules import RuleRoles
from .driver import Decider, RuleDecider, run_together
from .noting import Note, made_decisions, noted

ManagerT = TypeVar("ManagerT")

DEFAULT_EMBEDDER = "wordllama"


class DesignManager:
    """Writes and reads as a design does; a `CausalPolicy` that is its own retriever.

    Attributes:
        design: The design.
        name: Names it in tables.
        turns_per_chunk: That of the design.
        stochastic: False; a decider that draws is for training.

    Args:
        design: The design.
        decider: Makes its choices; by default its own rule.
        roles: Do the work that its paper gives to a language model; by default rules.
        embedder: Says how near texts are to each other, or the name of one.
        name: By default that of the design.
    """

    stochastic = False

    def __init__(
        self,
        design: MemoryDesign,
        *,
        decider: Decider | None = None,
        roles: Roles | None = None,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        name: str = "",
    ) -> None:
        self.design = design
        self.name = name or design.name
        self.turns_per_chunk = design.turns_per_chunk
        self.decider: Decider = RuleDecider() if decider is None else decider
        self.roles: Roles = RuleRoles() if roles is None else roles
        self.embedder = make_embedder(embedder) if isinstance(embedder, str) else embedder
        self._notes: list[list[Note]] = []

    @property
    def reads_by(self) -> str:
        """The embedder, and who plays the roles."""
        return f"{self.embedder.name}, roles by {self.roles.fingerprint}"

    @property
    def learns(self) -> bool:
        """Whether the design learns from what came of readings."""
        return self.design.learns

    @property
    def role_counts(self) -> Mapping[str, int]:
        """What the roles have counted so far, by name; nothing of rules."""
        return self.roles.counts if isinstance(self.roles, CountsCalls) else {}

    @property
    def retriever(self) -> DesignReader:
        """Finds the entries for a question as the design does."""
        return DesignReader(self)

    def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current chunk of each episode, in the order of `episodes`.

        What came of the questions of the last step is learned from first, where the episode tells it. Where
        the work of a role cannot be had nothing is written, and the episode fails.

        Raises:
            EpisodeStateError: If an episode has ended.
            RoleError: If the work of a role cannot be had for an episode that cannot fail.
        """
        writing = [episode for episode in episodes if not (isinstance(episode, CanFail) and episode.failure)]
        memories = [self.memory(episode.store.fork(), episode.step_index) for episode in writing]
        notes: dict[int, list[Note]] = {id(episode): [] for episode in episodes}
        steps = [
            noted(step_of(self.design, memory, episode), memory, self.decider, notes[id(episode)])
            for memory, episode in zip(memories, writing, strict=True)
        ]
        self._notes = list(notes.values())
        operations: dict[int, tuple[Operation, ...]] = {}
        results = run_together(steps, self.decider, self.roles)
        for episode, memory, result in zip(writing, memories, results, strict=True):
            if result is None:
                operations[id(episode)] = tuple(memory.operations)
            elif isinstance(episode, CanFail):
                episode.fail(str(result))
            else:
                raise result
        return [operations.get(id(episode)) or (Noop(),) for episode in episodes]

    def last_decisions(self) -> list[tuple[MadeDecision, ...]]:
        """Return for each episode of the last `act` the decisions that were made, in order."""
        return [made_decisions(notes) for notes in self._notes]

    def memory(self, store: MemoryStore, step: int, *, read_only: bool = False) -> DesignMemory:
        """Return a store in the hands of the design."""
        return DesignMemory(store, step=step, embedder=self.embedder, read_only=read_only)


def with_roles(manager: ManagerT, roles: Roles) -> ManagerT:
    """Return a manager with other roles, if it is a memory design; any other is returned as it is."""
    if not isinstance(manager, DesignManager):
        return manager
    changed = copy.copy(manager)
    changed.roles = roles
    return changed


class DesignReader:
    """Finds the entries for a question as a design does; a `Retriever`.

    Args:
        manager: Whose design reads.
    """

    ranks_all = False
    """A design reads what it reads; there is no ranking of all entries behind it."""

    def __init__(self, manager: DesignManager) -> None:
        self._manager = manager
        self._notes: list[list[Note]] = []
        self.embedder = manager.embedder.name

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return at most `k` entries, best first.

        Raises:
            RoleError: If the work of a role cannot be had.
        """
        (hits,) = self.search_together([Search(store, query, k)])
        if isinstance(hits, RoleError):
            raise hits
        return hits

    def search_together(self, searches: Sequence[Search]) -> list[tuple[Hit, ...] | RoleError]:
        """Return what `search` returns for each, or the error that it raises."""
        manager = self._manager
        memories = [manager.memory(each.store, 0, read_only=True) for each in searches]
        self._notes = [[] for _ in searches]
        steps = [
            noted(manager.design.read(memory, each.query, each.k), memory, manager.decider, notes)
            for each, memory, notes in zip(searches, memories, self._notes, strict=True)
        ]
        found = run_together(steps, manager.decider, manager.roles)
        return [
            hits if isinstance(hits, RoleError) else hits[: each.k]
            for hits, each in zip(found, searches, strict=True)
        ]

    def last_reading_decisions(self) -> list[tuple[MadeDecision, ...]]:
        """Return for each search of the last `search_together` the decisions that were made, in order."""
        return [made_decisions(notes) for notes in self._notes]


def step_of(design: MemoryDesign, memory: DesignMemory, episode: VisibleEpisode) -> Steps[None]:
    """Return what a design does at an episode's step before questions are asked: it learns, then it writes.

    Raises:
        EpisodeStateError: If the episode has ended.
    """
    chunk = episode.chunk
    if chunk is None:
        raise EpisodeStateError("the stream has ended; start a new episode.")
    readings = episode.last_readings if isinstance(episode, TellsReadings) else ()
    return _learn_and_write(design, memory, chunk, readings)


def _learn_and_write(
    design: MemoryDesign, memory: DesignMemory, chunk: Chunk, readings: Sequence[Reading]
) -> Steps[None]:
    if readings:
        yield from design.learn(memory, readings)
    yield from design.write(memory, chunk)
