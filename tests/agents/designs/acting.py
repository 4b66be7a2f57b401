"""Designs at work in tests: what they write of a few turns, and what they read."""

from __future__ import annotations

from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.play import play_manager
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.types import Capacity
from tests.builders import make_stream


class Choosing:
    """Decides by the rule but for some kinds of decisions, and notes all that was asked.

    Args:
        options: The option by the name of the kind; one beyond the last means the last.
    """

    def __init__(self, **options):
        self.options, self.asked = options, []

    def choose(self, decisions):
        self.asked += decisions
        return [
            min(self.options.get(each.kind.name, each.by_rule), each.num_options - 1) for each in decisions
        ]

    def of(self, name):
        """Return the decisions of a kind that were asked for."""
        return [each for each in self.asked if each.kind.name == name]


class Memory:
    """A design's memory after some turns.

    Args:
        design: The design.
        said: What each turn says, as for `make_stream`.
        choosing: Decides.
        capacity: Limits of the store.
        fields: As for `make_stream`.
    """

    def __init__(self, design, *said, choosing=None, capacity=None, **fields):
        self.choosing = choosing or Choosing()
        self.manager = DesignManager(design, decider=self.choosing)
        self.episode = ManagerEpisode(
            StreamContext(make_stream(*said, **fields)),
            capacity or Capacity(),
            retriever=self.manager.retriever,
            answerer=ExtractiveAnswerer(),
            top_k=4,
        )
        play_manager(self.manager, [self.episode], self.episode.answerer)

    @property
    def entries(self):
        """All entries."""
        return self.episode.store.entries

    def texts(self, *kinds):
        """Return the texts of entries of some kinds that are valid."""
        return [entry.text for entry in self.entries if entry.kind in kinds and entry.ended is None]

    def read(self, question, k=4):
        """Return the texts that are read for a question."""
        return [hit.entry.text for hit in self.manager.retriever.search(self.episode.store, question, k)]
