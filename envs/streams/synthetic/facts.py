"""The facts of a stream: about the two speakers and about the people close to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .cast import Cast, Names
from .draws import Draws
from .phrasings import circle, life, taste
from .phrasings import oneself as own
from .phrasings.attributes import Attribute
from .pools import values
from .settings import SyntheticSettings

SINGLE_OWN = (
    own.HOME, own.ORIGIN, own.JOB, own.EMPLOYER, own.BIRTHDAY, own.AGE, taste.FOOD, taste.COLOUR, taste.MUSIC,
    taste.HOBBY, taste.ALLERGY, taste.RENT, life.COURSE, life.WEDDING, life.TRIP,
)  # fmt: skip
"""Attributes of a speaker that there is one of."""

KEYED_OWN = {
    taste.PURCHASE: 6,
    taste.CODE: 3,
    life.PET: 3,
    life.CLUB: 2,
    life.APPOINTMENT: 3,
}
"""Attributes that a speaker may have under several keys, with the largest number."""

LISTED_OWN = {life.VISIT: 8, life.BOOK: 8}
"""Attributes that are only counted, with the largest number."""

CHAINED_OWN = {own.OFFICE: own.EMPLOYER, life.CLUB_DAY: life.CLUB, life.TRIP_DATE: life.TRIP}
"""Attributes whose key is the value of another."""

CIRCLE = (
    circle.HOME, circle.JOB, circle.EMPLOYER, circle.BIRTHDAY, circle.HOBBY, circle.FOOD, circle.INSTRUMENT,
    circle.ALLERGY, circle.COURSE,
)  # fmt: skip
"""Attributes of people close to a speaker."""

DISTRACTORS = (*CIRCLE, circle.AGE)
"""Attributes that facts about strangers may have."""

ALL_ATTRIBUTES = (*SINGLE_OWN, *KEYED_OWN, *LISTED_OWN, *CHAINED_OWN, *DISTRACTORS, circle.INTRODUCTION)
"""Every attribute there is."""


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """Something that can be said about a person, whatever its value at the time; compared by identity.

    Attributes:
        owner: 0 or 1, the speaker who tells it.
        relation: Of the person to the owner; empty for facts about the owner.
        name: The person's name if the dialogue introduces it; empty for "my aunt".
        gender: "f" or "m".
        key: What the attribute needs beside the value; empty if its parent gives it.
        parent: The fact whose value is the key, or the introduction of the person.
    """

    attribute: Attribute
    owner: int
    relation: str = ""
    name: str = ""
    gender: str = ""
    key: str = ""
    parent: Fact | None = None


def next_teller(settings: SyntheticSettings, draws: Draws, balance: int) -> int:
    """The speaker whose turn it is to tell something.

    Args:
        balance: How much more the second speaker has to tell so far than the first.
    """
    if settings.num_tellers == 1:
        return 0
    return int(balance < 0) if balance else draws.number(0, 1)


class FactChooser:
    """Chooses the facts of one stream, evenly from those who tell some."""

    def __init__(self, settings: SyntheticSettings, draws: Draws, names: Names, cast: Cast) -> None:
        """Choose for `settings`; people of the cast are named from `names`, which are used up."""
        self._settings = settings
        self._draws = draws
        self._names = names
        self._cast = cast
        self._chosen: list[Fact] = []
        self._taken: set[tuple[int, Attribute, str]] = set()
        self._parents: set[Fact] = set()
        self._introductions: tuple[list[Fact], list[Fact]] = ([], [])
        self._relations = (list(cast.relations), list(cast.relations))
        self._own = tuple(list(self._own_offers(owner)) for owner in range(2))

    def choose(self) -> list[Fact]:
        """As many facts as the settings ask for, parents before their children."""
        settings = self._settings
        num_chains = round(settings.multi_hop_share * settings.num_questions)
        for _ in range(min(num_chains, settings.num_facts // 2)):
            self._add_chain(self._next_owner())
        while self._num_retractable() < settings.num_retractions and self._has_room:
            self._add_retractable(self._next_owner())
        if settings.num_facts - len(self._chosen) >= 6:
            owner, attribute = self._next_owner(), self._draws.one((life.VISIT, life.BOOK))
            for _ in range(2):
                self._chosen.append(Fact(attribute, owner))
        while self._has_room:
            self._add_any(self._next_owner())
        return self._chosen

    @property
    def _has_room(self) -> bool:
        return len(self._chosen) < self._settings.num_facts

    def _next_owner(self) -> int:
        balance = sum(1 if fact.owner else -1 for fact in self._chosen)
        return next_teller(self._settings, self._draws, balance)

    def _num_retractable(self) -> int:
        return sum(1 for fact in self._chosen if fact.attribute.retractions and fact not in self._parents)

    def _own_offers(self, owner: int) -> Iterator[Fact]:
        for attribute in SINGLE_OWN:
            yield Fact(attribute, owner)
        for attribute, most in KEYED_OWN.items():
            keys = self._draws.shuffled(values(attribute.key_pool, self._draws.split))
            for key in keys[:most]:
                yield Fact(attribute, owner, key=key)
        for attribute, most in LISTED_OWN.items():
            for _ in range(most // 2):
                yield Fact(attribute, owner)

    def _add(self, fact: Fact) -> None:
        self._chosen.append(fact)
        self._taken.add((fact.owner, fact.attribute, fact.relation or fact.key))
        if fact.parent is not None:
            self._parents.add(fact.parent)

    def _add_chain(self, owner: int) -> None:
        """Two facts that answer a question together, or one that does so with an earlier fact."""
        if self._draws.chance(0.7) and self._add_about_named(owner):
            return
        parents = CHAINED_OWN.values()
        parent = self._take_own(owner, lambda offer: offer.attribute in parents)
        if parent is None:
            self._add_about_named(owner)
            return
        self._add(parent)
        if self._has_room:
            child = next(child for child, above in CHAINED_OWN.items() if above is parent.attribute)
            self._add(Fact(child, owner, key=parent.key, parent=parent))

    def _add_about_named(self, owner: int) -> bool:
        """A fact about a person with a name, who is introduced first if need be."""
        known = self._draws.shuffled(self._introductions[owner])
        if (not known or self._draws.chance(0.5)) and self._relations[owner]:
            introduction = self._introduce(owner)
            self._add(introduction)
            known.insert(0, introduction)
        for person in known:
            if not self._has_room:
                return True
            fact = self._about(owner, person.relation, person.gender, person)
            if fact is not None:
                self._add(fact)
                return True
        return False

    def _introduce(self, owner: int) -> Fact:
        relation = self._draws.take(self._relations[owner])
        gender = self._cast.relations[relation] or self._draws.one("fm")
        fact = Fact(
            circle.INTRODUCTION, owner, relation, self._draws.take(self._names[gender]), gender, key=relation
        )
        self._introductions[owner].append(fact)
        return fact

    def _about(self, owner: int, relation: str, gender: str, parent: Fact | None) -> Fact | None:
        free = [attribute for attribute in CIRCLE if (owner, attribute, relation) not in self._taken]
        if not free:
            return None
        name = parent.name if parent else ""
        return Fact(self._draws.one(free), owner, relation, name, gender, parent=parent)

    def _take_own(self, owner: int, wanted: Callable[[Fact], bool] = lambda fact: True) -> Fact | None:
        """Any of the speaker's own facts that are left and wanted; None if there is none."""
        offers = [fact for fact in self._own[owner] if wanted(fact)]
        if not offers:
            return None
        fact = self._draws.one(offers)
        self._own[owner].remove(fact)
        return fact

    def _add_retractable(self, owner: int) -> None:
        fact = self._take_own(owner, lambda offer: bool(offer.attribute.retractions))
        if fact is None:
            self._add_any(owner)
        else:
            self._add(fact)

    def _add_any(self, owner: int) -> None:
        if self._draws.chance(self._cast.circle_share):
            if self._draws.chance(0.6) or not self._relations[owner]:
                if self._add_about_named(owner):
                    return
            else:
                relation = self._draws.take(self._relations[owner])
                gender = self._cast.relations[relation] or self._draws.one("fm")
                fact = self._about(owner, relation, gender, None)
                if fact is not None:
                    self._add(fact)
                    return
        own_fact = self._take_own(owner)
        if own_fact is not None:
            self._add(own_fact)
        elif not self._add_about_named(owner):
            raise AssertionError(f"no facts left after {len(self._chosen)}; MAX_FACTS is too large")
