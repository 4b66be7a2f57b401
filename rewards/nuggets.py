"""Nuggets: what an answer should have, item by item (BEAM, Tavakoli et al., arXiv:2510.27246).

A nugget is an item of a question's rubric. A judge marks each of them, 0, 0.5 or 1, and the answer's score is
their mean; where the order of events is asked for, it is Kendall's tau-b between the order of the nuggets and
that of the answer. `nugget_recall` needs no judge: it counts words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from .metrics import normalise
from .stemming import porter_stemmer

_FRAME = re.compile(r"\s*(?:the )?(?:llm )?response should (?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_FRAME_VERB = re.compile(r"(?:also |explicitly |clearly )?\w+(?: that)?:?\s*", re.IGNORECASE)
_FORBIDS = re.compile(r"(?:not|avoid|never)\b", re.IGNORECASE)

_FUNCTION_WORDS = """
    about after also am and any are as at be because been before being but by can could did do does for from
    had has have he her his how i if in into is it its me more my no nor not of on or our out over she should
    so some such than that their them then there these they this those to too under up us was we were what
    when where which while who whom whose why will with would you your
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_ITEM_MARK = re.compile(r"\s*(?:[-*•]|\(?\d{1,3}[.):])\s+")
_MARK_IN_LINE = re.compile(r"(?:^|\s)\(?\d{1,3}[.)]\s+")


def nugget_recall(prediction: str, nuggets: Sequence[str]) -> float | None:
    """Return the share of a nugget's content words that the answer has, mean over the nuggets; in [0, 1].

    Content words are stems without function words, and without the frame of a rubric ("LLM response should
    mention: ..."); a nugget that has none counts 1 if it occurs. Neither order nor sense is looked at, and an
    answer of all that was said has most words: no figure of it compares with one of a judge.

    Args:
        prediction: The answer.
        nuggets: What it should have. One that says what it should *not* have tells a rule nothing and is left
            out.

    Returns:
        None if nothing is left.
    """
    wanted = [nugget for nugget in nuggets if not forbids(nugget)]
    if not wanted:
        return None
    said = frozenset(_stems(prediction))
    return math.fsum(_share_said(nugget, said, prediction) for nugget in wanted) / len(wanted)


def forbids(nugget: str) -> bool:
    """Return whether a nugget says what an answer should not have ("LLM response should avoid: ...")."""
    framed = _FRAME.fullmatch(nugget)
    return framed is not None and _FORBIDS.match(framed["rest"]) is not None


def mean_mark(marks: Sequence[float], *, whole: bool = False) -> float:
    """Return the mean of a judge's marks of the nuggets.

    Args:
        marks: One a nugget, at least one.
        whole: Count whole marks alone, so that 0.5 is 0, as BEAM's script does for all abilities but the
            order of events (`src/evaluation/compute_metrics.py`, commit b2a3ee8: `int(response['score'])`).
    """
    return math.fsum(map(math.floor, marks) if whole else marks) / len(marks)


def order_score(answered: Sequence[int | str], num_nuggets: int) -> float:
    """Return Kendall's tau-b between the order of the nuggets and that of an answer, (tau + 1) / 2.

    As BEAM's script ranks them: over all nuggets and all of the answer's items, what one side lacks is tied
    at its end, and of an item that comes twice the last place counts. So an answer that has nothing to do
    with the nuggets does not earn 0: of three nuggets and one other item tau is -0.71, which is worth 0.15.

    Args:
        answered: The answer's items in their order: the number of the nugget that an item is, or its text.
        num_nuggets: How many nuggets there are, in the order of their numbers; at least 1.

    Returns:
        In [0, 1]. Where tau is not defined, because there is one item in all, 1.
    """
    items: list[int | str] = list(dict.fromkeys([*range(num_nuggets), *answered]))
    tie = len(items) + 1
    own = dict.fromkeys(items, tie) | {number: number + 1 for number in range(num_nuggets)}
    other = dict.fromkeys(items, tie) | {item: place for place, item in enumerate(answered, start=1)}
    tau = kendall_tau_b([own[item] for item in items], [other[item] for item in items])
    return 1.0 if tau is None else (tau + 1) / 2


def kendall_tau_b(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Kendall's tau-b of two rankings (Kendall 1945); None if one of them is all ties.

    Raises:
        ValueError: If they differ in length.
    """
    concordance = untied_first = untied_second = 0
    for (one, other), (its, others) in combinations(zip(first, second, strict=True), 2):
        left, right = (one > its) - (one < its), (other > others) - (other < others)
        concordance += left * right
        untied_first += left != 0
        untied_second += right != 0
    if not untied_first or not untied_second:
        return None
    return concordance / math.sqrt(untied_first * untied_second)


def answered_items(answer: str) -> list[str]:
    """Return the items that an answer lists, without their numbers and bullets.

    A line is an item. An answer of a single line is cut at its numbers ("1) a 2) b"), else at its semicolons,
    else at its commas.
    """
    lines = [line for line in answer.splitlines() if line.strip()]
    if len(lines) == 1:
        (line,) = lines
        numbered = len(_MARK_IN_LINE.findall(line)) > 1
        # What stands in front of the first number announces the list.
        lines = _MARK_IN_LINE.split(line)[1:] if numbered else re.split(";" if ";" in line else ",", line)
    items = (_ITEM_MARK.sub("", line, count=1).strip(" \t,;.") for line in lines)
    return [item for item in items if item]


def _share_said(nugget: str, said: frozenset[str], prediction: str) -> float:
    wanted = _content(nugget)
    if not wanted:
        form = normalise(nugget)
        return float(f" {form} " in f" {normalise(prediction)} " if form else nugget.strip() in prediction)
    return len(wanted & said) / len(wanted)


@lru_cache(1 << 14)
def _content(nugget: str) -> frozenset[str]:
    framed = _FRAME.fullmatch(nugget)
    text = nugget if framed is None else _FRAME_VERB.sub("", framed["rest"], count=1)
    return frozenset(_stems(text or nugget))


@lru_cache(1 << 14)
def _stems(text: str) -> tuple[str, ...]:
    stem = porter_stemmer().stem
    return tuple(str(stem(word)) for word in normalise(text).split() if word not in _FUNCTION)
