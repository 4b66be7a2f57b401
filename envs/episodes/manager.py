"""`ManagerEpisode`: a stream passes by a memory store, and questions are asked when they are due.

No Gymnasium, no text rendering and no learning: environments, rollouts and evaluation are faces of this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

from memdojo.errors import EpisodeStateError, RoleError
from memdojo.rewards.outcomes import (
    AnswerabilityOutcome,
    EpisodeOutcome,
    OperationOutcome,
    QuestionOutcome,
    StepOutcome,
)

from ..answering import Answer, Answerer, AnswerRequest
from ..memory.retrieval.per_speaker import for_stream
from ..memory.retrieval.protocol import Retriever
from ..memory.retrieval.retrievers import BM25Retriever
from ..memory.store import MemoryStore
from ..streams.rendering import render_entry
from ..types import (
    Capacity,
    Chunk,
    Hit,
    MemoryEntry,
    Noop,
    Operation,
    OperationResult,
    OperationStatus,
    Question,
)
from .answerability import Answerability, Probe
from .attribution import Attribution
from .base import Episode
from .context import StreamContext
from .credit import CreditRules
from .readings import Reading
from .reports import told_score

ValidityRule = Callable[[OperationResult, Chunk, MemoryStore], float | None]
"""Grades an operation that was applied, given the chunk that it is about and the store that it left; None
where there is nothing to grade."""


class ManagerEpisode(Episode):
    """One pass of a stream through a memory store.

    A step is a chunk: operations change the store, then the questions that are due are answered from what
    the retriever finds in it. `step` does all of it. `begin_step` and `finish_step` are its two halves, so
    that the questions of many episodes can be answered in one batch in between.

    Deterministic from the stream, the operations and the seed.

    Attributes:
        failure: Why nothing that comes of the episode any more is the policy's own; empty while all is well.
            Questions are not put to the answerer then, and have this in place of an answer.

    Args:
        context: The stream with what all of its episodes share.
        capacity: Limits of the store.
        retriever: Finds the entries from which a question is answered.
        top_k: How many entries it hands over.
        answerer: Answers the questions; None leaves them unanswered (rewards on evidence need no answers).
        seed: Seeds `rng`, the only source of randomness that policies in the episode draw from.
        validity: Grades each operation that is applied; None leaves `OperationOutcome.valid` empty.
        credit: What is measured beside the answers, where there is an answerer; None leaves the outcomes'
            `answerability` and `attributed` empty.

    Raises:
        ConfigError: If credit is measured and a question is graded by a judge.
    """

    def __init__(
        self,
        context: StreamContext,
        capacity: Capacity,
        *,
        retriever: Retriever | None = None,
        top_k: int = 10,
        answerer: Answerer | None = None,
        seed: int = 0,
        validity: ValidityRule | None = None,
        credit: CreditRules | None = None,
    ) -> None:
        store = MemoryStore(capacity, context.corpus)
        super().__init__(context, store, top_k=top_k, answerer=answerer, seed=seed)
        self.retriever: Retriever = for_stream(retriever or BM25Retriever(), context.speaker_of)
        self.results: tuple[OperationResult, ...] = ()
        self.hits: tuple[tuple[Hit, ...], ...] = ()
        self.failure = ""
        self._validity = validity
        self._grades: tuple[float | None, ...] = ()
        self._pending: _PendingStep | None = None
        self._kept: Counter[tuple[str, str]] = Counter()
        self._evidence_weight = self._initial_evidence_weights()
        self._potential = 0.0
        self._answerability: Answerability | None = None
        self._attribution: Attribution | None = None
        if credit is not None:
            credit.check(context.stream)
            if credit.answerability:
                self._answerability = Answerability(context, credit.metric)
            if credit.attribution:
                self._attribution = Attribution(len(context.stream.questions), credit.metric)

    @property
    def chunk(self) -> Chunk | None:
        """The chunk that waits for operations; None once the stream has ended.

        Its reports say what came of their tasks in this episode.
        """
        chunks = self.context.stream.chunks
        if self.step_index >= len(chunks):
            return None
        return self._reported(chunks[self.step_index])

    @property
    def ended(self) -> bool:
        """True after the last chunk."""
        return self.chunk is None

    def step(self, operations: Iterable[Operation], *, malformed: Sequence[str] = ()) -> StepOutcome:
        """Apply the operations, ask what is due, move to the next chunk and say what came of it.

        Args:
            operations: Applied in order. One that cannot be applied leaves the store as it was.
            malformed: One message for each piece of a completion that was no operation at all.

        Raises:
            EpisodeStateError: If the stream has ended or a step is half done.
        """
        requests = self.begin_step(operations, malformed=malformed)
        return self.finish_step(() if self.answerer is None else self.answerer.answer(requests))

    def begin_step(
        self,
        operations: Iterable[Operation],
        *,
        malformed: Sequence[str] = (),
        found: Sequence[tuple[Hit, ...]] | None = None,
    ) -> tuple[AnswerRequest, ...]:
        """Apply the operations and return the questions that are due, each with what was retrieved for it.

        `results` then holds what each operation did, and `hits` what was retrieved for each question. Behind
        those that are due come questions to come, where answerability is measured. Without an answerer
        nothing is requested.

        Args:
            operations: Applied in order.
            malformed: As for `step`.
            found: What was found for each question that is due in the store as the operations leave it, by
                who reads it in another way; None lets the episode's retriever look.
        """
        self.write(operations, malformed=malformed)
        return self.read(found)

    def write(
        self, operations: Iterable[Operation], *, malformed: Sequence[str] = ()
    ) -> tuple[Question, ...]:
        """Do the first half of `begin_step`: apply the operations, and return the questions that are due."""
        chunk = self._require_chunk()
        potential_before = self._potential
        if self._measured is not None:
            self._measured.open(chunk.index, self._read)
        results: list[OperationResult] = []
        grades: list[float | None] = []
        for operation in operations:
            result = self._apply(operation)
            results.append(result)
            grades.append(self._grade(result, chunk))
        results += [OperationResult(Noop(), OperationStatus.MALFORMED, why=why) for why in malformed]
        self.results = tuple(results)
        self._grades = (*grades, *(None for _ in malformed))
        questions = self.context.due.get(chunk.index, ())
        self._pending = _PendingStep(questions, potential_before)
        return questions

    def read(self, found: Sequence[tuple[Hit, ...]] | None = None) -> tuple[AnswerRequest, ...]:
        """Do the second half of `begin_step`, and return what that returns.

        Raises:
            EpisodeStateError: If nothing was written before.
        """
        if self._pending is None:
            raise EpisodeStateError("read came without write; write first.")
        questions = self._pending.questions
        if found is None:
            found = [self._search(question) for question in questions]
        self.hits = ((),) * len(questions) if self.failure else tuple(found)
        if self.answerer is None or self.failure:
            return ()
        requests = tuple(
            AnswerRequest.of(question, tuple(render_entry(hit.entry) for hit in hits))
            for question, hits in zip(questions, self.hits, strict=True)
        )
        measured = self._measured
        if measured is None:
            return requests
        if any(result.changes for result in self.results):
            measured.look(questions, self._read)
        return (*requests, *(probe.request for probe in measured.probes))

    def finish_step(self, answers: Sequence[Answer | None]) -> StepOutcome:
        """Take the answers to what `begin_step` returned, in its order, and move to the next chunk.

        Raises:
            EpisodeStateError: If no step was begun, or the number of answers differs from the questions.
        """
        if self._pending is None:
            raise EpisodeStateError("finish_step came without begin_step; begin a step first.")
        pending = self._pending
        num_due = len(pending.questions)
        probes = () if self._measured is None else self._measured.probes
        if self.failure:
            answers = [Answer(None, self.failure)] * (num_due + len(probes))
        elif self.answerer is None and not answers:
            answers = [None] * num_due
        if len(answers) != num_due + len(probes):
            raise EpisodeStateError(
                f"{len(answers)} answers came for {num_due + len(probes)} questions; give one for each."
            )
        entries = [tuple(hit.entry for hit in hits) for hits in self.hits]
        questions = tuple(
            self._question_outcome(question, found, answer, self._stored_evidence(question))
            for question, found, answer in zip(pending.questions, entries, answers[:num_due], strict=True)
        )
        outcome = StepOutcome(
            step=self.step_index,
            questions=questions,
            operations=tuple(
                _operation_outcome(result, valid, self.store)
                for result, valid in zip(self.results, self._grades, strict=True)
            ),
            num_questions=len(self.context.stream.questions),
            num_evidence_questions=self.context.num_evidence_questions,
            num_steps=len(self.context.stream.chunks),
            memory_tokens=self.store.tokens,
            stream_tokens=self.context.stream_tokens(self.store.counter),
            potential_before=pending.potential_before,
            potential_after=self._potential,
            terminal=self.step_index == len(self.context.stream.chunks) - 1,
            answerability=self._measure(questions, probes, answers[num_due:]),
            attributed=self._book(questions, entries),
            failure=self.failure,
        )
        self._freeze_potential(pending.questions)
        self._pending = None
        self.step_index += 1
        self._note(outcome)
        return outcome

    @property
    def due(self) -> tuple[Question, ...]:
        """The questions that wait to be read for and answered; none between two steps."""
        return () if self._pending is None else self._pending.questions

    def fail(self, why: str) -> None:
        """Say that nothing that comes of the episode from now on is the policy's own; see `failure`."""
        self.failure = self.failure or why

    @property
    def last_readings(self) -> tuple[Reading, ...]:
        """What was read at the last step and how right the answers were, by each question's own metric.

        A question that a judge grades has no score. Of a task it is what the feedback says, right or not.
        """
        if not self._outcomes:
            return ()
        asked = self._outcomes[-1].questions
        return tuple(
            Reading(
                question.text,
                tuple(hit.entry for hit in hits),
                question.answer,
                told_score(self.context.feedback.get(question.question_id), question),
            )
            for question, hits in zip(asked, self.hits, strict=True)
        )

    @property
    def kept_evidence(self) -> frozenset[tuple[str, str]]:
        """The evidence that the store holds, by turn and question, whether the question is still to come.

        That of invalidated entries is not held: nothing finds them.
        """
        return frozenset(evidence for evidence, entries in self._kept.items() if entries > 0)

    @property
    def is_half_done(self) -> bool:
        """True between `begin_step` and `finish_step`."""
        return self._pending is not None

    def fork(self, seed: int | None = None) -> Self:
        """Return an independent episode in the same state; see `Episode.fork`."""
        fork = super().fork(seed)
        fork._kept = self._kept.copy()
        fork._evidence_weight = dict(self._evidence_weight)
        fork._answerability = None if self._answerability is None else self._answerability.fork()
        fork._attribution = None if self._attribution is None else self._attribution.fork()
        return fork

    def outcome(self) -> EpisodeOutcome:
        """All steps so far, each with what the answers since then owe to it."""
        outcome, attribution = super().outcome(), self._attribution
        if attribution is None:
            return outcome
        steps = (
            step if step.attributed is None else replace(step, attributed=attribution.of_step(step.step))
            for step in outcome.steps
        )
        return replace(outcome, steps=tuple(steps))

    @property
    def _measured(self) -> Answerability | None:
        """What is asked of questions to come; None where nobody answers or nothing is measured."""
        return None if self.answerer is None else self._answerability

    def _read(self, question: Question) -> tuple[MemoryEntry, ...]:
        return tuple(hit.entry for hit in self._search(question))

    def _search(self, question: Question) -> tuple[Hit, ...]:
        """Return what the retriever finds; nothing once that or the policy has failed."""
        if self.failure:
            return ()
        try:
            return self.retriever.search(self.store, question.text, self.top_k)
        except RoleError as error:
            self.fail(str(error))
            return ()

    def _measure(
        self, due: Sequence[QuestionOutcome], probes: Sequence[Probe], answers: Sequence[Answer | None]
    ) -> AnswerabilityOutcome | None:
        if self._measured is None:
            return None
        probed = [
            self._question_outcome(probe.question, (), answer, frozenset())
            for probe, answer in zip(probes, answers, strict=True)
        ]
        return self._measured.take(due, probed)

    def _book(
        self, questions: Sequence[QuestionOutcome], entries: Sequence[tuple[MemoryEntry, ...]]
    ) -> float | None:
        if self._attribution is None or self.answerer is None:
            return None
        return self._attribution.book(self.step_index, questions, entries)

    def _require_chunk(self) -> Chunk:
        if self._pending is not None:
            raise EpisodeStateError("the last step still waits for its answers; call finish_step first.")
        chunk = self.chunk
        if chunk is None:
            raise EpisodeStateError(
                f"stream {self.context.stream.id!r} has ended after {self.step_index} steps; "
                "start a new episode."
            )
        return chunk

    def _apply(self, operation: Operation) -> OperationResult:
        result = self.store.apply(operation, self.step_index)
        if self._attribution is not None:
            self._attribution.note(result, self.step_index)
        for change in result.changes:
            if change.before is not None:
                self._count_evidence(change.before, -1)
            if change.after is not None:
                self._count_evidence(change.after, +1)
        return result

    def _grade(self, result: OperationResult, chunk: Chunk) -> float | None:
        if self._validity is None or not result.applied:
            return None
        return self._validity(result, chunk, self.store)

    def _count_evidence(self, entry: MemoryEntry, change: int) -> None:
        if entry.ended is not None:
            return  # Kept, but out of the reach of readers.
        # Sorted, because a set of strings has another order in every process, and the sum another last bit.
        for evidence in sorted(self.context.answerable(entry)):
            was_kept = self._kept[evidence] > 0
            self._kept[evidence] += change
            is_kept = self._kept[evidence] > 0
            self._potential += (is_kept - was_kept) * self._evidence_weight[evidence]

    def _initial_evidence_weights(self) -> dict[tuple[str, str], float]:
        """Return what the evidence of each question is worth, by turn and question."""
        return {
            (turn_id, question.id): 1 / (len(question.needed_evidence) * self.context.num_evidence_questions)
            for question in self.context.stream.questions
            for turn_id in question.needed_evidence
        }

    def _freeze_potential(self, asked: Iterable[Question]) -> None:
        # What happens to evidence after its question was asked neither pays nor costs.
        for question in asked:
            for turn_id in question.needed_evidence:
                self._evidence_weight[turn_id, question.id] = 0.0

    def _stored_evidence(self, question: Question) -> frozenset[str]:
        return frozenset(
            turn_id for turn_id in question.needed_evidence if self._kept[turn_id, question.id] > 0
        )


class _PendingStep(NamedTuple):
    """A step whose questions wait for their answers."""

    questions: tuple[Question, ...]
    potential_before: float


def _operation_outcome(result: OperationResult, valid: float | None, store: MemoryStore) -> OperationOutcome:
    operation = result.operation
    text = operation.written_text
    entry = result.after or result.before
    return OperationOutcome(
        kind=operation.kind,
        applied=result.applied,
        malformed=result.status is OperationStatus.MALFORMED,
        text_tokens=store.count_tokens(text),
        text=text,
        entry_kind="" if entry is None else entry.kind,
        valid=valid,
    )
