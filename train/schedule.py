"""Which episodes an update plays: a pure function of the seed and the update's number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from memdojo.envs.stream_context import questions_in_order
from memdojo.envs.streams.windows import window_starts
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from .config import TrainConfig
from .rollouts import RolloutTask


class Schedule:
    """Draws the rollout tasks of every update.

    Streams (for a retriever: questions) come in a shuffled order, each once before any comes again. The tasks
    of an update depend on the seed and the update's number alone, so a resumed run plays what it would have
    played.

    Args:
        config: The run.
        streams: The training streams.

    Raises:
        ConfigError: If no window of a stream holds a question with its evidence, or no question of a
            retriever's streams has evidence.
    """

    def __init__(self, config: TrainConfig, streams: Sequence[Stream]) -> None:
        self._config = config
        self._streams = streams
        self._window_starts = _window_starts(streams, config.streams.window_turns)
        self._units = list(range(len(streams))) if config.task == "manager" else _questions(streams)
        if not self._units:
            raise ConfigError(
                "no question of streams.train has evidence, from which alone a retriever learns; take "
                "streams whose questions name the turns that hold their answers."
            )

    def training(self, update: int) -> list[RolloutTask]:
        """Return the tasks of update `update`, one for each group."""
        algorithm = self._config.algorithm
        first = update * algorithm.groups_per_update
        rng = np.random.default_rng((self._config.seed, update))
        return [self._task(position, rng) for position in range(first, first + algorithm.groups_per_update)]

    def validation(self, streams: Sequence[Stream]) -> list[RolloutTask]:
        """Return a greedy task for every stream (or question) of `streams`."""
        if self._config.task == "manager":
            return [RolloutTask(index, seeds=(0,), greedy=True) for index in range(len(streams))]
        return [
            RolloutTask(stream, seeds=(0,), question=question, greedy=True)
            for stream, question in _questions(streams)
        ]

    def _task(self, position: int, rng: np.random.Generator) -> RolloutTask:
        lap, place = divmod(position, len(self._units))
        order = np.random.default_rng((self._config.seed, lap, len(self._units))).permutation(
            len(self._units)
        )
        unit = self._units[order[place]]
        seeds = tuple(int(seed) for seed in rng.integers(2**31, size=self._config.algorithm.group_size))
        if isinstance(unit, tuple):
            return RolloutTask(unit[0], seeds, question=unit[1])
        part = self._window(unit, rng)
        num_turns = sum(len(chunk.turns) for chunk in self._streams[unit].chunks)
        played = num_turns if part is None else min(part[1], num_turns)
        forks = self._config.algorithm.group_start == "fork"
        return RolloutTask(unit, seeds, window=part, fork_turn=int(rng.integers(played)) if forks else 0)

    def _window(self, stream: int, rng: np.random.Generator) -> tuple[int, int] | None:
        length = self._config.streams.window_turns
        if length is None:
            return None
        return int(rng.choice(self._window_starts[stream])), length


def _window_starts(streams: Sequence[Stream], length: int | None) -> list[npt.NDArray[np.intp]]:
    if length is None:
        return []
    starts = [window_starts(stream, length) for stream in streams]
    for stream, of_stream in zip(streams, starts, strict=True):
        if not len(of_stream):
            raise ConfigError(
                f"streams.window_turns is {length}, and no window of that length of "
                f"stream {stream.id!r} holds all the evidence of a question; take longer windows."
            )
    return starts


def _questions(streams: Sequence[Stream]) -> list[tuple[int, int]]:
    """Return stream and index of every question with evidence: without it a ranking cannot be judged."""
    return [
        (index, place)
        for index, stream in enumerate(streams)
        for place, question in enumerate(questions_in_order(stream))
        if question.needed_evidence
    ]
