"""The schedule of episodes: a function of the seed, the update's number and the scores recorded so far."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from memdojo.envs.episodes.context import questions_in_order
from memdojo.envs.streams.windows import linked_chunks, window_starts
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from ..config.run import TrainConfig
from ..rollouts.tasks import RolloutTask
from .curriculum import PriorityCurriculum, ScoredEpisode
from .draws import Draws
from .stages import Stages


class Schedule:
    """Draws the rollout tasks of every update.

    The streams that they name are those of `Stages`, which a player must have as well.

    Streams (for a retriever: questions; with [one_step]: chunks that questions are about) come as `Draws`
    shuffles them, each once before any comes again, or as a `PriorityCurriculum` draws them. The tasks of an
    update depend on the seed, the update's number and for that curriculum on `state` alone, so a resumed run
    plays what it would have played.

    Args:
        config: The run.
        streams: The training streams.

    Raises:
        ConfigError: If no window of a stream holds a question with its evidence, or no question of a
            retriever's streams, or of those of a manager with [one_step], has evidence; also what `Stages`
            refuses.
    """

    def __init__(self, config: TrainConfig, streams: Sequence[Stream]) -> None:
        self._config = config
        self._stages = Stages.of(config, streams)
        self._streams = self._stages.streams
        self._window_starts = _window_starts(self._streams, config.streams.window_turns)
        self._units = [_units(config, self._streams, members) for members in self._stages.members]
        self._curriculum: PriorityCurriculum | None = None
        if config.algorithm.curriculum == "priority":
            (units,) = self._units
            self._curriculum = PriorityCurriculum(len(units), config.seed)
        if not all(self._units):
            raise ConfigError(
                "no question of streams.train has evidence, from which alone a retriever, or a manager with "
                "[one_step], learns; use streams whose questions name the turns that hold their answers."
                if len(self._units) == 1
                else "a stage of streams.session_stages has no question with evidence, from which alone a "
                "retriever learns; let its stages have more sessions."
            )
        self._draws = self._new_draws(config.seed, config.algorithm.groups_per_update)
        # Drawn apart, so that the others are the same with refills and without; seeds of runs are smaller.
        self._refills = self._new_draws(config.seed + 2**64, self._refills_per_update)

    @property
    def streams(self) -> Sequence[Stream]:
        """Those that the tasks name by their place: `Stages.streams`."""
        return self._streams

    def _new_draws(self, seed: int, units_per_update: int) -> list[Draws]:
        """Return those of each stage, in orders of their own."""
        return [
            Draws(
                self._streams,
                [unit[0] if isinstance(unit, tuple) else unit for unit in units],
                weights=self._config.streams.weights,
                curriculum_updates=self._config.streams.length_curriculum or 0,
                units_per_update=units_per_update,
                seed=seed + stage * 2**65,
            )
            for stage, units in enumerate(self._units)
        ]

    @property
    def _refills_per_update(self) -> int:
        algorithm = self._config.algorithm
        return max(algorithm.most_refills, 1) * algorithm.groups_per_update

    def training(self, update: int, refill: int = 0) -> list[RolloutTask]:
        """Return the tasks of update `update`, one for each group, or those of its `refill`th refill.

        Of a refill as many are played as groups are missing, the first ones.
        """
        rng = np.random.default_rng((self._config.seed, update, *([refill] if refill else [])))
        units = self._units[self._stages.at(update)]
        tasks = [
            self._task(units[unit], rng, place) for place, unit in enumerate(self._drawn(update, refill))
        ]
        return [dataclasses.replace(task, update=update) for task in tasks]

    def record(self, update: int, groups: Sequence[Sequence[ScoredEpisode]], refill: int = 0) -> None:
        """Note what became of the tasks of an update, or of the first of a refill.

        A curriculum by priority draws by it from then on.
        """
        if self._curriculum is not None:
            drawn = self._drawn(update, refill)[: len(groups)]
            self._curriculum.record(drawn, groups, self._config.reward_decay)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run must know to draw what this one would have drawn, as JSON has it."""
        return {} if self._curriculum is None else {"curriculum": self._curriculum.state()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned, among other things that are passed over."""
        if self._curriculum is not None:
            self._curriculum.load_state(state["curriculum"])

    def _drawn(self, update: int, refill: int) -> list[int]:
        """Return the units of an update or of its `refill`th refill, by their index in its stage."""
        count = self._config.algorithm.groups_per_update
        if self._curriculum is not None:
            return self._curriculum.draw(update, count, refill)
        stage = self._stages.at(update)
        of_stage = update - self._stages.first_update(stage)
        if refill:
            draws, first = self._refills[stage], of_stage * self._refills_per_update + (refill - 1) * count
        else:
            draws, first = self._draws[stage], of_stage * count
        return [draws.unit(position) for position in range(first, first + count)]

    def _task(self, unit: int | tuple[int, int], rng: np.random.Generator, place: int) -> RolloutTask:
        seeds = tuple(int(seed) for seed in rng.integers(2**31, size=self._config.algorithm.group_size))
        if isinstance(unit, tuple):
            if self._config.writes_memory:
                return RolloutTask(unit[0], seeds, step=unit[1])
            return RolloutTask(unit[0], seeds, question=unit[1])
        part = self._window(unit, rng)
        num_turns = sum(len(chunk.turns) for chunk in self._streams[unit].chunks)
        played = num_turns if part is None else min(part[1], num_turns)
        algorithm = self._config.algorithm
        earliest = algorithm.earliest_fork(place)
        fork_turn = 0
        # A stream of a single turn has no middle.
        if earliest is not None and earliest < played:
            fork_turn = int(rng.integers(earliest, played))
        probes, alternatives = algorithm.probes
        return RolloutTask(
            unit, seeds, window=part, fork_turn=fork_turn, probes=probes, alternatives=alternatives
        )

    def _window(self, stream: int, rng: np.random.Generator) -> tuple[int, int] | None:
        length = self._config.streams.window_turns
        if length is None:
            return None
        return int(rng.choice(self._window_starts[stream])), length


def validation_tasks(config: TrainConfig, streams: Sequence[Stream]) -> list[RolloutTask]:
    """Return the tasks of a validation: a greedy one for every stream, or question, of `streams`."""
    if config.writes_memory:
        return [RolloutTask(index, seeds=(0,), greedy=True) for index in range(len(streams))]
    return [
        RolloutTask(stream, seeds=(0,), question=question, greedy=True)
        for stream, question in _questions(streams, range(len(streams)))
    ]


def _units(
    config: TrainConfig, streams: Sequence[Stream], members: Sequence[int]
) -> list[int] | list[tuple[int, int]]:
    """Return what a group is about: a stream, or a stream and its question or the chunk of its one step."""
    if not config.writes_memory:
        return _questions(streams, members)
    if config.one_step.window_turns is None:
        return list(members)
    return [(index, chunk) for index in members for chunk in linked_chunks(streams[index])]


def _window_starts(streams: Sequence[Stream], length: int | None) -> list[npt.NDArray[np.intp]]:
    if length is None:
        return []
    starts = [window_starts(stream, length) for stream in streams]
    for stream, of_stream in zip(streams, starts, strict=True):
        if not len(of_stream):
            raise ConfigError(
                f"streams.window_turns is {length}, and no window of that length of "
                f"stream {stream.id!r} holds all the evidence of a question; use longer windows."
            )
    return starts


def _questions(streams: Sequence[Stream], members: Sequence[int]) -> list[tuple[int, int]]:
    """Return stream and index of every question with evidence: without it a ranking cannot be judged."""
    return [
        (index, place)
        for index in members
        for place, question in enumerate(questions_in_order(streams[index]))
        if question.needed_evidence
    ]
