"""`Telling`: how a user tells an assistant one attribute."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Telling:
    """Statements of an attribute, each a sentence of its own, with the gaps of `Attribute`.

    Attributes:
        states: Statements of the fact.
        updates: Statements of a new value; there are some where the attribute has some.
        retractions: Statements that it no longer holds; there are some where the attribute has some.
    """

    states: tuple[str, ...]
    updates: tuple[str, ...] = ()
    retractions: tuple[str, ...] = ()
