"""Other people's memories as managers: they are evaluated on our streams beside ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from memdojo.agents.designs.running.providers import ProviderManager


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a memory found.

    Attributes:
        content: The text.
        turns: Ids of the turns that it came from, as `add` was given them; empty where the memory does not
            know. Then they are matched by words: those of every turn that shares half of its terms with the
            text, or half of the text's.
    """

    content: str
    turns: tuple[str, ...] = ()


class ForeignMemory(Protocol):
    """A memory that takes what is said, and finds what it kept of it."""

    def add(self, text: str, *, speaker: str, time: str, turns: Sequence[str]) -> None:
        """Take what was said.

        Args:
            text: What was said.
            speaker: Who said it.
            time: When, in ISO format; "" if that is not known.
            turns: Ids of the turns that it came from, for `Remembered`.
        """
        ...

    def search(self, query: str, k: int) -> Sequence[Remembered | str]:
        """Return at most `k` things that were kept, best first."""
        ...


def foreign_manager(build: Callable[[], ForeignMemory], *, name: str, k: int = 10) -> ProviderManager:
    """Return a manager that lets another memory remember and reads by what that finds.

    The memory is given every turn, and asked for every question. It is told of nothing else. Our store
    mirrors the turns, and what it finds is handed over in its words, as far as the store holds a turn that it
    came from (`ProviderManager`): so it has provenance, and a capacity holds for it as for everybody.

    Args:
        build: Makes a memory that remembers nothing. One is built for every stream.
        name: Names it in tables.
        k: How much it is asked for; the evaluation hands over at most its own `top_k` of that.
    """
    return ProviderManager(lambda: _Provider(build(), k), name=name)


@dataclass(frozen=True, slots=True)
class _Found:
    memories: Sequence[Remembered | str]


@dataclass(frozen=True, slots=True)
class _Provider:
    memory: ForeignMemory
    k: int

    def provide_memory(self, request: Any, /) -> _Found:
        return _Found(self.memory.search(request.query, self.k))

    def take_in_memory(self, trajectory_data: Any, /) -> bool:
        for step in trajectory_data.trajectory:
            # What came of a question has no turns.
            if step.get("turns"):
                self.memory.add(step["content"], speaker=step["role"], time=step["time"], turns=step["turns"])
        return True
