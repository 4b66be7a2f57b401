"""`FamiliarDialogues`: what the training dialogues look like to a manager, for its fallback."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.agents.baselines.registry import make_fallback_rule
from memdojo.agents.compact.familiarity import (
    MIN_ENTRIES,
    DialogueSummaries,
    Familiarity,
    fit_familiarity,
    summary,
)
from memdojo.agents.compact.manager import CompactManager
from memdojo.agents.play import play_manager
from memdojo.agents.policy import CausalPolicy
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.streams.turn_features import TURN_FEATURES, FloatArray
from memdojo.envs.types import Operation, Stream

from ..config.tables import FallbackConfig

MAX_STREAMS = 32
"""Training streams that are looked at: more say little that is new, and each checkpoint plays them."""


class FamiliarDialogues:
    """Training streams, played by a manager and by the rule that it falls back on.

    Both may have written the memory that a decision is about, so what either leaves of the training is
    familiar. Streams are played as wholes, also where the training is on windows.

    Attributes:
        rule: Name of the rule.

    Args:
        policy: The manager, whose network is trained on.
        streams: The training streams, in chunks of single turns; of a mixture, `source` says which part.
        rules: Build their episodes.
        settings: With a rule.

    Raises:
        ConfigError: If no episode of the rule comes to enough entries.
    """

    def __init__(
        self,
        policy: CompactManager,
        streams: Sequence[Stream],
        rules: EpisodeRules,
        settings: FallbackConfig,
    ) -> None:
        assert settings.rule is not None
        self.rule = settings.rule
        self._policy = policy
        self._quantile = settings.quantile
        self._rules = rules
        self._contexts = [StreamContext(stream) for stream in _some_of_each_kind(streams)]
        self._by_rule = self._played(make_fallback_rule(self.rule))
        # What is wrong is told before the training.
        fit_familiarity(self._by_rule, self._quantile)

    def fit(self) -> Familiarity:
        """Return what is familiar to the manager as it is now."""
        return fit_familiarity([*self._by_rule, *self._played(self._policy)], self._quantile)

    def _played(self, policy: CausalPolicy) -> list[DialogueSummaries]:
        episodes = [self._rules.manager(context, seed=0) for context in self._contexts]
        watched = _SummarisedPolicy(policy)
        play_manager(watched, episodes)
        return [
            DialogueSummaries(context.stream.source, context.stream.group, watched.rows(episode))
            for context, episode in zip(self._contexts, episodes, strict=True)
        ]


class _SummarisedPolicy:
    """A manager whose decisions are summarised by episode."""

    def __init__(self, policy: CausalPolicy) -> None:
        self.name = policy.name
        self.turns_per_chunk = policy.turns_per_chunk
        self.stochastic = policy.stochastic
        self._policy = policy
        self._rows: dict[int, list[FloatArray]] = {}

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        for episode in episodes:
            if len(episode.store) >= MIN_ENTRIES:
                self._rows.setdefault(id(episode), []).append(summary(episode))
        return self._policy.act(episodes)

    def rows(self, episode: ManagerEpisode) -> FloatArray:
        rows = self._rows.get(id(episode), [])
        return np.stack(rows) if rows else np.zeros((0, len(TURN_FEATURES)), np.float32)


def _some_of_each_kind(streams: Sequence[Stream]) -> list[Stream]:
    """Return at most `MAX_STREAMS`, from all over each kind and as many of each as it has."""
    kinds = {stream.source: [each for each in streams if each.source == stream.source] for stream in streams}
    number = max(MAX_STREAMS // len(kinds), 1)
    chosen = []
    for of_kind in kinds.values():
        places = np.linspace(0, len(of_kind) - 1, min(number, len(of_kind))).round().astype(int)
        chosen += [of_kind[place] for place in places.tolist()]
    return chosen
