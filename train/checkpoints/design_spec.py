"""`DesignSpec`: what a checkpoint knows of the memory design whose decisions it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from memdojo.agents.designs.parts.protocol import MemoryDesign
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.running.features import DecisionFeatures, learned_kinds
from memdojo.errors import CheckpointError, MemdojoError
from memdojo.settings import with_absolute_folders

from ..config.tables import DesignConfig


@dataclass(frozen=True, slots=True)
class DesignSpec:
    """A memory design some of whose decisions were learned.

    Attributes:
        name: Of the design.
        parameters: With which it is built, by name.
        learned: Names of the decisions, in the design's order.
        roles: Who did the roles' work, as the table `[design.roles]` says; empty where rules did.
    """

    name: str
    parameters: Mapping[str, Any]
    learned: tuple[str, ...]
    roles: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, chosen: DesignConfig) -> Self:
        """Return what a run has learned of a design.

        Raises:
            ConfigError: If the configuration names no design.
        """
        design = chosen.design
        assert chosen.name is not None  # There is a design.
        learned = tuple(kind.name for kind in learned_kinds(design, chosen.learn))
        # Found from wherever the checkpoint is used.
        roles = with_absolute_folders(chosen.roles).model_dump(mode="json")
        return cls(chosen.name, chosen.parameters, learned, roles)

    def build(self) -> tuple[MemoryDesign, DecisionFeatures]:
        """Return the design, and what a network sees of its decisions.

        Raises:
            ConfigError: If there is no such design any more, or it has other parameters or decisions.
        """
        design = make_design(self.name, **self.parameters)
        return design, DecisionFeatures(learned_kinds(design, self.learned))

    def build_for(self, folder: str | Path) -> tuple[MemoryDesign, DecisionFeatures]:
        """Return what `build` returns, for the checkpoint in a folder.

        Raises:
            CheckpointError: If that raises.
        """
        try:
            return self.build()
        except MemdojoError as error:
            raise CheckpointError(
                f"{folder} holds decisions of a design that cannot be built: {error}"
            ) from None
