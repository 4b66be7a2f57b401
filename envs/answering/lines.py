"""Context lines, parsed once: speaker, date, sentences and the spans that may be an answer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

import regex

from .dates import TimeMention, time_mentions
from .words import (
    ADVERBS,
    AUXILIARIES,
    DETERMINERS,
    DISMISSALS,
    FIRST_PERSON,
    FUNCTION_WORDS,
    JOINTS,
    NUMBER_WORDS,
    PRONOUNS,
    SECOND_PERSON,
    TIME_WORDS,
    TO_BE,
    VERBS,
    notions,
    replaces,
    retracts,
    stem,
)

_DATED = re.compile(r"(?:\[(\d{4}-\d\d-\d\d)\] )?(.*)", re.DOTALL)
_ROLES = ("user", "assistant", "system")
_MAX_NAME_WORDS = 4
# An aside in brackets, such as the caption of a photo, is a sentence of its own.
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+|\n+| - |(?<=\s)(?=\[)")
# Unlike that of `re`, the word of `regex` goes on behind the vowel signs of Hindi or Thai.
_TOKEN = regex.compile(r"[€$£]?\d+(?:[.,:]\d+)*%?|\w+(?:['-]\w+)*|[^\w\s]")
_QUOTED = re.compile(r'["“]([^"“”]{2,80})["”]')
_MAX_SPAN_WORDS = 7
_MAX_JOINT_WORDS = 3
_I = frozenset(("i", "i'm", "i've", "i'd", "i'll"))


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign of a sentence, characters `start` to `end`; `stem` is "" for stop words and signs."""

    lower: str
    stem: str
    start: int
    end: int
    is_word: bool
    is_number: bool
    is_name: bool
    is_opening: bool
    is_function: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens `first` to `last` of a sentence that may be an answer.

    Attributes:
        kind: `name`, `number`, `quote` or `chunk`.
        joint: The word that joins its chunks, as "of" in "fan of jazz"; "" if it has one chunk.
        words: Its words in lower case, without "'s".
        lead: The word in front of it, articles and the like skipped; "" at the start of the sentence.
        dismissed: True if the sentence denies it or sets it aside, as Oslo in "not Oslo but Rome".
        affirmed: True if the sentence insists on it, as on Rome in "I meant Rome" or "Rome is right".
    """

    text: str
    first: int
    last: int
    stems: frozenset[str]
    notions: frozenset[int]
    kind: str
    joint: str
    words: frozenset[str]
    lead: str
    dismissed: bool
    affirmed: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a line with all that scoring asks of it.

    Attributes:
        retracts: True if it takes something back ("it's called off").
        replaces: True if it puts something in another's place ("now", "instead", "I meant").
    """

    text: str
    tokens: tuple[Token, ...]
    stems: frozenset[str]
    notions: frozenset[int]
    names: frozenset[str]
    spans: tuple[Span, ...]
    times: tuple[TimeMention, ...]
    first_person: bool
    second_person: bool
    is_question: bool
    is_aside: bool
    retracts: bool
    replaces: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A context line.

    Attributes:
        speaker: In lower case; "" if there is none.
        names: Words with a capital, in lower case.
        sure_names: Those of them that do not only open sentences.
    """

    said: date | None
    speaker: str
    sentences: tuple[Sentence, ...]
    stems: frozenset[str]
    notions: frozenset[int]
    names: frozenset[str]
    sure_names: frozenset[str]


@lru_cache(1 << 15)
def parse_line(text: str) -> Line:
    """Parse "[2023-05-08] Caroline: text", date and speaker optional."""
    match = _DATED.fullmatch(unicodedata.normalize("NFC", text).replace("’", "'"))
    assert match is not None  # The pattern takes anything.
    said = _date(match[1])
    speaker, body = _speaker(match[2])
    parts = (part.strip() for part in _SENTENCE_END.split(body))
    sentences = tuple(_parse_sentence(part, said) for part in parts if part)
    return Line(
        said,
        speaker.lower(),
        sentences,
        # "Job: nurse" has no speaker, and the word in front of the colon tells what the rest is about.
        frozenset(filter(None, map(stem, speaker.split()))).union(
            *(sentence.stems for sentence in sentences)
        ),
        frozenset().union(*(sentence.notions for sentence in sentences)),
        frozenset().union(*(sentence.names for sentence in sentences)),
        frozenset(
            token.lower.removesuffix("'s")
            for sentence in sentences
            for token in sentence.tokens
            if token.is_name and not token.is_opening
        ),
    )


def _speaker(text: str) -> tuple[str, str]:
    """Split "Caroline: text" at the colon if what is in front of it reads like a name or a role."""
    name, colon, body = text.partition(": ")
    parts = name.split()
    if (
        colon
        and 0 < len(parts) <= _MAX_NAME_WORDS
        and (name in _ROLES or all(part[0].isupper() for part in parts))
    ):
        return name, body
    return "", text


def _date(text: str | None) -> date | None:
    try:
        said = date.fromisoformat(text) if text else None
    except ValueError:  # "[2023-99-99]" is no date; the line is read without one.
        return None
    # At the calendar's ends "nine years ago" may not exist.
    return said if said and 1000 < said.year < 9000 else None


def _parse_sentence(text: str, said: date | None) -> Sentence:
    tokens = tokenize(text)
    lowers = {token.lower for token in tokens}
    stems = frozenset(token.stem for token in tokens if token.stem)
    return Sentence(
        text=text,
        tokens=tokens,
        stems=stems,
        notions=frozenset().union(*map(notions, stems)),
        names=frozenset(token.lower.removesuffix("'s") for token in tokens if token.is_name),
        spans=tuple(_spans(text, tokens)),
        times=time_mentions(text, said),
        first_person=bool(lowers & FIRST_PERSON),
        second_person=bool(lowers & SECOND_PERSON),
        is_question=text.rstrip("\"'”) ").endswith("?"),
        is_aside=text.startswith("["),
        retracts=retracts(text),
        replaces=replaces(text),
    )


def tokenize(text: str) -> tuple[Token, ...]:
    """Split a sentence into words and signs."""
    tokens: list[Token] = []
    opening = True
    for match in _TOKEN.finditer(text):
        word = match[0]
        lower = word.lower()
        is_word = word[0].isalnum() or word[0] in "€$£"
        is_function = lower in FUNCTION_WORDS or not is_word
        # A capital at the start of a sentence tells nothing about a word that could stand there anyway.
        is_name = word[0].isupper() and lower not in _I and not (opening and is_function)
        is_number = word[0].isdigit() or word[0] in "€$£" or lower.split("-")[0] in NUMBER_WORDS
        tokens.append(
            Token(
                lower=lower,
                stem=stem(lower.removesuffix("'s")) if is_word else "",
                start=match.start(),
                end=match.end(),
                is_word=is_word,
                is_number=is_number,
                is_name=is_name,
                is_opening=opening,
                is_function=is_function and (opening or not is_name),
            )
        )
        opening = opening and word in '"“(:['
    return tuple(tokens)


def _spans(text: str, tokens: tuple[Token, ...]) -> Iterator[Span]:
    chunks = list(_chunks(tokens))
    for first, last in chunks:
        yield make_span(text, tokens, first, last)
        yield from _inner_spans(text, tokens, first, last)
    yield from _joined_spans(text, tokens, chunks)
    for match in _QUOTED.finditer(text):
        inside = [index for index, token in enumerate(tokens) if match.start(1) <= token.start < match.end(1)]
        if inside:
            yield make_span(text, tokens, inside[0], inside[-1], kind="quote")


def _chunks(tokens: tuple[Token, ...]) -> Iterator[tuple[int, int]]:
    """Yield the runs of content words, verbs left out."""
    first: int | None = None
    for index, token in enumerate(tokens):
        if token.is_function or _is_verb(tokens, index):
            if first is not None:
                yield first, index - 1
            first = None
        elif first is None:
            first = index
    if first is not None:
        yield first, len(tokens) - 1


def _is_verb(tokens: tuple[Token, ...], index: int) -> bool:
    """Guess from the word and those in front of it whether it is a verb; names and numbers never are."""
    token = tokens[index]
    if token.is_number or not token.is_word or (token.is_name and not token.is_opening):
        return False
    participle = token.lower.endswith(("ing", "ed"))
    if token.stem in VERBS and not token.lower.endswith("ing"):
        return True
    place = index - 1
    while place >= 0 and tokens[place].lower in ADVERBS:
        place -= 1
    if place < 0:
        return participle
    before = tokens[place].lower
    if before in TO_BE:
        return participle
    if before == "to":
        # "allergic to mustard." but "to paint a sunset": an infinitive seldom ends its clause.
        return index + 1 < len(tokens) and tokens[index + 1].is_word
    if before in ("do", "does", "did") and token.lower.endswith("ing"):
        return False  # "does quilting"
    return before in AUXILIARIES or before in PRONOUNS


def _joined_spans(text: str, tokens: tuple[Token, ...], chunks: list[tuple[int, int]]) -> Iterator[Span]:
    """Yield runs of chunks with "of", "and", "with my" and the like between them."""
    for index, (first, _) in enumerate(chunks):
        joint = ""
        for (_, last), (next_first, next_last) in pairwise(chunks[index:]):
            gap = [token.lower for token in tokens[last + 1 : next_first]]
            if not 0 < len(gap) <= _MAX_JOINT_WORDS or not JOINTS.issuperset(gap):
                break
            if next_last - first >= _MAX_SPAN_WORDS:
                break
            joint = joint or gap[0]
            yield make_span(text, tokens, first, next_last, joint=joint)


def _inner_spans(text: str, tokens: tuple[Token, ...], first: int, last: int) -> Iterator[Span]:
    """Yield the names, the numbers and what is left without words of time within a longer chunk."""
    if first == last:
        return
    start = first
    while start <= last:
        end = start
        while end <= last and tokens[end].is_name:
            end += 1
        if end > start and (start, end - 1) != (first, last):
            yield make_span(text, tokens, start, end - 1)
        start = max(end, start + 1)
    for index in range(first, last + 1):
        if tokens[index].is_number and not tokens[index].is_name:
            yield make_span(text, tokens, index, index)
            if index + 1 < last and not tokens[index + 1].is_number:
                yield make_span(text, tokens, index, index + 1)
    low, high = first, last
    while low < high and tokens[low].lower in TIME_WORDS:
        low += 1
    while high > low and tokens[high].lower in TIME_WORDS:
        high -= 1
    if (low, high) != (first, last):
        yield make_span(text, tokens, low, high)


def make_span(
    text: str, tokens: tuple[Token, ...], first: int, last: int, *, joint: str = "", kind: str = ""
) -> Span:
    """Return the span of tokens `first` to `last`, both included."""
    inside = tokens[first : last + 1]
    lead = first - 1
    while lead >= 0 and tokens[lead].lower in DETERMINERS:
        lead -= 1
    if not kind:
        if any(token.is_number for token in inside):
            kind = "number"
        elif any(token.is_name and not token.is_opening for token in inside) or (
            len(inside) > 1 and all(token.is_name for token in inside)
        ):
            kind = "name"
        else:
            kind = "chunk"
    stems = frozenset(token.stem for token in inside if token.stem)
    return Span(
        text=text[inside[0].start : inside[-1].end],
        first=first,
        last=last,
        stems=stems,
        notions=frozenset().union(*map(notions, stems)),
        kind=kind,
        joint=joint,
        words=frozenset(token.lower.removesuffix("'s") for token in inside if token.is_word),
        lead=tokens[lead].lower if lead >= 0 else "",
        dismissed=_is_dismissed(tokens, first, last),
        affirmed=(lead >= 0 and tokens[lead].lower in ("meant", "rather"))
        or [token.lower for token in tokens[last + 1 : last + 3]] in (["is", "what"], ["is", "right"]),
    )


def _is_dismissed(tokens: tuple[Token, ...], first: int, last: int) -> bool:
    if any(token.lower == "wrong" for token in tokens[last + 1 : last + 4]):
        return True
    for token in tokens[first - 1 :: -1] if first else ():
        if not token.is_word or token.lower in ("but", "so", "and"):
            return False
        if token.lower in DISMISSALS or token.lower.endswith("n't"):
            return True
    return False
