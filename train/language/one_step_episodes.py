"""Episodes of one step: a memory written by a builder, one decision on it, and the questions about that turn.

Memory-R1 (arXiv:2508.19828, section 3 and algorithm 1) trains its manager on such tuples: the temporal memory
before a turn, the turn, and the questions linked to it. The memories are written once, before the training.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from memdojo.agents.play import play_manager
from memdojo.agents.policy import ManagerPolicy, release_models
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.design_operations import Invalidate, Value
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.windows import linked_chunks, step_window
from memdojo.envs.types import Add, MemoryEntry, Relink, Stream

from ..checkpoints.loading import load_manager
from ..config.run_kinds import LanguageConfig

EPISODES_AT_A_TIME = 64
"""Windows that a builder plays side by side, so that the requests of one that is a model share a batch."""

Writes = tuple[Add | Relink | Value | Invalidate, ...]
"""What makes the memory that a builder left: its entries, the oldest first, then all that is not said of an
entry when it is added."""


class OneSteps:
    """The tuples of a run: for every chunk that questions are about, the memory before it.

    Args:
        window_turns: Turns before the chunk that the memory is about.
        memories: By the index of the stream and of the chunk.
    """

    def __init__(self, window_turns: int, memories: Mapping[tuple[int, int], Writes]) -> None:
        self._window_turns = window_turns
        self._memories = memories

    def start(self, streams: Sequence[Stream], step: tuple[int, int], rules: EpisodeRules) -> ManagerEpisode:
        """Return the episode that waits for the one decision.

        Args:
            streams: Those whose memories these are.
            step: Index of the stream and of the chunk.
            rules: Of the episode.
        """
        stream = step_window(streams[step[0]], step[1], self._window_turns)
        episode = rules.manager(StreamContext(stream), seed=0)
        for chunk in stream.chunks[:-1]:
            # All at once before the decision: the entries are what counts, not when each was written.
            episode.step(self._memories[step] if chunk is stream.chunks[-2] else ())
        return episode


def build_one_steps(config: LanguageConfig, streams: Sequence[Stream]) -> OneSteps | None:
    """Let the builder of a run write the memory before every chunk that questions are about.

    Args:
        config: The run.
        streams: Its training streams, cut into chunks as the policy sees them.

    Returns:
        The tuples; None where the run has episodes of many steps.
    """
    window_turns = config.one_step.window_turns
    if window_turns is None:
        return None
    # The user's own configuration names it.
    builder = load_manager(config.one_step.builder, trust_run=True)
    steps = [(index, chunk) for index, stream in enumerate(streams) for chunk in linked_chunks(stream)]
    memories: dict[tuple[int, int], Writes] = {}
    for first in range(0, len(steps), EPISODES_AT_A_TIME):
        batch = steps[first : first + EPISODES_AT_A_TIME]
        windows = [step_window(streams[index], chunk, window_turns) for index, chunk in batch]
        built = _memories_before(windows, builder, config.episode.rules(), (config.seed, first))
        memories |= zip(batch, built, strict=True)
    release_models(builder)
    return OneSteps(window_turns, memories)


def _memories_before(
    windows: Sequence[Stream], builder: ManagerPolicy, rules: EpisodeRules, seed: tuple[int, int]
) -> list[Writes]:
    """Return what the builder remembers of each window without its last chunk."""
    memories: list[Writes] = [()] * len(windows)
    seeds = np.random.default_rng(seed).integers(2**31, size=len(windows))
    episodes: dict[int, ManagerEpisode] = {}
    for place, stream in enumerate(windows):
        if len(stream.chunks) > 1:
            before = dataclasses.replace(stream, chunks=stream.chunks[:-1])
            size = builder.turns_per_chunk
            context = StreamContext(before if size is None else rechunk(before, size))
            # The limits are those of the whole window, which the episode to come has.
            limits = rules.capacity.for_stream(stream)
            episodes[place] = rules.manager(context, seed=int(seeds[place]), capacity=limits)
    play_manager(builder, list(episodes.values()))
    for place, episode in episodes.items():
        memories[place] = writes_of(episode.store.entries)
    return memories


def writes_of(entries: Sequence[MemoryEntry]) -> Writes:
    """Return what makes these entries in an empty store, where their ids count from 1."""
    ids = {entry.id: number for number, entry in enumerate(entries, 1)}
    adds = [
        Add(entry.text, entry.sources, entry.time, entry.kind, entry.utility, tags=entry.tags)
        for entry in entries
    ]

    def there(named: Sequence[int]) -> tuple[int, ...]:
        return tuple(ids[id] for id in named if id in ids)

    links = [
        Relink(ids[entry.id], there(entry.links), there(entry.replaces))
        for entry in entries
        if entry.links or entry.replaces
    ]
    uses = [Value(ids[entry.id], entry.reads, entry.helps) for entry in entries if entry.reads or entry.helps]
    ends = [Invalidate(ids[entry.id]) for entry in entries if entry.ended is not None]
    return (*adds, *links, *uses, *ends)
