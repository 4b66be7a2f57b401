"""Context lines, parsed once: speaker, date, sentences, and the spans of those that may hold an answer."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise
from threading import Lock
from typing import NamedTuple

import regex
from cachetools import LRUCache, cached

from .dates import TimeMention, time_mentions
from .retractions import Retraction, replaces, retractions
from .speakers import is_speaker
from .values import ADDRESS, MAY_HOLD_VALUE, VALUE
from .words import (
    ADVERBS,
    AUXILIARIES,
    DETERMINERS,
    DISMISSALS,
    FIRST_PERSON,
    FUNCTION_WORDS,
    JOINTS,
    MONTHS,
    NUMBER_WORDS,
    PRONOUNS,
    SECOND_PERSON,
    TIME_WORDS,
    TO_BE,
    VERBS,
    notions,
    stem,
)

_DATED = regex.compile(r"(?:\[(\d{4}-\d\d-\d\d)\] )?(.*)", regex.DOTALL)
# An aside in brackets, such as the caption of a photo, is a sentence of its own. A dash in front of a number
# or a month makes a range.
_MONTH = "|".join(month.title() for month in MONTHS)
_SENTENCE_END = regex.compile(rf"[.!?…][\"'”’)]*+\s+|\n+| - (?!\d|(?:{_MONTH})\b)|(?<=\s)(?=\[)")
_ABBREVIATION = regex.compile(
    r"(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|Mt|Sgt|Capt|Rev|Jr|Sr|vs|approx|e\.g|i\.e|[ap]\.m|\p{Lu}(?<!I))$"
)
_NUMBER_FOLLOWS = regex.compile(r"(?:^|[\s(])(?:No|Nr|Art|Flat|Apt|pp?|Vol|Fig)\. \d$", regex.IGNORECASE)
_MAX_ABBREVIATION = 8
# Unlike that of `re`, the word of `regex` goes on behind the vowel signs of Hindi or Thai.
_WORD = r"\w++(?:['-]\w++)*+|[^\w\s]"
_TOKEN = regex.compile(_WORD)
_TOKEN_OR_VALUE = regex.compile(rf"({ADDRESS})|({VALUE})|{_WORD}")
_QUOTED = regex.compile(r'["“]([^"“”]{2,80})["”]')
_MAX_SPAN_WORDS = 7
_MAX_JOINT_WORDS = 3
_I = frozenset(("i", "i'm", "i've", "i'd", "i'll"))

_MAX_SENTENCE_LENGTH = 2_000
"""Characters; what goes on without an end is read in pieces, so that no sentence takes long to search."""

_CACHED_BYTES = 1 << 27
"""What the lines read last may take up, and likewise their heads and their spans."""
_HEAD_BYTES, _LINE_BYTES, _TOKEN_BYTES, _SPAN_BYTES = 500, 2_500, 300, 1_400


@dataclass(frozen=True, slots=True)
class Token:
    """A word, value or sign of a sentence, characters `start` to `end`.

    Attributes:
        stem: "" for stop words and signs.
        is_address: True for e-mail addresses, links, sites, files and handles.
    """

    lower: str
    stem: str
    start: int
    end: int
    is_word: bool
    is_number: bool
    is_address: bool
    is_name: bool
    is_opening: bool
    is_function: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens `first` to `last` of a sentence that may be an answer.

    Attributes:
        kind: `name`, `number`, `address`, `quote` or `chunk`.
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


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence of a line with all that ranking asks of it.

    Attributes:
        said: When it was said.
        retractions: What in it takes something back ("it's called off").
        replaces: True if it puts something in another's place ("now", "instead", "I meant").
    """

    text: str
    tokens: tuple[Token, ...]
    stems: frozenset[str]
    notions: frozenset[int]
    names: frozenset[str]
    said: date | None
    first_person: bool
    second_person: bool
    is_question: bool
    is_aside: bool
    retractions: tuple[Retraction, ...]
    replaces: bool


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A context line.

    Attributes:
        speaker: As written; "" if there is none.
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


def parse_lines(texts: Sequence[str]) -> list[Line]:
    """Parse lines such as "[2023-05-08] Caroline: text", date and speaker optional; equal ones once.

    What stands in front of a colon is a speaker if it reads like a name or a role, or if what follows it in
    one of the lines is speech.
    """
    heads = {text: _head(text) for text in texts}
    speakers = {head.name for head in heads.values() if head.is_speaker}
    lines = {text: _parse_line(text, head.name in speakers) for text, head in heads.items()}
    return [lines[text] for text in texts]


def parse_line(text: str) -> Line:
    """Parse a single line."""
    return parse_lines([text])[0]


def plain(text: str) -> str:
    """Return a text as it is read: its accents composed, its apostrophes straight."""
    return unicodedata.normalize("NFC", text).replace("’", "'")


class _Head(NamedTuple):
    """What stands in front of a line's first colon, and whether it reads like the speaker of the rest."""

    name: str
    is_speaker: bool
    num_characters: int


def _size_of_head(head: _Head) -> int:
    return _HEAD_BYTES + 4 * head.num_characters


@cached(LRUCache(_CACHED_BYTES, getsizeof=_size_of_head), lock=Lock())
def _head(text: str) -> _Head:
    match = _DATED.fullmatch(plain(text))
    assert match is not None  # The pattern takes anything.
    name, colon, body = match[2].partition(": ")
    return _Head(name, is_speaker(name, body), len(text)) if colon else _Head("", False, len(text))


def size_of_line(line: Line) -> int:
    """Return about how many bytes a line takes up."""
    sentences = line.sentences
    return _LINE_BYTES + sum(
        _LINE_BYTES + _TOKEN_BYTES * len(each.tokens) + 4 * len(each.text) for each in sentences
    )


@cached(LRUCache(_CACHED_BYTES, getsizeof=size_of_line), lock=Lock())
def _parse_line(text: str, has_speaker: bool) -> Line:
    match = _DATED.fullmatch(plain(text))
    assert match is not None  # The pattern takes anything.
    said = _date(match[1])
    speaker, _, body = match[2].partition(": ") if has_speaker else ("", "", match[2])
    sentences = tuple(_parse_sentence(part, said) for part in _split(body))
    return Line(
        said,
        speaker,
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


def _split(body: str) -> Iterator[str]:
    """Yield the sentences of a line, those that are very long in pieces."""
    for sentence in _sentences(body):
        start = 0
        while len(sentence) - start > _MAX_SENTENCE_LENGTH:
            blank = sentence.rfind(" ", start + 1, start + _MAX_SENTENCE_LENGTH)
            end = blank if blank > start else start + _MAX_SENTENCE_LENGTH
            if part := sentence[start:end].strip():
                yield part
            start = end
        yield sentence[start:].strip()


def _sentences(body: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE_END.finditer(body):
        end = match.start()
        if body[end] in ".!?…":
            from_here = max(start, end - _MAX_ABBREVIATION)
            if body[end] == "." and (
                _ABBREVIATION.search(body[from_here:end]) or _NUMBER_FOLLOWS.search(body[from_here : end + 3])
            ):
                continue
            end += 1
        if part := body[start:end].strip():
            yield part
        start = match.end()
    if part := body[start:].strip():
        yield part


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
        said=said,
        first_person=bool(lowers & FIRST_PERSON),
        second_person=bool(lowers & SECOND_PERSON),
        is_question=text.rstrip("\"'”) ").endswith("?"),
        is_aside=text.startswith("["),
        retractions=retractions(text),
        replaces=replaces(text),
    )


def tokenize(text: str) -> tuple[Token, ...]:
    """Split a sentence into words and signs."""
    tokens: list[Token] = []
    opening = True
    may_hold_value = MAY_HOLD_VALUE.search(text)
    pattern = _TOKEN_OR_VALUE if may_hold_value else _TOKEN
    for match in pattern.finditer(text):
        word = match[0]
        lower = word.lower()
        is_address = bool(may_hold_value and match[1])
        is_value = bool(may_hold_value and match[2])
        is_word = is_address or is_value or word[0].isalnum()
        is_function = lower in FUNCTION_WORDS or not is_word
        # A capital at the start of a sentence tells nothing about a word that could stand there anyway.
        is_name = word[0].isupper() and lower not in _I and not (opening and is_function)
        tokens.append(
            Token(
                lower=lower,
                stem=_stem(lower, is_address or is_value) if is_word else "",
                start=match.start(),
                end=match.end(),
                is_word=is_word,
                is_number=is_value or lower.split("-")[0] in NUMBER_WORDS,
                is_address=is_address,
                is_name=is_name,
                is_opening=opening,
                is_function=is_function and (opening or not is_name),
            )
        )
        opening = opening and word in '"“(:['
    return tuple(tokens)


def _stem(lower: str, is_value: bool) -> str:
    # A part of a code, such as the 555 of "555-0101", is no other word for it.
    return lower.replace(" ", "") if is_value and not lower.isalnum() else stem(lower.removesuffix("'s"))


def size_of_spans(spans: tuple[Span, ...]) -> int:
    """Return about how many bytes the spans of a sentence take up."""
    return _LINE_BYTES + _SPAN_BYTES * len(spans)


@cached(LRUCache(_CACHED_BYTES, getsizeof=size_of_spans), key=lambda sentence: sentence.text, lock=Lock())
def spans_of(sentence: Sentence) -> tuple[Span, ...]:
    """Return the parts of a sentence that may be an answer."""
    return tuple(_spans(sentence.text, sentence.tokens))


def times_of(sentence: Sentence) -> tuple[TimeMention, ...]:
    """Return the times that a sentence mentions, in order of their places."""
    return time_mentions(sentence.text, sentence.said)


def _spans(text: str, tokens: tuple[Token, ...]) -> Iterator[Span]:
    make = SpanMaker(text, tokens)
    chunks = list(_chunks(tokens))
    for first, last in chunks:
        yield make(first, last)
        yield from _inner_spans(make, tokens, first, last)
    yield from _joined_spans(make, tokens, chunks)
    starts = [token.start for token in tokens]
    for match in _QUOTED.finditer(text):
        first, after = bisect_left(starts, match.start(1)), bisect_left(starts, match.end(1))
        if first < after:
            yield make(first, after - 1, kind="quote")


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


def _joined_spans(
    make: SpanMaker, tokens: tuple[Token, ...], chunks: list[tuple[int, int]]
) -> Iterator[Span]:
    """Yield runs of chunks with "of", "and", "with my" and the like between them."""
    for index, (first, _) in enumerate(chunks):
        joint = ""
        # Each chunk has a word at least, so that more of them do not fit.
        for (_, last), (next_first, next_last) in pairwise(islice(chunks, index, index + _MAX_SPAN_WORDS)):
            if next_first - last - 1 > _MAX_JOINT_WORDS:
                break
            gap = [token.lower for token in tokens[last + 1 : next_first]]
            if not gap or not JOINTS.issuperset(gap):
                break
            if next_last - first >= _MAX_SPAN_WORDS:
                break
            joint = joint or gap[0]
            yield make(first, next_last, joint=joint)


def _inner_spans(make: SpanMaker, tokens: tuple[Token, ...], first: int, last: int) -> Iterator[Span]:
    """Yield names, numbers, addresses and what is left without words of time within a longer chunk."""
    if first == last:
        return
    start = first
    while start <= last:
        end = start
        while end <= last and tokens[end].is_name:
            end += 1
        if end > start and (start, end - 1) != (first, last):
            yield make(start, end - 1)
        start = max(end, start + 1)
    for index in range(first, last + 1):
        if tokens[index].is_address:
            yield make(index, index)
        elif tokens[index].is_number and not (tokens[index].is_name and tokens[index].lower.isalpha()):
            yield make(index, index)
            if index + 1 < last and not tokens[index + 1].is_number:
                yield make(index, index + 1)
    low, high = first, last
    while low < high and tokens[low].lower in TIME_WORDS:
        low += 1
    while high > low and tokens[high].lower in TIME_WORDS:
        high -= 1
    if (low, high) != (first, last):
        yield make(low, high)


class SpanMaker:
    """Makes spans of a sentence; what depends on the words in front of one is found once for all of them."""

    def __init__(self, text: str, tokens: tuple[Token, ...]) -> None:
        self._text = text
        self._tokens = tokens
        self._leads: list[str] = []
        self._dismissed: list[bool] = []
        lead, is_dismissed = "", False
        for token in tokens:
            self._leads.append(lead)
            self._dismissed.append(is_dismissed)
            if token.lower not in DETERMINERS:
                lead = token.lower
            if not token.is_word or token.lower in ("but", "so", "and"):
                is_dismissed = False
            elif token.lower in DISMISSALS or token.lower.endswith("n't"):
                is_dismissed = True

    def __call__(self, first: int, last: int, *, joint: str = "", kind: str = "") -> Span:
        """Return the span of tokens `first` to `last`, both included."""
        tokens = self._tokens
        inside = tokens[first : last + 1]
        stems = frozenset(token.stem for token in inside if token.stem)
        lead = self._leads[first]
        following = [token.lower for token in tokens[last + 1 : last + 4]]
        return Span(
            text=self._text[inside[0].start : inside[-1].end],
            first=first,
            last=last,
            stems=stems,
            notions=frozenset().union(*map(notions, stems)),
            kind=kind or _kind(inside),
            joint=joint,
            words=frozenset(token.lower.removesuffix("'s") for token in inside if token.is_word),
            lead=lead,
            dismissed="wrong" in following or self._dismissed[first],
            affirmed=lead in ("meant", "rather") or following[:2] in (["is", "what"], ["is", "right"]),
        )


def _kind(inside: Sequence[Token]) -> str:
    if len(inside) == 1 and inside[0].is_address:
        return "address"
    if any(token.is_number for token in inside):
        return "number"
    if any(token.is_name and not token.is_opening for token in inside) or (
        len(inside) > 1 and all(token.is_name for token in inside)
    ):
        return "name"
    return "chunk"
