"""`Registry`: named things of one kind, memdojo's own beside those that other packages bring."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from memdojo.errors import ConfigError, unknown_name

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class _Lazy:
    """A value that is imported, or made, when it is first asked for."""

    target: str | Callable[[], Any]

    def load(self) -> Any:
        return load_target(self.target) if isinstance(self.target, str) else self.target()


class Registry(Generic[T]):
    """Things of one kind by name, in the order in which they were registered.

    Registrations hold for the process. Other processes, such as rollout workers, have those of the packages
    that name themselves under the entry-point group `memdojo.plugins` (see `memdojo.plugins`).

    Args:
        kind: What one of them is, in the singular, as messages say it: `retriever`.
        name_pattern: Which names are allowed; the rule that `name_rule` puts into words.
        name_rule: Ends the sentence "use ..." of the message about a name that is not.
        apart_from: Registries none of whose names may be used here, nor the other way round.
    """

    def __init__(
        self,
        kind: str,
        *,
        name_pattern: re.Pattern[str] = _NAME,
        name_rule: str = "letters, digits, '-', '_' and '.'",
        apart_from: tuple[Registry[Any], ...] = (),
    ) -> None:
        self.kind = kind
        self._name_pattern = name_pattern
        self._name_rule = name_rule
        self._values: dict[str, T | _Lazy] = {}
        self._descriptions: dict[str, str] = {}
        self._apart_from = list(apart_from)
        for other in apart_from:
            other._apart_from.append(self)

    def add(self, name: str, value: T, *, description: str = "", replace: bool = False) -> T:
        """Make `value` known as `name`, and return it.

        Args:
            name: Under which it is asked for.
            value: The thing itself, or what builds it, as the registry's module says.
            description: One sentence for listings. A function or class without one is described by the first
                line of its docstring.
            replace: Take the place of what has the name. Without it, only the same definition may be
                registered again, as happens when its module is reloaded.

        Raises:
            ConfigError: If the name is malformed or taken.
        """
        self._check(name, value, replace)
        self._values[name] = value
        self._descriptions[name] = description or first_line(value)
        return value

    def add_lazily(
        self, name: str, target: str | Callable[[], T], *, description: str = "", replace: bool = False
    ) -> None:
        """Make known as `name` what is loaded when it is first asked for.

        Args:
            name: As for `add`.
            target: Where the value is imported from, `module:attribute`, or what returns it.
            description: As for `add`, but nothing takes its place.
            replace: As for `add`.

        Raises:
            ConfigError: If the name is malformed or taken.
        """
        value = _Lazy(target)
        self._check(name, value, replace)
        self._values[name], self._descriptions[name] = value, description

    def get(self, name: str) -> T:
        """Return what has the name.

        Raises:
            UnknownNameError: If nothing has it; the message has the near names and all others.
        """
        if name not in self._values:
            raise unknown_name(self.kind, name, self._values)
        value = self._values[name]
        if isinstance(value, _Lazy):
            value = self._values[name] = cast(T, value.load())
        return value

    def describe(self) -> Mapping[str, str]:
        """Return the description of each name, sorted by name."""
        return dict(sorted(self._descriptions.items()))

    @contextlib.contextmanager
    def temporarily(self, name: str = "", value: T | None = None, **how: Any) -> Iterator[None]:
        """Undo at its end whatever is registered inside the `with` block.

        Args:
            name: Registered at the beginning, if given.
            value: As for `add`.
            **how: As for `add`.
        """
        before = dict(self._values), dict(self._descriptions)
        try:
            if name:
                self.add(name, cast(T, value), **how)
            yield
        finally:
            self._values, self._descriptions = before

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def _check(self, name: str, value: object, replace: bool) -> None:
        if not self._name_pattern.fullmatch(name):
            raise ConfigError(f"{name!r} cannot name a {self.kind}; use {self._name_rule}.")
        for other in self._apart_from:
            if name in other:
                raise ConfigError(
                    f"a {other.kind} named {name!r} is registered already, and no {self.kind} may share its "
                    "name; choose another."
                )
        known = self._values.get(name)
        if known is not None and not replace and not _is_same(known, value):
            raise ConfigError(
                f"a {self.kind} named {name!r} is registered already; choose another name or pass "
                "replace=True."
            )


def first_line(value: object) -> str:
    """Return the first line of the docstring of a function or class; empty of anything else."""
    if not (inspect.isroutine(value) or inspect.isclass(value)):
        return ""  # The docstring of an object is that of its class, which says nothing about the object.
    return inspect.cleandoc(value.__doc__ or "").partition("\n")[0]


def load_target(target: str) -> Any:
    """Import what is named by `module:attribute`."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _is_same(known: object, value: object) -> bool:
    """Return whether both come from one definition that was executed twice, as by a reload."""
    return known == value or bool(_origins(value) and _origins(known) == _origins(value))


def _origins(value: object) -> tuple[tuple[str, str], ...]:
    """Return where the function or class was defined, or those in a record; empty if that tells nothing."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
        found = [_origins(each) for each in fields if callable(each)]
        return tuple(origin for origins in found for origin in origins) if all(found) else ()
    name = getattr(value, "__qualname__", "<")
    # Lambdas and functions inside functions share their names with others.
    return () if "<" in name else ((value.__module__, name),)
