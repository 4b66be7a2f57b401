"""`LanguageWorker`: the players of a process, each of which plays many tasks at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping

from memdojo.agents.engines.engine import Sampler

from ..rollouts.tasks import RolloutTask
from .players import LanguageRecipe
from .trajectories import LanguageGroup


class LanguageWorker:
    """Players by name, in this process or in an actor.

    Args:
        make_players: Builds the players.
    """

    def __init__(self, make_players: Mapping[str, LanguageRecipe]) -> None:
        # Prompts are short: threads of the tokenizer would only fight with the engines for the cores.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        self._players = {name: make() for name, make in make_players.items()}
        self._told = (0, 0)

    async def play(self, player: str, task: RolloutTask, sampler: Sampler) -> LanguageGroup:
        """Return the trajectories of a task."""
        return await self._players[player].play(task, sampler)

    async def take_answer_counts(self) -> tuple[int, int]:
        """Return how many questions were answered from the caches since the last call, and how many asked."""
        (told_hits, told_misses), self._told = self._told, self._counts()
        return self._told[0] - told_hits, self._told[1] - told_misses

    async def pid(self) -> int:
        """Return the id of the process."""
        return os.getpid()

    def _counts(self) -> tuple[int, int]:
        counts = [player.answer_counts for player in self._players.values()]
        return sum(hits for hits, _ in counts), sum(misses for _, misses in counts)
