"""Rollouts of a language policy in the process that learns."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from torch import Tensor

from memdojo.agents.engines.event_loop import EventLoop
from memdojo.agents.engines.registry import make_engine

from ..config.run_kinds import LanguageConfig
from ..rollouts.tasks import RolloutTask
from .sampling import PlayerRecipes
from .setup import engine_settings
from .trajectories import LanguageGroup
from .worker import LanguageWorker


class LocalSampling:
    """Plays the episodes of a run in this process, all tasks at a time, without Ray.

    The engine has a thread of its own, and as many threads for its arithmetic as the learner. If it fails,
    the run ends: nothing is replaced.

    Args:
        config: The run.
        recipes: Of its players.
        model: Folder or hub id of the weights that the engine begins with.

    Raises:
        MemdojoError: What `make_engine` raises.
    """

    def __init__(self, config: LanguageConfig, recipes: PlayerRecipes, model: str) -> None:
        self._worker = LanguageWorker(recipes.with_graders())
        self._engine = make_engine(model, engine_settings(config))
        self._loop = EventLoop()

    def play(self, player: str, tasks: Sequence[RolloutTask], version: int) -> list[LanguageGroup]:
        """Play tasks with the present weights; in their order.

        Raises:
            EngineError: If the engine fails or refuses a request.
        """
        return self._loop.run(self._play(player, tasks))

    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> None:
        """Hand new weights to the engine."""
        self._engine.load_weights(weights, version)

    def take_answer_counts(self) -> tuple[int, int]:
        """Return how many questions the caches answered since the last call, and how many were asked."""
        return self._loop.run(self._worker.take_answer_counts())

    def restarts(self) -> dict[str, float]:
        """Return nothing: there is no process to be replaced."""
        return {}

    def close(self) -> None:
        """Release the engine's memory."""
        self._loop.close()
        self._engine.close()

    async def _play(self, player: str, tasks: Sequence[RolloutTask]) -> list[LanguageGroup]:
        playing = [asyncio.create_task(self._worker.play(player, task, self._engine)) for task in tasks]
        try:
            return await asyncio.gather(*playing)
        finally:
            # Where one of them failed, the others are still under way.
            for each in playing:
                each.cancel()
