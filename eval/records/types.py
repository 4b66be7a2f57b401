"""`EpisodeRecord`: a played episode, with every step's effect on the memory and every question's outcome.

Diagnosis, other scores, other answerers and reports are made from records, without the policy. The docstrings
here are the schema of `episodes.jsonl.gz`, in which each line is one `EpisodeRecord`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from memdojo.agents.policy import Choice, MadeDecision
from memdojo.envs.streams.rendering import render_entry
from memdojo.envs.types import MemoryEntry, OperationStatus
from memdojo.rewards.outcomes import EpisodeOutcome, QuestionOutcome, StepOutcome


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """A memory entry with the evidence in it.

    Attributes:
        entry: As it was in the store.
        supports: The turns that some question of the stream needs and that the entry supports: it came from
            them and still holds at least half of their content words. In the order of the dialogue.
    """

    entry: MemoryEntry
    supports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """An entry before and after a change; None where it was not there."""

    before: EntryRecord | None = None
    after: EntryRecord | None = None


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """What an operation did to the store.

    Attributes:
        kind: Of the operation, registered or not; NOOP for a malformed one.
        status: Whether it was applied, or why not.
        why: One sentence where it was not.
        before: The entry that it is about, as it was.
        after: The same as it left it.
        evicted: The entries that left to make room.
        sources: The turns that it names as the origin of its text.
        others: Further entries that it changed.
    """

    kind: str
    status: OperationStatus
    why: str = ""
    before: EntryRecord | None = None
    after: EntryRecord | None = None
    evicted: tuple[EntryRecord, ...] = ()
    sources: tuple[str, ...] = ()
    others: tuple[ChangeRecord, ...] = ()

    @property
    def changes(self) -> tuple[ChangeRecord, ...]:
        """All that it made of the store, each entry once; empty if it was not applied.

        They tell the store after any operation, known here or not: what was before goes, what is after comes.
        """
        if self.status is not OperationStatus.APPLIED:
            return ()
        own = () if self.before is self.after is None else (ChangeRecord(self.before, self.after),)
        return (*(ChangeRecord(entry) for entry in self.evicted), *own, *self.others)


@dataclass(frozen=True, slots=True)
class HitRecord:
    """An entry that was retrieved; its rank is its place in `QuestionRecord.hits`, from 1."""

    entry: MemoryEntry
    score: float


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision of a memory design behind the operations of a step.

    Attributes:
        made: The decision, its words cut short.
        supports: The turns of the step that some question needs and that what was decided on supports, by its
            words. In the order of the dialogue.
    """

    made: MadeDecision
    supports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """What was retrieved for a question.

    Attributes:
        hits: What the answerer was given, best first.
        ranks: For each evidence turn that was stored and not retrieved, the rank of the first entry that
            supports it among all that the retriever ranks; None where it ranks no such entry, or ranks no
            more than is asked of it.
        decisions: Those of a memory design that were made while it read for the question, in order.
    """

    hits: tuple[HitRecord, ...] = ()
    ranks: Mapping[str, int | None] = field(default_factory=dict)
    decisions: tuple[MadeDecision, ...] = ()


def question_context(question: QuestionRecord) -> tuple[str, ...]:
    """Return what the answerer read, a line for each entry."""
    return tuple(render_entry(hit.entry) for hit in question.hits)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step.

    Attributes:
        outcome: What it produced; its questions and operations go with those below, place by place.
        turns: Ids of the turns that it showed; empty where retrievers are played, whose steps are questions.
        operations: What each operation did.
        questions: What was retrieved for each question.
        num_entries: Entries in the store after the step.
        choices: What the policy thought of its choices, likeliest first; empty where it does not say.
        completion: What a language policy wrote, word for word; empty where the policy is none.
        decided_by: The rule that decided in the policy's place; empty where it decided itself.
        decisions: Those of a memory design, in order; empty where the policy is none.
    """

    outcome: StepOutcome
    turns: tuple[str, ...] = ()
    operations: tuple[OperationRecord, ...] = ()
    questions: tuple[QuestionRecord, ...] = ()
    num_entries: int = 0
    choices: tuple[Choice, ...] = ()
    completion: str = ""
    decided_by: str = ""
    decisions: tuple[DecisionRecord, ...] = ()

    def with_outcomes(self, questions: tuple[QuestionOutcome, ...]) -> StepRecord:
        """Return the step with other outcomes of its questions."""
        return dataclasses.replace(self, outcome=dataclasses.replace(self.outcome, questions=questions))


def final_entries(steps: Iterable[StepRecord]) -> list[MemoryEntry]:
    """Return the entries that a store holds after steps from an empty one, in order of id."""
    entries: dict[int, MemoryEntry] = {}
    for step in steps:
        for operation in step.operations:
            for change in operation.changes:
                if change.before is not None:
                    entries.pop(change.before.entry.id, None)
                if change.after is not None:
                    entries[change.after.entry.id] = change.after.entry
    return [entries[id] for id in sorted(entries)]


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """One episode of one policy.

    Attributes:
        policy: Its name.
        repetition: Number of the episode among those of the policy on the stream, from 0.
        stream: Id of the stream.
        group: Group of the stream.
        turns_per_chunk: How the stream was cut for the policy; None took it as it is cut.
        fingerprint: Tells the policy from others of its name, such as other weights.
        steps: In order.
        figures: What the outcome does not tell, such as seconds.
    """

    policy: str
    repetition: int
    stream: str
    group: str
    steps: tuple[StepRecord, ...]
    turns_per_chunk: int | None = None
    fingerprint: str = ""
    figures: Mapping[str, int | float | None] = field(default_factory=dict)

    @property
    def outcome(self) -> EpisodeOutcome:
        """What the episode produced, as rewards see it."""
        return EpisodeOutcome(self.stream, self.group, tuple(step.outcome for step in self.steps))

    @property
    def has_failed(self) -> bool:
        """True if the policy failed on the way, so that what came after is not its own."""
        return any(step.outcome.failure for step in self.steps)

    @property
    def has_failed_answers(self) -> bool:
        """True if the answer to a question is missing."""
        return any(question.answer_error for step in self.steps for question in step.outcome.questions)
