"""`Attribute`: the values of one property of a person, and all the ways to speak of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Scope(enum.Enum):
    """Whose attribute it is; compare with `is`."""

    SELF = "self"
    """The speaker's own."""
    CIRCLE = "circle"
    """That of a relative, friend or colleague of the speaker, or, in a distractor, of a stranger."""


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """One thing that can be told about a person, with its phrasings; compared by identity.

    Phrasings are format strings: `{v}` the value as said, `{a}` the value with its article, `{old}` and
    `{old_a}` the value before, `{k}` the key, `{ka}` the key with its article; about others `{S}`, `{s}` the
    person at the start and in the middle of a sentence, `{he}`, `{his}`, `{him}` the pronouns, `{He}`,
    `{His}` with a capital. In questions `{who}` is the person.

    Attributes:
        name: Unique within the scope.
        topic: Chooses reactions, comments and follow-up questions.
        pool: Pool of the values.
        about: What a correction says it is about ("where I live").
        states: Statements of the fact.
        prompts: Questions of the other speaker that lead to it.
        replies: Answers to those questions; they lean on the question and say less.
        updates: Statements of a new value.
        retractions: Statements that it no longer holds, without a new value.
        questions: Questions about the value.
        key_pool: Pool of the keys (the species of a pet, the item that was bought); empty if there is no key.
        parent: Name of the attribute whose value is the key of this one (the club's name for its day).
        chain_questions: Questions that go through the parent: `{k}` is the parent's key.
        listed: True if a person has several of these, and questions count them.
        planned: True for a date in the future.
    """

    name: str
    scope: Scope
    topic: str
    pool: str
    about: str
    states: tuple[str, ...]
    questions: tuple[str, ...]
    prompts: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    retractions: tuple[str, ...] = ()
    key_pool: str = ""
    parent: str = ""
    chain_questions: tuple[str, ...] = ()
    listed: bool = False
    planned: bool = False

    @property
    def revisable(self) -> bool:
        """True if the value may change in the course of time; a mistake can be corrected in any case."""
        return bool(self.updates)
