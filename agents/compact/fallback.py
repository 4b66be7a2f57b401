"""`FallbackManager`: a compact manager that lets a rule decide where it is out of its depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.types import Add, Operation

from ..baselines.rules import PriorityRule
from ..policy import CausalPolicy, Choice
from .familiarity import Familiarity
from .manager import CompactManager


class FallbackManager:
    """Decides as the learned manager does, or by a rule where the dialogue looks like none of the training.

    Which of the two is asked anew at each decision. Under a rule that goes by priorities, what the learned
    manager adds carries the rule's priority as well, so that the rule can compare all entries.

    Attributes:
        learned: The manager that was trained.
        familiarity: Says which dialogues it knows.
        rule: Decides in the others.
        name: Names the policy in tables.
    """

    turns_per_chunk = 1
    stochastic = False
    stores_turns_whole = True

    def __init__(self, learned: CompactManager, familiarity: Familiarity, rule: CausalPolicy) -> None:
        self.learned = learned
        self.familiarity = familiarity
        self.rule = rule
        self.name = learned.name
        self._deciders: list[str] = []

    def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current turn of each episode."""
        self._deciders = ["" if self.familiarity.knows(each) else self.rule.name for each in episodes]
        pairs = list(zip(episodes, self._deciders, strict=True))
        known = [episode for episode, decider in pairs if not decider]
        unknown = [episode for episode, decider in pairs if decider]
        learned = iter(self.learned.act(known) if known else ())
        by_rule = iter(self.rule.act(unknown) if unknown else ())
        return [
            next(by_rule) if decider else self._with_priority(episode, next(learned))
            for episode, decider in pairs
        ]

    def last_choices(self) -> list[tuple[Choice, ...]]:
        """Return the likeliest choices of each episode of the last `act`; none where the rule decided."""
        learned = iter(() if all(self._deciders) else self.learned.last_choices())
        return [() if decider else next(learned) for decider in self._deciders]

    def last_deciders(self) -> list[str]:
        """Return for each episode of the last `act` the rule that decided, or "" where none did."""
        return self._deciders

    def _with_priority(
        self, episode: VisibleEpisode, operations: tuple[Operation, ...]
    ) -> tuple[Operation, ...]:
        rule = self.rule
        if not isinstance(rule, PriorityRule):
            return operations
        return tuple(
            dataclasses.replace(each, utility=rule.priority(episode)) if isinstance(each, Add) else each
            for each in operations
        )
