"""What an entry must still hold of a turn so that a question can be answered from it.

Provenance alone would let a policy overwrite one entry for ever and keep the sources of all that it lost, and
a share of the words alone would pay for half of them, the shortest, from which nothing can be answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import regex

from ..answering.words import VERBS
from ..memory.analysis import STOP_WORDS, analyze
from ..streams.calendar import MONTHS, WEEKDAYS
from ..streams.cases import read_case
from ..types import Question, Turn

ANSWERING_SHARE = 0.5
"""Share of the content words of the sentences that state an answer."""

WHOLE_SHARE = 0.8
"""Share of the content words of a turn that does not state the answer, but from which it follows.

Of half of the words, the shortest, all evidence of LoCoMo and of synthetic dialogues would count as kept,
where the words of the answer are still there for a quarter of the questions; with this share 3 in 100 do.
"""

_SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？।])|\n+")
_CLAUSE_ENDS = re.compile(r"[,;—–]|\b(?:but|because|so|while|although|though)\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE
)
_TOKEN = re.compile(r"\w+")
_CAPITALISED = regex.compile(r"\b\p{Lu}[\w'’-]*")
_RELATIVE_TIMES = "today yesterday tomorrow tonight last next ago week month year"
_TIMES = frozenset(analyze(" ".join((*MONTHS, *WEEKDAYS, _RELATIVE_TIMES))))


@dataclass(frozen=True, slots=True)
class Needed:
    """What must still be in an entry, in terms of `analyze`.

    Attributes:
        words: The words of which a share must be there.
        share: That share.
        all_of: Words that must all be there: the answer, or what it follows from, and whom it is about.
        half_of: Words of which half must be there: what else the question is about.
        denies: Whether something is denied there, which an entry must do as well.
    """

    words: frozenset[str]
    share: float
    all_of: frozenset[str]
    half_of: frozenset[str]
    denies: bool

    def is_in(self, text: str, terms: frozenset[str]) -> bool:
        """Return whether an entry's text, whose terms these are, holds it."""
        return (
            bool(self.words)
            and len(self.words & terms) >= self.share * len(self.words)
            and self.all_of <= terms
            and 2 * len(self.half_of & terms) >= len(self.half_of)
            and (not self.denies or bool(_NEGATION.search(text)))
        )


class Support:
    """Says of the entries that came from one turn whether one question can still be answered from them.

    - Where the turn states the answer, an entry must hold the answer's words that stand in the turn, the
      names in the question that stand there, half of the question's other words that do (common verbs
      aside), and half of the content words of the sentences that state the answer; and deny something if it
      is denied there.
    - An entry that has the answer's words although the turn does not state them ("7 May" for "yesterday")
      must hold half of the content words of the turn, and the same of the question.
    - Where the answer follows from the turn (a count, a date, a yes), an entry must hold 0.8 of its content
      words, all its numbers, names and words of time, and a negation if it has one.

    Of several reference answers any will do.
    """

    def __init__(self, question: Question, turn: Turn, text: str) -> None:
        self._text = text
        words = frozenset(analyze(text))
        asked = frozenset(analyze(question.text))
        # "Which" and the like begin questions with a capital and stand in no turn as a name.
        self._names = _terms(_CAPITALISED.findall(question.text)) & words
        # A note may have another verb ("relocated" for "moved").
        self._about = (asked & words) - self._names - VERBS
        self._words = words
        self._speaker = frozenset(analyze(turn.speaker))
        # Who said it counts where the question names them, and then it must be there.
        self._said = words - self._speaker or words
        self._answers = tuple(self._own_words(analyze(answer), asked) for answer in question.answers)
        self._stated = tuple(self._stating(answer, question) for answer in self._answers)
        self._inferred = self._whole()

    def holds(self, text: str) -> bool:
        """Return whether an entry with this text, which came from the turn, supports the question."""
        if self._text in text:
            return True
        terms = frozenset(analyze(text))
        needed = map(partial(self._needed, terms), self._answers, self._stated)
        return any(each.is_in(text, terms) for each in needed)

    def _own_words(self, answer: Iterable[str], asked: frozenset[str]) -> frozenset[str]:
        """Return the words of an answer that the question does not have, the speaker's name only if alone."""
        own = frozenset(answer) - asked
        return own - self._speaker or own

    def _stating(self, answer: frozenset[str], question: Question) -> Needed | None:
        """Return what an entry needs if the turn states the answer, or with other turns a part of it."""
        stated = answer & self._words
        if not stated or (2 * len(stated) < len(answer) and len(question.needed_evidence) == 1):
            return None
        sentences = [part for part in _SENTENCE_ENDS.split(self._text) if stated & set(analyze(part))]
        return Needed(
            words=frozenset(analyze(" ".join(sentences))) - self._speaker or stated,
            share=ANSWERING_SHARE,
            all_of=stated | self._names,
            half_of=self._about,
            denies=any(_denies(sentence, stated) for sentence in sentences),
        )

    def _needed(self, terms: frozenset[str], answer: frozenset[str], stated: Needed | None) -> Needed:
        if stated is not None:
            return stated
        if answer and answer <= terms:
            return Needed(self._said, ANSWERING_SHARE, self._names, self._about, denies=False)
        return self._inferred

    def _whole(self) -> Needed:
        """Return what an entry needs if the answer follows from the turn, but does not stand there."""
        said = self._text
        numbers = frozenset(word for word in self._words if any(map(str.isdigit, word)))
        names = _terms(_names_within(said)) & self._words
        return Needed(
            words=self._said,
            share=WHOLE_SHARE,
            all_of=numbers | names | self._names | (_TIMES & self._words),
            half_of=frozenset(),
            denies=bool(_NEGATION.search(said)),
        )


class CaseSupport:
    """Says of the entries that came from a task's report whether it still helps one later task.

    - A case must hold half of the content words of the reported task, and its answer must be the one that the
      report gave away, if it did.
    - Any other text, such as a tip, must hold the words of that answer, or of the right answer to the later
      task where none was given away, but for those in the reported task; and half of the content words that
      both tasks share.
    """

    def __init__(self, question: Question, turn: Turn, text: str) -> None:
        case = read_case(turn.text)
        self._given = None if case is None else case.answer
        self._text = text
        said = turn.text if case is None else case.text
        self._words = frozenset(analyze(said))
        self._shared = self._words & frozenset(analyze(question.text))
        own = _tokens(said)
        wanted = question.answers if self._given is None else (self._given,)
        self._answers = [_tokens(answer) - own or _tokens(answer) for answer in wanted]

    def holds(self, text: str) -> bool:
        """Return whether an entry with this text, which came from the report, supports the task."""
        if self._given is not None and self._text in text:
            return True
        terms = frozenset(analyze(text))
        case = read_case(text)
        if case is not None:
            is_same = self._given is None or case.answer.casefold() == self._given.casefold()
            return is_same and 2 * len(self._words & terms) >= len(self._words)
        tokens = _tokens(text)
        is_told = any(answer <= tokens for answer in self._answers)
        return is_told and 2 * len(self._shared & terms) >= len(self._shared)


def _tokens(text: str) -> frozenset[str]:
    """Return all words of a text; answers may be such as `A`, of which `analyze` leaves nothing."""
    return frozenset(_TOKEN.findall(text.casefold()))


def _denies(sentence: str, stated: frozenset[str]) -> bool:
    """Return whether a sentence denies something where it states these words ("not Oslo, but Rome")."""
    clauses = (clause for clause in _CLAUSE_ENDS.split(sentence) if stated & set(analyze(clause)))
    return any(_NEGATION.search(clause) for clause in clauses)


def _terms(words: Iterable[str]) -> frozenset[str]:
    return frozenset(term for word in words if word.lower() not in STOP_WORDS for term in analyze(word))


def _names_within(text: str) -> Iterator[str]:
    """Yield the words with a capital that do not begin a sentence."""
    for sentence in _SENTENCE_ENDS.split(text.partition(": ")[2]):
        yield from (match[0] for match in _CAPITALISED.finditer(sentence) if match.start() > 0)
