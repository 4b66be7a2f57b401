"""Sentences that take something back, or put one thing in another's place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..memory.analysis import analyze
from .words import RELATIVES, notions

_OWN = r"(?:the|my|his|her|their|our|that|this|a|an)"
# What it is that no longer is stands beside the words for it, or needs no naming.
_CANCELLED = re.compile(
    r"\b(?:no longer|no(?:t|thing)?\b.{0,40}\bafter all|\w+n't\b.{0,40}\b(?:any ?more|any longer|after all)"
    r"|call(?:ed|ing) (?:it |that |the \w+ )?off|f[ae]ll(?:en)? through|cancel\w*"
    r"|scrap(?:ped)? (?:it|that|the|my)|never mind|(?:isn't|not) happening|ignore what|disregard"
    r"|changed my mind|(?:is|are|was|were|it's) off(?! to\b)|(?:so|and) (?:it's|that's) over|over now"
    r"|there (?:won't|will not) be|came to nothing|(?:it|that|job|company|thing) is history)\b"
    r"|(?:^|[,;:] |so |and )forget (?:about|what|the|it|everything)\b",
    re.IGNORECASE,
)
# These say what happened to something, and take back only what was said of that very thing.
_THING = rf"{_OWN} [\w'-]+(?: [\w'-]+)?"
_GONE = re.compile(
    rf"\b(?:quit|dropped|g[ai]ven? up(?: on)?|handed in|lost|returned) (?P<ended>{_THING})"
    rf"|\b(?:[tg]ave|given?|took|taken?|brought|bring|sen[td]) (?P<returned>(?!an? ){_THING}) back(?:"
    r"(?= to (?:the|a|its|our) (?:\w+ )?(?:shop|store|shelter|seller|dealer|owner|breeder|library))"
    r"|(?=[,.;!]|$| so\b))"
    rf"|\b(?:left|leaving) (?P<left>{_THING})(?=[,.;!]|$| (?:and|because|after|for good|last)\b)"
    r"|(?<![\w'-])(?P<parted>[\w'-]+ (?:has |have |had |just )?)(?:broken?|split|broke) up\b(?! with\b)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"(?:n't|\bnot|\bnever|\bwithout)\b[^,.;]*$", re.IGNORECASE)
"""In front of them: "I won't give up my dreams"."""
_MAX_DENIAL = 20
_IDLE = re.compile(
    rf"\b(?:(?:quit|left|leaving|lost|handed in) {_OWN} (?:\w+ )?"
    r"(?:job|company|firm|employer|position|notice)|out of work|let (?:me|him|her) go|made redundant|laid off"
    r"|unemployed|between jobs|got fired)\b",
    re.IGNORECASE,
)
_IDLE_FROM = "job work employer company"
_REFUNDED = re.compile(rf"\b(?:got {_OWN} (?:money|deposit) back|refunded)\b", re.IGNORECASE)
_REFUNDED_FOR = "cost price pay buy"


@dataclass(frozen=True, slots=True)
class Retraction:
    """Words that take something back.

    Attributes:
        events: Verbs and particles that say so, as by `events`; a question that has them all asks for this
            very event.
        things: Stems of what is gone; none if it is whatever the sentence is about.
        notions: Their notions.
    """

    events: frozenset[str]
    things: frozenset[str]
    notions: frozenset[int]


def retractions(sentence: str) -> tuple[Retraction, ...]:
    """Return what in a sentence takes something back, as "the trip is called off" does.

    What happened to something is no retraction of other matters: "I lost my job" takes back the job, and
    "I got back from Rome", "I broke up with Tom" and "I lost my keys" are facts like others.
    """
    found = [_retraction(match[0]) for match in _CANCELLED.finditer(sentence)]
    for match in _GONE.finditer(sentence):
        thing = next(filter(None, match.groups()))
        # Who lost his mother has one to tell of, and "we broke up" names nothing.
        is_denied = _DENIED.search(sentence[max(0, match.start() - _MAX_DENIAL) : match.start()])
        if analyze(thing) and not is_denied and not RELATIVES.intersection(thing.lower().split()):
            found.append(_retraction(match[0].replace(thing, " "), thing))
    found += [_retraction(match[0], _IDLE_FROM) for match in _IDLE.finditer(sentence)]
    found += [_retraction(match[0], _REFUNDED_FOR) for match in _REFUNDED.finditer(sentence)]
    return tuple(found)


def _retraction(cue: str, thing: str = "") -> Retraction:
    things = frozenset(analyze(thing))
    return Retraction(events(cue.lower().split()), things, frozenset().union(*map(notions, things)))


_EVENTS = {
    word: forms.split()[0]
    for forms in (
        "call called calling",
        "cancel cancelled canceled cancelling",
        "fall fell fallen",
        "scrap scrapped",
        "quit quitting",
        "drop dropped",
        "give gave given",
        "hand handed",
        "lose lost",
        "return returned",
        "take took taken",
        "bring brought",
        "send sent",
        "leave left leaving",
        "break broke broken",
        "split",
        "refund refunded",
        "fire fired",
        "off",
        "up",
        "back",
        "through",
    )
    for word in forms.split()
}


def events(lowers: Iterable[str]) -> frozenset[str]:
    """Return which of the verbs and particles that tell of an end some words have, in their base form."""
    return frozenset(_EVENTS[word] for word in lowers if word in _EVENTS)


_REPLACED = re.compile(
    r"(?<!for )(?<!any )\bnow\b|\b(?:instead|rather|meant|correction|switched|changed to|wrong|mistaken)\b",
    re.IGNORECASE,
)


def replaces(sentence: str) -> bool:
    """Return whether a sentence puts one thing in another's place, as "I meant Thursday" does."""
    return bool(_REPLACED.search(sentence))
