"""Questions, parsed once: the sort of answer they want, whom they are about, and the words to find it by."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from cachetools import LRUCache, cached

from ..people import Mention, People
from ..people.tables import words
from .lines import Token, plain, tokenize
from .retractions import events
from .words import AUXILIARIES, DETERMINERS, VERBS, notions, stem

_YES_NO = words("""
    is are was were do does did has have had can could will would should may might am isn't doesn't didn't
""")
_MEASURES = words("many much old long often far big tall high large expensive")
_TIMES = words("day days date time month year weekday evening morning birthday")
_NUMBERS = words("""
    number price rent cost code amount age phone telephone pin isbn iban ip version weight height
    temperature size percentage pressure
""")
_ADDRESSES = words("""
    email e-mail mail address website site url link homepage webpage handle username account
""")
_MAIL_OR_SITE = _ADDRESSES - {"address", "account", "mail"}
_PLACES = words("city town country place state location village")
_PAYING = words("pay cost spend")
_NAMING = words("called call name named")
_GENERIC = frozenset(map(stem, ("kind", "type", "sort", "thing", "name", "way", "activity", "times")))
_QUESTION_WORDS = words("what who where when why how which whose")
_MAX_FOCUS_WORDS = 3
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question.

    Attributes:
        wants: `who`, `where`, `when`, `number`, `address`, `name`, `why`, `how`, `yes_no` or `what`.
        measure: For numbers, what is asked for: "many", "much", "old", "long", ...; "" otherwise.
        focus: Stems of the noun that the answer is an instance of: "which *instrument*", "how many *months*".
        people: The speakers that it names.
        among: The speakers that it may name.
        names: Other names in it, lower case.
        terms: All search terms but the names.
        stems: The same without their order.
        notions: For each term the notions that it belongs to.
        all_notions: All of them together.
        owned: Stems of what belongs to the person, as "sister" in "Ana's sister" or "the sister of Ana".
        events: What it tells of an end, as by `events`.
    """

    wants: str
    measure: str
    focus: frozenset[str]
    people: frozenset[str]
    among: People = field(repr=False, compare=False)
    names: frozenset[str]
    terms: tuple[str, ...]
    stems: frozenset[str]
    notions: tuple[frozenset[int], ...]
    all_notions: frozenset[int]
    owned: frozenset[str]
    events: frozenset[str]

    @property
    def has_names(self) -> bool:
        """Whether it names anybody or anything."""
        return bool(self.people or self.names)


_CACHED_BYTES = 1 << 26
"""What the questions read last may take up."""


def _size_of(question: ParsedQuestion) -> int:
    return 2_000 + 500 * (len(question.terms) + len(question.names))


@cached(LRUCache(_CACHED_BYTES, getsizeof=_size_of), lock=Lock())
def parse_question(text: str, among: People) -> ParsedQuestion:
    """Parse an English question.

    Args:
        text: The question.
        among: Those who speak in the context.
    """
    text = plain(text)
    tokens = tokenize(text)
    mentions = among.mentions(text)
    is_mentioned = tokens_within(tokens, mentions)
    # A name counts as one word, however many it has.
    lowers = [
        word
        for index, token in enumerate(tokens)
        if token.is_word and not (index and is_mentioned[index] and is_mentioned[index - 1])
        for word in _bases(token)
    ]
    wants, measure, focus = _wanted(lowers)
    names = frozenset(
        _base(token)
        for token, mentioned in zip(tokens, is_mentioned, strict=True)
        if token.is_name and not token.is_opening and not mentioned
    )
    is_named = [
        mentioned or _base(token) in names for token, mentioned in zip(tokens, is_mentioned, strict=True)
    ]
    terms = dict.fromkeys(
        token.stem for token, named in zip(tokens, is_named, strict=True) if token.stem and not named
    )
    if measure in ("many", "much", "long", "often"):
        # "Old" and "expensive" tell what the number measures; these do not.
        terms.pop(stem(measure), None)
    kept = tuple(term for term in terms if term not in _GENERIC) or tuple(terms)
    near = tuple(map(notions, kept))
    return ParsedQuestion(
        wants=wants,
        measure=measure,
        focus=focus,
        people=frozenset(mention.name for mention in mentions),
        among=among,
        names=names,
        terms=kept,
        stems=frozenset(kept),
        notions=near,
        all_notions=frozenset().union(*near),
        owned=_owned(tokens, is_named),
        events=events(lowers),
    )


def tokens_within(tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[bool]:
    """Return for each token whether it is part of a mention; mentions are in order of their places."""
    starts = [mention.start for mention in mentions]
    found = []
    for token in tokens:
        place = bisect_left(starts, token.end) - 1
        found.append(place >= 0 and token.start < mentions[place].end)
    return found


def _bases(token: Token) -> tuple[str, ...]:
    """Return a token's words in lower case: those of "what's" are "what" and "is"."""
    base = _base(token)
    return (base, "is") if token.lower != base and base in _QUESTION_WORDS else (base,)


def _base(token: Token) -> str:
    return token.lower.removesuffix("'s")


def _owned(tokens: tuple[Token, ...], is_named: Sequence[bool]) -> frozenset[str]:
    found: list[str] = []
    for index, token in enumerate(tokens):
        if not is_named[index]:
            continue
        if token.lower.endswith("'s"):
            for other in tokens[index + 1 :]:
                if not other.stem or other.stem in VERBS:
                    break
                found.append(other.stem)
                if other.lower.endswith("'s"):
                    break
        elif (
            not is_named[index - 1]
            and index > 1
            and tokens[index - 1].lower == "of"
            and tokens[index - 2].stem
        ):
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
    if noun in _MAIL_OR_SITE or (noun in _ADDRESSES and _MAIL_OR_SITE.intersection(lowers)):
        return "address", "", _NOTHING
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
            if word in _TIMES or word in _NUMBERS or word in _PLACES or word in _ADDRESSES:
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
