"""`RetrievalEpisode`: questions over an archive that grows with the stream; the action ranks its entries."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from memdojo.errors import EpisodeStateError
from memdojo.rewards.outcomes import OperationOutcome, StepOutcome

from ..answering import Answer, Answerer, AnswerRequest
from ..memory.store import MemoryStore
from ..quoting import one_line
from ..streams.rendering import render_entry, render_turn
from ..types import Add, Capacity, Chunk, MemoryEntry, Question, Update
from .archive import NO_TIERS, Granularity, TierOrder, Tiers, check_tiers
from .base import Episode
from .context import StreamContext, questions_in_order


class RetrievalEpisode(Episode):
    """All questions of a stream in the order in which they are asked, over everything said until then.

    A step is a question; the action ranks entries of `store` by id, best first. Nothing is ever forgotten,
    unless `memory` holds what a manager stored of the stream. Reports of tasks say what came of them in this
    episode, as far as they were answered in it.

    Args:
        context: The stream with what all of its episodes share.
        granularity: Whether candidates are single turns or whole sessions.
        top_k: How many entries of a ranking count; those behind are ignored.
        tiers: Ask each question without memory and given the first k entries for each of these k.
        answerer: Answers from the ranked entries; None leaves the questions unanswered.
        seed: Seeds `rng`, the only source of randomness that policies in the episode draw from.
        memory: A store for each question, in the order in which they are asked, over which they are asked
            instead of over all that was said. Nothing is written to them.
        tokenizer: Whose tokens are counted; None counts by `count_tokens`.

    Raises:
        ValueError: If there is not one store for each question.
    """

    def __init__(
        self,
        context: StreamContext,
        *,
        granularity: Granularity = Granularity.TURN,
        top_k: int = 10,
        tiers: Tiers = NO_TIERS,
        answerer: Answerer | None = None,
        seed: int = 0,
        memory: Sequence[MemoryStore] | None = None,
        tokenizer: str | None = None,
    ) -> None:
        store = MemoryStore(Capacity(max_entry_tokens=None, tokenizer=tokenizer), context.corpus)
        super().__init__(context, store, top_k=top_k, answerer=answerer, seed=seed)
        self.granularity = granularity
        check_tiers(tiers.ranks, top_k)
        self.tiers = tiers
        self.questions = questions_in_order(context.stream)
        if memory is not None and len(memory) != len(self.questions):
            raise ValueError(
                f"there are {len(memory)} stores for {len(self.questions)} questions; give one for each."
            )
        self._memory = memory
        self.malformed: tuple[str, ...] = ()
        self._num_archived_chunks = 0
        # By step. Forks share it: what can be ranked at a step is the same for all of them.
        self._num_evidence_entries: dict[int, int] = {}
        self._pending: tuple[MemoryEntry, ...] | None = None
        self._archive_until_question()

    @property
    def question(self) -> Question | None:
        """The question that waits for a ranking; None after the last one."""
        return self.questions[self.step_index] if self.step_index < len(self.questions) else None

    @property
    def ended(self) -> bool:
        """True after the last question."""
        return self.question is None

    def step(self, ranking: Sequence[int], *, malformed: Sequence[str] = ()) -> StepOutcome:
        """Take a ranking of entry ids, answer from it and move to the next question.

        Ids that are unknown or repeated make the ranking malformed: nothing is then handed to the answerer.

        Args:
            ranking: Entry ids, best first.
            malformed: One message for each piece of a completion that was no ranking at all; with any the
                ranking is malformed.

        Raises:
            EpisodeStateError: If the episode has ended or a step is half done.
        """
        requests = self.begin_step(ranking, malformed=malformed)
        return self.finish_step(() if self.answerer is None else self.answerer.answer(requests))

    def begin_step(
        self, ranking: Sequence[int], *, malformed: Sequence[str] = ()
    ) -> tuple[AnswerRequest, ...]:
        """Take the ranking and return the requests for answers; none without an answerer.

        With tiers that is the question without memory, which is the same for every ranking, and then given
        the entries of each tier; one that the ranking does not fill has all entries of the ranking.

        `malformed` then says what is wrong with the ranking; empty if nothing is.
        """
        if self.question is None or self._pending is not None:
            raise EpisodeStateError(
                "no question waits for a ranking; finish the step or start a new episode."
            )
        entries, problems = self._ranked(ranking)
        self.malformed = (*malformed, *problems)
        self._pending = () if self.malformed else entries
        if self.answerer is None:
            return ()
        contexts: list[tuple[MemoryEntry, ...]] = [self._pending]
        if self.tiers.ranks:
            contexts = [self._tier(rank) for rank in (0, *self.tiers.ranks)]
        return tuple(
            AnswerRequest.of(self.question, tuple(map(render_entry, entries))) for entries in contexts
        )

    def finish_step(self, answers: Sequence[Answer]) -> StepOutcome:
        """Take the answers to what `begin_step` returned and move to the next question.

        Where the policy answers by itself there is no answerer, and its own answer may be given here.

        Raises:
            EpisodeStateError: If no step was begun, or there is not one answer for each request that was put
                to an answerer.
        """
        if self._pending is None:
            raise EpisodeStateError("finish_step came without begin_step; begin a step first.")
        wanted = min(len(answers), 1) if self.answerer is None else 1 + len(self.tiers.ranks)
        if len(answers) != wanted:
            raise EpisodeStateError(f"{len(answers)} answers came for {wanted} requests; give one for each.")
        outcome = self._step_outcome(self._pending, answers, self.malformed)
        self._note(outcome)
        self._pending = None
        self.step_index += 1
        self._archive_until_question()
        return outcome

    def preview(self, ranking: Sequence[int]) -> StepOutcome:
        """Return what a ranking would produce without an answer; the episode stays where it is.

        Raises:
            EpisodeStateError: If the episode has ended.
        """
        if self.question is None:
            raise EpisodeStateError("no question waits for a ranking; start a new episode.")
        entries, problems = self._ranked(ranking)
        return self._step_outcome(() if problems else entries, (), problems)

    def _tier(self, rank: int) -> tuple[MemoryEntry, ...]:
        entries = (self._pending or ())[:rank]
        if self.tiers.order is TierOrder.RANK:
            return entries
        return tuple(sorted(entries, key=lambda entry: entry.id))

    def _ranked(self, ranking: Sequence[int]) -> tuple[tuple[MemoryEntry, ...], tuple[str, ...]]:
        """Return the entries of the ranking as far as it counts, and what is wrong with it."""
        ids = list(ranking)[: self.top_k]
        named = filter(None, map(self.store.get, ids))
        entries = tuple(entry for entry in named if entry.ended is None)
        problems = []
        if len(set(ids)) < len(ids):
            problems.append("the ranking names an entry twice.")
        if len(entries) < len(ids):
            problems.append("the ranking names an entry that does not exist.")
        return entries, tuple(problems)

    def _step_outcome(
        self, entries: tuple[MemoryEntry, ...], answers: Sequence[Answer], malformed: tuple[str, ...]
    ) -> StepOutcome:
        question = self.questions[self.step_index]
        # The last tier is `top_k`: its answer is the one that would be given without tiers.
        answer = answers[-1] if answers else None
        asked = dataclasses.replace(
            self._question_outcome(question, entries, answer, self._stored_evidence(question)),
            num_evidence_entries=self._evidence_entries(question),
        )
        if len(answers) > 1:
            asked = dataclasses.replace(
                asked,
                answer_error=next((each.error for each in answers if each.error), ""),
                tier_answers=tuple(zip((0, *self.tiers.ranks), [each.text for each in answers], strict=True)),
            )
        return StepOutcome(
            step=self.step_index,
            questions=(asked,),
            operations=tuple(OperationOutcome("RANK", False, True, 0) for _ in malformed),
            num_questions=len(self.questions),
            num_evidence_questions=self.context.num_evidence_questions,
            num_steps=len(self.questions),
            memory_tokens=self.store.tokens,
            stream_tokens=self.context.stream_tokens(self.store.counter),
            potential_before=0.0,
            potential_after=0.0,
            terminal=self.step_index == len(self.questions) - 1,
        )

    @property
    def is_half_done(self) -> bool:
        """True between `begin_step` and `finish_step`."""
        return self._pending is not None

    def _stored_evidence(self, question: Question) -> frozenset[str]:
        """Return the evidence that the store still has; an archive has all of it."""
        if self._memory is None:
            return question.needed_evidence
        stored = (self.context.evidence_for(question, entry) for entry in self.store.readable)
        return question.needed_evidence & frozenset().union(*stored)

    def _evidence_entries(self, question: Question) -> int:
        """Return how many entries hold evidence of the step's question."""
        if self.step_index not in self._num_evidence_entries:
            needed, evidence_for = question.needed_evidence, self.context.evidence_for
            self._num_evidence_entries[self.step_index] = sum(
                not needed.isdisjoint(evidence_for(question, entry)) for entry in self.store.readable
            )
        return self._num_evidence_entries[self.step_index]

    def _archive_until_question(self) -> None:
        question = self.question
        if question is None:
            return
        if self._memory is not None:
            self.store = self._memory[self.step_index]
            return
        chunks = self.context.stream.chunks
        end = len(chunks) if question.ask_after is None else question.ask_after + 1
        for chunk in chunks[self._num_archived_chunks : end]:
            self._archive(self._reported(chunk))
        self._num_archived_chunks = max(end, self._num_archived_chunks)

    def _archive(self, chunk: Chunk) -> None:
        if self.granularity is Granularity.TURN:
            for turn in chunk.turns:
                self.store.apply(Add(render_turn(turn), (turn.id,), turn.time, "turn"), chunk.index)
            return
        # A line each, so that no turn has lines that others seem to have said.
        text = "\n".join(one_line(render_turn(turn)) for turn in chunk.turns)
        sources = tuple(turn.id for turn in chunk.turns)
        last = self.store.entries[-1] if len(self.store) else None
        if last is not None and self._session_of(last) == chunk.session:
            update = Update(last.id, f"{last.text}\n{text}", sources)
            self.store.apply(update, chunk.index)
        else:
            self.store.apply(Add(text, sources, chunk.time, "session"), chunk.index)

    def _session_of(self, entry: MemoryEntry) -> str:
        return self.context.stream.chunks[entry.created_step].session
