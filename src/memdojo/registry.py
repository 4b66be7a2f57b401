"""`Registry`: named things of one kind, memdojo's own beside those that other packages bring."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from memdojo.errors import ConfigError, unknown_name

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class _Lazy:
    """A value that is imported when it is first asked for."""

    target: str

    def load(self) -> Any:
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)


class Registry(Generic[T]):
    """Things of one kind by name.

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
            description: One sentence for listings.
            replace: Take the place of what has the name. Without it, only the same definition may be
                registered again, as happens when its module is reloaded.

        Raises:
            ConfigError: If the name is malformed or taken.
        """
        self._check(name, value, replace)
        self._values[name], self._descriptions[name] = value, description
        return value

    def add_lazily(self, name: str, target: str, *, description: str = "", replace: bool = False) -> None:
        """Make known as `name` what is imported from `module:attribute` when it is first asked for.

        Arguments and errors are those of `add`.
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
        return iter(sorted(self._values))

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


def _is_same(known: object, value: object) -> bool:
    """True of one definition that was executed twice, as by a reload."""

    def origin(each: object) -> tuple[object, object]:
        return getattr(each, "__module__", None), getattr(each, "__qualname__", None)

    module, name = origin(value)
    return known == value or (origin(known) == (module, name) and name is not None and "<" not in str(name))
