"""What designs yield to have a role's work done, each with the type of its reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from memdojo.envs.answering.solver import case_told
from memdojo.errors import DesignError, cut_short

from ..roles.protocol import Fact, Relation, Role, RoleCall
from .decisions import Steps

T = TypeVar("T")


def facts_of(texts: Sequence[str]) -> Steps[tuple[Fact, ...]]:
    """Return what the texts tell that may be asked later, in the order of the texts.

    The report of a task is one fact, and no role is asked: an answer apart from its task tells nothing.
    """
    reports = [place for place, text in enumerate(texts) if case_told(text)]
    asked = [place for place in range(len(texts)) if place not in reports]
    if reports and not asked:
        return tuple(Fact(texts[place], place) for place in reports)
    call = RoleCall(Role.FACTS, tuple(texts[place] for place in asked))
    reply: tuple[Fact, ...] = yield from _tuple_of(Fact, call)
    for fact in reply:
        if not 0 <= fact.origin < len(asked):
            raise _unfit(Role.FACTS, fact)
    if not reports:
        return reply
    facts = [Fact(fact.text, asked[fact.origin]) for fact in reply]
    facts += [Fact(texts[place], place) for place in reports]
    return tuple(sorted(facts, key=lambda fact: fact.origin))


def keywords_of(texts: Sequence[str], limit: int) -> Steps[tuple[str, ...]]:
    """Return at most `limit` words that the texts are about, the most telling first."""
    reply: tuple[str, ...] = yield from _tuple_of(str, RoleCall(Role.KEYWORDS, tuple(texts), limit=limit))
    return reply[:limit]


def title_of(texts: Sequence[str]) -> Steps[str]:
    """Return what the texts are about, in a few words."""
    return (yield from _one(str, RoleCall(Role.TITLE, tuple(texts))))


def summary_of(texts: Sequence[str], max_tokens: int) -> Steps[str]:
    """Return what the texts tell, in at most `max_tokens` tokens."""
    return (yield from _one(str, RoleCall(Role.SUMMARY, tuple(texts), limit=max_tokens)))


def relation_of(new: str, old: str) -> Steps[Relation]:
    """Return how a new text relates to an old one."""
    return (yield from _one(Relation, RoleCall(Role.RELATION, (new, old))))


def merged(texts: Sequence[str]) -> Steps[str]:
    """Return one text that tells what all of them do; the later one counts where they differ."""
    return (yield from _one(str, RoleCall(Role.MERGED, tuple(texts))))


def suffices(question: str, texts: Sequence[str]) -> Steps[bool]:
    """Return whether the texts answer the question."""
    return (yield from _one(bool, RoleCall(Role.SUFFICIENT, tuple(texts), question)))


def next_query(question: str, texts: Sequence[str]) -> Steps[str]:
    """Return what to search for next, given what was found so far."""
    return (yield from _one(str, RoleCall(Role.QUERY, tuple(texts), question)))


def relevant(question: str, texts: Sequence[str], limit: int) -> Steps[tuple[int, ...]]:
    """Return which of the texts help to answer the question, at most `limit`, by position."""
    call = RoleCall(Role.RELEVANT, tuple(texts), question, limit)
    reply: tuple[int, ...] = yield from _tuple_of(int, call)
    for position in reply:
        if not 0 <= position < len(texts):
            raise _unfit(Role.RELEVANT, position)
    return reply[:limit]


def _one(expected: type[T], call: RoleCall) -> Steps[T]:
    reply = yield call
    if not isinstance(reply, expected):
        raise _unfit(call.role, reply)
    return reply


def _tuple_of(expected: type[T], call: RoleCall) -> Steps[tuple[T, ...]]:
    reply = yield call
    if not isinstance(reply, tuple) or not all(isinstance(each, expected) for each in reply):
        raise _unfit(call.role, reply)
    return reply


def _unfit(role: Role, reply: object) -> DesignError:
    return DesignError(
        f"the role {role.value!r} replied {cut_short(ascii(reply))}, which is not what it is asked for; "
        "mend the roles, or take `rules`."
    )
