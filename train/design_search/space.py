"""`DesignSpace`: the designs that a search may try, and what values stand for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from memdojo.agents.designs.parts.protocol import MemoryDesign
from memdojo.agents.designs.registry import DESIGNS, make_design
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.designs.wrappers.combined import PLUS, goes_with
from memdojo.errors import ConfigError, UnknownNameError, unknown_name

from ..config.tuning import Range, Span
from ..tuning.choices import Values
from .ranges import RANGES, DesignRanges, Ranges
from .settings import SearchSettings

WRITE, READ = "write", "read"
"""Keys of the names of the design that writes and the one that reads."""
ENTRIES, TOKENS = "max_read_entries", "max_read_tokens"
"""Keys of the budgets of reading, which are parameters of every design."""
TOKEN_BUDGETS = (None, 64, 128, 256, 512)


class DesignSpace:
    """The designs of a search: which one writes, which one reads, their parameters, and budgets of reading.

    Attributes:
        settings: What the search was told.
        seed: Seeds the proposals.
        directions: The score goes up, the tokens that are handed over for a question down.
        num_random: As many trials again as there are designs, and at least ten, are drawn at random: most of
            these join two designs, of which the designs as they are tell nothing.

    Args:
        settings: What the search was told.

    Raises:
        ConfigError: If the settings are of no use, a range is of no parameter, or a design does not take its
            ends.
    """

    directions = ("maximize", "minimize")

    def __init__(self, settings: SearchSettings) -> None:
        settings.check()
        self.settings = settings
        self.seed = settings.seed
        self.num_random = len(set(settings.designs)) + max(len(set(settings.designs)), 10)
        self._designs = {name: make_design(name) for name in dict.fromkeys(settings.designs)}
        self._common: dict[str, Range] = {WRITE: tuple(self._designs), READ: tuple(self._designs)}
        if settings.top_k > 1:
            self._common[ENTRIES] = Span(low=1, high=settings.top_k)
        self._common[TOKENS] = TOKEN_BUDGETS
        self._ranges = {name: RANGES.get(name, DesignRanges()) for name in self._designs}
        for key, allowed in settings.ranges.items():
            self._add_range(key, allowed)

    @property
    def given(self) -> tuple[dict[str, Any], ...]:
        """The values of the designs as they are, by name of the design in order."""
        return tuple(self._as_it_is(name) for name in self._designs)

    def ranges_for(self, values: Values) -> Mapping[str, Range]:
        """Return the ranges of what all designs have, and of the parameters of those that were chosen."""
        if not {WRITE, READ} <= values.keys():
            return self._common
        writer, reader = values[WRITE], values[READ]
        return {
            **self._common,
            **{f"{writer}.{name}": each for name, each in self._ranges[writer].write.items()},
            **{f"{reader}.{name}": each for name, each in self._ranges[reader].read.items()},
        }

    def is_whole(self, key: str) -> bool:
        """Return whether only whole numbers of a span are tried: its ends are."""
        name, _, parameter = key.partition(".")
        allowed = self._common.get(key) or _both(self._ranges[name])[parameter]
        return isinstance(allowed, Span) and not {float} & {type(allowed.low), type(allowed.high)}

    def accepts(self, values: Values) -> bool:
        """Return whether the reader can find something of what the writer makes."""
        writer, reader = values[WRITE], values[READ]
        return writer == reader or goes_with(self._designs[writer], self._designs[reader])

    def name_of(self, values: Values) -> str:
        """Return the name of the design that values stand for."""
        writer, reader = values[WRITE], values[READ]
        return str(writer) if writer == reader else f"{writer}{PLUS}{reader}"

    def parameters_of(self, values: Values) -> dict[str, Any]:
        """Return the parameters of the design that values stand for, as `make_design` takes them."""
        budgets = {key: values[key] for key in (ENTRIES, TOKENS) if values.get(key) is not None}
        own = {name: self._own(values, name) for name in (values[WRITE], values[READ])}
        if len(own) == 1:
            return {**own[values[WRITE]], **budgets}
        return {WRITE: own[values[WRITE]], READ: own[values[READ]], **budgets}

    def design_of(self, values: Values) -> MemoryDesign:
        """Return the design that values stand for.

        Raises:
            ConfigError: If it does not take them.
        """
        return make_design(self.name_of(values), **self.parameters_of(values))

    def manager_of(self, values: Values, name: str = "") -> DesignManager:
        """Return it as a manager that decides by its own rules; by default it has the name of the design."""
        return DesignManager(self.design_of(values), name=name)

    def _own(self, values: Values, name: str) -> dict[str, Any]:
        prefix = f"{name}."
        return {key.removeprefix(prefix): each for key, each in values.items() if key.startswith(prefix)}

    def _as_it_is(self, name: str) -> dict[str, Any]:
        defaults = inspect.signature(DESIGNS.get(name)).parameters
        values: dict[str, Any] = {WRITE: name, READ: name, ENTRIES: self.settings.top_k, TOKENS: None}
        if self.settings.top_k == 1:
            del values[ENTRIES]
        return values | {
            f"{name}.{parameter}": defaults[parameter].default for parameter in _both(self._ranges[name])
        }

    def _add_range(self, key: str, allowed: Range) -> None:
        if key in (ENTRIES, TOKENS):
            self._common[key] = allowed
            name, parameter = next(iter(self._designs)), key
        else:
            name, _, parameter = key.partition(".")
            if name not in self._designs or not parameter:
                known = [f"{design}.PARAMETER" for design in self._designs]
                raise unknown_name("key of a range", key, [*known, ENTRIES, TOKENS])
            known_parameters = inspect.signature(DESIGNS.get(name)).parameters
            if parameter not in known_parameters:
                raise unknown_name(f"parameter of {name}", parameter, known_parameters)
            self._ranges[name] = _with(self._ranges[name], parameter, allowed)
        for value in (allowed.low, allowed.high) if isinstance(allowed, Span) else allowed:
            try:
                make_design(name, **({} if value is None else {parameter: value}))
            except (ConfigError, UnknownNameError) as error:
                raise ConfigError(f"the range of {key} has {value!r}, which does not go: {error}") from None


def _both(ranges: DesignRanges) -> Ranges:
    return {**ranges.write, **ranges.read}


def _with(ranges: DesignRanges, parameter: str, allowed: Range) -> DesignRanges:
    """Return ranges with another; of a parameter that is in neither, it counts whatever the design does."""
    new = {parameter: allowed}
    if parameter in ranges.read:
        return DesignRanges(ranges.write, {**ranges.read, **new})
    if parameter in ranges.write:
        return DesignRanges({**ranges.write, **new}, ranges.read)
    return DesignRanges({**ranges.write, **new}, {**ranges.read, **new})
