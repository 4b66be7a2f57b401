"""`wrapped`: wrappers by the parameters that name them."""

from __future__ import annotations

from memdojo.errors import ConfigError

from ..parts.protocol import MemoryDesign
from .admitting import Admitting
from .budgets import EntryBudget, TokenBudget, WriteBudget
from .guarded import Guarded

WRAPPING = ("admit", "guarded", "lessons", "max_read_entries", "max_read_tokens", "max_write_operations")
"""Parameters that every design takes beside its own."""


def wrapped(
    design: MemoryDesign,
    *,
    admit: str | None = None,
    guarded: bool = False,
    lessons: bool = False,
    max_read_entries: int | None = None,
    max_read_tokens: int | None = None,
    max_write_operations: int | None = None,
) -> MemoryDesign:
    """Return a design in its wrappers, the guards inmost; the design itself where none is asked for.

    Args:
        design: The design.
        admit: Put `Admitting` around it, with this rule.
        guarded: Put `Guarded` around it.
        lessons: Let that guard learn.
        max_read_entries: Put `EntryBudget` around it.
        max_read_tokens: Put `TokenBudget` around it.
        max_write_operations: Put `WriteBudget` around it.

    Raises:
        ConfigError: If a value is none of its parameter's.
    """
    if admit is not None:
        design = Admitting(design, admit)
    for name, value in (("guarded", guarded), ("lessons", lessons)):
        if not isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; give true or false.")
    if lessons and not guarded:
        raise ConfigError("lessons are those of the guard; set guarded as well.")
    if guarded:
        design = Guarded(design, lessons=lessons)
    if max_read_entries is not None:
        design = EntryBudget(design, max_read_entries)
    if max_read_tokens is not None:
        design = TokenBudget(design, max_read_tokens)
    if max_write_operations is not None:
        design = WriteBudget(design, max_write_operations)
    return design
