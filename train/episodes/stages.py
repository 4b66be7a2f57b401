"""The stages of a curriculum over sessions: what the training streams are at each update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

from memdojo.envs.streams.windows import first_sessions, num_sessions
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from ..config.run import TrainConfig


class Stages:
    """The stages of a run: one of whole streams, or those of `streams.session_stages`.

    The updates are divided equally among them. A stream of which a stage keeps no question is left out of
    that stage.

    Attributes:
        streams: The whole streams and, behind them, what the stages leave of them, that of two stages but
            once. Tasks name them by their place here.
        members: The places of those of each stage.
    """

    def __init__(self, streams: Sequence[Stream], members: Sequence[Sequence[int]], num_updates: int) -> None:
        self.streams = streams
        self.members = members
        self._num_updates = num_updates

    @classmethod
    def of(cls, config: TrainConfig, streams: Sequence[Stream]) -> Self:
        """Return the stages of a run.

        Args:
            config: The run.
            streams: Its training streams, whole.

        Raises:
            ConfigError: If no stream is long enough to be cut, or a stage keeps no question of any.
        """
        counts = config.streams.session_stages
        if not counts:
            return cls(streams, [range(len(streams))], config.algorithm.num_updates)
        longest = max((num_sessions(stream) for stream in streams), default=0)
        if counts[0] >= longest and counts[0] != math.inf:
            raise ConfigError(
                f"streams.session_stages begins with {counts[0]}, and no training stream has more than "
                f"{longest} sessions; begin with fewer, or leave it out."
            )
        cut = list(streams)
        place_of = {(number, stream.id): number for number, stream in enumerate(streams)}
        members: list[list[int]] = []
        for count in counts:
            members.append([])
            for number, stream in enumerate(streams):
                part = first_sessions(stream, int(min(count, longest)))
                if part is not None:
                    place = place_of.setdefault((number, part.id), len(cut))
                    if place == len(cut):
                        cut.append(part)
                    members[-1].append(place)
            if not members[-1]:
                raise ConfigError(
                    f"streams.session_stages has {count}, and the first {count} sessions of no training "
                    "stream hold a question that can be asked at their end, with all its evidence; use more."
                )
        return cls(cut, members, config.algorithm.num_updates)

    def at(self, update: int) -> int:
        """Return the number of the stage of an update; behind the last update it is the last one."""
        return min(update * len(self.members) // self._num_updates, len(self.members) - 1)

    def first_update(self, stage: int) -> int:
        """Return the first update of a stage."""
        return math.ceil(stage * self._num_updates / len(self.members))
