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


def tells_lasting(text: str) -> bool:
    """Return whether a text tells in the first person what holds for some time: who somebody is, has, likes.

    Words of English alone; in other languages nothing does.
    """
    return _LASTING.search(split_turn(text)[1]) is not None


def people_in(text: str, names: frozenset[str]) -> tuple[str, ...]:
    """Return who says a text and whom of `names` it names, the speaker first; "" stands for no speaker."""
    speaker, said = split_turn(text)
    return tuple(dict.fromkeys((speaker, *(mention.name for mention in people_of(names).mentions(said)))))
