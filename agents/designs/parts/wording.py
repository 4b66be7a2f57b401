"""What the words of a text tell about it where no model is asked."""

from __future__ import annotations

import re

from memdojo.envs.people import people_of
from memdojo.envs.streams.rendering import split_turn

_LASTING = re.compile(
    r"\b(?:i am|i'm|(?:my|our) [\w' ]{1,40}? (?:is|are|was)|favou?rite|always|never|"
    r"every (?:day|week|month|year)|i (?:always |really |also )?"
    r"(?:live|work|like|love|hate|prefer|have|own|play|speak|study|teach|drive))\b",
    re.IGNORECASE,
)

_MACHINE = re.compile(r"\b(?:tool|system|search|memory|function|admin)\b", re.IGNORECASE)
_HEARSAY = re.compile(
    r"\b(?:told me|tells me|i(?:'ve)? heard|i was told|they say|according to|apparently|someone said|"
    r"(?:found|noted|written|stored) in|notes? of|rumou?r)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:^|[.!?,:]\s+)(?:please )?(?:delete|forget|ignore|overwrite|discard) "
    r"(?:everything|all|what|any|previous)\b|\b(?:from now on|remember this instead|authoritative|verified|"
    r"memory_\w+|tool[ _](?:result|call|output)|must be stored|do not store)\b"
    r"|^\s*\[[\w ]{2,30}\]|\n\s*[\w ]{2,30}:|<\|",
    re.IGNORECASE,
)
_QUESTION_ANSWERED = re.compile(
    r"(?:^|[.?!]\s+)(?:who|what|whose|where|when|which|why|how|is|are|was|were|do|does|did|has|have|had|can|"
    r"could|will|would|in|on|at|for|to|with|from|by)\b[^.!?:]{3,300}: \S",
    re.IGNORECASE,
)
_UNSURE = re.compile(r"\b(?:or (?:perhaps|maybe|rather)|rather than|perhaps|maybe|might be)\b", re.IGNORECASE)
_OF_ANOTHER = re.compile(r"\s*([A-Z][\w'-]+) (?:[a-z]|is\b)")
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|my|mine|me|we|our|us)\b", re.IGNORECASE)


def tells_lasting(text: str) -> bool:
    """Return whether a text tells in the first person what holds for some time: who somebody is, has, likes.

    Words of English alone; in other languages nothing does.
    """
    return _LASTING.search(split_turn(text)[1]) is not None


def people_in(text: str, names: frozenset[str]) -> tuple[str, ...]:
    """Return who says a text and whom of `names` it names, the speaker first; "" stands for no speaker."""
    speaker, said = split_turn(text)
    return tuple(dict.fromkeys((speaker, *(mention.name for mention in people_of(names).mentions(said)))))


def is_machine(speaker: str) -> bool:
    """Return whether a speaker's name is that of a program: a tool, a system, a search."""
    return _MACHINE.search(speaker) is not None


def is_hearsay(said: str) -> bool:
    """Return whether words pass on what somebody else told, or what was found somewhere."""
    return _HEARSAY.search(said) is not None


def gives_orders(said: str) -> bool:
    """Return whether words tell a memory what to do, or pass themselves off as a program's."""
    return _ORDER.search(said) is not None


def is_question_answered(said: str) -> bool:
    """Return whether words are a question whose answer follows a colon, as nobody talks."""
    return _QUESTION_ANSWERED.search(said) is not None


def is_unsure(said: str) -> bool:
    """Return whether words put one thing beside another: "Oslo, or perhaps Rome"."""
    return _UNSURE.search(said) is not None


def tells_of_another(said: str, names: frozenset[str]) -> bool:
    """Return whether words begin with a name and do not speak of their speaker.

    Args:
        said: What is said.
        names: Of the speakers; to speak of one of them is not meant.
    """
    found = _OF_ANOTHER.match(said)
    return found is not None and found[1] not in names and _FIRST_PERSON.search(said) is None
