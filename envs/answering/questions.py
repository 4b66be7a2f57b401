"""Questions, parsed once: the sort of answer they want, whom they are about, and the words to find it by."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from .lines import Token, tokenize
from .words import AUXILIARIES, DETERMINERS, VERBS, notions, stem, words

_YES_NO = words("""
    is are was were do does did has have had can could will would should may might am isn't doesn't didn't
""")
_MEASURES = words("many much old long often far big tall high large expensive")
_TIMES = words("day days date time month year weekday evening morning birthday")
_NUMBERS = words("number price rent cost code amount age")
_PLACES = words("city town country place state location village")
_PAYING = words("pay cost spend")
_NAMING = words("called call name named")
_GENERIC = frozenset(map(stem, ("kind", "type", "sort", "thing", "name", "way", "activity", "times")))
_MAX_FOCUS_WORDS = 3
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question.

    Attributes:
        wants: `who`, `where`, `when`, `number`, `name`, `why`, `how`, `yes_no` or `what`.
        measure: For numbers, what is asked for: "many", "much", "old", "long", ...; "" otherwise.
        focus: Stems of the noun that the answer is an instance of: "which *instrument*", "how many *months*".
        names: Names in it, lower case.
        stems: All search terms but the names.
        notions: For each term the notions that it belongs to.
        all_notions: All of them together.
        owned: Stems of what belongs to the person, as "sister" in "Ana's sister" or "the sister of Ana".
    """

    wants: str
    measure: str
    focus: frozenset[str]
    names: frozenset[str]
    stems: tuple[str, ...]
    notions: tuple[frozenset[int], ...]
    all_notions: frozenset[int]
    owned: frozenset[str]


@lru_cache(1 << 13)
def parse_question(text: str) -> ParsedQuestion:
    """Parse an English question."""
    tokens = tokenize(unicodedata.normalize("NFC", text).replace("’", "'"))
    lowers = [_base(token) for token in tokens if token.is_word]
    wants, measure, focus = _wanted(lowers)
    names = frozenset(_base(token) for token in tokens if token.is_name and not token.is_opening)
    terms = dict.fromkeys(token.stem for token in tokens if token.stem and _base(token) not in names)
    if measure in ("many", "much", "long", "often"):
        # "Old" and "expensive" tell what the number measures; these do not.
        terms.pop(stem(measure), None)
    stems = tuple(term for term in terms if term not in _GENERIC) or tuple(terms)
    near = tuple(map(notions, stems))
    return ParsedQuestion(
        wants=wants,
        measure=measure,
        focus=focus,
        names=names,
        stems=stems,
        notions=near,
        all_notions=frozenset().union(*near),
        owned=_owned(tokens, names),
    )


def _base(token: Token) -> str:
    return token.lower.removesuffix("'s")


def _owned(tokens: tuple[Token, ...], names: frozenset[str]) -> frozenset[str]:
    found: list[str] = []
    for index, token in enumerate(tokens):
        if _base(token) not in names:
            continue
        if token.lower.endswith("'s"):
            for other in tokens[index + 1 :]:
                if not other.stem or other.stem in VERBS:
                    break
                found.append(other.stem)
                if other.lower.endswith("'s"):
                    break
        elif index > 1 and tokens[index - 1].lower == "of" and tokens[index - 2].stem:
            found.append(tokens[index - 2].stem)
    return frozenset(found)


def _wanted(lowers: list[str]) -> tuple[str, str, frozenset[str]]:
    """Return what is wanted, the measure and the focus, by the first question word that tells."""
    for index, word in enumerate(lowers):
        following = lowers[index + 1] if index + 1 < len(lowers) else ""
        if word == "how":
            if following in _MEASURES:
                counted = following in ("many", "much")
                return "number", following, _focus(lowers, index + 2) if counted else _NOTHING
            return ("name" if _NAMING.intersection(lowers) else "how"), "", _NOTHING
        if word in ("who", "whom", "whose"):
            return "who", "", _NOTHING
        if word in ("where", "why"):
            return word, "", _NOTHING
        if word == "when" and (index == 0 or lowers[index - 1] in ("since", "until", "from", "by")):
            return "when", "", _NOTHING
        if word in ("what", "which"):
            return _wanted_thing(lowers, index)
    return ("yes_no" if lowers and lowers[0] in _YES_NO else "what"), "", _NOTHING


def _wanted_thing(lowers: list[str], index: int) -> tuple[str, str, frozenset[str]]:
    """Return what "what" or "which" at `index` asks for."""
    focus = _focus(lowers, index + 1)
    following = lowers[index + 1] if index + 1 < len(lowers) else ""
    noun = _asked_noun(lowers, index + 1) or following
    if noun in _TIMES:
        return "when", "", _NOTHING
    if noun in _NUMBERS:
        return "number", "old" if noun == "age" else "much", _NOTHING
    if following in AUXILIARIES and _PAYING.intersection(lowers):
        return "number", "much", _NOTHING
    if _NAMING.intersection(lowers):
        return "name", "", focus
    if noun in _PLACES:
        return "where", "", focus
    return "what", "", focus


def _asked_noun(lowers: list[str], index: int) -> str:
    """Return the noun of "what is the date of" or "what is Ana's age"; "" if there is none."""
    if index < len(lowers) and lowers[index] in ("is", "was", "are", "were"):
        for word in lowers[index + 1 : index + 4]:
            if word in _TIMES or word in _NUMBERS or word in _PLACES:
                return word
    return ""


def _focus(lowers: list[str], index: int) -> frozenset[str]:
    """Return the stems between the question word and the verb; none if that is a sentence of its own."""
    found = []
    while index < len(lowers) and lowers[index] not in AUXILIARIES:
        term = stem(lowers[index]) if lowers[index] not in DETERMINERS else ""
        if term and term not in _GENERIC:
            found.append(term)
        index += 1
    return frozenset(found) if len(found) <= _MAX_FOCUS_WORDS else _NOTHING
