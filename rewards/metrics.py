"""Answer metrics: a prediction against its reference answers, in [0, 1], the best reference counting.

Texts are normalised as in SQuAD (Rajpurkar et al. 2016, arXiv:1606.05250, `evaluate-v1.1.py`): lower case,
without ASCII punctuation, without the articles a, an and the, white space collapsed.

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
from functools import lru_cache
from typing import Any

from memdojo.registry import Registry

Metric = Callable[[str, Sequence[str]], float]
"""`(prediction, references) -> score in [0, 1]`."""

NO_INFORMATION = "No information available"
"""The answer where the memory does not say; `says_no_information` recognises it."""

_NO_INFORMATION_PHRASES = (NO_INFORMATION.lower(), "not mentioned")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)

# In a group of rollouts the same few answers meet the same references again and again.
_CACHED_TEXTS = 1 << 14
_CACHED_PAIRS = 1 << 15


def says_no_information(prediction: str) -> bool:
    """Return whether the prediction has one of LoCoMo's phrases for a missing answer, in any case."""
    lowered = prediction.lower()
    return any(phrase in lowered for phrase in _NO_INFORMATION_PHRASES)


@lru_cache(_CACHED_TEXTS)
def normalise(text: str) -> str:
    """Return `text` in SQuAD's normal form."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


def overlap_f1(prediction: Sequence[str], reference: Sequence[str]) -> float:
    """Return the F1 of two token lists as bags; two empty ones agree, one empty one does not (SQuAD 2.0)."""
    if not prediction or not reference:
        return float(not prediction and not reference)
    common = (Counter(prediction) & Counter(reference)).total()
    return 2 * common / (len(prediction) + len(reference))


def exact_match(prediction: str, references: Sequence[str]) -> float:
    """Return 1 if the normalised prediction equals a normalised reference, else 0."""
    return best_reference(_exact_match, prediction, references)


def token_f1(prediction: str, references: Sequence[str]) -> float:
    """Return SQuAD's F1 over the bags of normalised tokens."""
    return best_reference(_token_f1, prediction, references)


def substring_exact_match(prediction: str, references: Sequence[str]) -> float:
    """Return 1 if a normalised reference occurs within the normalised prediction, else 0.

    By characters, as MemoryAgentBench has it: "12" occurs in "2012". A reference that normalises to nothing
    must be matched exactly, since it would occur everywhere.
    """
    return best_reference(_substring_exact_match, prediction, references)


def bleu_1(prediction: str, references: Sequence[str]) -> float:
    """Return sentence BLEU with weights (1, 0, 0, 0) over normalised tokens, of the best single reference.

    Computed by nltk with smoothing method 1 (Chen and Cherry 2014), which never acts on unigrams: no shared
    word gives 0. The brevity penalty applies.
    """
    return best_reference(_bleu_1, prediction, references)


def rouge_l(prediction: str, references: Sequence[str]) -> float:
    """Return the F-measure of ROUGE-L with Porter stemming, as `rouge_score` computes it.

    That library keeps ASCII letters and digits only, and no articles are dropped.
    """
    return best_reference(_rouge_l, prediction, references)


def rouge_l_recall(prediction: str, references: Sequence[str]) -> float:
    """Return the recall of ROUGE-L with Porter stemming: the part of the reference that is found in order."""
    return best_reference(_rouge_l_recall, prediction, references)


METRICS: Registry[Metric] = Registry(
    "metric", name_pattern=re.compile(r"[^\W\d]\w*"), name_rule="letters, digits and '_'"
)
"""Metrics by name. Each is a reward part, a column, and what questions may name as well. The references are
empty if the right answer is that there is no information, a case that `best_reference` handles."""

for _function in (exact_match, token_f1, substring_exact_match, bleu_1, rouge_l, rouge_l_recall):
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


def _exact_match(prediction: str, reference: str) -> float:
    return float(normalise(prediction) == normalise(reference))


@lru_cache(_CACHED_PAIRS)
def _token_f1(prediction: str, reference: str) -> float:
    return overlap_f1(normalise(prediction).split(), normalise(reference).split())


def _substring_exact_match(prediction: str, reference: str) -> float:
    predicted, wanted = normalise(prediction), normalise(reference)
    return float(wanted in predicted if wanted else predicted == wanted)


@lru_cache(_CACHED_PAIRS)
def _bleu_1(prediction: str, reference: str) -> float:
    predicted, wanted = normalise(prediction).split(), normalise(reference).split()
    if not predicted or not wanted:
        return float(predicted == wanted)
    sentence_bleu, smoothing = _bleu()
    return float(sentence_bleu([wanted], predicted, weights=(1, 0, 0, 0), smoothing_function=smoothing))


@lru_cache(_CACHED_PAIRS)
def _rouge_l(prediction: str, reference: str) -> float:
    return float(_rouge_scorer().score(reference, prediction)["rougeL"].fmeasure)


@lru_cache(_CACHED_PAIRS)
def _rouge_l_recall(prediction: str, reference: str) -> float:
    return float(_rouge_scorer().score(reference, prediction)["rougeL"].recall)


# nltk takes half a second to import, which scoring by token F1 alone should not cost.
@lru_cache(1)
def _bleu() -> tuple[Callable[..., Any], Callable[..., Any]]:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    return sentence_bleu, SmoothingFunction().method1


@lru_cache(1)
def _rouge_scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)
