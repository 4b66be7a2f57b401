"""`solve`: tasks answered from cases alone, by votes and edits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from zlib import crc32

from ..streams.cases import Case, Verdict, read_case

_WORD = re.compile(r"\w+(?:[-']\w+)*|[^\w\s]")
_PREFIX = re.compile(r"(?:\[[\d-]+\] )?(?:[^:\n]{1,40}: )?")
_RANK_WEIGHT = 0.1
"""By so much a case counts less than the one in front of it, so that the first decides where two disagree."""
_UNKNOWN_WEIGHT = 0.5


def solve(task: str, options: Sequence[str], context: Iterable[str]) -> str:
    """Return the answer to a task for which the cases among some texts vote; empty if there is none.

    A case votes for its answer, edited to fit the task: what stands in its answer and in its own text, where
    the task has something else at the same place, is replaced by that. An answer that is an option stays as
    it is. One whose answer was wrong votes against it. Without a vote in favour a fixed option is taken, of
    those against which nobody voted.

    Args:
        task: What is to be done.
        options: Answers among which one may choose; none where any text is an answer.
        context: Entries as answerers get them, best first. Those that tell no case are passed over.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    spelled = {answer_key(option): option for option in options}
    unedited = frozenset(spelled)
    weight = 1.0
    for text in context:
        case = case_told(text)
        if case is None:
            continue
        # An option is taken as it is: words of labels also stand in texts, and differ there.
        answer = case.answer if answer_key(case.answer) in unedited else edited_answer(case, task)
        key = answer_key(answer)
        if not options:
            spelled.setdefault(key, answer)
        if key in spelled:
            votes[key] += weight * _SIGNS[case.verdict]
        weight = max(weight - _RANK_WEIGHT, _RANK_WEIGHT)
    best = max(votes, key=lambda key: votes[key], default=None)
    if best is not None and votes[best] > 0:
        return spelled[best]
    # Nothing speaks for any of them: by the task's text, so that no place among the options is favoured.
    left = [option for option in options if votes.get(answer_key(option), 0.0) >= 0] or list(options)
    return left[crc32(task.encode("utf-8", "surrogatepass")) % len(left)] if left else ""


def edited_answer(case: Case, task: str) -> str:
    """Return the answer of a case with what its task differs in from another put in its place.

    Only words that stand in the answer are replaced, and only where as many words stand in their place.
    """
    old, new = _WORD.findall(case.text), _WORD.findall(task)
    replaced: dict[str, str] = {}
    for kind, i, j, k, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "replace" and j - i == end - k:
            for before, after in zip(old[i:j], new[k:end], strict=True):
                replaced.setdefault(before, after)
    if not replaced:
        return case.answer
    return _WORD.sub(lambda word: replaced.get(word[0], word[0]), case.answer)


_SIGNS = {
    Verdict.RIGHT: 1.0,
    Verdict.GIVEN: 1.0,
    Verdict.WRONG: -1.0,
    Verdict.UNKNOWN: _UNKNOWN_WEIGHT,
}


def case_told(text: str) -> Case | None:
    """Return the case that an entry tells, without date and speaker in front; None if it tells none."""
    case = read_case(text)
    return case and Case(_PREFIX.sub("", case.text, count=1), case.answer, case.verdict)


def answer_key(answer: str) -> str:
    """Return an answer as votes tell it from others: without regard to case and white space."""
    return " ".join(answer.casefold().split())
