"""`Asked`: how much of what a question asks for some texts have, and whether they answer it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from memdojo.envs.answering.lines import Line, Sentence, Token, parse_lines, times_of
from memdojo.envs.answering.questions import parse_question
from memdojo.envs.answering.words import NUMBER_WORDS, RELATIVES, TIME_WORDS
from memdojo.envs.people import people_of

SUFFICIENT = 0.6
"""Share of a question's weighted words from which on a text may answer it."""

_RELATED = 0.5
"""What a word counts of which a text has a related one."""

_PERSON_WEIGHT = 1.0


class Asked:
    """A question beside the texts that may answer it.

    Attributes:
        coverage: For each text the share, in [0, 1], of the question's words that it has. Words that few of
            the texts have weigh more, and a related word counts half; a person that is named counts as a
            word, which the speaker of a text has as well.

    Args:
        question: The question.
        texts: What may answer it.
    """

    def __init__(self, question: str, texts: Sequence[str]) -> None:
        self._lines = parse_lines(texts)
        self._question = parse_question(
            question, people_of(frozenset(line.speaker for line in self._lines if line.speaker))
        )
        self._persons = [self._persons_in(line) for line in self._lines]
        self.coverage: Sequence[float] = self._coverage()

    def is_answered(self) -> bool:
        """Return whether one of the texts has most of the question's words, and an answer of its sort.

        Where the question names somebody the text is from or names one of them.
        """
        return any(
            share >= SUFFICIENT
            and (persons or not self._question.has_names)
            and any(self._may_answer(sentence) for sentence in line.sentences)
            for line, share, persons in zip(self._lines, self.coverage, self._persons, strict=True)
        )

    def _coverage(self) -> list[float]:
        terms = [*zip(self._question.terms, self._question.notions, strict=True)]
        have = [[self._has(line, *term) for term in terms] for line in self._lines]
        total = len(self._lines) + 1
        weights = [
            1 + math.log(total / (1 + sum(row[place] == 1 for row in have))) for place in range(len(terms))
        ]
        num_persons = len(self._question.people) + len(self._question.names)
        whole = sum(weights) + _PERSON_WEIGHT * num_persons
        return [
            (sum(map(math.prod, zip(weights, row, strict=True))) + _PERSON_WEIGHT * persons) / whole
            if whole
            else 0.0
            for row, persons in zip(have, self._persons, strict=True)
        ]

    def _has(self, line: Line, term: str, notions: frozenset[int]) -> float:
        return 1.0 if term in line.stems else _RELATED if notions & line.notions else 0.0

    def _persons_in(self, line: Line) -> int:
        """Return how many of those that the question names a text is from or names."""
        text = " ".join(sentence.text for sentence in line.sentences)
        people = self._question.among.named_in(text) | {line.speaker}
        return len(self._question.people & people) + len(self._question.names & line.names)

    def _may_answer(self, sentence: Sentence) -> bool:
        """Return whether a sentence has something of the sort that the question wants."""
        if sentence.is_question:
            return False
        wants = self._question.wants
        tokens = [token for token in sentence.tokens if self._is_new(token)]
        if wants == "address":
            return any(token.is_address for token in tokens)
        if wants == "number":
            return any(token.is_number or token.lower in NUMBER_WORDS for token in sentence.tokens)
        if wants == "when":
            return bool(times_of(sentence)) or any(
                token.is_number or token.lower in TIME_WORDS for token in tokens
            )
        has_name = any(token.is_name and not token.is_opening for token in tokens)
        if wants in ("where", "name"):
            return has_name
        if wants == "who":
            return has_name or any(token.lower in RELATIVES for token in tokens)
        return any(not token.is_function for token in tokens)

    def _is_new(self, token: Token) -> bool:
        """Return whether the question does not have a word itself."""
        question, word = self._question, token.lower.removesuffix("'s")
        is_asked = any(word in name.lower().split() for name in question.people) or word in question.names
        return bool(token.stem) and token.stem not in question.stems and not is_asked
