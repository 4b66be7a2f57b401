"""Answer metrics of benchmarks that differ from the common ones, each as its published script counts.

Sources are the papers with their scripts: MemoryAgentBench (Hu et al., arXiv:2507.05257,
`utils/eval_other_utils.py`), Mem-alpha (Wang et al., arXiv:2509.25911, `reward_manager/naive.py`) and
HotpotQA (Yang et al., arXiv:1809.09600). MemoryAgentBench's substring EM, EM, F-measure and recall of
ROUGE-L are `squad_substring_match`, `squad_exact_match`, `rouge_l` and `rouge_l_recall` of `rewards.metrics`.

They differ from the scripts in two points that nobody should be paid for: an empty prediction earns nothing,
and a reference of which SQuAD's normal form leaves nothing ("A", "?") is compared as in `rewards.metrics`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .metrics import (
    METRICS,
    best_reference,
    exact_match_in,
    says_no_information,
    squad_normalise,
    token_f1_in,
)

_ANSWER_LINE = re.compile(r"answer:(.*)", re.IGNORECASE)
_BOXED = "\\boxed{"
_CLOSED_WORDS = frozenset({"yes", "no", "noanswer"})

_ITEM_NUMBER = re.compile(r"^\d+[.)\u3001]\s*[-\u2013\u2014]?\s*")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_RECOMMENDATION_DEPTH = 5


def yes_no_f1(prediction: str, references: Sequence[str]) -> float:
    """Return `token_f1`, but 0 where one side is yes, no or noanswer and the other is not the same.

    HotpotQA's answer F1, which MemoryAgentBench uses too.
    """
    return best_reference(_yes_no_f1, prediction, references)


def answer_line_match(prediction: str, references: Sequence[str]) -> float:
    """Return the exact match of the reply, or of its answer line.

    That is what follows "Answer:" on its line, or else the first line. MemoryAgentBench's accuracy of
    classification by examples (banking77, clinic150, nlu, trec) and of DetectiveQA. It is strict: "label: 43"
    is not 43.
    """
    return best_reference(_answer_line_match, prediction, references)


def label_match(prediction: str, references: Sequence[str]) -> float:
    r"""Return 1 if the reply is the label and nothing else, else 0; inside `\boxed{...}` where it has one.

    Mem-alpha's rule of test-time learning (PubMed-RCT, NLU, TREC): quotes around the label are dropped, and
    nothing else is. Its labels are numbers, and what is no number scores 0.
    """
    return best_reference(_label_match, prediction, references)


def keyword_match(prediction: str, references: Sequence[str]) -> float:
    """Return the share of a reference's keywords that the prediction contains, upper and lower case alike.

    A reference lists its keywords between semicolons; one without a semicolon is one keyword. Mem-alpha's
    rule of PerLTQA and BookSum (whose data separates keywords by commas: a loader writes semicolons). The
    published script forgets to lower the prediction's case where a PerLTQA reference has several parts, so
    that a capital letter never matches there; this function does not.
    """
    return best_reference(_keyword_match, prediction, references)


def eventqa_recall(prediction: str, references: Sequence[str]) -> float:
    """Return 1 if every reference occurs in the prediction, upper and lower case alike, else 0.

    MemoryAgentBench's rule of EventQA, which normalises nothing else: not one reference is enough but all are
    wanted, and punctuation and articles count.
    """
    if not references:
        return float(says_no_information(prediction))
    lowered = prediction.lower()
    return float(bool(lowered.strip()) and all(each.lower() in lowered for each in references))


def recommendation_recall(prediction: str, references: Sequence[str]) -> float:
    """Return the share of the references among the first five titles that the prediction lists.

    MemoryAgentBench's recall@5 of the films of ReDial: a list that begins at "1." has a title a line, any
    other one is split at commas and lines; numbers in front ("2.", "2)") and brackets such as "(1999)" are
    dropped. All references are wanted, not the best of them. The published script drops numbers without a
    sign behind them too, as that of "12 Angry Men", and then takes each title for the nearest one of its
    catalogue by edit distance; without a catalogue, titles are compared in SQuAD's normal form.
    """
    if not references:
        return float(says_no_information(prediction))
    listed = _listed_titles(prediction)[:_RECOMMENDATION_DEPTH]
    wanted = map(_without_brackets, references)
    found = [any(exact_match_in(squad_normalise, title, each) for title in listed) for each in wanted]
    return sum(found) / len(found)


def _yes_no_f1(prediction: str, reference: str) -> float:
    sides = {squad_normalise(prediction), squad_normalise(reference)}
    if len(sides) == 2 and sides & _CLOSED_WORDS:
        return 0.0
    return token_f1_in(squad_normalise, prediction, reference)


def _answer_line_match(prediction: str, reference: str) -> float:
    found = _ANSWER_LINE.search(prediction)
    line = found[1] if found else prediction.partition("\n")[0]
    # The prefix may stand twice.
    line = re.sub(r"^answer:", "", line.strip(), flags=re.IGNORECASE)
    return max(exact_match_in(squad_normalise, text, reference) for text in (prediction, line))


def _label_match(prediction: str, reference: str) -> float:
    _, begins, behind = prediction.partition(_BOXED)
    boxed, ends, _ = behind.partition("}")
    label = _bare_label(boxed if begins and ends else prediction)
    return float(label == _bare_label(reference) != "")


def _bare_label(text: str) -> str:
    return text.strip().strip("\"'").strip()


def _keyword_match(prediction: str, reference: str) -> float:
    lowered = prediction.lower()
    keywords = [keyword for part in reference.lower().split(";") if (keyword := part.strip())]
    return sum(keyword in lowered for keyword in keywords) / len(keywords) if keywords else 0.0


def _listed_titles(prediction: str) -> list[str]:
    _, numbered, items = prediction.partition("1.")
    if not numbered:
        items = prediction.replace(",", "\n")
    lines = (_without_brackets(line) for line in items.split("\n"))
    return [title for line in lines if (title := _ITEM_NUMBER.sub("", line))]


def _without_brackets(text: str) -> str:
    return " ".join(_IN_BRACKETS.sub("", text).split())


for _function in (
    yes_no_f1,
    answer_line_match,
    label_match,
    keyword_match,
    eventqa_recall,
    recommendation_recall,
):
    METRICS.add(_function.__name__, _function)
