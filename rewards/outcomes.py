"""`EpisodeOutcome` and its parts: everything a reward may look at, in plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """What became of a question.

    Attributes:
        category: As the data set names it.
        references: Reference answers; ignored where `unanswerable`.
        answer: The answer; None if it was not asked for or is missing.
        answer_error: Why the answer, or one of `tier_answers`, is missing; "" with `answer` None means
            that no answerer was asked.
        evidence: Ids of the turns that hold the answer; empty where they are not known.
        stored: The evidence turns that some entry of the store supports when the question is asked.
        retrieved: Per rank, best first, the evidence turns that the retrieved entry supports.
        text: The question itself.
        metric: The metric by which its data set grades the answer; empty where it names none.
        verdict: A judge's grade of the answer, in [0, 1]; None if no judge was asked or none gave one.
        tier_answers: For each tier k, from 0 (no memory) upwards, k and the answer given the first k
            retrieved entries; None for a missing one. Empty without tiers.
        num_evidence_entries: Entries that hold evidence among all that a ranking could name; 0 where nobody
            counted them.
        nuggets: What an answer should have, item by item; empty where the data set has no rubric.
    """

    question_id: str
    category: str
    references: tuple[str, ...]
    unanswerable: bool
    answer: str | None
    answer_error: str
    evidence: frozenset[str]
    stored: frozenset[str]
    retrieved: tuple[frozenset[str], ...]
    text: str = ""
    metric: str = ""
    verdict: float | None = None
    tier_answers: tuple[tuple[int, str | None], ...] = ()
    num_evidence_entries: int = 0
    nuggets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OperationOutcome:
    """What became of an operation.

    Attributes:
        kind: `ADD`, `UPDATE`, `DELETE`, `NOOP`, or what later kinds are called.
        applied: True if the store did what the operation says.
        malformed: True if it could not be parsed; then `applied` says nothing.
        text_tokens: Tokens of the text that it carries.
        text: That text; empty where it carries none.
        entry_kind: The kind of the entry that it wrote, changed or removed; empty where there is none.
        valid: A judge's grade of whether the memory should be written so, in [0, 1]; None where no judge was
            asked or none gave one.
    """

    kind: str
    applied: bool
    malformed: bool
    text_tokens: int
    text: str = ""
    entry_kind: str = ""
    valid: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerabilityOutcome:
    """How well the memory answers an episode's questions before and after a step's operations.

    Attributes:
        before, after: Mean score of the answers over all questions of the episode, in [0, 1]: of those still
            to come, the questions due at this step among them, as they would be answered from the memory now;
            of those that were asked before, as they were answered then. A missing answer counts 0.
        num_asked: Questions that were put to the answerer for it, those that are due not counted.
        error: Why an answer is missing; empty where none is.
    """

    before: float
    after: float
    num_asked: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What one step of an episode produced.

    The counts of the whole episode stand in every step, so that each part can be normalised on the spot and
    the parts of all steps add up to the episode's.

    Attributes:
        step: Index of the step, from 0.
        questions: The questions asked after this step.
        operations: The operations of this step in the order in which they were given.
        num_questions: Questions of the whole episode.
        num_evidence_questions: Those of them that have evidence.
        num_steps: Steps of the whole episode.
        memory_tokens: Tokens in the store after the step.
        stream_tokens: Tokens of the whole stream's turns.
        potential_before, potential_after: Share of the evidence of the questions still to be asked that the
            store keeps, before and after the step's operations; in [0, 1].
        terminal: True at the last step.
        response_share: Tokens that a language policy wrote, as a share of the most that it may; 0 where they
            are not known.
        answerability: How well the memory answers the questions to come; None where no reward asks for it.
        attributed: Share of the mean score of the episode's answers that is this step's: that of its own
            questions, and once the episode has ended that of all answers that go back to what it wrote. A
            missing answer counts 0. None where no reward asks for it.
        failure: Why neither the step nor what comes of it is the policy's own, which leaves both without a
            score; empty while all is well.
    """

    step: int
    questions: tuple[QuestionOutcome, ...]
    operations: tuple[OperationOutcome, ...]
    num_questions: int
    num_evidence_questions: int
    num_steps: int
    memory_tokens: int
    stream_tokens: int
    potential_before: float
    potential_after: float
    terminal: bool
    response_share: float = 0.0
    answerability: AnswerabilityOutcome | None = None
    attributed: float | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class EpisodeOutcome:
    """What a whole episode produced, step by step."""

    stream_id: str
    group: str
    steps: tuple[StepOutcome, ...]

    @property
    def questions(self) -> tuple[QuestionOutcome, ...]:
        """All questions in the order in which they were asked."""
        return tuple(question for step in self.steps for question in step.questions)

    @property
    def operations(self) -> tuple[OperationOutcome, ...]:
        """All operations in order."""
        return tuple(operation for step in self.steps for operation in step.operations)
