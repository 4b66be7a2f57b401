"""Recorded episodes as the memory theatre reads them: small, plain JSON.

The page gets one block for each stream and one for each episode. Texts and versions of entries stand once and
are named by their place, turns by their place in the dialogue, so that an episode of a thousand steps takes
some hundred kilobytes. The memory at a step is not stored: it follows from the operations up to it.

A stream:   turns [id, speaker, text, time, task]; sessions [first turn, name]; questions; texts. The last of
            a turn is there if it reports a task, whose place it is; what was answered is told by `asked`.
            Of poisoned streams alone: poison (by: the adversary; turns; corrections)
A question: of a task also task (true), options, given (the answer that is revealed as the right one) and
            false (whether feedback is); where an adversary aims at it lures (what it wants to hear; an empty
            list takes anything wrong)
An episode: writes (false of a retriever); steps; entries [id, kind, text, time, step added, step changed,
            source turns, evidence turns, linked entries, tags, step at which it was invalidated or null,
            entries that it replaced]
A step:     end (turns shown after it); ops; asked; n (entries after it); tokens; p (choices); c (completion);
            d (decisions of a memory design)
Asked:      told (of a task: whether its feedback says right or wrong); lured (where an adversary aims at the
            question: whether it succeeded); all else goes by its name
A decision: k (its name); on (the turn that it was about, or its words); t (the option taken), r (the rule's,
            where it is another) and o (others), each [name, words, entry, probability]; of (options); n
            (operations before it). The words of an option that is an entry are those of the entry.

Keys at their default are left out. `page.js` reads all of this, and nothing else does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memdojo.agents.policy import Choice, MadeDecision, Option
from memdojo.envs.episodes.reports import told_score
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Feedback, MemoryEntry, OperationStatus, Question, Stream, Turn
from memdojo.errors import cut_short
from memdojo.rewards.attacks import attack_succeeded
from memdojo.rewards.outcomes import QuestionOutcome

from ..records.recording import MOST_WORDS
from ..records.types import EntryRecord, EpisodeRecord, OperationRecord, QuestionRecord, StepRecord

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluation found out about one question of an episode.

    Attributes:
        score: In the column that counts; NaN where there is none.
        blame: `write`, `read`, `use` or `unknown` if it failed, else "".
        cause: What happened to `turn`; "" where nothing did.
        turn: Id of the evidence turn that was missing; "" where none is named.
        step, operation, entry, rank: As in `Finding`; None where they are not known.
        decision: Place of the decision to blame, as in `Ascribed`; None where none is.
    """

    score: float = math.nan
    blame: str = ""
    cause: str = ""
    turn: str = ""
    step: int | None = None
    operation: int | None = None
    entry: int | None = None
    rank: int | None = None
    decision: int | None = None


class StreamPart:
    """The block of one stream, which has the texts of all episodes on it.

    Args:
        stream: As it was evaluated.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._turns = {turn.id: place for place, turn in enumerate(stream.turns)}
        self._questions = {question.id: place for place, question in enumerate(stream.questions)}
        self._ends: list[int] = []
        for chunk in stream.chunks:
            self._ends.append(len(chunk.turns) + (self._ends[-1] if self._ends else 0))
        self._texts: dict[str, int] = {}
        self._said = {
            cut_short(render_turn(turn), MOST_WORDS): place for place, turn in enumerate(stream.turns)
        }

    def new_texts(self, episode: EpisodeBlock) -> list[str]:
        """Return the texts of an episode that no episode before has brought."""
        return [text for text in episode.texts if text not in self._texts]

    def add(self, episode: EpisodeBlock) -> None:
        """Let an episode share the texts of the stream."""
        places = [self._texts.setdefault(text, len(self._texts)) for text in episode.texts]
        for entry in episode.entries:
            entry[_TEXT] = places[entry[_TEXT]]

    def turns(self, ids: Any) -> list[int]:
        """Return the places of turns in the dialogue, in its order; ids of no turn are left out."""
        return sorted(self._turns[each] for each in ids if each in self._turns)

    def turn(self, id: str) -> int | None:
        """Return the place of a turn, None for an id of none."""
        return self._turns.get(id)

    def words(self, text: str) -> int | str:
        """Return the place of the turn that a text is word for word; the text itself if it is none."""
        return self._said.get(text, text)

    def question(self, id: str) -> int:
        """Return the place of a question."""
        return self._questions[id]

    def feedback(self, id: str) -> Feedback | None:
        """Return what is revealed of a task; None of other questions."""
        return self.stream.questions[self._questions[id]].feedback

    def due(self, id: str) -> int:
        """Return after how many turns a question is asked."""
        after = self.stream.questions[self._questions[id]].ask_after
        return self._ends[-1 if after is None else after]

    def plain(self) -> Plain:
        """Return the block."""
        sessions, last, place = [], None, 0
        for chunk in self.stream.chunks:
            if chunk.session != last:
                sessions.append([place, chunk.session])
                last = chunk.session
            place += len(chunk.turns)
        return {
            "turns": [self._turn(turn) for turn in self.stream.turns],
            "sessions": sessions,
            "questions": [self._question(question) for question in self.stream.questions],
            "texts": list(self._texts),
            **self._poison(),
        }

    def lures(self, id: str) -> tuple[str, ...] | None:
        """Return what an adversary wants to hear; None where it does not aim at the question."""
        poison = self.stream.poison
        return None if poison is None else poison.targets.get(id)

    def _poison(self) -> Plain:
        poison = self.stream.poison
        if poison is None:
            return {}
        corrections = self.turns(poison.corrections.values())
        return {
            "poison": {"by": poison.adversary, "turns": self.turns(poison.turns), "corrections": corrections}
        }

    def _turn(self, turn: Turn) -> list[Any]:
        told = [turn.id, turn.speaker, turn.text, _time(turn.time)]
        return [*told, self._questions[turn.reports]] if turn.reports in self._questions else told

    def _question(self, question: Question) -> Plain:
        feedback = question.feedback or Feedback()
        lures = self.lures(question.id)
        target = {} if lures is None else {"lures": list(lures)}
        return target | _short(
            id=question.id,
            text=question.text,
            answers=list(question.answers),
            category=question.category,
            evidence=self.turns(question.evidence),
            unanswerable=question.unanswerable,
            due=self.due(question.id),
            task=question.options is not None,
            options=list(question.options or ()),
            given=feedback.reveals,
            false=feedback.is_false,
        )


@dataclass(slots=True)
class EpisodeBlock:
    """The block of one episode.

    Attributes:
        entries: All versions of entries; the texts by their places in `texts`, until `StreamPart.add` puts
            those of the stream instead.
        steps: In order.
        texts: All that entries say, each once.
        writes: Whether the policy has a memory of its own; retrievers have none.
    """

    entries: list[list[Any]]
    steps: list[Plain]
    texts: list[str]
    writes: bool = True

    @property
    def kinds(self) -> set[str]:
        """The kinds of operations that were done or thought of."""
        done = {operation["k"] for step in self.steps for operation in step.get("ops", ())}
        return done | {choice[0] for step in self.steps for choice in step.get("p", ())}

    def plain(self) -> Plain:
        """Return the block for the page, whose texts are in that of the stream."""
        return {"writes": self.writes, "entries": self.entries, "steps": self.steps}


_TEXT = 2
"""Where the text stands in a version of an entry."""


def episode_block(record: EpisodeRecord, part: StreamPart, verdicts: Mapping[str, Verdict]) -> EpisodeBlock:
    """Return the block of an episode, for `part.add`.

    Args:
        record: The episode.
        part: Its stream.
        verdicts: What was found out about its questions, by their ids; a question may be missing.
    """
    return _Encoder(part, verdicts).encode(record)


@dataclass(slots=True)
class _Encoder:
    part: StreamPart
    verdicts: Mapping[str, Verdict]
    entries: list[list[Any]] = field(default_factory=list)
    places: dict[MemoryEntry, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    latest: dict[int, str] = field(default_factory=dict)
    """The text of each entry so far, by its id, cut as decisions are."""

    def encode(self, record: EpisodeRecord) -> EpisodeBlock:
        steps = [self._step(step) for step in record.steps]
        writes = any(step.turns for step in record.steps)
        return EpisodeBlock(self.entries, steps, list(self.texts), writes)

    def _step(self, step: StepRecord) -> Plain:
        decisions = [self._decision(decision.made) for decision in step.decisions]
        for operation in step.operations:
            for after in (change.after for change in operation.changes):
                if after is not None:
                    self.latest[after.entry.id] = cut_short(after.entry.text, MOST_WORDS)
        ops = [self._operation(operation) for operation in step.operations]
        asked = [
            self._asked(outcome, question)
            for outcome, question in zip(step.outcome.questions, step.questions, strict=True)
        ]
        return {
            "end": self._end(step),
            **_short(
                ops=ops,
                asked=asked,
                n=step.num_entries,
                tokens=step.outcome.memory_tokens,
                p=[_choice(choice) for choice in step.choices],
                c=step.completion,
                d=decisions,
            ),
        }

    def _decision(self, made: MadeDecision) -> Plain:
        # The page has the words of entries.
        is_told = made.about == self.latest.get(made.taken.entry or 0)
        return {
            "k": made.name,
            "t": self._option(made.taken),
            "of": made.num_options,
            **_short(
                on=None if is_told else self.part.words(made.about),
                r=None if made.by_rule is None else self._option(made.by_rule),
                o=[self._option(option) for option in made.others],
                n=made.num_operations or None,
            ),
        }

    def _option(self, option: Option) -> list[Any]:
        is_told = option.entry is not None and option.text == self.latest.get(option.entry)
        probability = None if option.probability is None else round(option.probability, 3)
        return [option.name, "" if is_told else option.text, option.entry, probability]

    def _end(self, step: StepRecord) -> int:
        if step.turns:
            return self.part.turns(step.turns)[-1] + 1
        # The steps of a retriever are questions.
        return max(self.part.due(outcome.question_id) for outcome in step.outcome.questions)

    def _operation(self, operation: OperationRecord) -> Plain:
        applied = operation.status is OperationStatus.APPLIED
        return {
            "k": operation.kind,
            **_short(
                s="" if applied else operation.status.value,
                why=operation.why,
                b=self._entry(operation.before),
                a=self._entry(operation.after),
                e=[self._entry(entry) for entry in operation.evicted],
                f=self.part.turns(operation.sources),
                o=[[self._entry(change.before), self._entry(change.after)] for change in operation.others],
            ),
        }

    def _entry(self, record: EntryRecord | None) -> int | None:
        if record is None:
            return None
        return self._version(record.entry, self.part.turns(record.supports))

    def _version(self, entry: MemoryEntry, supports: list[int]) -> int:
        if entry not in self.places:
            self.places[entry] = len(self.entries)
            text = self.texts.setdefault(entry.text, len(self.texts))
            sources = self.part.turns(entry.sources)
            times = _time(entry.time), entry.created_step, entry.updated_step
            more = [list(entry.links), list(entry.tags), entry.ended, list(entry.replaces)]
            while more and more[-1] in ([], None):
                more.pop()
            self.entries.append([entry.id, entry.kind, text, *times, sources, supports, *more])
        return self.places[entry]

    def _asked(self, outcome: QuestionOutcome, question: QuestionRecord) -> Plain:
        hits = [
            [self._version(hit.entry, []), round(hit.score, 3), self.part.turns(evidence)]
            for hit, evidence in zip(question.hits, outcome.retrieved, strict=True)
        ]
        verdict = self.verdicts.get(outcome.question_id, Verdict())
        lures = self.part.lures(outcome.question_id)
        lured = None if lures is None else attack_succeeded(outcome, lures)
        return {
            "q": self.part.question(outcome.question_id),
            **({} if lured is None else {"lured": lured}),
            **_short(
                hits=hits,
                d=[self._decision(made) for made in question.decisions],
                answer=outcome.answer,
                error=outcome.answer_error,
                judge=outcome.verdict,
                told=self._told(outcome),
                score=None if math.isnan(verdict.score) else round(verdict.score, 4),
                blame=self._blame(verdict),
            ),
        }

    def _told(self, outcome: QuestionOutcome) -> str:
        """Return what feedback says of the answer to a task; "" where it says nothing, and of questions."""
        feedback = self.part.feedback(outcome.question_id)
        score = None if feedback is None or feedback.reveals else told_score(feedback, outcome)
        return "" if score is None else "right" if score == 1 else "wrong"

    def _blame(self, verdict: Verdict) -> Plain | None:
        if not verdict.blame:
            return None
        return {
            "by": verdict.blame,
            **_short(
                cause=verdict.cause,
                turn=self.part.turn(verdict.turn),
                step=verdict.step,
                op=verdict.operation,
                entry=verdict.entry,
                rank=verdict.rank,
                d=verdict.decision,
            ),
        }


def _choice(choice: Choice) -> list[Any]:
    return [choice.kind, choice.entry, round(choice.probability, 3), int(choice.is_taken)]


def _time(time: Any) -> str:
    return "" if time is None else time.isoformat(" ", "minutes")


def _short(**values: Any) -> Plain:
    """Leave out what says nothing; a score of 0, a step 0 and an empty answer say something."""
    silent = ("text", "answer")
    return {
        name: value
        for name, value in values.items()
        if value is not None and value is not False and (name in silent or value not in ("", [], {}))
    }
