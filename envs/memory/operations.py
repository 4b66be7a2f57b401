"""`OPERATIONS`: what can be done to a store, memdojo's own operations beside those of other packages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from memdojo.errors import ConfigError
from memdojo.registry import Registry

from ..types import Add, Delete, Noop, Operation, OperationRole, Rewrite, Update
from .design_operations import Invalidate, Link, Merge, Tag, Value

OperationT = TypeVar("OperationT", bound=Operation)

_KIND = r"[A-Z][A-Z0-9_]*"

OPERATIONS: Registry[type[Operation]] = Registry(
    "operation", name_pattern=re.compile(_KIND), name_rule="a word in capitals"
)
"""Classes of operations by their kind."""


def register_operation(operation: type[OperationT], *, replace: bool = False) -> type[OperationT]:
    """Make a class of operations known, and return it; also as a decorator.

    From then on evaluations count it in a column of its own, and pages show it as the class says. Without it
    a store applies the operation all the same, and records and pages show the difference that it made.

    Args:
        operation: The class; see `memdojo.envs.types.Operation`.
        replace: Take the place of the class that has the kind.

    Raises:
        ConfigError: If its kind is malformed or taken, or it does not say what it does.
    """
    if operation.apply is Operation.apply:
        raise ConfigError(f"{operation.__name__} has no method apply; say there what it does to a store.")
    OPERATIONS.add(operation.kind, operation, replace=replace)
    return operation


for _operation in (Add, Update, Delete, Rewrite, Noop, Link, Merge, Invalidate, Tag, Value):
    register_operation(_operation)

_FIRST = (Add.kind, Update.kind, Delete.kind, Rewrite.kind, Noop.kind)
"""The kinds that every table of operations begins with."""

_WHERE_USED = (Merge.kind, Link.kind, Tag.kind, Invalidate.kind, Value.kind)
"""Further kinds of memdojo's own, which few policies use: others need no column of zeros for each."""


def operation_kinds(occurring: Iterable[str] = ()) -> tuple[str, ...]:
    """Return all kinds in the order of tables: memdojo's own, then others by name.

    Args:
        occurring: Kinds that records have, registered or not. Of memdojo's own those of memory designs are
            among the kinds only where they occur.
    """
    occurring = set(occurring)
    used = (kind for kind in _WHERE_USED if kind in occurring)
    return (*_FIRST, *used, *sorted({*OPERATIONS, *occurring} - {*_FIRST, *_WHERE_USED}))


class Appearance(NamedTuple):
    """How pages show a kind of operations: its colour's role, a sign, and a sentence."""

    role: OperationRole
    sign: str
    description: str


def appearance_of(kind: str) -> Appearance:
    """Return how a kind is shown; one that is not registered here looks like an UPDATE without a sentence."""
    if kind not in OPERATIONS:
        return Appearance(Operation.role, Operation.sign, "")
    operation = OPERATIONS.get(kind)
    return Appearance(operation.role, operation.sign, OPERATIONS.describe()[kind].replace("`", ""))


def plan_fields(kind: str) -> frozenset[str] | None:
    """Return `Operation.plan_fields` of a kind; None for one that no plan can have, or that is unknown."""
    return OPERATIONS.get(kind).plan_fields if kind in OPERATIONS else None


def planned_kinds() -> tuple[str, ...]:
    """Return the kinds that a plan can have, in the order of tables."""
    return tuple(kind for kind in operation_kinds() if plan_fields(kind) is not None)
