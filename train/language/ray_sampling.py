"""Rollouts of a language policy in Ray actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from memdojo.agents.engines.actors import EnginePool
from memdojo.agents.graders.registry import ServedModel, answering_model, judging_model

from ..config.run_kinds import LanguageConfig
from ..rollouts.ray_session import start_ray, stop_ray
from ..rollouts.tasks import RolloutTask
from .ray_rollouts import LanguageRollouts
from .sampling import PlayerRecipes
from .setup import GraderClients, engine_settings
from .trajectories import LanguageGroup


class RaySampling:
    """Plays the episodes of a run in Ray actors: engines, those of answerer and judge, and workers.

    Args:
        config: The run.
        recipes: Of its players.
        model: Folder or hub id of the weights that the engines begin with.
    """

    def __init__(self, config: LanguageConfig, recipes: PlayerRecipes, model: str) -> None:
        self._config = config
        self._recipes = recipes
        self._started_ray = start_ray(config.rollouts.address, num_cpus=config.rollouts.num_workers)
        self._answering: EnginePool | None = None
        self._judge: EnginePool | None = None
        try:
            self._engines = EnginePool(
                model,
                engine_settings(config),
                num_engines=config.engine.num_engines,
                max_restarts=config.engine.max_restarts,
            )
            self._answering = self._serve(answering_model(config.answerer))
            self._judge = self._serve(judging_model(config.judge))
            self._rollouts = self._start_rollouts()
        except BaseException:
            if self._started_ray:
                stop_ray()
            raise

    def play(self, player: str, tasks: Sequence[RolloutTask], version: int) -> list[LanguageGroup]:
        """Play tasks; see `LanguageRollouts.play`."""
        healed = [pool.heal() for pool in (self._answering, self._judge) if pool is not None]
        if any(healed):
            # The workers' clients know the engines that died.
            self._rollouts.close()
            self._rollouts = self._start_rollouts()
        return self._rollouts.play(player, tasks, version)

    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> None:
        """Hand new weights to the policy's engines; see `EnginePool.load_weights`."""
        self._engines.load_weights(weights, version)

    def take_answer_counts(self) -> tuple[int, int]:
        """Return how many questions the caches answered since the last call, and how many were asked."""
        return self._rollouts.take_answer_counts()

    def restarts(self) -> dict[str, float]:
        """Return metrics of what has been replaced and played again so far."""
        return {
            "rollouts/replayed_groups": float(self._rollouts.num_replayed),
            "restarts/workers": float(self._rollouts.num_restarts),
            "restarts/engines": float(self._engines.num_restarts),
        }

    def close(self) -> None:
        """End engines and workers, and Ray where it was started here."""
        self._rollouts.close()
        self._engines.close()
        for pool in (self._answering, self._judge):
            if pool is not None:
                pool.close()
        if self._started_ray:
            stop_ray()

    def _serve(self, served: ServedModel | None) -> EnginePool | None:
        if served is None:
            return None
        return EnginePool(
            served.model,
            served.settings,
            num_engines=served.settings.num_engines,
            max_restarts=self._config.engine.max_restarts,
        )

    def _start_rollouts(self) -> LanguageRollouts:
        config = self._config
        clients = GraderClients(
            None if self._answering is None else self._answering.client(),
            None if self._judge is None else self._judge.client(),
        )
        return LanguageRollouts(
            self._recipes.with_graders(clients),
            self._engines,
            num_workers=config.rollouts.num_workers,
            max_restarts=config.engine.max_restarts,
            max_staleness=config.engine.max_staleness,
        )
