"""Whether what stands in front of a line's first colon is who says it."""

from __future__ import annotations

import regex

from ..people.tables import PARTICLES
from .words import FIRST_PERSON, FUNCTION_WORDS, SECOND_PERSON, TIME_WORDS, VERBS, notions, stem

_ROLES = ("user", "assistant", "system")
_MAX_NAME_WORDS = 5
_MAX_NAME_LENGTH = 80
_BRACKETED = regex.compile(r"\([^()]*\)|\[[^\[\]]*\]|<[^<>]*>")
# "@ann", "ann_lee", "ann.lee@example.org" and "ann99", but not "2023".
_HANDLE = regex.compile(r"[@~]\S+|(?=\S*\p{L})\S*[_@\d]\S*")
_PHONE = regex.compile(r"\+?[\d ()-]{6,}")
_SPEECH_WORD = regex.compile(r"[\w']+")
_MAX_SPEECH_WORDS = 200


def is_speaker(name: str, body: str) -> bool:
    """Return whether `name` says `body`.

    It does if it reads like a name, a handle, a phone number or a role. Without capitals it may as well be
    what a note is about ("wifi password: ..."): then no word of it may be an everyday one, and of several
    words or an everyday one the body must be speech, to somebody or about oneself.
    """
    if len(name) > _MAX_NAME_LENGTH:
        return False
    parts = _BRACKETED.sub(" ", name).split()
    if not 0 < len(parts) <= _MAX_NAME_WORDS:
        return False
    if name in _ROLES or (len(parts) == 1 and _HANDLE.fullmatch(name)) or _PHONE.fullmatch(name):
        return True
    first = parts[0].lstrip("\"'“‘")
    if first[:1].isalpha() and not first[0].islower() and all(map(_may_follow, parts[1:])):
        return True
    if not name.islower():
        return False
    num_known = sum(map(_is_everyday, parts))
    if num_known == 0 and len(parts) == 1:
        return True
    return (num_known == 0 or len(parts) == 1) and _is_speech(body)


def _may_follow(part: str) -> bool:
    """Return whether a word may be a later one of a name: with a capital, of a script without, or "van"."""
    return not part[0].islower() or part in PARTICLES


def _is_everyday(word: str) -> bool:
    term = stem(word)
    return word in FUNCTION_WORDS or word in TIME_WORDS or term in VERBS or bool(notions(term))


def _is_speech(body: str) -> bool:
    if body.rstrip().endswith(("?", "!")):
        return True
    start = body[: 10 * _MAX_SPEECH_WORDS].lower()
    return any(word in FIRST_PERSON or word in SECOND_PERSON for word in _SPEECH_WORD.findall(start))
