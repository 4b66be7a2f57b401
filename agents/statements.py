"""`stated`: whose attribute a text states a bare value of, as far as one can tell from the words alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAX_STATEMENT = 200
"""Characters of a turn that may be a bare statement."""

_ATTRIBUTES = (
    r"(?:(?:home|work|office|mobile|cell|phone|account|house|flat|room|seat|license|licence|passport|customer|"
    r"member|postal|zip|area|door|gate|job|first|last|middle|maiden|full|user|screen|display|e-?mail|web|"
    r"mailing|billing|shipping|delivery|shoe|dress|ring|shirt|blood|heart|time|star|monthly|yearly|annual|"
    r"weekly|hourly|daily) )*"
    r"(?:name|surname|nickname|username|number|phone|mobile|address|e-?mail|website|postcode|code|password|"
    r"passphrase|pin|birthday|birth date|date of birth|age|height|weight|size|blood type|job|title|"
    r"occupation|profession|employer|salary|wage|rent|income|budget|hometown|home town|nationality|zone|"
    r"timezone|sign|"
    r"marital status|(?:favou?rite|preferred) (?:\w+ )?\w+)"
)
"""What a person has one of at a time, as far as one can tell from the words alone."""

_NAME = r"[^\W\d_][\w.-]*(?: [^\W\d_][\w.-]*)?"
_LEAD_IN = re.compile(r"(?:(?:actually|oh|well|so|now|currently|by the way|update|correction)[,:]? )+", re.I)
_STATEMENTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<who>my|our|{_NAME}'s)(?P<what> {_ATTRIBUTES}) (?:is|=) (?P<value>.+)",
        rf"(?P<who>i|we|{_NAME})(?P<what> lives? in) (?P<value>.+)",
        rf"(?P<who>i|we|{_NAME})(?P<what> works? (?:at|for)) (?P<value>.+)",
        rf"(?P<who>i|we|{_NAME})(?:'m|'s| am| is| are) (?P<value>\d+)(?P<what> years old)",
    )
)
_PASSING = re.compile(r"\b(?:new|now|current|currently) ", re.IGNORECASE)
_AFTERWARDS = re.compile(r"[ ,]+(?:now|these days|at the moment|currently)$", re.IGNORECASE)
_SAYS_MORE = re.compile(
    r"\b(?:and|or|but|nor|not|no|never|also|too|both|another|other|either|as|with|without|because|since|so|if|"
    r"when|while|until|till|for|from|to|by|in|on|at|during|every|who|which|that|where|sometimes|often|usually|"
    r"mostly|partly|half|maybe|perhaps|probably|than|plus)\b|[&;!?(\"“”]|[,:](?!\d)|\.\s",
    re.IGNORECASE,
)
"""In place of a bare value: then a text says more than one, and to replace it would lose the rest."""

_MAX_VALUE_WORDS = 4
_OPEN = (
    "he she it they you who this that there someone somebody everyone everybody nobody one people the a an "
    "some another his her their my our"
)
"""First words of subjects that may be somebody else each time."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A bare value of an attribute of a person, as "I live in Rome" states it.

    Attributes:
        about: Whose attribute it is and which, equal for equal ones.
        value: The value in lower case.
    """

    about: str
    value: str


def stated(speaker: str, said: str) -> Statement | None:
    """Return what a text states if that is nothing but a value of one attribute; None for any other text.

    The grammar is English.
    """
    said = _AFTERWARDS.sub("", said.strip().rstrip(".!"))
    if len(said) > _MAX_STATEMENT:
        return None
    lead_in = _LEAD_IN.match(said)
    said = _PASSING.sub("", said[lead_in.end() :] if lead_in else said)
    for pattern in _STATEMENTS:
        found = pattern.fullmatch(said)
        if found is not None and _is_somebody(found["who"]) and _is_bare(found["value"], found["what"]):
            about = f"{speaker}|{found['who']}{found['what']}".casefold()
            return Statement(about, found["value"].casefold())
    return None


def _is_somebody(who: str) -> bool:
    """Return whether words name the speaker or, all of them with capitals, one person."""
    words = who.split()
    if words[0].lower() in ("i", "we", "my", "our") and len(words) == 1:
        return True
    return words[0].lower() not in _OPEN.split() and all(word[0].isupper() for word in words)


def _is_bare(value: str, what: str) -> bool:
    """Return whether a value is one name or number: "fear" is none of those that somebody lives in."""
    is_value = any(character.isdigit() or character.isupper() for character in value) or "@" in value
    if not is_value and "favo" not in what.lower() and "prefer" not in what.lower():
        return False
    return len(value.split()) <= _MAX_VALUE_WORDS and _SAYS_MORE.search(value) is None
