"""`Cast`: who speaks in a generated dialogue, and of whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .draws import Draws
from .phrasings.framing import RELATIONS, STRANGER_HEADS, STRANGER_PLACES

Names = dict[str, list[str]]
"""First names by gender, "f" or "m", that nobody in the dialogue has yet."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody whom facts are told about that nobody will ask for.

    Attributes:
        relation: Who that is ("a woman from the gym").
        name: Empty where it is not told.
        gender: "f" or "m".
    """

    relation: str
    name: str
    gender: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Who speaks, and of whom.

    Attributes:
        speakers: Draws the names of the two speakers, and takes them from the names.
        stranger: Draws somebody who does not matter.
        relations: People close to a teller, with their gender where the word tells it.
        circle_share: Of the facts that belong to no chain, those about such people.
        called: How questions call speakers whom they do not call by their names.
    """

    speakers: Callable[[Draws, Names], tuple[str, str]]
    stranger: Callable[[Draws, Names], Stranger]
    relations: Mapping[str, str]
    circle_share: float
    called: Mapping[str, str] = field(default_factory=dict)


def _two_friends(draws: Draws, names: Names) -> tuple[str, str]:
    first, second = draws.one("fm"), draws.one("fm")
    return draws.take(names[first]), draws.take(names[second])


def _passer_by(draws: Draws, names: Names) -> Stranger:
    head = draws.one(tuple(STRANGER_HEADS))
    return Stranger(f"{head} {draws.phrase(STRANGER_PLACES)}", "", STRANGER_HEADS[head])


FRIENDS = Cast(_two_friends, _passer_by, RELATIONS, 0.35)
"""Two people who tell each other of themselves, of those close to them and of people in the street."""
