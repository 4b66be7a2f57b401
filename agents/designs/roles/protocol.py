"""`Roles`: who does the work that papers give to a language model."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class Role(enum.StrEnum):
    """A piece of such work; what is replied stands behind each."""

    FACTS = "facts"
    """What each text tells that may be asked later: `tuple[Fact, ...]`."""
    KEYWORDS = "keywords"
    """At most `limit` words that the texts are about, the most telling first: `tuple[str, ...]`."""
    TITLE = "title"
    """What the texts are about, in a few words: `str`."""
    SUMMARY = "summary"
    """What the texts tell, in at most `limit` tokens: `str`."""
    RELATION = "relation"
    """How the first text, which is newer, relates to the second: `Relation`."""
    MERGED = "merged"
    """One text that tells what all of them do, the later one where they differ: `str`."""
    SUFFICIENT = "sufficient"
    """Whether the texts answer the question: `bool`."""
    QUERY = "query"
    """What to search for next, given a question and what was found so far: `str`."""
    RELEVANT = "relevant"
    """Which of the texts help to answer the question, at most `limit`, by position: `tuple[int, ...]`."""


class Relation(enum.StrEnum):
    """How a new text relates to an old one."""

    INDEPENDENT = "independent"
    EXTENDS = "extends"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact out of several texts.

    Attributes:
        text: The fact in a sentence of its own.
        origin: Position of the text that it came from.
    """

    text: str
    origin: int


@dataclass(frozen=True, slots=True)
class RoleCall:
    """A piece of work for a role.

    Attributes:
        role: Which.
        texts: What it is about.
        question: The question, where there is one.
        limit: How much is wanted at most, as the role says; 0 leaves it to the role.
    """

    role: Role
    texts: tuple[str, ...]
    question: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Stands in place of a reply where there is none, such as when an endpoint is down.

    Attributes:
        why: A clause for a message.
    """

    why: str


@runtime_checkable
class CountsCalls(Protocol):
    """Roles that count what they do, as those do that ask a model."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What was counted so far, by name."""
        ...


class Roles(Protocol):
    """Does the work of all roles."""

    @property
    def fingerprint(self) -> str:
        """Names what does it, with every setting that changes a reply: tables and caches say it."""
        ...

    def reply(self, calls: Sequence[RoleCall]) -> list[object]:
        """Return what each call asks for, in the order of `calls`, of the type that its role has.

        In place of a reply that could not be had stands `Failed`.
        """
        ...
