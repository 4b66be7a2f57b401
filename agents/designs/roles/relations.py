"""`relation_between`: how one text relates to another, by whom they are about and what they say of them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from memdojo.envs.answering.lines import Sentence, parse_line
from memdojo.envs.answering.words import AUXILIARIES, DISMISSALS, PREPOSITIONS, RELATIVES, VERBS
from memdojo.envs.streams.rendering import split_turn

from ...statements import stated
from .protocol import Relation

RELATED = 0.25
"""Cosine of what two texts speak of from which they are about the same."""

_CHANGES = re.compile(
    r"\b(?:no longer|not any ?more|anymore|used to|actually|changed|moved|new|quit|left|since)\b",
    re.IGNORECASE,
)


def relation_between(new: str, old: str) -> Relation:
    """Return how a text relates to an older one.

    Texts relate that have a subject in common (the speaker, a relative or somebody by name) and speak of the
    same. The new one contradicts if both state nothing but a value of the same attribute and it is another,
    if it takes something back, or if it speaks of a change and has another name or number.
    """
    statement, other = stated(*split_turn(new)), stated(*split_turn(old))
    if statement is not None and other is not None and statement.about == other.about:
        return Relation.EXTENDS if statement.value == other.value else Relation.CONTRADICTS
    later, earlier = _Content.of(new), _Content.of(old)
    if not later.is_about_same(earlier):
        return Relation.INDEPENDENT
    if later.takes_back or (later.changes and later.has_another(earlier)):
        return Relation.CONTRADICTS
    return Relation.EXTENDS


@dataclass(frozen=True, slots=True)
class _Content:
    """What a text says.

    Attributes:
        speaker: Who says it.
        subjects: Whom it is about: what stands in front of the first verb of a sentence.
        matters: Stems of what it speaks of, and their notions.
        values: Names and numbers.
        changes: True if it speaks of a change, or denies something.
        denies: True if it denies something or sets it aside.
        takes_back: True if it takes something back.
    """

    speaker: str
    subjects: frozenset[str]
    matters: frozenset[str]
    values: frozenset[str]
    changes: bool
    denies: bool
    takes_back: bool

    @classmethod
    def of(cls, text: str) -> _Content:
        line = parse_line(text)
        speaker = (line.speaker or split_turn(text)[0]).lower()
        sentences = [sentence for sentence in line.sentences if not sentence.is_question]
        subjects = frozenset().union(*(_subjects(sentence, speaker) for sentence in sentences))
        tokens = [token for sentence in sentences for token in sentence.tokens if token.stem]
        words = [(token, token.lower.removesuffix("'s")) for token in tokens]
        denies = any(
            token.lower in DISMISSALS or token.lower.endswith("n't")
            for sentence in sentences
            for token in sentence.tokens
        )
        notions = frozenset(notion for sentence in sentences for notion in sentence.notions)
        return cls(
            speaker,
            subjects,
            frozenset(
                token.stem for token, word in words if word not in subjects and not token.is_function
            ).union(f"#{notion}" for notion in notions),
            frozenset(
                word
                for token, word in words
                if (token.is_number or token.is_address or (token.is_name and not token.is_opening))
                and word not in subjects
            ),
            denies or any(sentence.replaces or _CHANGES.search(sentence.text) for sentence in sentences),
            denies,
            any(sentence.retractions for sentence in sentences),
        )

    def has_another(self, other: _Content) -> bool:
        """Return whether it has a value that another lacks, in place of one of the other's."""
        is_instead = self.denies or not other.values <= self.values
        return is_instead and bool(other.values) and not self.values <= other.values

    def is_about_same(self, other: _Content) -> bool:
        """Return whether both are about the same matters of the same person."""
        if self.subjects and other.subjects:
            if self.subjects.isdisjoint(other.subjects):
                return False
        elif self.speaker != other.speaker:
            return False
        if not self.matters or not other.matters:
            return False
        shared = len(self.matters & other.matters)
        return shared / math.sqrt(len(self.matters) * len(other.matters)) >= RELATED


def _subjects(sentence: Sentence, speaker: str) -> frozenset[str]:
    """Return whom a sentence is about: the speaker, relatives or names in front of the first verb."""
    names, relatives, is_own, is_aside = [], [], False, False
    for token in sentence.tokens:
        word = token.lower.removesuffix("'s")
        # "I'm" is a pronoun and a verb in one.
        is_own = is_own or word.partition("'")[0] in ("i", "my", "we", "our")
        if word in AUXILIARIES or token.stem in VERBS or "'" in word:
            break
        is_name = token.is_name and bool(token.stem) and not token.is_function
        # "The trip to Rome" is not about Rome.
        is_aside = word in PREPOSITIONS or (is_aside and is_name)
        if word in RELATIVES:
            relatives.append(word)
        elif is_name and not is_aside:
            names.append(word)
    if relatives:
        return frozenset(relatives + names)
    return frozenset([*names, speaker] if is_own else names)
