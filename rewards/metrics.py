"""Answer metrics: a prediction against its reference answers, in [0, 1], the best reference counting.

Texts are compared in the normal form of SQuAD (Rajpurkar et al. 2016, arXiv:1606.05250, `evaluate-v1.1.py`):
lower case, without punctuation, without the articles a, an and the, white space collapsed. Ours differs where
SQuAD's has no word for what was meant:

- An article is one where a word follows it: "Group A" stays two words. Of a reference that is nothing but
  articles and punctuation ("A", "?"), and of what is compared with it, these are kept.
- Beyond ASCII, text is compared without accents, case, width and the way in which it is composed, and
  punctuation of all scripts is dropped. Where no blanks stand between words, as in Chinese, and in Korean,
  each character is a word.

The `squad_...` metrics, and those of benchmarks, have SQuAD's own form. Under every metric an empty
prediction earns nothing.

An empty `references` marks a question that the dialogue does not answer. Then every metric follows the rule
of LoCoMo's category 5: 1 if the prediction says that there is no information, else 0.

None of these metrics alone stops a reader that lists everything it saw: `substring_exact_match` pays such an
answer in full, `token_f1`, `bleu_1` and `rouge_l` divide by its length. Train on one of the latter.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any

import regex

from memdojo.registry import Registry

from .characters import characters, folded, is_run, pieces, plain, plain_words
from .stemming import porter_stemmer

Metric = Callable[[str, Sequence[str]], float]
"""`(prediction, references) -> score in [0, 1]`."""

NO_INFORMATION = "No information available"
"""The answer where the memory does not say; `says_no_information` recognises it."""

NO_INFORMATION_PHRASES = (NO_INFORMATION.lower(), "not mentioned")
"""LoCoMo's phrases for a missing answer, in lower case."""

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
# "A, C" and "A or C" name choices.
_ARTICLES_OF_WORDS = regex.compile(r"(?<!\w[^\w\s]*)\b(?:a|an|the)\b(?=\s[^\w,;/&|]*\w)(?!\s+(?:and|or)\b)")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)
_DASHES_BETWEEN_WORDS = re.compile("[—―…]")
# Emoji are "other symbols" of Unicode, and stay.
_PUNCTUATION = regex.compile(r"[\p{P}\p{Sc}\p{Sk}\p{Sm}]+")

# In a group of rollouts the same few answers meet the same references again and again.
_CACHED_TEXTS = 1 << 14
_CACHED_PAIRS = 1 << 15


def says_no_information(prediction: str) -> bool:
    """Return whether the prediction has one of LoCoMo's phrases for a missing answer, in any case."""
    lowered = prediction.lower()
    return any(phrase in lowered for phrase in NO_INFORMATION_PHRASES)


@lru_cache(_CACHED_TEXTS)
def squad_normalise(text: str) -> str:
    """Return `text` in SQuAD's normal form, to the letter."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


@lru_cache(_CACHED_TEXTS)
def normalise(text: str) -> str:
    """Return the words of `text` in our normal form, a blank between two."""
    return _bare_words(_ARTICLES_OF_WORDS.sub(" ", text.lower()))


def _bare_words(text: str) -> str:
    """Return words without case and punctuation."""
    if text.isascii():
        return " ".join(text.lower().translate(_WITHOUT_PUNCTUATION).split())
    words = _PUNCTUATION.sub("", folded(_DASHES_BETWEEN_WORDS.sub(" ", text))).split()
    parts = (
        characters(piece) if is_run(piece) else (plain(piece),)
        for word in words
        for piece in pieces(word) or (word,)
    )
    return " ".join(part for part in chain.from_iterable(parts) if part)


def _with_punctuation(text: str) -> str:
    return " ".join(folded(text).split())


def comparable(form: Callable[[str], str], prediction: str, reference: str) -> tuple[str, str, bool]:
    """Return both texts in the normal form, or where it leaves nothing of the reference in one that does.

    Args:
        form: The normal form.
        prediction: The answer.
        reference: What it is compared with.

    Returns:
        The two, and whether they are in the normal form. The reference is empty only if it is blank.
    """
    if form(reference) and squad_normalise(reference):
        return form(prediction), form(reference), True
    form = _bare_words if _bare_words(reference) else _with_punctuation
    return form(prediction), form(reference), False


def overlap_f1(prediction: Sequence[str], reference: Sequence[str]) -> float:
    """Return the F1 of two token lists as bags; 0 where one is empty."""
    if not prediction or not reference:
        return 0.0
    common = (Counter(prediction) & Counter(reference)).total()
    return 2 * common / (len(prediction) + len(reference))


def exact_match(prediction: str, references: Sequence[str]) -> float:
    """Return 1 if the normalised prediction equals a normalised reference, else 0."""
    return best_reference(partial(exact_match_in, normalise), prediction, references)


def token_f1(prediction: str, references: Sequence[str]) -> float:
    """Return SQuAD's F1 over the bags of normalised words."""
    return best_reference(partial(token_f1_in, normalise), prediction, references)


def substring_exact_match(prediction: str, references: Sequence[str]) -> float:
    """Return 1 if a normalised reference occurs within the normalised prediction, else 0.

    By characters, as MemoryAgentBench has it: "12" occurs in "2012". A reference that is nothing but an
    article is a word of its own, since as characters it would occur everywhere.
    """
    return best_reference(partial(substring_match_in, normalise), prediction, references)


def bleu_1(prediction: str, references: Sequence[str]) -> float:
    """Return sentence BLEU with weights (1, 0, 0, 0) over normalised tokens, of the best single reference.

    Computed by nltk with smoothing method 1 (Chen and Cherry 2014), which never acts on unigrams: no shared
    word gives 0. The brevity penalty applies.
    """
    return best_reference(_bleu_1, prediction, references)


def rouge_l(prediction: str, references: Sequence[str]) -> float:
    """Return the F-measure of ROUGE-L with Porter stemming, as `rouge_score` computes it.

    That library keeps ASCII letters and digits only, and no articles are dropped. Beyond ASCII, words are
    those of our normal form.
    """
    return best_reference(lambda *pair: _rouge_l(*pair)[0], prediction, references)


def rouge_l_recall(prediction: str, references: Sequence[str]) -> float:
    """Return the recall of ROUGE-L with Porter stemming: the part of the reference that is found in order."""
    return best_reference(lambda *pair: _rouge_l(*pair)[1], prediction, references)


METRICS: Registry[Metric] = Registry(
    "metric", name_pattern=re.compile(r"[^\W\d]\w*"), name_rule="letters, digits and '_'"
)
"""Metrics by name. Each is a reward part, a column, and what questions may name as well. The references are
empty if the right answer is that there is no information, a case that `best_reference` handles."""


def squad_exact_match(prediction: str, references: Sequence[str]) -> float:
    """Return `exact_match` in SQuAD's normal form to the letter (MemoryAgentBench's exact match)."""
    return best_reference(partial(exact_match_in, squad_normalise), prediction, references)


def squad_token_f1(prediction: str, references: Sequence[str]) -> float:
    """Return `token_f1` in SQuAD's normal form to the letter."""
    return best_reference(partial(token_f1_in, squad_normalise), prediction, references)


def squad_substring_match(prediction: str, references: Sequence[str]) -> float:
    """Return `substring_exact_match` in SQuAD's normal form to the letter.

    MemoryAgentBench's accuracy of RULER and FactConsolidation.
    """
    return best_reference(partial(substring_match_in, squad_normalise), prediction, references)


for _function in (
    exact_match,
    token_f1,
    substring_exact_match,
    bleu_1,
    rouge_l,
    rouge_l_recall,
    squad_exact_match,
    squad_token_f1,
    squad_substring_match,
):
    METRICS.add(_function.__name__, _function)


def metric(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        UnknownNameError: If there is none; the message lists those that exist.
    """
    return METRICS.get(name)


def metric_names() -> tuple[str, ...]:
    """Return the names that `metric` knows."""
    return tuple(METRICS)


def best_reference(
    pair_score: Callable[[str, str], float], prediction: str, references: Sequence[str]
) -> float:
    """Return the best `pair_score(prediction, reference)`; of no references, the rule of the unanswerable.

    Raises:
        TypeError: If `references` is one text instead of a sequence of texts.
    """
    if isinstance(references, str):
        raise TypeError(f"references is the string {references!r}; give a sequence of reference answers.")
    if not references:
        return float(says_no_information(prediction))
    return max(pair_score(prediction, reference) for reference in references)


def exact_match_in(form: Callable[[str], str], prediction: str, reference: str) -> float:
    """Return 1 if both texts are equal in a normal form and not empty, else 0."""
    predicted, wanted, _ = comparable(form, prediction, reference)
    return float(predicted == wanted != "")


@lru_cache(_CACHED_PAIRS)
def token_f1_in(form: Callable[[str], str], prediction: str, reference: str) -> float:
    """Return the F1 of the words of a normal form."""
    predicted, wanted, _ = comparable(form, prediction, reference)
    return overlap_f1(predicted.split(), wanted.split())


def substring_match_in(form: Callable[[str], str], prediction: str, reference: str) -> float:
    """Return 1 if the reference occurs in the prediction in a normal form, else 0.

    By characters; where the normal form leaves nothing of the reference, by words.
    """
    predicted, wanted, by_characters = comparable(form, prediction, reference)
    if not predicted or not wanted:
        return 0.0
    return float(wanted in predicted if by_characters else f" {wanted} " in f" {predicted} ")


@lru_cache(_CACHED_PAIRS)
def _bleu_1(prediction: str, reference: str) -> float:
    predicted, wanted, _ = comparable(normalise, prediction, reference)
    if not predicted or not wanted:
        return 0.0
    sentence_bleu, smoothing = _bleu()
    score = sentence_bleu(
        [wanted.split()], predicted.split(), weights=(1, 0, 0, 0), smoothing_function=smoothing
    )
    return float(score)


@lru_cache(_CACHED_PAIRS)
def _rouge_l(prediction: str, reference: str) -> tuple[float, float]:
    """Return the F-measure and the recall."""
    is_ascii = prediction.isascii() and reference.isascii()
    if not (re.search("[A-Za-z0-9]", reference) if is_ascii else plain_words(reference)):
        # A reference of signs alone.
        return (exact_match_in(normalise, prediction, reference),) * 2
    scorer = _rouge_scorers()[0 if is_ascii else 1]
    score = scorer.score(reference, prediction)["rougeL"]
    return float(score.fmeasure), float(score.recall)


# nltk takes half a second to import, which scoring by token F1 alone should not cost.
@lru_cache(1)
def _bleu() -> tuple[Callable[..., Any], Callable[..., Any]]:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    return sentence_bleu, SmoothingFunction().method1


@lru_cache(1)
def _rouge_scorers() -> tuple[Any, Any]:
    """Return the scorer as it comes, and one with the same tokens whose words may be of any script."""
    from rouge_score.rouge_scorer import RougeScorer

    class Tokenizer:
        def tokenize(self, text: str) -> list[str]:
            return [
                porter_stemmer().stem(word) if word.isascii() and len(word) > 3 else word
                for part in plain_words(text)
                for word in part.split("_")
                if word
            ]

    return RougeScorer(["rougeL"], use_stemmer=True), RougeScorer(["rougeL"], tokenizer=Tokenizer())
