"""The protocol of what plays the episodes of a run, and the recipes of its players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from torch import Tensor

from memdojo.envs.types import Stream

from ..config.run_kinds import LanguageConfig
from ..config.tables import Split
from ..episodes.memories import MEMORY_SPLITS, read_memories
from ..episodes.stages import Stages
from ..rollouts.tasks import RolloutTask
from ..runs.folder import RunFolder
from .one_step_episodes import build_one_steps
from .players import LanguageRecipe
from .setup import NO_CLIENTS, GraderClients, player_recipe
from .trajectories import LanguageGroup


class Sampling(Protocol):
    """Engines and players of a run, in this process or in others."""

    def play(self, player: str, tasks: Sequence[RolloutTask], version: int) -> list[LanguageGroup]:
        """Play tasks with weights of `version`, or as much older as the run allows; in their order.

        Raises:
            EngineError: If an engine refuses a request, or more processes died than may be replaced.
        """
        ...

    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> None:
        """Hand new weights to the policy's engines."""
        ...

    def take_answer_counts(self) -> tuple[int, int]:
        """Return how many questions the caches answered since the last call, and how many were asked."""
        ...

    def restarts(self) -> dict[str, float]:
        """Return metrics of what has been replaced and played again so far."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class PlayerRecipes:
    """The recipes of the players of a run, by name: `training` and `validation`.

    They are made before any engine starts, as what builds the memories of `[one_step]` may be a model too.

    Args:
        config: The run.
        run: Its folder, which has the memories over which questions are asked.
        splits: Its streams.
        model: Folder or hub id whose tokenizer is used.
    """

    def __init__(
        self, config: LanguageConfig, run: RunFolder, splits: Mapping[Split, Sequence[Stream]], model: str
    ) -> None:
        self._config = config
        self._splits = {**splits, "train": Stages.of(config, splits["train"]).streams}
        self._model = model
        self._one_steps = build_one_steps(config, self._splits["train"])
        self._memories = {
            split: read_memories(run, split, self._splits.get(split, ())) for split in MEMORY_SPLITS
        }

    def with_graders(self, clients: GraderClients = NO_CLIENTS) -> dict[str, LanguageRecipe]:
        """Return the recipes of players whose answers are given and graded through `clients`."""
        config = self._config
        return {
            "training": player_recipe(
                config,
                self._splits["train"],
                config.reward,
                self._model,
                clients=clients,
                one_steps=self._one_steps,
                training=True,
                memories=self._memories["train"],
            ),
            "validation": player_recipe(
                config,
                self._splits.get("validation", []),
                {config.evaluation.metric: 1.0},
                self._model,
                clients=clients,
                memories=self._memories["validation"],
            ),
        }
