"""`EpisodeRules`: how the episodes of a run are set up and paid, and the one place where they are built."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from memdojo.errors import ConfigError
from memdojo.rewards import Reward
from memdojo.rewards.outcomes import StepOutcome

from ..answering import Answer, Answerer, CachedAnswerer, ExtractiveAnswerer
from ..memory.retrieval.protocol import Retriever
from ..memory.retrieval.retrievers import BM25Retriever
from ..types import Capacity
from .archive import NO_TIERS, Granularity, Tiers, check_tiers
from .base import AnsweredEpisode
from .context import StreamContext
from .credit import CreditRules
from .limits import CapacitySettings, check_positive
from .manager import ManagerEpisode
from .retrieval import RetrievalEpisode
from .validity import validity_by_rule
from .written_memory import StoredByQuestion, stores_of

TRUNK_SEED = 2**31
"""Added to a group's first seed, it seeds what the group has in common before it forks.

All other seeds are smaller: a fork that drew as its past did would not play as its
policy does.
"""


class StepJudge(Protocol):
    """A model that grades what happened in a step."""

    async def finish_step(self, episode: AnsweredEpisode, answers: Sequence[Answer]) -> StepOutcome:
        """Finish a step that was begun, and return its outcome with the grades.

        Args:
            episode: Whose step waits for its answers.
            answers: To the step's requests, in their order.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRules:
    """How the episodes of a run are set up and paid.

    Attributes:
        reward: Pays each step; None where nothing is paid.
        capacity: Limits of a manager's store.
        retriever: Finds the entries of a manager's store for a question.
        top_k: How many entries the answerer gets: those found, or the first of a ranking.
        answerer: Answers the questions; None leaves them without an answer.
        granularity: What one candidate of an archive is.
        tiers: At which the questions of a retrieval episode are asked as well, where the reward compares the
            answers at them.
        judge: Grades answers and operations; None asks no model.

    Raises:
        ConfigError: If `top_k` is not positive, or the tiers do not rise from 1 to it.
    """

    reward: Reward | None = None
    capacity: CapacitySettings = field(default_factory=CapacitySettings)
    retriever: Retriever = field(default_factory=BM25Retriever)
    top_k: int = 10
    answerer: Answerer | None = None
    granularity: Granularity = Granularity.TURN
    tiers: Tiers = NO_TIERS
    judge: StepJudge | None = None

    def __post_init__(self) -> None:
        check_positive("top_k", self.top_k)
        check_tiers(self.tiers.ranks, self.top_k)

    @property
    def paid(self) -> Reward:
        """The reward.

        Raises:
            ConfigError: If there is none.
        """
        if self.reward is None:
            raise ConfigError("the rules name no reward, which a step needs to be scored; give one.")
        return self.reward

    def manager(
        self, context: StreamContext, *, seed: int, capacity: Capacity | None = None
    ) -> ManagerEpisode:
        """Return a manager's episode of a stream at its start.

        Args:
            context: The stream with what all of its episodes share.
            seed: Seeds what policies draw in the episode.
            capacity: Limits of the store, where they are those of another stream; None takes this one's.
        """
        if capacity is None:
            num_tokens = context.stream_tokens(self.capacity.counter)
            capacity = self.capacity.for_stream(context.stream, num_tokens)
        return ManagerEpisode(
            context,
            capacity,
            retriever=self.retriever,
            top_k=self.top_k,
            answerer=self.answerer,
            seed=seed,
            validity=validity_by_rule if self.reward is not None and self.reward.needs_validity else None,
            credit=CreditRules.of(self.reward),
        )

    def retrieval(
        self, context: StreamContext, *, seed: int, written: StoredByQuestion | None = None
    ) -> RetrievalEpisode:
        """Return an episode over the questions of a stream, at the first of them.

        Args:
            context: The stream with what all of its episodes share.
            seed: Seeds what policies draw in the episode.
            written: What a manager stored of the stream, over which the questions are asked; None asks them
                over all that was said.
        """
        compares_tiers = self.reward is None or self.reward.needs_tiers
        return RetrievalEpisode(
            context,
            granularity=self.granularity,
            top_k=self.top_k,
            tiers=self.tiers if compares_tiers else NO_TIERS,
            answerer=self.answerer,
            seed=seed,
            memory=None if written is None else stores_of(context, written, self.capacity.tokenizer),
            tokenizer=self.capacity.tokenizer,
        )

    def at_each_question(
        self, context: StreamContext, *, written: StoredByQuestion | None = None
    ) -> list[RetrievalEpisode]:
        """Return an episode that waits at each question of a stream, in the order in which they are asked.

        Fork each of them for every ranking, with a seed of its own.

        Args:
            context: The stream with what all of its episodes share.
            written: As for `retrieval`.
        """
        # Left unanswered on the way: the rankings that count are those of the forks.
        episode = self.without_answers().retrieval(context, seed=0, written=written)
        starts = []
        while episode.question is not None:
            start = episode.fork()
            start.answerer = self.answerer
            starts.append(start)
            episode.step(())
        return starts

    def without_answers(self) -> Self:
        """Return the same rules without an answerer, so that questions are left unanswered."""
        return dataclasses.replace(self, answerer=None)

    async def finish_step(
        self, episode: AnsweredEpisode, answers: Sequence[Answer], *, is_episode: bool = False
    ) -> StepOutcome:
        """Finish a step that was begun, have it graded, and return what the reward is paid for.

        Args:
            episode: Whose step waits for its answers.
            answers: To the step's requests, in their order.
            is_episode: Whether the step counts as an episode of its own; see `as_episode`.
        """
        if self.judge is None:
            outcome = episode.finish_step(answers)
        else:
            outcome = await self.judge.finish_step(episode, answers)
        return as_episode(outcome) if is_episode else outcome


def as_episode(outcome: StepOutcome) -> StepOutcome:
    """Normalise a step as an episode of its own: a single question, or one decision of a manager."""
    return dataclasses.replace(
        outcome,
        step=0,
        num_steps=1,
        num_questions=len(outcome.questions),
        num_evidence_questions=sum(bool(question.evidence) for question in outcome.questions),
        terminal=True,
    )


def resolve_answerer(answerer: Answerer | None, reward: Reward) -> Answerer | None:
    """Return the answerer: None if the reward grades no answers; by default the extractive reader."""
    if not reward.needs_answers:
        return None
    return answerer if answerer is not None else CachedAnswerer(ExtractiveAnswerer())
