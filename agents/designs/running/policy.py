"""`DesignManager`: a memory design as a manager that also reads, with somebody who decides for it."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.episodes.readings import Reading, TellsReadings
from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.memory.embedders import Embedder, make_embedder
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Chunk, Hit, Noop, Operation
from memdojo.errors import EpisodeStateError

from ...policy import MadeDecision
from ..parts.decisions import Steps
from ..parts.memory import DesignMemory
from ..parts.protocol import MemoryDesign
from ..roles.protocol import Roles
from ..roles.rules import RuleRoles
from .driver import Decider, RuleDecider, run_together
from .noting import Note, made_decisions, noted

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
    def retriever(self) -> DesignReader:
        """Finds the entries for a question as the design does."""
        return DesignReader(self)

    def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current chunk of each episode, in the order of `episodes`.

        What came of the questions of the last step is learned from first, where the episode tells it.

        Raises:
            EpisodeStateError: If an episode has ended.
        """
        memories = [self.memory(episode.store.fork(), episode.step_index) for episode in episodes]
        self._notes = [[] for _ in episodes]
        steps = [
            noted(step_of(self.design, memory, episode), memory, self.decider, notes)
            for memory, episode, notes in zip(memories, episodes, self._notes, strict=True)
        ]
        run_together(steps, self.decider, self.roles)
        return [tuple(memory.operations) or (Noop(),) for memory in memories]

    def last_decisions(self) -> list[tuple[MadeDecision, ...]]:
        """Return for each episode of the last `act` the decisions that were made, in order."""
        return [made_decisions(notes) for notes in self._notes]

    def memory(self, store: MemoryStore, step: int, *, read_only: bool = False) -> DesignMemory:
        """Return a store in the hands of the design."""
        return DesignMemory(store, step=step, embedder=self.embedder, read_only=read_only)


class DesignReader:
    """Finds the entries for a question as a design does; a `Retriever`.

    Args:
        manager: Whose design reads.
    """

    ranks_all = False
    """A design reads what it reads; there is no ranking of all entries behind it."""

    def __init__(self, manager: DesignManager) -> None:
        self._manager = manager
        self._notes: list[Note] = []
        self.embedder = manager.embedder.name

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return at most `k` entries, best first."""
        manager = self._manager
        memory = manager.memory(store, 0, read_only=True)
        notes: list[Note] = []
        steps = noted(manager.design.read(memory, query, k), memory, manager.decider, notes)
        (hits,) = run_together([steps], manager.decider, manager.roles)
        self._notes = notes
        return hits[:k]

    def last_reading(self) -> tuple[MadeDecision, ...]:
        """Return the decisions of the last `search`, in order."""
        return made_decisions(self._notes)


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
