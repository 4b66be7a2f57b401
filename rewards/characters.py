"""What people write for the same word, by Unicode: compositions, cases, widths, accents and digits."""

from __future__ import annotations

import unicodedata
from itertools import chain

import regex

_WRITTEN_TOGETHER = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}\p{Bopomofo}\p{Yi}"
    r"\p{Hangul}"
)
"""Scripts without blanks between words, and Korean, which has them but hangs its particles on the nouns."""

# Complex context is what Unicode calls Thai, Lao, Khmer, Burmese and others in which only a dictionary tells
# where a word ends (UAX #14, class SA).
_OF_RUN = rf"{_WRITTEN_TOGETHER}\p{{Line_Break=Complex_Context}}"
_PIECE = regex.compile(
    rf"[{_WRITTEN_TOGETHER}]+|\p{{Line_Break=Complex_Context}}+|[\w--[{_OF_RUN}]]+"
    r"|\p{Extended_Pictographic}|\p{Regional_Indicator}{2}",
    regex.VERSION1,
)
_RUN = regex.compile(rf"[{_OF_RUN}]")
_CHARACTER = regex.compile(r"\X")

_IGNORED = regex.compile(r"\p{Default_Ignorable_Code_Point}+|\N{ARABIC TATWEEL}+")
"""Soft hyphens, joiners, variation selectors and the like, which are there for the looks of a text."""

_VOICINGS = r"\u3099\u309a"
"""What makes another kana of one, as "ga" of "ka"; Unicode counts it among the accents."""

_ACCENTS = regex.compile(rf"[\p{{Script=Inherited}}\p{{Hebrew}}&&\p{{Mn}}--{_VOICINGS}]+", regex.VERSION1)
"""Accents, vowel signs of Arabic and points of Hebrew: what people leave out as they type."""

_PLAIN_LETTERS = str.maketrans(
    {"ı": "i", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "æ": "ae", "œ": "oe"}
)
"""Letters that Unicode does not decompose, and what they are without their accent."""


def folded(text: str) -> str:
    """Return `text` compatibly composed (NFKC), without case and without characters that have no look."""
    if text.isascii():
        return text.lower()
    return str(_IGNORED.sub("", unicodedata.normalize("NFKC", text).casefold()))


def pieces(text: str) -> list[str]:
    """Return the words, runs and emoji of a `folded` text in order.

    A run is text of scripts whose words are not set off by blanks.
    """
    found: list[str] = _PIECE.findall(text)
    return found


def is_run(piece: str) -> bool:
    """Return whether one of `pieces` is a run."""
    return not piece.isascii() and _RUN.match(piece) is not None


def characters(text: str) -> list[str]:
    """Return what a reader takes for the characters of `text`: letters with their signs (UAX #29)."""
    found: list[str] = _CHARACTER.findall(text)
    return found


def without_accents(text: str) -> str:
    """Return a text without case also without accents, and compatibly decomposed (NFKD)."""
    return str(_ACCENTS.sub("", unicodedata.normalize("NFKD", text))).translate(_PLAIN_LETTERS)


def plain(word: str) -> str:
    """Return a `folded` word without accents, in plain letters and digits where it has such."""
    if word.isascii():
        return word
    bare = without_accents(word)
    digits = (str(unicodedata.decimal(each)) if each.isdecimal() else each for each in bare)
    return unicodedata.normalize("NFKC", "".join(digits))


def plain_words(text: str) -> list[str]:
    """Return the `plain` words of a text, each character of a run as a word of its own."""
    words = pieces(folded(text))
    return list(chain.from_iterable(characters(word) if is_run(word) else (plain(word),) for word in words))
