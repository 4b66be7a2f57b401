"""The records that all other modules use; read this file first.

A *stream* is a dialogue cut into *chunks* of *turns*, with *questions* about it. A policy answers each
chunk with *operations* on memory *entries*; the store answers each operation with an *operation result*.
All records are frozen and compare by value.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance. `id` is unique within its stream; `time` is when it was said, where known."""

    id: str
    speaker: str
    text: str
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one step shows: one or more turns of one session, in order. `index` counts from 0."""

    index: int
    turns: tuple[Turn, ...]
    session: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a stream.

    Attributes:
        answers: Acceptable reference answers, at least one unless `unanswerable`.
        category: What the question tests, as the data set names it (LoCoMo: the integer as a string).
        evidence: Ids of the turns that hold the answer; may be empty where the data set gives none.
        ask_after: Index of the chunk after which the question is asked; None asks after the last one.
        unanswerable: True if the right answer is that the dialogue does not tell.
        time: When the question is asked, where the data set says so.
        metric: Name of the metric by which the question's data set grades its answer; empty where it names
            none, and then token F1 does.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    category: str = ""
    evidence: frozenset[str] = frozenset()
    ask_after: int | None = None
    unanswerable: bool = False
    time: datetime | None = None
    metric: str = ""

    @property
    def needed_evidence(self) -> frozenset[str]:
        """The turns without which the question cannot be answered: none where there is no answer.

        An unanswerable question may name the turn that took the answer back. Remembering that is one way to
        know, and forgetting all of it is another.
        """
        return frozenset() if self.unanswerable else self.evidence


class OperationKind(enum.StrEnum):
    """What an operation does to the store."""

    ADD = "ADD"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    REWRITE = "REWRITE"
    NOOP = "NOOP"


CORE_KIND = "core"
"""Kind of the core block: of this one a store holds at most one entry, and readers always have it."""


@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """The operation of an all-knowing manager at a turn, in turn ids because entry ids depend on the run.

    Attributes:
        kind: The operation.
        text: The entry's text for ADD and UPDATE; empty otherwise.
        target: For UPDATE and DELETE, the id of an earlier turn: the entry that came from it is meant.
    """

    kind: OperationKind
    text: str = ""
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A dialogue with its questions: the unit of data.

    Attributes:
        id: Unique within its source.
        group: What must never be split between training and held-out data (a conversation, a persona).
        source: The spec that made it, such as `locomo` or `synthetic:train`.
        oracle: For turns of generated or labelled streams, by turn id, what an all-knowing manager does.
            Empty where it is not known.
    """

    id: str
    group: str
    chunks: tuple[Chunk, ...]
    questions: tuple[Question, ...]
    source: str = ""
    oracle: Mapping[str, tuple[PlannedOperation, ...]] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )

    def __reduce__(self) -> tuple[object, ...]:
        # A mapping proxy does not pickle, and streams travel to rollout workers.
        return _rebuild_stream, (
            self.id,
            self.group,
            self.chunks,
            self.questions,
            self.source,
            dict(self.oracle),
        )

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns in order."""
        return tuple(turn for chunk in self.chunks for turn in chunk.turns)


def _rebuild_stream(
    id: str,
    group: str,
    chunks: tuple[Chunk, ...],
    questions: tuple[Question, ...],
    source: str,
    oracle: dict[str, tuple[PlannedOperation, ...]],
) -> Stream:
    return Stream(id, group, chunks, questions, source, MappingProxyType(oracle))


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """One remembered text.

    Attributes:
        id: Given by the store, never reused: a stale id in a later completion must fail, not hit a new entry.
        kind: Free label of the sort of memory (`fact`, `turn`, `core`, ...).
        time: When what the text tells was said.
        created_step: Index of the chunk at which the entry was added.
        updated_step: Index of the chunk at which its text last changed.
        sources: Ids of the turns that the text came from, oldest first, kept through every update.
        links: Ids of related entries.
        utility: A number that a policy may keep with the entry; 0 unless set.
    """

    id: int
    kind: str
    text: str
    time: datetime | None
    created_step: int
    updated_step: int
    sources: tuple[str, ...]
    links: tuple[int, ...] = ()
    utility: float = 0.0


@dataclass(frozen=True, slots=True)
class Operation:
    """Base of the open set of operations; a new one is a frozen subclass that the store knows to apply."""

    @property
    def kind(self) -> OperationKind:
        """The kind under which statistics count the operation."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Add(Operation):
    """Remember `text` as a new entry.

    Attributes:
        evicts: Ids of the entries that leave to make room, in the order in which they leave. Only entries
            that are needed to make room leave: with room in the store the list is ignored.
        unique: Refuse the ADD where an entry of the same kind has the same text, white space, case and
            punctuation aside. Costs a look at all entries.
    """

    text: str
    sources: tuple[str, ...] = ()
    time: datetime | None = None
    entry_kind: str = "fact"
    utility: float = 0.0
    evicts: tuple[int, ...] = ()
    unique: bool = False

    @property
    def kind(self) -> OperationKind:
        """ADD."""
        return OperationKind.ADD


@dataclass(frozen=True, slots=True)
class Update(Operation):
    """Replace the text of entry `id`; `sources` join those that the entry already has.

    Attributes:
        entry_kind: The kind that the entry must have; one of another kind counts as unknown. None takes any.
    """

    id: int
    text: str
    sources: tuple[str, ...] = ()
    time: datetime | None = None
    entry_kind: str | None = None

    @property
    def kind(self) -> OperationKind:
        """UPDATE."""
        return OperationKind.UPDATE


@dataclass(frozen=True, slots=True)
class Delete(Operation):
    """Forget entry `id`; `entry_kind` is as in `Update`."""

    id: int
    entry_kind: str | None = None

    @property
    def kind(self) -> OperationKind:
        """DELETE."""
        return OperationKind.DELETE


@dataclass(frozen=True, slots=True)
class Rewrite(Operation):
    """Let the core block read `text`, whatever it read before; `sources` join those that it already has.

    The first one makes the block.
    """

    text: str
    sources: tuple[str, ...] = ()
    time: datetime | None = None

    @property
    def kind(self) -> OperationKind:
        """REWRITE."""
        return OperationKind.REWRITE


@dataclass(frozen=True, slots=True)
class Noop(Operation):
    """Leave the store as it is."""

    @property
    def kind(self) -> OperationKind:
        """NOOP."""
        return OperationKind.NOOP


class OperationStatus(enum.Enum):
    """What became of an operation; compare with `is`."""

    APPLIED = "applied"
    UNKNOWN_ID = "unknown_id"
    EMPTY_TEXT = "empty_text"
    TOO_LONG = "too_long"
    STORE_FULL = "store_full"
    DUPLICATE = "duplicate"
    MALFORMED = "malformed"
    """The completion could not be parsed into an operation; the store never saw it."""


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What an operation did.

    Attributes:
        operation: The operation; a `Noop` stands in for a malformed one.
        status: `OperationStatus.APPLIED`, or why the store stayed as it was.
        before: The entry that UPDATE, DELETE or REWRITE found.
        after: The entry as ADD, UPDATE or REWRITE left it.
        evicted: Entries that left to make room.
        why: One sentence for a person where the operation was not applied.
    """

    operation: Operation
    status: OperationStatus
    before: MemoryEntry | None = None
    after: MemoryEntry | None = None
    evicted: tuple[MemoryEntry, ...] = ()
    why: str = ""

    @property
    def applied(self) -> bool:
        """True if the store did what the operation says."""
        return self.status is OperationStatus.APPLIED


DEFAULT_CORE_TOKENS = 512


class WhenFull(enum.StrEnum):
    """What an ADD to a full store does."""

    REJECT = "reject"
    EVICT_OLDEST = "evict_oldest"
    """The entry with the lowest id leaves, the core block never."""
    POLICY = "policy"
    """The entries that the ADD names leave; without a name that makes enough room the ADD is rejected."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much a store holds and what happens when it is full. None means without limit.

    Attributes:
        max_entries: Most entries at a time, the core block among them.
        max_tokens: Most tokens over all entries, as `count_tokens` counts.
        max_entry_tokens: Most tokens in one entry; a longer text is refused as TOO_LONG, never cut.
        max_core_tokens: The same for the core block; 512 as in Mem-alpha (arXiv:2509.25911).
    """

    max_entries: int | None = None
    max_tokens: int | None = None
    max_entry_tokens: int | None = 2048
    when_full: WhenFull = WhenFull.POLICY
    max_core_tokens: int | None = DEFAULT_CORE_TOKENS

    def __post_init__(self) -> None:
        for name in ("max_entries", "max_tokens", "max_entry_tokens", "max_core_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"Capacity.{name} is {value}; give a positive number, or None for no limit.")


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that a retriever returned, with the score that ranked it (higher is better)."""

    entry: MemoryEntry
    score: float
