"""`Combined`: a design that writes as one and reads as another."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.types import CORE_KIND, Chunk, Hit
from memdojo.errors import ConfigError

from ..parts.decisions import Steps
from ..parts.memory import DesignMemory
from ..parts.protocol import MemoryDesign

PLUS = "+"
"""Joins the names of two designs, of which the first writes and the second reads."""


class Combined(MemoryDesign):
    """Writes and learns as one design, and reads as another what that one has written.

    Decisions that both have are there once. Two that share nothing but their name cannot be told apart by
    it: they are left out of `decisions`, and so made by their rules.

    Args:
        write_design: Writes and learns.
        read_design: Reads.

    Raises:
        ConfigError: If the second finds nothing of what the first writes.
    """

    def __init__(self, write_design: MemoryDesign, read_design: MemoryDesign) -> None:
        if not goes_with(write_design, read_design):
            raise ConfigError(
                f"{read_design.name} reads entries of the kinds {', '.join(read_design.reads or ('any',))} "
                f"and finds none of them where {write_design.name} writes, whose kinds are "
                f"{', '.join(write_design.writes) or 'unknown'}; choose another reader."
            )
        self.write_design, self.read_design = write_design, read_design
        self.turns_per_chunk = write_design.turns_per_chunk
        kinds = dict.fromkeys((*write_design.decisions, *read_design.decisions))
        names = [kind.name for kind in kinds]
        self.name = f"{write_design.name}{PLUS}{read_design.name}"
        self.decisions = tuple(kind for kind in kinds if names.count(kind.name) == 1)
        self.writes, self.reads = write_design.writes, read_design.reads

    @property
    def description(self) -> str:
        """Those of both designs."""
        return f"{self.write_design.description} Reads as this one: {self.read_design.description}"

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Write as the first design."""
        yield from self.write_design.write(memory, chunk)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Read as the second design."""
        return (yield from self.read_design.read(memory, question, k))

    @property
    def learns(self) -> bool:
        """Whether the first design learns."""
        return self.write_design.learns

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Learn as the first design."""
        yield from self.write_design.learn(memory, readings)


def goes_with(
    write_design: MemoryDesign | type[MemoryDesign], read_design: MemoryDesign | type[MemoryDesign]
) -> bool:
    """Return whether a design can find anything of what another writes, by the kinds that both name."""
    written, read = set(write_design.writes), read_design.reads
    if read is None:
        return not written or written != {CORE_KIND}
    return not written.isdisjoint(read)
