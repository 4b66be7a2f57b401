"""Sweeps: one difficulty of synthetic streams at a time, from easy to hard, for a policy's fingerprint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from memdojo.envs.streams.attacks import ATTACK_OPTIONS, Attack
from memdojo.envs.streams.synthetic import SyntheticSettings
from memdojo.errors import ConfigError, unknown_name
from memdojo.registry import Registry

LIMITS = ("max_entries", "capacity_share", "top_k")
"""Options of a sweep that are no options of the streams: they go to `EvalSettings`."""

BASE: Mapping[str, int | float] = MappingProxyType({"max_entries": 22, "top_k": 10})
"""What holds where a sweep says nothing else, beside the defaults of `SyntheticSettings`: a store of a fifth
of the 112 turns, in entries, so that it does not grow with the stream."""

GUESS = "random"
"""The baseline that stands for guessing: it keeps a random sample of the turns, or ranks at random."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One option that takes several values while all others stay.

    Attributes:
        name: What a person types.
        option: Name of a field of `SyntheticSettings`, one of `LIMITS`, or an option of an attack.
        values: In the order of the axis.
        tests: What it tests, in one sentence.
        base: What differs from `BASE` and the defaults of `SyntheticSettings` at all points.
        for_retrievers: Whether it says anything about retrievers, which have no store that could be full.

    Raises:
        ConfigError: If values repeat, or are none that the option takes.
    """

    name: str
    option: str
    values: tuple[int | float, ...]
    tests: str
    base: Mapping[str, int | float | str] = field(default_factory=dict)
    for_retrievers: bool = True

    def __post_init__(self) -> None:
        if not self.values or len(set(self.values)) < len(self.values):
            raise ConfigError(f"the sweep {self.name!r} has the values {self.values}; give some, each once.")
        known = {*LIMITS, *ATTACK_OPTIONS, *(each.name for each in dataclasses.fields(SyntheticSettings))}
        for option in (self.option, *self.base):
            if option not in known:
                raise unknown_name("option of a sweep", option, known)
        for value in self.values:
            # Both refuse what makes no stream.
            SyntheticSettings(**Attack.of_options(self.at(value).streams)[1])

    def at(self, value: int | float) -> Point:
        """Return the point at a value."""
        options = {**BASE, **self.base, self.option: value}
        if "capacity_share" in options:
            options.pop("max_entries")
        limits = {name: number for name, number in options.items() if name in LIMITS}
        streams = {name: number for name, number in options.items() if name not in LIMITS}
        return Point(self.name, self.option, self.tests, value, streams, limits)

    @property
    def points(self) -> tuple[Point, ...]:
        """All points, in the order of the values."""
        return tuple(map(self.at, self.values))


@dataclass(frozen=True, slots=True)
class Point:
    """A sweep at one value.

    Attributes:
        sweep, option, tests: Those of the sweep.
        value: Of the option.
        streams: Options of the synthetic streams that are not at their defaults.
        limits: Fields of `EvalSettings`.
    """

    sweep: str
    option: str
    tests: str
    value: int | float
    streams: Mapping[str, Any]
    limits: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.sweep} at {self.value:g}"


SWEEPS: Registry[Sweep] = Registry("sweep")
"""Sweeps by name, in the order of reports."""


def find_sweeps(names: tuple[str, ...] = (), *, for_retrievers: bool = False) -> tuple[Sweep, ...]:
    """Return the sweeps of these names, or all.

    Args:
        names: Of sweeps; none means all.
        for_retrievers: Leave out those that say nothing about retrievers.

    Raises:
        UnknownNameError: If there is none of such a name.
        ConfigError: If one that is named says nothing about retrievers, and these are swept.
    """
    for name in names:
        if not SWEEPS.get(name).for_retrievers and for_retrievers:
            raise ConfigError(
                f"the sweep {name!r} changes a manager's store, and retrievers have none; leave it out."
            )
    chosen = [SWEEPS.get(name) for name in dict.fromkeys(names or SWEEPS)]
    return tuple(sweep for sweep in chosen if sweep.for_retrievers or not for_retrievers)


for _sweep in (
    Sweep(
        "facts",
        "num_facts",
        (10, 20, 30, 40, 50),
        "More facts compete for the same store: can it tell what will be asked from what will not?",
        # Ten questions at every point, so that what grows is only what else could be kept.
        {"num_questions": 10},
    ),
    Sweep(
        "sessions",
        "num_sessions",
        (8, 16, 32),
        "More sessions between the same facts: does it hold on to them while the dialogue goes on?",
    ),
    Sweep(
        "small_talk",
        "turns_per_session",
        (14, 28, 56),
        "More small talk between the same facts: does it leave out what carries nothing?",
    ),
    Sweep(
        "distractors",
        "distractor_rate",
        (0.0, 0.5, 1.0, 2.0),
        "More statements about strangers that look like facts: does it know whom they are about?",
    ),
    Sweep(
        "updates",
        "update_rate",
        (0.0, 0.25, 0.5, 1.0),
        "More facts get a new value: does it answer from the present one?",
    ),
    Sweep(
        "retractions",
        "retraction_rate",
        (0.0, 0.1, 0.2, 0.4),
        "More facts are taken back: does it know that it no longer knows?",
    ),
    Sweep(
        "distance",
        "fact_age",
        (0.0, 0.25, 0.5, 0.75, 1.0),
        "Facts lie further before their questions: does it remember what was said long ago?",
    ),
    Sweep(
        "multi_hop",
        "multi_hop_share",
        (0.0, 0.25, 0.5, 1.0),
        "More questions need two turns: does it keep both, and are both found?",
    ),
    Sweep(
        "capacity",
        "capacity_share",
        (0.05, 0.1, 0.2, 0.4, 0.8),
        "A larger store, as a share of the turns and tokens: how little memory does it get by with?",
        for_retrievers=False,
    ),
    Sweep(
        "top_k",
        "top_k",
        (1, 3, 5, 10, 20),
        "More entries reach the answerer: is the right one among the first?",
    ),
    Sweep(
        "poison",
        "attack_records",
        (0, 2, 5, 10),
        "More of what was told is contradicted by one who lies: whom does it believe?",
        {"attack": "contradiction"},
    ),
):
    SWEEPS.add(_sweep.name, _sweep, description=_sweep.tests)
