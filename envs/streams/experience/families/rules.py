"""`Family`: a template with the rules that were drawn for it, and the situations in which they decide."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np

from .pools import Pools
from .templates import Attribute, Kind, Template

MAX_VALUES = 3
"""Values of an attribute that decides alone."""
PAIR_VALUES = 2
"""Values of each of two that decide together, or one for either person."""
IDLE_VALUES = 3
"""Values of an attribute that decides nothing: few, so that situations are alike in what does not matter."""
MIN_ATTRIBUTES = 4
IDLE_SHARE = 0.5
"""Share of the situations in which something is said that means nothing."""

T = TypeVar("T")

Key = tuple[str, ...]
"""What decides in a situation: the values of the deciding attributes, behind the person who goes by them."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a task tells.

    Attributes:
        names: Those that stand in the opening.
        values: Of each attribute of the family, in its order.
        order: In which attributes are told.
        wordings: Which wording each has.
        idle: A sentence that means nothing; may be empty.
        idle_at: Behind so many attributes.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]
    order: tuple[int, ...]
    wordings: tuple[int, ...]
    idle: str
    idle_at: int


@dataclass(frozen=True, slots=True)
class Family:
    """A family of one stream.

    Attributes:
        attributes: What its situations tell, with the values that they take.
        deciding: Places of the attributes that decide; of preferences, by the person.
        rules: The answer to each key, one mapping for every version of the rule; in answers `{0}` and `{1}`
            stand for the names.
    """

    template: Template
    attributes: tuple[Attribute, ...]
    deciding: Mapping[str, tuple[int, ...]]
    rules: tuple[Mapping[Key, str], ...]

    @property
    def name(self) -> str:
        """Its kind and its template's name."""
        return f"{self.template.kind}/{self.template.name}"

    @property
    def options(self) -> tuple[str, ...]:
        """The answers among which one may choose; empty where any text is an answer."""
        return self.template.answers if _has_options(self.template.kind) else ()

    def all_answers(self, situation: Situation) -> tuple[str, ...]:
        """Return what the answer would be in any situation of these names, under any of its rules; sorted."""
        return tuple(sorted({each.format(*situation.names) for rule in self.rules for each in rule.values()}))

    def text(self, situation: Situation) -> str:
        """Return a situation in words, on one line."""
        # Names come first and sentences have no commas, so that cases are edited in the right places.
        told = [
            _sentence(self.attributes[place].wordings[situation.wordings[place]], situation.values[place])
            for place in situation.order
        ]
        told.insert(situation.idle_at, situation.idle)
        return " ".join(filter(None, [_sentence(self.template.opening, *situation.names), *told]))

    def key(self, situation: Situation) -> Key:
        """Return what decides in a situation."""
        person = situation.names[0] if self.template.kind is Kind.PREFERENCES else ""
        return (person, *(situation.values[place] for place in self.deciding[person]))

    def answer(self, situation: Situation, version: int) -> str:
        """Return the right answer under a version of the rule."""
        return self.rules[version][self.key(situation)].format(*situation.names)

    def wrong_answer(self, situation: Situation, version: int, rng: np.random.Generator) -> str:
        """Return an answer that is wrong, though it looks as if it were not."""
        rule = self.rules[version]
        right = rule[self.key(situation)]
        others = self.options or tuple(rule.values())
        return _pick(rng, [other for other in others if other != right]).format(*situation.names)

    def draw(self, pools: Pools, rng: np.random.Generator) -> Situation:
        """Return a random situation."""
        names = (_pick(rng, pools.things), _pick(rng, pools.places))
        if self.template.kind is Kind.PREFERENCES:
            names = (_pick(rng, tuple(self.deciding)), "")
        return Situation(
            names,
            tuple(_pick(rng, attribute.values) for attribute in self.attributes),
            tuple(rng.permutation(len(self.attributes)).tolist()),
            tuple(int(rng.integers(len(attribute.wordings))) for attribute in self.attributes),
            _pick(rng, pools.idle) if rng.random() < IDLE_SHARE else "",
            int(rng.integers(len(self.attributes) + 1)),
        )

    def look_alike(self, situation: Situation, rng: np.random.Generator) -> Situation:
        """Return the situation with another value of something that decides."""
        place = _pick(rng, self.deciding[self.key(situation)[0]])
        values = list(situation.values)
        values[place] = _pick(
            rng, [value for value in self.attributes[place].values if value != values[place]]
        )
        return dataclasses.replace(situation, values=tuple(values))


def draw_family(template: Template, pools: Pools, num_versions: int, rng: np.random.Generator) -> Family:
    """Return a family with random rules; no two versions have an answer in common for the same key."""
    most = len(template.attributes)
    num_attributes = int(rng.integers(min(MIN_ATTRIBUTES, most), most + 1))
    chosen = sorted(rng.choice(most, num_attributes, replace=False).tolist())
    places = rng.permutation(num_attributes).tolist()
    deciding: dict[str, tuple[int, ...]]
    if template.kind is Kind.PREFERENCES:
        first, second = rng.choice(len(pools.people), 2, replace=False)
        deciding = {pools.people[first]: (places[0],), pools.people[second]: (places[1],)}
    else:
        deciding = {"": tuple(places[: int(rng.integers(1, 3))])}
    decides = {place for each in deciding.values() for place in each}
    num_values = MAX_VALUES if len(decides) == 1 else PAIR_VALUES
    attributes = tuple(
        _some_values(template.attributes[index], num_values if place in decides else IDLE_VALUES, rng)
        for place, index in enumerate(chosen)
    )
    keys = [
        (person, *values)
        for person, own in deciding.items()
        for values in product(*(attributes[place].values for place in own))
    ]
    return Family(template, attributes, deciding, _draw_rules(template, keys, num_versions, rng))


def _draw_rules(
    template: Template, keys: Sequence[Key], num_versions: int, rng: np.random.Generator
) -> tuple[Mapping[Key, str], ...]:
    """Return the answers to all keys: different ones for each key, others in each version."""
    if _has_options(template.kind):
        # Shifted by one place for each version, along a random circle of the options.
        circle = [template.answers[place] for place in rng.permutation(len(template.answers))]
        return tuple(
            {key: circle[(place + version) % len(circle)] for place, key in enumerate(keys)}
            for version in range(num_versions)
        )
    drawn: dict[str, None] = {}
    while len(drawn) < num_versions * len(keys):
        make = _procedure if template.kind is Kind.PROCEDURES else _call
        drawn[make(template.answers, rng)] = None
    answers = list(drawn)
    return tuple(
        dict(zip(keys, answers[version * len(keys) :], strict=False)) for version in range(num_versions)
    )


def _procedure(steps: Sequence[str], rng: np.random.Generator) -> str:
    """Return three or four steps in order, at least one of which names the thing."""
    while True:
        chosen = rng.permutation(len(steps))[: int(rng.integers(3, 5))]
        if any("{0}" in steps[place] for place in chosen):
            return " > ".join(steps[place] for place in chosen)


def _call(words: Sequence[str], rng: np.random.Generator) -> str:
    """Return a call with two named arguments in either order, and a word of its own."""
    call, first, first_too, second, second_too, *extras = words
    arguments = [
        f'{_pick(rng, (first, first_too))}="{{0}}"',
        f'{_pick(rng, (second, second_too))}="{{1}}"',
    ]
    if rng.random() < 0.5:
        arguments.reverse()
    return f"{call}({', '.join(arguments)}, {_pick(rng, extras)})"


def _sentence(wording: str, *filled: str) -> str:
    clause = wording.format(*filled)
    return f"{clause[0].upper()}{clause[1:]}."


def _some_values(attribute: Attribute, num_values: int, rng: np.random.Generator) -> Attribute:
    places = rng.permutation(len(attribute.values))[:num_values]
    return dataclasses.replace(attribute, values=tuple(attribute.values[place] for place in places))


def _has_options(kind: Kind) -> bool:
    return kind in (Kind.CRITERIA, Kind.PREFERENCES)


def _pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    return items[int(rng.integers(len(items)))]
