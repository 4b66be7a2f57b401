"""`RuleRoles`: the work of all roles without a model, deterministic and fast."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.token_counter import token_counter
from memdojo.envs.streams.rendering import split_turn

from .protocol import Fact, Relation, Role, RoleCall

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_CHANGE = re.compile(
    r"\b(no longer|not any ?more|anymore|instead|now|changed|moved|switched|used to|actually|correction)\b",
    re.IGNORECASE,
)
RELATED = 0.25
"""Cosine of the terms of two texts from which they are about the same."""


class RuleRoles:
    """Does the roles' work by rules.

    Facts are sentences that state something, keywords the terms that are rare and often said, summaries the
    sentences with the most of the text's terms in their order, and texts relate by the terms they share: the
    newer one contradicts if it speaks of a change, or has other numbers or names where both state the same
    attribute.
    """

    fingerprint = "rules"

    def reply(self, calls: Sequence[RoleCall]) -> list[object]:
        """Return what each call asks for."""
        return [_RULES[call.role](call) for call in calls]


def _facts(call: RoleCall) -> tuple[Fact, ...]:
    found = []
    for origin, text in enumerate(call.texts):
        speaker, said = split_turn(text)
        for sentence in filter(None, map(str.strip, _SENTENCE.split(said))):
            if not sentence.endswith("?") and len(analyze(sentence)) > 1:
                found.append(Fact(f"{speaker}: {sentence}" if speaker else sentence, origin))
    return tuple(found)


def _keywords(call: RoleCall) -> tuple[str, ...]:
    counts = Counter(term for text in call.texts for term in analyze(split_turn(text)[1]))
    ranked = sorted(counts, key=lambda term: (-counts[term] * math.log1p(len(term)), term))
    return tuple(ranked[: call.limit or None])


def _title(call: RoleCall) -> str:
    return " ".join(_keywords(RoleCall(Role.KEYWORDS, call.texts, limit=5)))


def _summary(call: RoleCall) -> str:
    counter = token_counter(None)
    sentences = [
        (f"{speaker}: {sentence}" if speaker else sentence)
        for text in call.texts
        for speaker, said in (split_turn(text),)
        for sentence in _SENTENCE.split(said)
        if sentence.strip()
    ]
    weights = Counter(term for sentence in sentences for term in set(analyze(sentence)))
    worth = [
        sum(weights[term] for term in set(analyze(sentence))) / math.sqrt(1 + len(analyze(sentence)))
        for sentence in sentences
    ]
    kept: list[int] = []
    room = call.limit or 64
    for place in sorted(range(len(sentences)), key=lambda place: (-worth[place], place)):
        cost = counter.count(sentences[place])
        if cost <= room:
            kept.append(place)
            room -= cost
    return " ".join(sentences[place] for place in sorted(kept))


def _relation(call: RoleCall) -> Relation:
    new, old = call.texts
    terms, others = set(analyze(new)), set(analyze(old))
    if not terms or not others:
        return Relation.INDEPENDENT
    shared = len(terms & others) / math.sqrt(len(terms) * len(others))
    if shared < RELATED or split_turn(new)[0] != split_turn(old)[0]:
        return Relation.INDEPENDENT
    return Relation.CONTRADICTS if _CHANGE.search(new) else Relation.EXTENDS


def _merged(call: RoleCall) -> str:
    return "\n".join(dict.fromkeys(call.texts))


def _sufficient(call: RoleCall) -> bool:
    wanted = set(analyze(call.question))
    found = {term for text in call.texts for term in analyze(text)}
    return bool(wanted) and len(wanted & found) >= len(wanted) * 0.75


def _query(call: RoleCall) -> str:
    extra = _keywords(RoleCall(Role.KEYWORDS, call.texts[:2], limit=3))
    return " ".join([call.question, *extra])


def _relevant(call: RoleCall) -> tuple[int, ...]:
    wanted = set(analyze(call.question))
    shared = [len(wanted & set(analyze(text))) for text in call.texts]
    order = sorted(
        (place for place, count in enumerate(shared) if count), key=lambda place: (-shared[place], place)
    )
    return tuple(order[: call.limit or None])


_RULES = {
    Role.FACTS: _facts,
    Role.KEYWORDS: _keywords,
    Role.TITLE: _title,
    Role.SUMMARY: _summary,
    Role.RELATION: _relation,
    Role.MERGED: _merged,
    Role.SUFFICIENT: _sufficient,
    Role.QUERY: _query,
    Role.RELEVANT: _relevant,
}
