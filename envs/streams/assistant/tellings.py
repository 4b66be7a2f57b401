"""Which words a user has for which attribute."""

from __future__ import annotations

from ..synthetic.phrasings import circle, life, oneself, taste
from ..synthetic.phrasings.attributes import Attribute
from ..synthetic.plan import Event, EventKind
from .phrasings import about_life, about_others, about_work
from .phrasings.requests import CORRECTIONS
from .phrasings.telling import Telling

TELLINGS: dict[Attribute, Telling] = {
    oneself.HOME: about_work.HOME,
    oneself.ORIGIN: about_work.ORIGIN,
    oneself.JOB: about_work.JOB,
    oneself.EMPLOYER: about_work.EMPLOYER,
    oneself.OFFICE: about_work.OFFICE,
    oneself.BIRTHDAY: about_work.BIRTHDAY,
    oneself.AGE: about_work.AGE,
    taste.FOOD: about_life.FOOD,
    taste.COLOUR: about_life.COLOUR,
    taste.MUSIC: about_life.MUSIC,
    taste.HOBBY: about_life.HOBBY,
    taste.ALLERGY: about_life.ALLERGY,
    taste.RENT: about_work.RENT,
    taste.PURCHASE: about_work.PURCHASE,
    taste.CODE: about_work.CODE,
    life.PET: about_life.PET,
    life.CLUB: about_life.CLUB,
    life.CLUB_DAY: about_life.CLUB_DAY,
    life.TRIP: about_life.TRIP,
    life.TRIP_DATE: about_life.TRIP_DATE,
    life.COURSE: about_life.COURSE,
    life.WEDDING: about_life.WEDDING,
    life.APPOINTMENT: about_life.APPOINTMENT,
    life.VISIT: about_life.VISIT,
    life.BOOK: about_life.BOOK,
    circle.INTRODUCTION: about_others.INTRODUCTION,
    circle.HOME: about_others.HOME,
    circle.JOB: about_others.JOB,
    circle.EMPLOYER: about_others.EMPLOYER,
    circle.AGE: about_others.AGE,
    circle.BIRTHDAY: about_others.BIRTHDAY,
    circle.HOBBY: about_others.HOBBY,
    circle.FOOD: about_others.FOOD,
    circle.INSTRUMENT: about_others.INSTRUMENT,
    circle.ALLERGY: about_others.ALLERGY,
    circle.COURSE: about_others.COURSE,
}


def phrasings_of(event: Event) -> tuple[str, ...]:
    """The pool of sentences that tell what happens in the event."""
    if event.kind is EventKind.CORRECTION:
        return CORRECTIONS
    telling = TELLINGS[event.fact.attribute]
    if event.kind is EventKind.UPDATE:
        return telling.updates
    return telling.retractions if event.kind is EventKind.RETRACTION else telling.states
