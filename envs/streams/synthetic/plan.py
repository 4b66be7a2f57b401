"""The plan of a stream: when each fact is told, corrected, updated and taken back."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .cast import Cast, Stranger
from .draws import Draws
from .facts import DISTRACTORS, Fact, FactChooser, next_teller
from .phrasings.attributes import Scope
from .pools import values
from .settings import SyntheticSettings
from .values import Value, ValueDeck

UPDATE_SHARE = 0.45
CORRECTION_SHARE = 0.3
"""Of the revisions; the rest are contradictions, which give a new value without a word about the old one."""

PROMPTED_SHARE = 0.3
"""Of the facts whose turn before is free: told in answer to a question."""


class EventKind(enum.Enum):
    """What a turn does to a fact; compare with `is`."""

    STATE = "state"
    CORRECTION = "correction"
    UPDATE = "update"
    CONTRADICTION = "contradiction"
    RETRACTION = "retraction"
    DISTRACTOR = "distractor"


REVISIONS = frozenset({EventKind.CORRECTION, EventKind.UPDATE, EventKind.CONTRADICTION})


@dataclass(slots=True, eq=False)
class Event:
    """One telling turn; compared by identity.

    Attributes:
        value: What the fact is from now on; None after a retraction.
        old: What it was before; None for a first statement.
        previous: The event that this one supersedes.
        position: Where it should lie, as a share of the stream; ties keep their order.
        turn: Where it lies: index of the turn, -1 until it is placed.
        prompted: True if the turn before asks for it.
    """

    kind: EventKind
    fact: Fact
    value: Value | None
    position: float
    previous: Event | None = None
    turn: int = -1
    prompted: bool = False

    @property
    def old(self) -> Value | None:
        """The value that the superseded event gave."""
        return self.previous.value if self.previous is not None else None


@dataclass(frozen=True, slots=True)
class Plan:
    """A stream before it is put into words.

    Attributes:
        speakers: Names of the two.
        called: How questions call them.
        starters: For each session, who speaks first.
        times: For each session, when it takes place.
        events: By turn index.
        histories: The events of each fact, oldest first.
    """

    speakers: tuple[str, str]
    called: tuple[str, str]
    starters: tuple[int, ...]
    times: tuple[datetime, ...]
    events: dict[int, Event]
    histories: tuple[tuple[Event, ...], ...]

    def speaker_of(self, turn: int, turns_per_session: int) -> int:
        """0 or 1: who says the turn; the two take turns within a session."""
        session, place = divmod(turn, turns_per_session)
        return (self.starters[session] + place) % 2


def make_plan(settings: SyntheticSettings, draws: Draws, times: tuple[datetime, ...], cast: Cast) -> Plan:
    """Choose people, facts, values and the turns in which they are told."""
    names = {
        gender: list(values(f"{word}_name", draws.split)) for gender, word in (("f", "female"), ("m", "male"))
    }
    speakers = cast.speakers(draws, names)
    starters = tuple(next_teller(settings, draws, 0) for _ in times)
    facts = FactChooser(settings, draws, names, cast).choose()
    deck = ValueDeck(draws, times[-1])
    events = _Timeline(settings, draws, deck, lambda: cast.stranger(draws, names)).arrange(facts)
    called = (cast.called.get(speakers[0], speakers[0]), cast.called.get(speakers[1], speakers[1]))
    plan = Plan(speakers, called, starters, times, {}, _histories(events))
    _place(plan, events, settings)
    for event in plan.events.values():
        event.prompted = _can_be_prompted(event, plan, settings) and draws.chance(PROMPTED_SHARE)
    return plan


class _Timeline:
    """Makes the events of the facts, with values and rough positions."""

    def __init__(
        self,
        settings: SyntheticSettings,
        draws: Draws,
        deck: ValueDeck,
        new_stranger: Callable[[], Stranger],
    ) -> None:
        self._settings = settings
        self._draws = draws
        self._deck = deck
        self._new_stranger = new_stranger
        self._histories: dict[Fact, list[Event]] = {}
        self._balance = 0

    def arrange(self, facts: Sequence[Fact]) -> list[Event]:
        """All events, those of one fact in the order in which they happen."""
        for fact in facts:
            self._state(fact)
        parents = {fact.parent for fact in facts}
        loose = [fact for fact in facts if fact not in parents and not _is_settled(fact)]
        retractable = self._draws.shuffled([fact for fact in loose if fact.attribute.retractions])
        retracted = retractable[: self._settings.num_retractions]
        if loose:
            for _ in range(self._settings.num_updates):
                self._revise(loose, retracted)
        for fact in retracted:
            previous = self._histories[fact][-1]
            self._add(Event(EventKind.RETRACTION, fact, None, self._position_after(previous), previous))
        for _ in range(self._settings.num_distractors):
            self._distract()
        return [event for history in self._histories.values() for event in history]

    def _add(self, event: Event) -> None:
        self._histories.setdefault(event.fact, []).append(event)
        self._balance += 1 if event.fact.owner else -1

    def _lighter_owner(self) -> int:
        """The teller who has less to tell so far."""
        return next_teller(self._settings, self._draws, self._balance)

    def _position_after(self, event: Event | None) -> float:
        """A position after `event`, which changes places with it where it was drawn before."""
        drawn = self._draws.fraction(1.0 - self._settings.fact_age)
        if event is None or drawn > event.position:
            return drawn
        if drawn > self._earliest(event):
            # Taking the later of two draws for what follows would crowd all evidence at the end.
            drawn, event.position = event.position, drawn
            return drawn
        return event.position + (1.0 - event.position) * self._draws.fraction(1.0 - self._settings.fact_age)

    def _earliest(self, event: Event) -> float:
        """The position after which `event` has to stay."""
        if event.previous is not None:
            return event.previous.position
        parent = event.fact.parent
        return self._histories[parent][0].position if parent is not None else -1.0

    def _state(self, fact: Fact) -> None:
        if fact.attribute.name == "introduction":
            value = Value(fact.name, (fact.name,))
        else:
            value = self._new_value(fact)
        parent = self._histories[fact.parent][0] if fact.parent is not None else None
        self._add(Event(EventKind.STATE, fact, value, self._position_after(parent)))

    def _new_value(self, fact: Fact) -> Value:
        """A value that the fact did not have lately; for what is counted, one that nothing else has."""
        if _is_settled(fact):
            told = [history[0] for other, history in self._histories.items() if _is_alike(other, fact)]
        else:
            told = self._histories.get(fact, [])[-3:]
        banned = {event.value.said for event in told if event.value is not None}
        return self._deck.value(fact.attribute.pool, planned=fact.attribute.planned, banned=banned)

    def _revise(self, loose: Sequence[Fact], retracted: Sequence[Fact]) -> None:
        """Give one of the facts one more value."""
        corrects = self._draws.chance(CORRECTION_SHARE)
        lasting = [fact for fact in loose if fact.attribute.revisable and fact not in retracted]
        fact = self._fact_to_revise(loose if corrects or not lasting else lasting)
        previous = self._histories[fact][-1]
        if corrects or not lasting:
            kind = EventKind.CORRECTION
            position = min(previous.position + 2.5 / self._settings.num_turns, 1.0)
        else:
            updates = self._draws.chance(UPDATE_SHARE / (1.0 - CORRECTION_SHARE))
            kind = EventKind.UPDATE if updates else EventKind.CONTRADICTION
            position = self._position_after(previous)
        self._add(Event(kind, fact, self._new_value(fact), position, previous))

    def _fact_to_revise(self, candidates: Sequence[Fact]) -> Fact:
        # Those with the fewest values so far come first: nobody changes jobs in every session.
        fewest = min(len(self._histories[fact]) for fact in candidates)
        candidates = [fact for fact in candidates if len(self._histories[fact]) == fewest]
        owner = self._lighter_owner()
        return self._draws.one([fact for fact in candidates if fact.owner == owner] or candidates)

    def _distract(self) -> None:
        attribute = self._draws.one(DISTRACTORS)
        stranger = self._new_stranger()
        fact = Fact(attribute, self._lighter_owner(), stranger.relation, stranger.name, stranger.gender)
        value = self._deck.value(attribute.pool)
        self._add(Event(EventKind.DISTRACTOR, fact, value, self._draws.uniform()))


def _is_alike(one: Fact, other: Fact) -> bool:
    return one.attribute is other.attribute and one.owner == other.owner


def _is_settled(fact: Fact) -> bool:
    """True for what is never corrected: names of people, and things that are only counted."""
    return (fact.attribute.listed and not fact.key) or fact.attribute.name == "introduction"


def _histories(events: Iterable[Event]) -> tuple[tuple[Event, ...], ...]:
    histories: dict[Fact, list[Event]] = {}
    for event in events:
        if event.kind is not EventKind.DISTRACTOR:
            histories.setdefault(event.fact, []).append(event)
    return tuple(tuple(history) for history in histories.values())


def _place(plan: Plan, events: Iterable[Event], settings: SyntheticSettings) -> None:
    """Give each event the free turn of its speaker that is nearest, in the order of their positions."""
    ordered = sorted(events, key=lambda event: event.position)
    length = settings.turns_per_session
    for owner in range(2):
        own = [event for event in ordered if event.fact.owner == owner]
        turns = [t for t in range(settings.num_turns) if plan.speaker_of(t, length) == owner]
        free = [t for t in turns if t % length >= settings.greeting_turns]
        if len(own) > len(free):
            free = turns
        slots = [min(int(event.position * len(free)), len(free) - 1) for event in own]
        for i in range(1, len(slots)):
            slots[i] = max(slots[i], slots[i - 1] + 1)
        for i in range(len(slots) - 1, -1, -1):
            slots[i] = min(slots[i], len(free) - len(slots) + i)
        for event, slot in zip(own, slots, strict=True):
            event.turn = free[slot]
            plan.events[event.turn] = event


def _can_be_prompted(event: Event, plan: Plan, settings: SyntheticSettings) -> bool:
    before = event.turn - 1
    return (
        event.kind is EventKind.STATE
        and bool(event.fact.attribute.prompts)
        and event.turn % settings.turns_per_session > 0
        and before not in plan.events
        and (event.fact.attribute.scope is Scope.SELF or event.fact.attribute.name == "introduction")
    )
