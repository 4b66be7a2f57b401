"""The analyzer that turns documents and queries alike into terms."""

from __future__ import annotations

import re

from nltk.stem.porter import PorterStemmer

_ARTICLES_AND_CONJUNCTIONS = "a an the and or but if"
_PRONOUNS = "i you he she it we they me him us them my your his her its our their this that these those there"
_AUXILIARIES = (
    "am is are was were be been being do does did have has had will would can could should may might"
)
_QUESTION_WORDS = "who whom whose what which when where why how"
_PREPOSITIONS = "of to in on at by for with from about as into"
_CONTRACTION_REMNANTS = "s t m re ve d ll"

STOP_WORDS = frozenset(
    " ".join(
        (
            _ARTICLES_AND_CONJUNCTIONS,
            _PRONOUNS,
            _AUXILIARIES,
            _QUESTION_WORDS,
            _PREPOSITIONS,
            _CONTRACTION_REMNANTS,
        )
    ).split()
)
"""Words that carry no topic. Negations stay: "not" turns a fact around."""

_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\w+|[^\w\s]")


class _TermsByWord(dict[str, str]):
    """The term of each word met so far, "" for stop words; bounded in number and in length of words."""

    _MAX_WORDS = 65_536
    _MAX_WORD_LENGTH = 64

    def __init__(self) -> None:
        super().__init__()
        self._stemmer = PorterStemmer()

    def __missing__(self, word: str) -> str:
        if len(word) > self._MAX_WORD_LENGTH:
            return word
        if len(self) >= self._MAX_WORDS:
            self.clear()
        term = self[word] = "" if word in STOP_WORDS else str(self._stemmer.stem(word))
        return term


_terms = _TermsByWord()


def analyze(text: str) -> list[str]:
    """Return the terms of `text` in order, repeats included: lowercase words without stop words, stemmed.

    Stems are those of Porter (1980) with NLTK's extensions. The list is empty for a text of stop words only.
    """
    return [term for word in _WORD.findall(text.lower()) if (term := _terms[word])]


def count_tokens(text: str) -> int:
    """Return the number of words and punctuation marks in `text`; needs no model's tokenizer."""
    return len(_TOKEN.findall(text))


def exceeds_tokens(text: str, max_tokens: int) -> bool:
    """Return whether `text` has more than `max_tokens` tokens, without listing the tokens of a huge text."""
    if len(text) <= max_tokens:
        return False
    matches = _TOKEN.finditer(text)
    return any(number > max_tokens for number, _ in enumerate(matches, start=1))
