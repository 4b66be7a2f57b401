"""Which episodes an update plays: a pure function of the seed and the update's number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.stream_context import questions_in_order
from memdojo.envs.types import Stream

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
    """

    def __init__(self, config: TrainConfig, streams: Sequence[Stream]) -> None:
        self._config = config
        self._streams = streams
        self._units = list(range(len(streams))) if config.task == "manager" else _questions(streams)

    def training(self, update: int) -> list[RolloutTask]:
        """Return the tasks of update `update`, one for each group."""
        algorithm = self._config.algorithm
        first = update * algorithm.groups_per_update
        rng = np.random.default_rng((self._config.seed, update))
        return [
            self._task(position, rng) for position in range(first, first + algorithm.groups_per_update)
        ]

    def validation(self, streams: Sequence[Stream]) -> list[RolloutTask]:
        """Return a greedy task for every stream (or question) of `streams`."""
        if self._config.task == "manager":
            return [RolloutTask(index, seeds=(0,), greedy=True) for index in range(len(streams))]
        return [
            RolloutTask(stream, seeds=(0,), question=question, greedy=True) for stream, question in _questions(streams)
        ]

    def _task(self, position: int, rng: np.random.Generator) -> RolloutTask:
        lap, place = divmod(position, len(self._units))
        order = np.random.default_rng((self._config.seed, lap, len(self._units))).permutation(len(self._units))
        unit = self._units[order[place]]
        seeds = tuple(int(seed) for seed in rng.integers(2**31, size=self._config.algorithm.group_size))
        if isinstance(unit, tuple):
            return RolloutTask(unit[0], seeds, question=unit[1])
        return RolloutTask(unit, seeds, window=self._window(unit, rng))

    def _window(self, stream: int, rng: np.random.Generator) -> tuple[int, int] | None:
        length = self._config.streams.window_turns
        num_turns = sum(len(chunk.turns) for chunk in self._streams[stream].chunks)
        if length is None or length >= num_turns:
            return None
        return int(rng.integers(num_turns - length + 1)), length


def _questions(streams: Sequence[Stream]) -> list[tuple[int, int]]:
    """Return stream and index of every question with evidence: without it a ranking cannot be judged."""
    return [
        (index, place)
        for index, stream in enumerate(streams)
        for place, question in enumerate(questions_in_order(stream))
        if question.needed_evidence
    ]
