"""Texts and names, split into words and made comparable."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from memdojo.rewards.characters import without_accents

from .tables import GENERIC, PARTICLES, SUFFIXES, TITLES

_WORD = regex.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_POSSESSIVE = regex.compile(r"['’]s$")
_POSSESSIVES = regex.compile(r"'s(?![^\W\d_])")
_SIMPLE_WORD = regex.compile(r"[^\W\d_]+|\d+")
_AS_TYPED = str.maketrans({"þ": "th", "’": "'"})
"""How names are written by those who lack the sign: of these two only names, as words they stay apart."""

_ENDS_SENTENCE = regex.compile(r"[.!?…:;\n\"“”()\[\]]")
_BETWEEN = frozenset(("", " ", "-", "‐", "_", ".", "·", "・"))
"""What may stand between two words of one name; after a title or an initial also a full stop and a blank."""


def fold(text: str) -> str:
    """Return `text` as names are compared: without case, accents and other optional marks."""
    return unicodedata.normalize("NFC", without_accents(text.casefold())).translate(_AS_TYPED)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, folded, without "'s"; `opens` is true at the start of a sentence."""

    text: str
    start: int
    end: int
    is_capital: bool
    is_lower: bool
    is_possessive: bool
    opens: bool


@lru_cache(1 << 14)
def _fold_word(word: str) -> str:
    return word.lower() if word.isascii() else fold(word)


def possible_names(text: str) -> list[str]:
    """Return folded words among which is every word of `split_words`, and others beside them."""
    folded = text.lower() if text.isascii() else fold(text)
    if "'" in folded:
        # "O'Brien's" is "obrien", as one of what it may be.
        folded = " ".join((folded, folded.replace("'", ""), _POSSESSIVES.sub("", folded).replace("'", "")))
    words: list[str] = _SIMPLE_WORD.findall(folded)
    return words


_MAX_CACHED_WORD = 64
"""Characters; longer words would make the cache as large as anybody likes."""


def split_words(text: str) -> Iterator[Word]:
    """Yield the words of a text."""
    # Where nearly everything has a capital, it tells nothing.
    is_shouted = text.isupper()
    end = 0
    for match in _WORD.finditer(text):
        written = match[0]
        between = text[end : match.start()]
        opens = not end or _ENDS_SENTENCE.search(between) is not None
        possessive = _POSSESSIVE.search(written)
        bare = written[: possessive.start()] if possessive else written
        folded = _fold_word(bare) if len(bare) <= _MAX_CACHED_WORD else fold(bare)
        end = match.end()
        yield Word(
            text=folded.replace("'", ""),
            start=match.start(),
            end=match.start() + len(bare),
            is_capital=bare[0].isupper() and not is_shouted,
            is_lower=bare[0].islower() or is_shouted,
            is_possessive=possessive is not None or text[end : end + 1] in ("'", "’"),
            opens=opens,
        )


def is_adjacent(text: str, word: Word, following: Word) -> bool:
    """Return whether two words may belong to one name by what stands between them."""
    between = text[word.end : following.start]
    is_shortened = word.text in TITLES or word.text in SUFFIXES or len(word.text) == 1
    return not word.is_possessive and (between in _BETWEEN or (is_shortened and between == ". "))


def is_cased_alike(word: Word, following: Word) -> bool:
    """Return whether the case of two words allows for one name: "ann Lee" is none, "de la Cruz" is."""
    is_mixed = word.is_lower and following.is_capital
    return not is_mixed or word.text in PARTICLES or word.text in TITLES


def is_telling(word: str) -> bool:
    """Return whether a folded word tells people apart."""
    return len(word) > 1 and not word.isdigit() and word not in GENERIC
