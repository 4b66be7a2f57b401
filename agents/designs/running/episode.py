"""`DesignEpisode`: an episode of a manager, one decision of its design at a time."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.types import Hit, Noop
from memdojo.errors import EpisodeStateError, RoleError
from memdojo.rewards.outcomes import EpisodeOutcome, StepOutcome

from ..parts.decisions import Decision, Steps
from ..roles.protocol import RoleCall
from .driver import go_on, replies_to
from .policy import DesignManager, step_of


def work_together(episodes: Sequence[DesignEpisode]) -> None:
    """Have all done that roles have to do before the episodes' next decisions or questions, in batches.

    Args:
        episodes: Of one manager.
    """
    while waiting := [(episode, call) for episode in episodes if (call := episode._call) is not None]:
        replies = replies_to([call for _, call in waiting], waiting[0][0].manager.roles)
        for (episode, _), reply in zip(waiting, replies, strict=True):
            episode._go_on(reply)


class DesignEpisode:
    """A stream that passes by a memory design, which stops wherever it has a choice.

    A step of the episode beneath is a chunk: the design learns from what was read last, writes, and reads for
    each question that is due; then the questions are answered. `decision` is what is to be chosen next, and
    `choose` goes on to the next one. Between them the episode can fork: a fork does again what was chosen
    since the chunk began. What roles have to do is put off until it is asked for, so that `work_together` can
    have it done for several episodes at once.

    Args:
        episode: The manager's episode at its start, or between two steps.
        manager: The design, its roles and its embedder. Its decider makes the choices that are not learned.
        learned: Names of the decisions that wait for `choose`; None lets all of them wait.

    Raises:
        EpisodeStateError: If the episode is within a step.
    """

    def __init__(
        self, episode: ManagerEpisode, manager: DesignManager, learned: frozenset[str] | None = None
    ) -> None:
        if episode.is_half_done:
            raise EpisodeStateError("a step of the episode is half done; finish it first.")
        self.episode = episode
        self.manager = manager
        self._learned = learned
        self.begin_chunk()

    @property
    def context(self) -> StreamContext:
        """The stream with what all of its episodes share."""
        return self.episode.context

    @property
    def step_index(self) -> int:
        """Chunks done."""
        return self.episode.step_index

    @property
    def is_half_done(self) -> bool:
        """True while questions wait for their answers."""
        return self._requests is not None

    @property
    def decision(self) -> Decision | None:
        """What is to be chosen next; None if questions wait for their answers, or the stream has ended."""
        work_together([self])
        return self._decision

    @property
    def question(self) -> int | None:
        """Place of the question that is read for, among those due; None while the design learns or writes."""
        return self._question

    @property
    def requests(self) -> tuple[AnswerRequest, ...] | None:
        """The questions that wait for `finish_step`; None while there is something to choose."""
        work_together([self])
        return self._requests

    @property
    def chosen(self) -> tuple[int, ...]:
        """The options that were chosen since the chunk began."""
        return tuple(option for option, _ in self._chosen)

    @property
    def chosen_for(self) -> tuple[int | None, ...]:
        """For each option that was chosen since the chunk began, what `question` was then."""
        return tuple(question for _, question in self._chosen)

    @property
    def malformed(self) -> tuple[str, ...]:
        """What was wrong, since the chunk began, where the rule chose in place of somebody."""
        return tuple(self._malformed)

    @property
    def ended(self) -> bool:
        """True after the last chunk."""
        return self.episode.ended

    def choose(self, option: int) -> None:
        """Choose an option of the decision, and go on to the next.

        Raises:
            EpisodeStateError: If there is nothing to choose.
            DesignError: If there is no such option.
        """
        if (decision := self.decision) is None:
            raise EpisodeStateError("there is nothing to choose; answer the questions that wait.")
        chosen = decision.check(option)
        self._chosen.append((chosen, self._question))
        self._go_on(chosen)

    def choose_by_rule(self, malformed: str) -> None:
        """Let the design's rule choose in place of who chose nothing that there is.

        It counts among the malformed operations of the chunk.

        Args:
            malformed: What was wrong, in a sentence.

        Raises:
            EpisodeStateError: If there is nothing to choose.
        """
        if (decision := self.decision) is not None:
            self._malformed.append(malformed)
        self.choose(0 if decision is None else decision.by_rule)

    def finish_step(self, answers: Sequence[Answer | None]) -> StepOutcome:
        """Take the answers to `requests`, in their order, and let the design meet the next chunk.

        Raises:
            EpisodeStateError: If there is something to choose first, or the stream has ended.
        """
        if self.requests is None:
            raise EpisodeStateError("the step is not complete; choose first, or start a new episode.")
        outcome = self.episode.finish_step(answers)
        self.begin_chunk()
        return outcome

    def outcome(self) -> EpisodeOutcome:
        """All steps so far."""
        return self.episode.outcome()

    def fork(self, seed: int | None = None) -> Self:
        """Return an independent episode in the same state; see `Episode.fork`.

        Raises:
            EpisodeStateError: If questions wait for their answers.
        """
        if self.requests is not None:
            raise EpisodeStateError("a design's episode cannot fork before its questions are answered.")
        fork = copy.copy(self)
        fork.episode = self.episode.fork(seed)
        fork.begin_chunk()
        fork._malformed += self._malformed
        for chosen in self.chosen:
            fork.choose(chosen)
        return fork

    def begin_chunk(self) -> None:
        """Let the design meet the chunk of `episode`, up to its first choice, or to the questions behind it.

        `finish_step` does it. Only who finishes the step of `episode` in another way has to call it, as to
        look at what the step came to: where there is nothing to choose, the next one is begun at once.
        """
        self._chosen: list[tuple[int, int | None]] = []
        self._malformed: list[str] = []
        self._decision: Decision | None = None
        self._question: int | None = None
        self._requests: tuple[AnswerRequest, ...] | None = None
        self._call: RoleCall | None = None
        if not self.episode.ended:
            self._steps = self._chunk_steps()
            self._go_on(None)

    def _go_on(self, reply: object) -> None:
        """Let the design go on until a role has work, it has a choice that is learned, or read for all."""
        self._decision, self._call = None, None
        manager = self.manager
        while True:
            try:
                request = go_on(self._steps, reply)
            except StopIteration:
                return
            except RoleError as error:
                self.episode.fail(str(error))
                self._requests = self.episode.begin_step((Noop(),), malformed=self._malformed)
                return
            if isinstance(request, RoleCall):
                self._call = request
                return
            if self._learned is not None and request.kind.name not in self._learned:
                (option,) = manager.decider.choose([request])
                reply = request.check(option)
            else:
                self._decision = request
                return

    def _chunk_steps(self) -> Steps[None]:
        """Yield all that the design waits for until the questions of the chunk are read for."""
        episode, manager = self.episode, self.manager
        chunk = episode.chunk
        assert chunk is not None  # The stream has not ended.
        if episode.failure:
            self._requests = episode.begin_step((Noop(),))
            return
        memory = manager.memory(episode.store.fork(), episode.step_index)
        yield from step_of(manager.design, memory, episode)
        found: list[tuple[Hit, ...]] = []
        read_only = manager.memory(memory.store, episode.step_index, read_only=True)
        for self._question, question in enumerate(episode.context.due.get(chunk.index, ())):
            hits = yield from manager.design.read(read_only, question.text, episode.top_k)
            found.append(hits[: episode.top_k])
        operations = memory.operations or (Noop(),)
        self._requests = episode.begin_step(operations, malformed=self._malformed, found=found)
