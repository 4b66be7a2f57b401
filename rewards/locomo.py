"""LoCoMo's official question scores (Maharana et al. 2024, arXiv:2402.17753; `task_eval/evaluation.py`)."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import lru_cache

from memdojo.errors import ConfigError

from .metrics import NO_INFORMATION_PHRASES, overlap_f1, says_no_information
from .stemming import porter_stemmer

_DROPPED_WORDS = re.compile(r"\b(?:a|an|the|and)\b")
# Commas are among the punctuation, so that "strip commas" needs no step of its own here.
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MULTI_HOP, _TEMPORAL, _OPEN_DOMAIN, _SINGLE_HOP, _ADVERSARIAL = "1", "2", "3", "4", "5"

_PHRASE = re.compile("|".join(map(re.escape, NO_INFORMATION_PHRASES)), re.IGNORECASE)
_SEPARATORS = " ,;:.([{–—-"
_BEFORE_HEDGE = frozenset(("but", "though", "it", "this", "that", "is", "was"))
_WORD = re.compile(r"\w+")
_FRAME_WORDS = """
    a about above according am an and any anywhere are as asked at available be been but by can cannot chat
    concerning context conversation conversations could detail details dialogue dialogues directly does
    explicitly find for from given has have here history how i in information is it m me memories memory no
    not of on or provided question regarding s said sorry specific specifically such text that the their there
    these this those to unfortunately was were what when where whether which who whose why with you your
"""
_FRAME = frozenset(_FRAME_WORDS.split())
"""Words of a sentence that says that something is not mentioned, whatever it is."""

_SUBJECT = re.compile(r"(?!.*\b(?:but|though)\b)[\w'’ ]+ (?:is|was|are|were)(?: also)? ")
"""What may stand in front of "not mentioned", if it is more than words of the frame: "Her race is"."""

LOCOMO_CATEGORIES = (_MULTI_HOP, _TEMPORAL, _OPEN_DOMAIN, _SINGLE_HOP, _ADVERSARIAL)
"""The categories that the score knows."""


def locomo_score(prediction: str, references: Sequence[str], category: str) -> float:
    """Score a prediction by the rule of its LoCoMo category; in [0, 1], the best reference counting.

    Tokens are lower-case words without punctuation and without a, an, the and and, Porter-stemmed. Categories
    by integer, as the data has them:

    - "1" multi-hop: prediction and reference are split on commas; mean over the reference's parts of the best
      token F1 with any predicted part.
    - "2" temporal, "4" single-hop: token F1.
    - "3" open-domain: token F1 with what the reference has before its first semicolon.
    - "5" adversarial: 1 if the prediction says that there is no information, else 0; the references are
      ignored.

    In categories 1 to 4 empty `references` follow the rule of category 5, as in `rewards.metrics`.

    Raises:
        ConfigError: If the category is none of these: the stream is not LoCoMo's.
    """
    if category not in LOCOMO_CATEGORIES:
        raise ConfigError(
            f"LoCoMo's score knows the categories '1' to '5' and got {category!r}; for other streams use "
            "another metric, such as token_f1."
        )
    if category == _ADVERSARIAL or not references:
        return float(says_no_information(prediction))
    if category == _MULTI_HOP:
        return max(_split_f1(prediction, reference) for reference in references)
    if category == _OPEN_DOMAIN:
        references = [reference.split(";")[0].strip() for reference in references]
    return max(_stemmed_f1(prediction, reference) for reference in references)


def locomo_strict_score(
    prediction: str, references: Sequence[str], category: str, question: str = ""
) -> float:
    """Score a prediction by `locomo_score`, but so that a hedge behind every answer gains nothing.

    Where the right answer is that there is no information, `locomo_score` takes any prediction that has one
    of its phrases, so that " (not mentioned)" behind every answer earns all of category 5 and costs the
    others little. Here that is right only if it is all that the prediction says, in whatever words: "It is
    not mentioned what Caroline paid". In the other categories such a phrase is left out before the answer is
    graded.

    Args:
        prediction: The answer.
        references: As for `locomo_score`.
        category: As for `locomo_score`.
        question: The question, whose words may be part of such a sentence.

    Raises:
        ConfigError: As `locomo_score`.
    """
    if category == _ADVERSARIAL or (category in LOCOMO_CATEGORIES and not references):
        return float(only_says_no_information(prediction, question))
    return locomo_score(_without_hedges(prediction), references, category)


def only_says_no_information(prediction: str, question: str = "") -> bool:
    """Return whether a prediction says that there is no information and nothing else.

    Args:
        prediction: The answer.
        question: Its words may stand in the prediction, as its subject or behind the phrase, unless it offers
            a choice ("tea or coffee?").
    """
    before, *others = _PHRASE.split(prediction.lower())
    if not others:
        return False
    words = _WORD.findall(before)
    if not _FRAME.issuperset(words) and not _SUBJECT.fullmatch(before):
        return False
    asked = [_stem(word) for word in _WORD.findall(question.lower())]
    allowed = _FRAME if "or" in asked else _FRAME.union(asked)
    words += _WORD.findall(" ".join(others))
    return all(word in allowed or _stem(word) in allowed for word in words)


def _without_hedges(prediction: str) -> str:
    """Return what a prediction says beside the phrases for a missing answer and their brackets."""
    *parts, rest = _PHRASE.split(prediction)
    said = []
    for part in parts:
        words = part.lstrip(")]}.!").split()
        while words and words[-1].lower().strip(_SEPARATORS) in {"", *_BEFORE_HEDGE}:
            words.pop()
        said.append(" ".join(words).rstrip(_SEPARATORS))
    return " ".join([*said, rest.lstrip(")]}.!")]).strip() if parts else prediction


def _split_f1(prediction: str, reference: str) -> float:
    predicted = [part.strip() for part in prediction.split(",")]
    wanted = [part.strip() for part in reference.split(",")]
    return sum(max(_stemmed_f1(part, want) for part in predicted) for want in wanted) / len(wanted)


@lru_cache(1 << 15)
def _stemmed_f1(prediction: str, reference: str) -> float:
    predicted, wanted = _stems(prediction), _stems(reference)
    # The official function gives 0 whenever nothing is shared, also for two empty texts.
    return overlap_f1(predicted, wanted) if predicted and wanted else 0.0


@lru_cache(1 << 14)
def _stems(text: str) -> tuple[str, ...]:
    words = _DROPPED_WORDS.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split()
    return tuple(_stem(word) for word in words)


@lru_cache(1 << 15)
def _stem(word: str) -> str:
    return str(porter_stemmer().stem(word))
