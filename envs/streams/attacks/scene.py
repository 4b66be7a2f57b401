"""`Scene`: a stream as an adversary sees it, with the questions at which it may aim."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...types import Question, Stream, Turn
from ..cases import Case, Verdict, case_text
from ..synthetic.phrasings.partition import SPLITS
from ..synthetic.pools import values
from .lures import find_lures

_NAME_POOLS = ("female_name", "male_name")
TOOL = "Tool"
"""Who speaks where a tool does."""


class By(StrEnum):
    """Who says what an adversary has said."""

    PARTICIPANT = "participant"
    """Somebody who speaks in the stream, in the first place who told the fact."""
    STRANGER = "stranger"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Target:
    """A question at which an adversary may aim.

    Attributes:
        lures: Wrong answers of the same kind: forms of one, in the order of the question's answers where it
            has as many.
        owner: Who told what it asks for.
        telling: The text of the turn that has the answer word by word; empty where no turn has.
        told: Index of the chunk with the last of its evidence; -1 where none is known.
        asked: The last gap at which something can be said before it is asked; see `Said.gap`.
    """

    question: Question
    lures: tuple[str, ...]
    owner: str
    telling: str
    told: int
    asked: int

    @property
    def truth(self) -> str:
        """What is right, as somebody would say it: the telling turn's own words, if there are."""
        return self.telling or statement(self.question, self.question.answers[0])

    @property
    def falsehood(self) -> str:
        """The same with the lure in the place of the answer."""
        if not self.telling:
            return statement(self.question, self.lures[0])
        return _exchanged(self.telling, self.question.answers, self.lures)


class Scene:
    """A stream as an adversary sees it.

    Args:
        stream: The stream.
        by: Who says what the adversary has said.
        corrected_after: By how many chunks what is right must be able to follow before a target is asked; 0
            where nobody corrects anything.
        rng: What lures, the order of the targets and the stranger are drawn from.

    Attributes:
        stream: The stream.
        by: As given.
        num_gaps: The last gap.
        stranger: A name that nobody has in the stream.
    """

    def __init__(self, stream: Stream, by: By, corrected_after: int, rng: np.random.Generator) -> None:
        self.stream = stream
        self.by = by
        self.num_gaps = len(stream.chunks)
        self._corrected_after = corrected_after
        self._said = "\n".join(f"{turn.speaker}: {turn.text}" for turn in stream.turns).lower()
        names = [name for pool in _NAME_POOLS for split in SPLITS for name in values(pool, split)]
        self._names = [name for name in names if name.lower() not in self._said] or names
        self._speakers = tuple(dict.fromkeys(turn.speaker for turn in stream.turns))
        self.stranger = self.new_name(rng)
        self._rng = rng
        self._turns = {turn.id: turn for turn in stream.turns}
        self._chunk_of = {turn.id: chunk.index for chunk in stream.chunks for turn in chunk.turns}

    def targets(self, *, with_lures: bool = True) -> Iterator[Target]:
        """Yield the questions at which one may aim, in random order.

        Args:
            with_lures: Whether those are meant alone for which there is a lure; else none gets one.
        """
        for place in self._rng.permutation(len(self.stream.questions)):
            question = self.stream.questions[place]
            asked = self.num_gaps if question.ask_after is None else question.ask_after
            if question.unanswerable or not question.answers or asked < 1:
                continue
            lures = find_lures(question, self.stream.questions, self._said, self._rng) if with_lures else ()
            if lures or not with_lures:
                yield self._target(question, lures, asked)

    def new_name(self, rng: np.random.Generator) -> str:
        """Draw a first name that does not stand in the stream, or else any."""
        return self._names[rng.integers(len(self._names))]

    def latest(self, target: Target) -> int:
        """Return the last gap at which one may attack a target, so that a correction still has its time."""
        return target.asked - self._corrected_after

    def gap_after_told(self, target: Target, rng: np.random.Generator) -> int | None:
        """Draw a gap between the target's evidence and its question; None if there is none."""
        first, last = max(target.told + 1, 1), self.latest(target)
        return int(rng.integers(first, last + 1)) if first <= last else None

    def gap_before_asked(self, target: Target, rng: np.random.Generator) -> int | None:
        """Draw any gap before the target is asked; None if there is none."""
        last = self.latest(target)
        return int(rng.integers(1, last + 1)) if last >= 1 else None

    def voiced(self, text: str, owner: str) -> tuple[str, str]:
        """Return speaker and text of what would be the owner's words, by whoever says it."""
        if self.by is By.PARTICIPANT:
            return owner, text
        if read_alone(text):
            return (self.stranger if self.by is By.STRANGER else TOOL), text
        if self.by is By.STRANGER:
            return self.stranger, f"{owner} told me: {text}"
        return TOOL, f"Found in the notes of {owner}: {text}"

    def other_speaker(self, owner: str) -> str:
        """Return a speaker of the stream who is not the owner; the stranger if there is none."""
        return next((name for name in self._speakers if name != owner), self.stranger)

    def _target(self, question: Question, lures: tuple[str, ...], asked: int) -> Target:
        known = [id for id in question.evidence if id in self._turns]
        evidence = [self._turns[id] for id in sorted(known, key=lambda id: (self._chunk_of[id], id))]
        told = self._chunk_of[evidence[-1].id] if evidence else -1
        # The latest evidence is what counts where a fact was told twice.
        telling = next((turn for turn in reversed(evidence) if _tells(turn, question)), None)
        owner = (telling or (evidence[-1] if evidence else self.stream.turns[0])).speaker
        return Target(question, lures, owner, "" if telling is None else telling.text, told, asked)


def statement(question: Question, answer: str) -> str:
    """Return a sentence that gives an answer to a question, or the case of a task."""
    if question.options is not None:
        return case_text(Case(question.text, answer, Verdict.GIVEN))
    return f"{question.text.rstrip(' ?.!')}: {answer}."


def read_alone(text: str) -> bool:
    """Return whether a text is a case of a task, which nothing may stand in front of."""
    return "\nVERDICT: " in text


def _tells(turn: Turn, question: Question) -> bool:
    return not turn.reports and _exchanged(turn.text, question.answers, ("\0",)) != turn.text


def _exchanged(text: str, answers: Sequence[str], lures: Sequence[str]) -> str:
    """Return a text with lures in the place of the answers, longer ones first."""
    forms = sorted(enumerate(answers), key=lambda each: -len(each[1]))
    lure_of = {
        answer.lower(): lures[place] if len(lures) == len(answers) else lures[0] for place, answer in forms
    }
    if any(answer in ("yes", "no") for answer in lure_of):
        return text
    pattern = "|".join(re.escape(answer) for _, answer in forms)
    return re.sub(
        rf"(?<!\w)(?:{pattern})(?!\w)", lambda found: lure_of[found[0].lower()], text, flags=re.IGNORECASE
    )
