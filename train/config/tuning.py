"""The table `[tune]`: which keys a search changes, within what, and how many trials it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ValidationError, model_validator

from memdojo.errors import ConfigError
from memdojo.settings import Count, Table

FORMS = "write { low = 1e-4, high = 1e-2, log = true } or a list of values, such as [16, 32, 64]"


class Span(Table):
    """The numbers from `low` to `high`, both included.

    Attributes:
        low, high: The ends.
        log: Whether all orders of magnitude are equally likely.
    """

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low >= self.high:
            raise ValueError("low must be below high")
        if self.log and self.low <= 0:
            raise ValueError("low must be above 0 where log is true")
        return self


Choices = tuple[Any, ...]
"""Values to choose from, in no order."""
Range = Span | Choices


def read_range(key: str, value: object) -> Range:
    """Return the range that a key of `[tune.ranges]` says.

    Raises:
        ConfigError: If it says none.
    """
    if isinstance(value, Mapping):
        try:
            return Span.model_validate(dict(value))
        except ValidationError as error:
            detail = error.errors()[0]
            is_end = detail["loc"][:1] in (("low",), ("high",)) and detail["type"] != "missing"
            rule = "must be a number" if is_end else detail["msg"].removeprefix("Value error, ")
            place = " ".join(map(str, detail["loc"][:1]))
            raise ConfigError(
                f"tune.ranges: {key} is {dict(value)!r}; {f'{place} {rule}'.lstrip()}; {FORMS}."
            ) from None
    if isinstance(value, Span):
        return value
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ConfigError(f"tune.ranges: {key} is {value!r}, which is no range; {FORMS}.")
    # A list, since tables and lists are values, too. That 1 and true are equal is no reason to refuse them.
    if len(value) < 2 or any(
        type(one) is type(other) and one == other
        for place, one in enumerate(value)
        for other in value[:place]
    ):
        raise ConfigError(f"tune.ranges: {key} is {list(value)!r}; give at least two values, all different.")
    return tuple(value)


def _read_ranges(table: object) -> dict[str, Range]:
    """Return the ranges by dotted key; a key may be one in quotes, or tables inside tables."""
    if not isinstance(table, Mapping):
        raise ValueError("must be a table of keys with their ranges")
    ranges: dict[str, Range] = {}
    for key, value in _flat(table):
        if key in ranges:
            raise ConfigError(f"tune.ranges has {key} twice, in quotes and without; leave one of them out.")
        ranges[key] = read_range(key, value)
    return ranges


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value and not value.keys() & Span.model_fields.keys():
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


class TuneConfig(Table):
    """A search of `memdojo tune`; a training does not look at it.

    Attributes:
        trials: How many configurations are tried, the one that is given included.
        seeds: Runs of each, with seeds that follow on that of the configuration; their mean counts.
        concurrent: Trials at a time; by default one for each core, of language policies one.
        early_stopping: Whether trials that have fallen behind others are stopped.
        ranges: What may be tried, by key.
    """

    trials: Count = 20
    seeds: Count = 1
    concurrent: Count | None = None
    early_stopping: bool = False
    ranges: Annotated[dict[str, Range], BeforeValidator(_read_ranges)] = {}  # noqa: RUF012 (pydantic copies it)
