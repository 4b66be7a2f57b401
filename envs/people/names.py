"""Names in their parts: titles, first and last names, suffixes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from .tables import PARTICLES, SUFFIXES, TITLES
from .words import Word, fold, split_words

_MAX_WORDS = 8
"""Words of a name by which it is found."""
_MIN_CAMEL = 3
"""Least letters of each half of a handle such as AnnLee; McDonald is one name."""


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A name in its parts, folded: titles, what tells people apart in its order, and suffixes."""

    name: str
    titles: frozenset[str]
    core: tuple[str, ...]
    suffixes: frozenset[str]
    num_words: int

    @property
    def person(self) -> tuple[object, ...]:
        """What spellings of one name share: "ann_lee" and "Ann Lee" are the same person."""
        return self.titles, self.core, self.suffixes


def name_parts(words: Sequence[Word]) -> tuple[frozenset[str], list[Word], frozenset[str]]:
    """Return titles, core and suffixes of words side by side."""
    titles = set()
    place = 0
    while place < len(words) - 1 and words[place].text in TITLES:
        titles.add(TITLES[words[place].text])
        place += 1
    rest = words[place:]
    suffixes = frozenset(word.text for word in rest[1:] if word.text in SUFFIXES)
    core = [
        word
        for index, word in enumerate(rest)
        if not (word.text in suffixes and index) and not (word.text in PARTICLES and index < len(rest) - 1)
    ]
    return frozenset(titles), core, suffixes


_BRACKETED = regex.compile(r"\([^()]*\)|\[[^\[\]]*\]|\|.*$")
_NICKNAME = regex.compile(r"[\"“‘'(]([\p{L}\p{M}-]{2,})[\"”’')](?=\s+\p{L})")
_ADDRESS = regex.compile(r"\s*<[^<>]*@[^<>]*>|@[\w-]+(?:\.[\w-]+)+")
_HUMP = regex.compile(r"(?<=\p{Ll})(?=\p{Lu})")


def parse_name(name: str) -> Iterator[Name]:
    """Yield a name in its parts, once more for a nickname in quotes; nothing if there is nothing to find."""
    plain = _ADDRESS.sub(" ", _NICKNAME.sub(" ", name))
    plain = _BRACKETED.sub(" ", plain).strip() or name
    last, comma, first = plain.partition(", ")
    if comma and fold(first).strip(" .") not in SUFFIXES:
        plain = f"{first} {last}"
    humps = _HUMP.split(plain)
    if " " not in plain and len(humps) > 1 and min(map(len, humps)) >= _MIN_CAMEL:
        plain = " ".join(humps)
    words = list(split_words(plain))[:_MAX_WORDS]
    titles, core, suffixes = name_parts(words)
    written = tuple(word.text for word in core)
    is_long = any(len(word) > 1 or not word.isascii() for word in written)
    is_letter = len(written) == 1 and written[0].isalpha()
    digits = "".join(written)
    if not (is_letter or is_long) or (digits.isdigit() and len(digits) < 5):
        return
    yield Name(name, titles, written, suffixes, len(words))
    for nickname in _NICKNAME.findall(name):
        yield Name(name, titles, (fold(nickname), *written[1:]), suffixes, len(words))
