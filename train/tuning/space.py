"""`Space`: the configurations that a search may try, from one configuration and the ranges of its keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from memdojo.errors import ConfigError

from ..config.files import load_config, parse_override
from ..config.run import TrainConfig
from ..config.run_kinds import LanguageConfig
from ..config.tuning import Range, Span, TuneConfig, read_range
from .choices import Values

FIXED = (
    "name",
    "seed",
    "tune.",
    "rounds.",
    "evaluation.",
    "streams.validation",
    "streams.num_validation",
    "streams.test",
    "streams.num_test",
    "streams.stream_seed",
    "streams.options",
)
"""Keys (or beginnings of keys) that are the same in all trials, or their scores would not compare."""

LOG = ":log"


@dataclass(frozen=True, slots=True)
class Space:
    """The configurations of a search; made by `load`.

    Attributes:
        source: The configuration's name or file.
        overrides: Changes of it that all trials have.
        config: What comes of the two, with all ranges in `config.tune`.
        whole: Keys with a span of which only whole numbers are tried.
    """

    source: str | Path
    overrides: tuple[str, ...]
    config: TrainConfig
    whole: frozenset[str]

    @classmethod
    def load(cls, source: str | Path, overrides: Sequence[str] = (), ranges: Sequence[str] = ()) -> Space:
        """Read a configuration and see that all of its ranges are such that runs take them.

        Args:
            source: As `load_config` takes it.
            overrides: The same.
            ranges: Ranges beside those of the configuration, which they replace where they have its keys:
                `KEY=LOW..HIGH`, `KEY=LOW..HIGH:log` or `KEY=VALUE,VALUE`.

        Raises:
            ConfigError: If there is nothing to choose from or to choose by, or no run could take a value.
        """
        config = load_config(source, overrides)
        both = {**config.tune.ranges, **dict(map(parse_range, ranges))}
        tune = config.tune.model_copy(update={"ranges": both})
        space = cls(source, tuple(overrides), config.model_copy(update={"tune": tune}), frozenset())
        _check(space.config)
        for key, allowed in both.items():
            space._check_range(key, allowed)
        whole = frozenset(key for key, allowed in both.items() if space._is_whole(key, allowed))
        return cls(space.source, space.overrides, space.config, whole)

    @property
    def ranges(self) -> Mapping[str, Range]:
        """What may be tried, by key."""
        return self.config.tune.ranges

    @property
    def seed(self) -> int:
        """Seeds the proposals."""
        return self.config.seed

    @property
    def directions(self) -> tuple[str, ...]:
        """One objective, the score."""
        return ("maximize",)

    @property
    def num_random(self) -> int:
        """Trials before which values are drawn at random."""
        return 10

    def ranges_for(self, values: Values) -> Mapping[str, Range]:
        """Return the ranges of all keys, which do not depend on each other."""
        return self.ranges

    def is_whole(self, key: str) -> bool:
        """Return whether only whole numbers of the span of a key are tried."""
        return key in self.whole

    def accepts(self, values: Values) -> bool:
        """Return True: what contradicts each other is a trial that fails."""
        return True

    @property
    def given(self) -> dict[str, Any]:
        """The values of the configuration itself."""
        tree = self.config.model_dump()
        return {key: _at(tree, key) for key in self.ranges}

    def config_of(self, values: Values) -> TrainConfig:
        """Return the configuration with other values.

        Raises:
            ConfigError: If they contradict each other, or what is given.
        """
        changes = [
            f"{key}={tomlkit.item(value).as_string()}" for key, value in values.items() if value is not None
        ]
        changed = load_config(self.source, [*self.overrides, *changes])
        return changed.model_copy(update={"tune": TuneConfig()})

    def run_of(self, values: Values, number: int, place: int) -> TrainConfig:
        """Return the configuration of one run of a trial.

        Args:
            values: Of the trial.
            number: Of the trial.
            place: Of the run among those of the trial, which differ in their seeds.

        Raises:
            ConfigError: As `config_of`.
        """
        config = self.config_of(values)
        changes: dict[str, Any] = {
            "name": f"{config.name}-{number:04d}",
            "seed": config.seed + place,
        }
        if not config.is_language:
            # Their results do not depend on it, and a trial has a process of its own already.
            changes["rollouts"] = config.rollouts.model_copy(update={"num_workers": 0})
        return config.model_copy(update=changes)

    def _check_range(self, key: str, allowed: Range) -> None:
        if key.startswith(FIXED):
            raise ConfigError(
                f"tune.ranges has {key}, which must be the same in all trials for their scores to compare; "
                "leave it out (tune.seeds says how many seeds each has)."
            )
        for value in (allowed.low, allowed.high) if isinstance(allowed, Span) else allowed:
            try:
                self.config_of({key: value})
            except ConfigError as error:
                raise ConfigError(f"tune.ranges: no run takes {key} = {value!r}: {error}") from None

    def _is_whole(self, key: str, allowed: Range) -> bool:
        """True of a span between whole numbers, unless the key takes what lies between them as well."""
        if not isinstance(allowed, Span) or isinstance(allowed.low, float) or isinstance(allowed.high, float):
            return False
        try:
            self.config_of({key: allowed.low + 0.5})
        except ConfigError:
            return True
        return False


def parse_range(text: str) -> tuple[str, Range]:
    """Return key and range of `KEY=LOW..HIGH`, `KEY=LOW..HIGH:log` or `KEY=VALUE,VALUE`.

    Raises:
        ConfigError: If it has another form.
    """
    key, sign, said = (part.strip() for part in text.partition("="))
    if not sign or not said:
        raise ConfigError(
            f"the range {text!r} is not of the form KEY=RANGE, such as "
            "algorithm.learning_rate=1e-4..1e-2:log or policy.hidden_dim=16,32,64."
        )
    low, dots, high = said.removesuffix(LOG).partition("..")
    if dots:
        ends = {name: parse_override(f"{key}={end}")[1] for name, end in (("low", low), ("high", high))}
        return key, read_range(key, {**ends, "log": said.endswith(LOG)})
    return key, read_range(key, [parse_override(f"{key}={value}")[1] for value in said.split(",")])


def _check(config: TrainConfig) -> None:
    """Refuse what no search can be made of.

    Raises:
        ConfigError: With what to change.
    """
    if not config.tune.ranges:
        raise ConfigError(
            f"{config.name} has no [tune.ranges], so there is nothing to search; add some, or pass --range "
            "KEY=LOW..HIGH or --range KEY=VALUE,VALUE."
        )
    if config.streams.validation is None:
        raise ConfigError(
            "streams.validation is not set, and there is nothing to compare trials by; name streams that are "
            "neither those of the training nor of the test."
        )
    if isinstance(config, LanguageConfig) and config.learner.num_processes > 1:
        raise ConfigError(
            f"learner.num_processes is {config.learner.num_processes}, and the trials of a search have one; "
            "pass learner.num_processes=1."
        )
    if config.has_rounds:
        raise ConfigError(
            "there are [rounds], and a trial is one training; search without them, and train the best "
            "configuration in rounds."
        )


def _at(tree: Any, key: str) -> Any:
    """Return what a tree of tables has under a dotted key; None if it has nothing there."""
    for name in key.split("."):
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree
