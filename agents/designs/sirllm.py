"""SirLLM (Yao et al., ACL 2024): what was surprising stays, beside what was said last."""

from __future__ import annotations

from collections.abc import Sequence

from memdojo.envs.types import Chunk, Hit, MemoryEntry
from memdojo.errors import ConfigError

from .parts.decisions import Steps
from .parts.memory import DesignMemory
from .parts.protocol import MemoryDesign
from .parts.room import LEAVE, add_turn
from .parts.segments import surprise_of


class SirLLM(MemoryDesign):
    """Keeps the first turns, the latest ones, and of the rest those whose words were least expected.

    The paper keeps tokens of a cache by their entropy when they were seen; here they are turns of a store, by
    the mean surprise of their terms: minus the logarithm of how often a term occurs among the entries. Over
    capacity the lowest surprise leaves, times `decay` for every step since.

    Source: SirLLM (arXiv:2405.12528, section 3.2) and its published code: 4 first tokens, no decay.

    Args:
        num_first: Entries of the beginning that stay.
        num_recent: Latest entries that stay.
        decay: What a surprise is worth a step later, in (0, 1].

    Raises:
        ConfigError: If a number is out of range.
    """

    name = "sirllm"
    writes = ("turn",)
    decisions = (LEAVE,)

    def __init__(self, num_first: int = 4, num_recent: int = 8, decay: float = 1.0) -> None:
        if num_first < 0 or num_recent < 0 or not 0 < decay <= 1:
            raise ConfigError(
                f"sirllm has num_first={num_first}, num_recent={num_recent}, decay={decay}; give counts of 0 "
                "or more, and a decay above 0 and at most 1."
            )
        self.num_first, self.num_recent, self.decay = num_first, num_recent, decay

    def write(self, memory: DesignMemory, chunk: Chunk) -> Steps[None]:
        """Add each turn with its surprise; who leaves is a choice."""
        for turn in chunk.turns:
            surprise = surprise_of(memory, turn.text)
            yield from add_turn(memory, turn, lambda: self._lowest_first(memory), utility=surprise)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what shares a term with the question, by BM25: the cache's attention."""
        yield from ()
        return memory.matching(question, k)

    def _lowest_first(self, memory: DesignMemory) -> Sequence[MemoryEntry]:
        entries = memory.store.entries
        middle = entries[self.num_first : max(len(entries) - self.num_recent, self.num_first)]
        spared = [*entries[self.num_first + len(middle) :], *entries[: self.num_first]]

        def worth(entry: MemoryEntry) -> tuple[float, int]:
            return entry.utility * self.decay ** (memory.step - entry.created_step), entry.id

        return [*sorted(middle, key=worth), *spared]
