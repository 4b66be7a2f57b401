"""`MemoryDesign`: how a memory is written, read and taught, with its choices left open."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.types import Chunk, Hit
from memdojo.registry import first_line

from .decisions import DecisionKind, Steps
from .memory import DesignMemory


class MemoryDesign(ABC):
    """A memory design: three generators, each of which yields what it waits for.

    Where a design has a choice it says `option = yield from decide(...)`, and where a paper asks a language
    model, `text = yield from summary_of(...)` or the like (`memdojo.agents.designs.parts.calls`). All else is
    deterministic.

    **A design keeps nothing of its own: all that it knows stands in the store**, as entries with kinds, tags,
    links and counts. So its memory forks, is saved and is inspected like any other. What it is made of are
    its parameters; build it with them.

    Attributes:
        name: What it is called in configurations and tables.
        turns_per_chunk: The chunk size that it writes; None takes the stream as it is cut.
        decisions: The choices that it has.
        writes: Kinds of the entries that it makes, `CORE_KIND` for the core block; none where it does not
            say.
        reads: Kinds of which it needs some to find anything; None where it reads whatever entries there are.
    """

    name: str = ""
    turns_per_chunk: int | None = 1
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] | None = None
    decisions: tuple[DecisionKind, ...] = ()

    @property
    def description(self) -> str:
        """What it does, in one line: the first of its docstring."""
        return first_line(type(self))

    @abstractmethod
    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Take what was said.

        Args:
            memory: Is changed by operations.
            chunk: One or more turns, whose session it names.
        """

    @abstractmethod
    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return at most `k` entries from which a question is to be answered, best first; changes nothing.

        Args:
            memory: Is read.
            question: What is asked.
            k: How many entries the answerer gets.
        """

    @property
    def learns(self) -> bool:
        """True if `learn` does something, so that readings are worth keeping for it."""
        return type(self).learn is not MemoryDesign.learn

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Take what came of the last readings, before what is said next; by default nothing changes.

        Args:
            memory: Is changed by operations.
            readings: What was asked since the last chunk, what was read for it and what came of it.
        """
        yield from ()
