"""`ExperienceEpisode`: a stream of tasks, at each of which a policy writes first and then hands over."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Self

from memdojo.errors import EpisodeStateError
from memdojo.rewards.outcomes import EpisodeOutcome, StepOutcome

from ..answering import Answer, AnswerRequest
from ..memory.store import MemoryStore
from ..types import Chunk, Hit, Noop, Operation, OperationResult, OperationStatus, Question
from .context import StreamContext
from .manager import ManagerEpisode


class Phase(StrEnum):
    """What an episode of experience waits for."""

    WRITE = "write"
    """Operations on the memory, now that a report has come."""
    HAND_OVER = "hand_over"
    """The entries that the solver of a task is given."""
    ANSWER = "answer"
    """The solver's answers; see `ExperienceEpisode.requests`."""
    ENDED = "ended"


class ExperienceEpisode:
    """A stream that passes by a memory, in which a policy chooses what is written and what is handed over.

    A step of the episode beneath is a chunk. It waits for `write`, then for one `hand_over` for each question
    that is asked behind the chunk, and then for the answers to `requests`. Before the answers come it can
    fork in any phase: what was written waits beside the episode beneath until all is handed over.

    Deterministic from the stream, what was written and handed over, the answers and the seed.

    Attributes:
        results: What each operation of the last `write` did.
        malformed: What was wrong with the last hand-over; empty if nothing was.

    Args:
        episode: The manager's episode at its start, or between two steps.

    Raises:
        EpisodeStateError: If the episode is within a step.
    """

    def __init__(self, episode: ManagerEpisode) -> None:
        if episode.is_half_done:
            raise EpisodeStateError("a step of the episode is half done; finish it first.")
        self.episode = episode
        self.results: tuple[OperationResult, ...] = ()
        self.malformed: tuple[str, ...] = ()
        self._written: tuple[Operation, ...] | None = None
        self._malformed: tuple[str, ...] = ()
        self._due: tuple[Question, ...] = ()
        self._found: tuple[tuple[Hit, ...], ...] = ()
        self._store = episode.store
        self._requests: tuple[AnswerRequest, ...] | None = None

    @property
    def context(self) -> StreamContext:
        """The stream with what all of its episodes share."""
        return self.episode.context

    @property
    def store(self) -> MemoryStore:
        """What is remembered, with what was written last."""
        return self._store

    @property
    def top_k(self) -> int:
        """How many entries the solver gets; those behind are ignored."""
        return self.episode.top_k

    @property
    def phase(self) -> Phase:
        """What the episode waits for."""
        if self.requests is not None:
            return Phase.ANSWER
        if self.episode.ended:
            return Phase.ENDED
        return Phase.WRITE if self._written is None else Phase.HAND_OVER

    @property
    def ended(self) -> bool:
        """True after the last chunk and its questions."""
        return self.phase is Phase.ENDED

    @property
    def chunk(self) -> Chunk | None:
        """The chunk that waits for operations, its reports complete; None in other phases."""
        return self.episode.chunk if self.phase is Phase.WRITE else None

    @property
    def question(self) -> Question | None:
        """The task for which entries are to be handed over; None in other phases."""
        return self._due[len(self._found)] if self.phase is Phase.HAND_OVER else None

    @property
    def requests(self) -> tuple[AnswerRequest, ...] | None:
        """What the solver is asked before `finish_step`, empty without a solver; None in other phases."""
        return self._requests

    def write(self, operations: Iterable[Operation], *, malformed: Sequence[str] = ()) -> None:
        """Apply the operations; the tasks behind the chunk wait for what they are handed over.

        Args:
            operations: Applied in order. One that cannot be applied leaves the memory as it was.
            malformed: One message for each piece of a completion that was no operation at all.

        Raises:
            EpisodeStateError: If the episode does not wait for operations.
        """
        self._require(Phase.WRITE)
        chunk = self.episode.chunk
        assert chunk is not None  # The stream has not ended.
        self._written = tuple(operations)
        self._malformed = tuple(malformed)
        self._store = self.episode.store.fork()
        results = [self._store.apply(operation, self.episode.step_index) for operation in self._written]
        refused = (OperationResult(Noop(), OperationStatus.MALFORMED, why=why) for why in malformed)
        self.results = (*results, *refused)
        self.malformed = ()
        self._due, self._found = self.context.due.get(chunk.index, ()), ()
        self._ask_when_all_is_handed_over()

    def hand_over(self, entries: Sequence[int], *, malformed: Sequence[str] = ()) -> None:
        """Hand entries over to the solver of the task that waits.

        Ids that are unknown or repeated make the choice malformed: then nothing is handed over, and each
        message is a malformed operation of the chunk.

        Args:
            entries: Ids, best first; none at all is a choice as well.
            malformed: One message for each piece of a completion that chose nothing that there is.

        Raises:
            EpisodeStateError: If no task waits.
        """
        self._require(Phase.HAND_OVER)
        ids = list(entries)[: self.top_k]
        named = [entry for entry in map(self._store.get, ids) if entry is not None and entry.ended is None]
        problems = list(malformed)
        if len(set(ids)) < len(ids):
            problems.append("the choice names an entry twice.")
        if len(named) < len(ids):
            problems.append("the choice names an entry that does not exist.")
        self.malformed = tuple(problems)
        self._malformed += self.malformed
        # The first has the highest score, as those that a retriever finds have.
        hits = (Hit(entry, 1 / place) for place, entry in enumerate(named, start=1))
        self._found += (() if problems else tuple(hits),)
        self._ask_when_all_is_handed_over()

    def finish_step(self, answers: Sequence[Answer | None]) -> StepOutcome:
        """Take the answers to `requests`, in their order, and go on to the report.

        Raises:
            EpisodeStateError: If something is to be written or handed over first, or the number of answers
                differs from the requests.
        """
        self._require(Phase.ANSWER)
        outcome = self.episode.finish_step(answers)
        self._written, self._requests = None, None
        self._store = self.episode.store
        return outcome

    def outcome(self) -> EpisodeOutcome:
        """All steps so far."""
        return self.episode.outcome()

    def fork(self, seed: int | None = None) -> Self:
        """Return an independent episode in the same state; see `Episode.fork`.

        Raises:
            EpisodeStateError: If the solver's answers are waited for.
        """
        if self.requests is not None:
            raise EpisodeStateError("an episode of experience cannot fork before its tasks are answered.")
        fork = copy.copy(self)
        fork.episode = self.episode.fork(seed)
        fork._store = fork.episode.store if self._written is None else self._store.fork()
        return fork

    def _ask_when_all_is_handed_over(self) -> None:
        assert self._written is not None  # That comes first.
        if len(self._found) == len(self._due):
            # Entries are the same there: a store applies the same operations alike.
            self._requests = self.episode.begin_step(
                self._written, malformed=self._malformed, found=self._found
            )

    def _require(self, phase: Phase) -> None:
        if self.phase is not phase:
            raise EpisodeStateError(
                f"the episode waits for {self.phase.value!r}, not for {phase.value!r}; look at its phase."
            )
