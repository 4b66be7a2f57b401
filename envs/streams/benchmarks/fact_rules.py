"""Facts that override one another, as FactConsolidation lists them: what each says, which earlier one it
replaces, and which of them answer a question.

The data set says none of this itself. All of it is derived by rules here, and a question that the rules do
not decide is left without evidence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from ...types import Add, Noop, PlannedOperation, Update

MAX_CHAIN = 4
"""Facts that a question goes through at most."""

# In the spelling of the data. The subject of a fact stands at the asterisk, its object always at the end;
# the last wording has titles such as "The Mayor of London is" and must come last.
_WORDINGS = (
    "* is a citizen of",
    "* is affiliated with the religion of",
    "* is associated with the sport of",
    "* is employed by",
    "* is famous for",
    "* is located in the continent of",
    "* is married to",
    "* plays the position of",
    "* speaks the language of",
    "* was born in the city of",
    "* was created by",
    "* was created in the country of",
    "* was developed by",
    "* was founded by",
    "* was founded in the city of",
    "* was performed by",
    "* was written in the language of",
    "* died in the city of",
    "* worked in the city of",
    "* works in the field of",
    "*'s child is",
    "The author of * is",
    "The capital of * is",
    "The chairperson of * is",
    "The chief executive officer of * is",
    "The company that produced * is",
    "The director of * is",
    "The head coach of * is",
    "The headquarters of * is located in the city of",
    "The name of the current head of state in * is",
    "The name of the current head of the * government is",
    "The official language of * is",
    "The origianl broadcaster of * is",
    "The original language of * is",
    "The type of music that * plays is",
    "The univeristy where * was educated is",
    "The * is",
)
_PATTERNS = tuple(
    (wording, re.compile(re.escape(wording).replace(r"\*", "(.+)") + " (.+)")) for wording in _WORDINGS
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the list.

    Attributes:
        number: Its number in the list.
        text: Without the number.
        relation: The wording that connects the two.
        subject: The person or thing it is about.
        object: What it says about the subject.
    """

    number: int
    text: str
    relation: str
    subject: str
    object: str

    @property
    def turn_id(self) -> str:
        """The id of the turn that states it."""
        return f"f{self.number}"

    @property
    def line(self) -> str:
        """The line of the list: of two facts that conflict, the one with the larger number counts."""
        return f"{self.number}. {self.text}"

    @property
    def key(self) -> tuple[str, str]:
        """What only one fact at a time can tell: two facts of one key conflict, and the later one counts."""
        return self.relation, self.subject


def parse_fact(number: int, text: str) -> Fact | None:
    """Return the fact that a line states; None if it is in no wording of the data set."""
    for relation, pattern in _PATTERNS:
        if match := pattern.fullmatch(text.removesuffix(".")):
            return Fact(number, text, relation, match[1], match[2])
    return None


@dataclass(frozen=True)
class FactList:
    """Facts in the order of their numbers; a later one takes the place of earlier ones of its key."""

    facts: Sequence[Fact]

    @cached_property
    def in_force(self) -> Mapping[tuple[str, str], Fact]:
        """The fact that counts in the end, by its key."""
        return {fact.key: fact for fact in self.facts}

    @cached_property
    def outdated(self) -> frozenset[int]:
        """Numbers of the facts in whose place a later one has come."""
        return frozenset({fact.number for fact in self.facts} - {f.number for f in self.in_force.values()})

    @cached_property
    def by_subject(self) -> Mapping[str, Sequence[Fact]]:
        """The facts in force about each subject."""
        about: defaultdict[str, list[Fact]] = defaultdict(list)
        for fact in self.in_force.values():
            about[fact.subject].append(fact)
        return about

    def oracle(self) -> Mapping[str, tuple[PlannedOperation, ...]]:
        """Return what an all-knowing manager does at each turn: UPDATE of an outdated fact, ADD of a new one.

        A fact that is repeated word for word is a NOOP.
        """
        plans: dict[str, tuple[PlannedOperation, ...]] = {}
        last: dict[tuple[str, str], Fact] = {}
        for fact in self.facts:
            before = last.get(fact.key)
            if before is None:
                plan = PlannedOperation(Add.kind, fact.line)
            elif before.object == fact.object:
                plan = PlannedOperation(Noop.kind)
            else:
                plan = PlannedOperation(Update.kind, fact.line, before.turn_id)
            plans[fact.turn_id] = (plan,)
            if plan.kind != Noop.kind:
                last[fact.key] = fact
        return MappingProxyType(plans)

    def chain(self, question: str, answers: Iterable[str], num_facts: range) -> tuple[Fact, ...]:
        """Return the facts through which a question is answered, or none if the rule does not decide.

        The chain begins with a fact in force about a subject that the question names, each next one tells of
        what the one before it told, and the last one tells an answer. Of several the shortest counts, then
        the one with the longest subject; two that are still equal decide nothing.

        Args:
            question: As it is asked.
            answers: Its reference answers.
            num_facts: Lengths that a chain may have.
        """
        wanted = frozenset(answers)
        chains: list[tuple[Fact, ...]] = [
            (fact,) for subject in self.by_subject if subject in question for fact in self.by_subject[subject]
        ]
        for length in range(1, num_facts.stop):
            found = [chain for chain in chains if chain[-1].object in wanted]
            if length in num_facts and found:
                longest = max(len(chain[0].subject) for chain in found)
                best = [chain for chain in found if len(chain[0].subject) == longest]
                return best[0] if len(best) == 1 else ()
            chains = [
                (*chain, fact)
                for chain in chains
                for fact in self.by_subject.get(chain[-1].object, ())
                if fact not in chain
            ]
        return ()
