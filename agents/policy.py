"""The protocols of policies: observations of several episodes in, one decision for each out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.memory.retrieval.protocol import Retriever, SearchesTogether
from memdojo.envs.types import Operation


class ManagerPolicy(Protocol):
    """Decides what happens to memory when a chunk arrives.

    A policy reads what an agent could know: the current chunk, the store and the stream's past. Only an
    oracle may look at the questions or ahead; it bounds what can be reached.
    """

    @property
    def name(self) -> str:
        """Names the policy in tables."""
        ...

    @property
    def turns_per_chunk(self) -> int | None:
        """The chunk size that it decides on; None takes the stream as it is cut."""
        ...

    @property
    def stochastic(self) -> bool:
        """True if it draws from the episode's generator, so that several seeds tell more than one."""
        ...

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current chunk of each episode, in the order of `episodes`."""
        ...


class CausalPolicy(ManagerPolicy, Protocol):
    """A manager that looks at nothing but what is visible, so that it can act in live dialogues as well."""

    def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current chunk of each episode, in the order of `episodes`."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice that a policy had at a step.

    Attributes:
        kind: Kind of the operation.
        entry: Id of the entry that it concerns: the one that UPDATE or DELETE names, or that an ADD replaces.
        probability: What the policy gives it, in [0, 1].
        is_taken: True for the one that it took.
    """

    kind: str
    entry: int | None
    probability: float
    is_taken: bool = False


@runtime_checkable
class ExplainsChoices(Protocol):
    """A policy that can say what it thought of its choices; records of episodes keep it."""

    def last_choices(self) -> list[tuple[Choice, ...]]:
        """Return for each episode of the last `act` the likeliest choices, likeliest first."""
        ...


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a decision.

    Attributes:
        name: As its kind calls it; "" where the options are entries or the like.
        text: In words, where they say more than the name.
        entry: Id of the entry that it concerns; None where it is none.
        probability: What a learned policy gives it, in [0, 1]; None of a decision that the rule made.
    """

    name: str = ""
    text: str = ""
    entry: int | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class MadeDecision:
    """A decision that a memory design made.

    Attributes:
        name: Of its kind.
        taken: The option that was taken.
        num_options: How many there were.
        about: What was decided on, in words.
        by_rule: The option that the design's own rule takes; None where it is the one that was taken.
        others: Further options of a learned decision, the likeliest in front, as far as they are told.
        num_operations: How many operations of the step stood before it; 0 while a question is read for.
    """

    name: str
    taken: Option
    num_options: int
    about: str = ""
    by_rule: Option | None = None
    others: tuple[Option, ...] = ()
    num_operations: int = 0


@runtime_checkable
class ExplainsDecisions(Protocol):
    """A policy that decides by a memory design; records of episodes keep the decisions behind operations."""

    def last_decisions(self) -> list[tuple[MadeDecision, ...]]:
        """Return for each episode of the last `act` the decisions that were made, in order."""
        ...


@runtime_checkable
class ExplainsReading(SearchesTogether, Protocol):
    """A retriever that decides what it reads; records of episodes keep its decisions with the question."""

    def last_reading_decisions(self) -> list[tuple[MadeDecision, ...]]:
        """Return for each search of the last `search_together` the decisions that were made, in order.

        After `search`, which is one of a single query, there is one.
        """
        ...


@runtime_checkable
class ReportsCompletions(Protocol):
    """A policy that decides by writing; records of episodes keep what it wrote."""

    def last_completions(self) -> list[str]:
        """Return for each episode of the last `act` what was written, word for word."""
        ...


@runtime_checkable
class FallsBack(Protocol):
    """A policy in whose place a rule decides at times; records of episodes and tables say when."""

    def last_deciders(self) -> list[str]:
        """Return for each episode of the last `act` the rule that decided, or "" where none did."""
        ...


@runtime_checkable
class ReadsItself(Protocol):
    """A manager that knows how to read what it writes, so that its own retriever stands under it."""

    @property
    def reads_by(self) -> str:
        """By what it reads, in a few words for tables: its embedder, who does the work of roles."""
        ...

    @property
    def retriever(self) -> Retriever:
        """Finds the entries from which a question is answered."""
        ...


@runtime_checkable
class LearnsFromReadings(Protocol):
    """A manager that takes what came of readings, where the episode tells it; see `TellsReadings`."""

    @property
    def learns(self) -> bool:
        """Whether it makes anything of them."""
        ...


@runtime_checkable
class CountsRoleCalls(Protocol):
    """A manager that has a language model do the work of roles, and counts it."""

    @property
    def role_counts(self) -> Mapping[str, int]:
        """What was counted so far, by name; empty where no model does it."""
        ...


@runtime_checkable
class HoldsModel(Protocol):
    """A policy, retriever or answerer that holds a model, whose memory it can give back."""

    def release(self) -> None:
        """Give the memory back; the next use loads the model again."""
        ...


def release_models(*policies: object) -> None:
    """Let policies, retrievers and answerers that hold a model give its memory back."""
    for policy in policies:
        if isinstance(policy, HoldsModel):
            policy.release()
