"""What families are made of: their situations in words, and the answers among which a rule is drawn."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """The kinds of families."""

    CRITERIA = "criteria"
    """Something is sorted by one or two of its properties; the others say nothing."""
    PROCEDURES = "procedures"
    """Steps that must be taken in an order that depends on what is the case."""
    TOOLS = "tools"
    """Calls whose arguments are named, ordered and completed by quirks that depend on what is the case."""
    PREFERENCES = "preferences"
    """What one of two people wants, who go by one thing of the situation each."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that may be one way or another.

    Attributes:
        wordings: Clauses in which `{}` stands for the value.
        values: Words.
    """

    wordings: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A family without its rule, which every stream draws anew.

    Attributes:
        name: Unique among all splits.
        opening: What is to be done, in which `{0}` and, of tools, `{1}` stand for names.
        attributes: What the situation says besides; the rule goes by one or two of them.
        answers: Of criteria and preferences, the options. Of procedures, the steps, in which `{0}` stands
            for the name. Of tools, the name of the call, two names for either argument, and words of which
            each rule adds one.
    """

    kind: Kind
    name: str
    opening: str
    attributes: tuple[Attribute, ...]
    answers: tuple[str, ...]


def template(kind: Kind, name: str, opening: str, attributes: str, answers: str) -> Template:
    """Return a template from what tables have.

    Args:
        attributes: One a line: wordings between bars, a colon, and values between commas.
        answers: Between commas.
    """
    return Template(
        kind, name, opening, tuple(map(_attribute, attributes.strip().splitlines())), _items(answers, ",")
    )


def _attribute(line: str) -> Attribute:
    wordings, _, values = line.partition(":")
    return Attribute(_items(wordings, "|"), _items(values, ","))


def _items(text: str, separator: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(separator))
