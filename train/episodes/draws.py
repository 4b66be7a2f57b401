"""The unit drawn at each position of a run: mixtures by weight, and a curriculum over length."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence

import numpy as np

from memdojo.envs.types import Stream

START_SHARE = 0.25
"""Share of the streams, the shortest ones, with which a curriculum over length begins."""


class Draws:
    """Draws units, each once before any comes again.

    The parts of a mixture (`Stream.source`) follow one another so that after any number of draws each has had
    its share of them, but for a rounding: the next draw is of the part that is furthest behind. Within a part
    units come in a shuffled order of its own, lap after lap.

    During a curriculum only units of the shortest streams of each part are drawn, so that the shares stay
    what they are. A lap is over when all that may be drawn have come.

    Args:
        streams: The training streams.
        stream_of_unit: Index of the stream that each unit belongs to.
        weights: Of each source in a mixture; None takes all streams for one part.
        curriculum_updates: Updates of the curriculum; 0 draws from all streams at once.
        units_per_update: How many are drawn for an update.
        seed: Of the run.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        stream_of_unit: Sequence[int],
        *,
        weights: Mapping[str, float] | None,
        curriculum_updates: int,
        units_per_update: int,
        seed: int,
    ) -> None:
        sources = {"": 1.0} if weights is None else {name: weights[name] for name in weights}
        of_source: dict[str, list[int]] = {name: [] for name in sources}
        for unit, stream in enumerate(stream_of_unit):
            of_source["" if weights is None else streams[stream].source].append(unit)
        lengths = [sum(len(turn.text) for turn in stream.turns) for stream in streams]
        # A part without a unit, as one whose questions all lack evidence, has nothing to be drawn.
        drawn = {name: units for name, units in of_source.items() if units}
        total = sum(sources[name] for name in drawn)
        self._shares = [sources[name] / total for name in drawn]
        self._parts = [
            _Part(units, [stream_of_unit[unit] for unit in units], lengths, (seed, number))
            for number, units in enumerate(drawn.values())
        ]
        self._curriculum_updates = curriculum_updates
        self._units_per_update = units_per_update
        self._units: list[int] = []
        self._counts: Counter[int] = Counter()

    def unit(self, position: int) -> int:
        """Return the unit at a position, counted from the beginning of the run."""
        while len(self._units) <= position:
            self._units.append(self._next(len(self._units)))
        return self._units[position]

    def _next(self, position: int) -> int:
        behind = [share * (position + 1) - self._counts[part] for part, share in enumerate(self._shares)]
        part = int(np.argmax(behind))
        self._counts[part] += 1
        update = position // self._units_per_update
        return self._parts[part].draw(length_share(update, self._curriculum_updates))


def length_share(update: int, curriculum_updates: int) -> float:
    """Return the share of the streams, the shortest ones, that update `update` may draw from.

    It rises linearly from `START_SHARE` in update 0 to 1 in update `curriculum_updates`.
    """
    if update >= curriculum_updates:
        return 1.0
    return START_SHARE + (1 - START_SHARE) * update / curriculum_updates


class _Part:
    """The units of one source.

    Args:
        units: Their indices.
        streams: The stream of each of them.
        lengths: Of all streams.
        seed: Of the run, and the number of the part.
    """

    def __init__(
        self, units: Sequence[int], streams: Sequence[int], lengths: Sequence[int], seed: tuple[int, int]
    ) -> None:
        by_length = sorted(set(streams), key=lambda stream: (lengths[stream], stream))
        rank = {stream: place for place, stream in enumerate(by_length)}
        self._units = units
        self._ranks = [rank[stream] for stream in streams]
        self._num_streams = len(by_length)
        self._seed = seed
        self._lap = 0
        self._to_come: deque[int] = deque()

    def draw(self, share: float) -> int:
        """Return the next unit of the shortest `share` of the streams."""
        num_open = math.ceil(share * self._num_streams)
        while True:
            for place, candidate in enumerate(self._to_come):
                if self._ranks[candidate] < num_open:
                    del self._to_come[place]
                    return self._units[candidate]
            self._begin_lap()

    def _begin_lap(self) -> None:
        seed, part = self._seed
        rng = np.random.default_rng((seed, self._lap, len(self._units), part))
        self._to_come = deque(int(place) for place in rng.permutation(len(self._units)))
        self._lap += 1
