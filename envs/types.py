"""The records that all other modules use; read this file first.

A *stream* is a dialogue cut into *chunks* of *turns*, with *questions* about it. A policy answers each
chunk with *operations* on memory *entries*; the store answers each operation with an *operation result*.
All records are frozen and compare by value.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, NoReturn, Protocol, TypedDict, Unpack


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance.

    Attributes:
        id: Unique within its stream.
        time: When it was said, where known.
        reports: Id of the task whose outcome it tells: an episode completes the text by what was answered
            and what the feedback says. Empty for all that is said in dialogues.
    """

    id: str
    speaker: str
    text: str
    time: datetime | None = None
    reports: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one step shows: one or more turns of one session, in order. `index` counts from 0."""

    index: int
    turns: tuple[Turn, ...]
    session: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is revealed once a task has been answered.

    Attributes:
        reveals: The answer that is given away as the right one, be it so or not; empty where none is.
        tells_success: Whether it says that the answer was right or wrong.
        is_false: The opposite is said of success: feedback has noise.
    """

    reveals: str = ""
    tells_success: bool = True
    is_false: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done, after which feedback comes: what streams of experience consist of.

    Attributes:
        id: Unique within its stream.
        text: What is to be done.
        answers: What is right, at least one.
        options: Answers among which one may choose; empty where any text is an answer.
        family: Tasks of one family follow the same rule, until it changes.
        feedback: What is revealed afterwards.
        helped_by: Ids of the earlier tasks whose experience helps; empty where that is not known.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    options: tuple[str, ...] = ()
    family: str = ""
    feedback: Feedback = Feedback()
    helped_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a stream, or a task of it.

    Attributes:
        answers: Acceptable reference answers, at least one unless `unanswerable`.
        category: What the question tests, as the data set names it (LoCoMo: the integer as a string).
        evidence: Ids of the turns that hold the answer; may be empty where the data set gives none.
        ask_after: Index of the chunk after which the question is asked; None asks after the last one.
        unanswerable: True if the right answer is that the dialogue does not say.
        time: When the question is asked, where the data set says so.
        metric: Name of the metric by which the question's data set grades its answer; empty where it names
            none, and then token F1 does.
        nuggets: What an answer should have, item by item, for metrics that mark each; empty where the data
            set has no such rubric.
        options: Of a task, the answers among which one may choose, none where any text is an answer; None
            where it is no task.
        feedback: What is revealed afterwards; None where it is no task.
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
    nuggets: tuple[str, ...] = ()
    options: tuple[str, ...] | None = None
    feedback: Feedback | None = None

    @property
    def needed_evidence(self) -> frozenset[str]:
        """The turns without which the question cannot be answered: none where there is no answer.

        An unanswerable question may name the turn that took the answer back. Remembering that is one way to
        know, and forgetting all of it is another.
        """
        return frozenset() if self.unanswerable else self.evidence


CORE_KIND = "core"
"""Kind of the core block: of this one a store holds at most one entry, and readers always have it."""


@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """The operation of an all-knowing manager at a turn, in turn ids because entry ids depend on the run.

    Attributes:
        kind: Kind of the operation.
        text: The entry's text for ADD and UPDATE; empty otherwise.
        target: For UPDATE and DELETE, the id of an earlier turn: the entry that came from it is meant.
    """

    kind: str
    text: str = ""
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Poison:
    """What an adversary did to a stream.

    Attributes:
        adversary: Name of the attack.
        seed: What its choices were drawn from.
        turns: Ids of the turns that it put in, or changed.
        targets: By id of each question at which it aims, the answers that it wants to hear, any of them; none
            where every wrong answer will do.
        corrections: By id of a question at which it aims, the turn by which an honest speaker says afterwards
            what is right. It is none of `turns`.
    """

    adversary: str
    seed: int
    turns: frozenset[str]
    targets: Mapping[str, tuple[str, ...]] = field(hash=False)
    corrections: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __reduce__(self) -> tuple[object, ...]:
        # As with streams.
        plain = dict(self.targets), dict(self.corrections)
        return _rebuild_poison, (self.adversary, self.seed, self.turns, *plain)


def _rebuild_poison(
    adversary: str,
    seed: int,
    turns: frozenset[str],
    targets: dict[str, tuple[str, ...]],
    corrections: dict[str, str],
) -> Poison:
    return Poison(adversary, seed, turns, MappingProxyType(targets), MappingProxyType(corrections))


@dataclass(frozen=True, slots=True)
class Stream:
    """A dialogue with its questions: the unit of data.

    Attributes:
        id: Unique within its source.
        group: What must never be split between training and held-out data (a conversation, a persona).
        source: The spec that made it, such as `locomo` or `synthetic:train`.
        oracle: For turns of generated or labelled streams, by turn id, what an all-knowing manager does.
            Empty where it is not known.
        poison: What an adversary did to it; None if nobody did anything.
    """

    id: str
    group: str
    chunks: tuple[Chunk, ...]
    questions: tuple[Question, ...]
    source: str = ""
    oracle: Mapping[str, tuple[PlannedOperation, ...]] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    poison: Poison | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # A mapping proxy does not pickle, and streams travel to rollout workers.
        return _rebuild_stream, (
            self.id,
            self.group,
            self.chunks,
            self.questions,
            self.source,
            dict(self.oracle),
            self.poison,
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
    poison: Poison | None,
) -> Stream:
    return Stream(id, group, chunks, questions, source, MappingProxyType(oracle), poison)


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
        links: Ids of related entries, all of them in the same store: a link goes when its entry goes. They
            lead one way.
        utility: A number that a policy may keep with the entry; 0 unless set.
        tags: Keywords and topics. No reader sees them, and they count for no capacity.
        reads: How often the entry was handed over to an answerer, as far as a policy kept count.
        helps: How often that helped.
        ended: Index of the chunk at which the entry was invalidated: it is kept, and found by no retriever;
            None while it is valid. It was valid from `time`, or where that is not known `created_step`.
        replaces: Ids of the entries that this one made outdated: its earlier versions, all of them in the
            same store. Where one of them leaves, those that it had replaced itself stand in its place.
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
    tags: tuple[str, ...] = ()
    reads: int = 0
    helps: int = 0
    ended: int | None = None
    replaces: tuple[int, ...] = ()


class EntryFields(TypedDict, total=False):
    """The fields of an entry beside its text and where that came from; those left out stay as they are."""

    links: Sequence[int]
    utility: float
    tags: Sequence[str]
    reads: int
    helps: int
    ended: int | None
    replaces: Sequence[int]


class StoreEditor(Protocol):
    """A store in the hands of one operation, which happens whole or not at all.

    The methods that change something refuse what the store does not allow, which ends the operation and
    undoes what it had changed; so does `refuse`. What was changed becomes the `OperationResult` by itself,
    the entry that was named first in `before` and `after`.
    """

    @property
    def step(self) -> int:
        """Index of the chunk at which the operation is done."""
        ...

    @property
    def entries(self) -> tuple[MemoryEntry, ...]:
        """All entries in order of id."""
        ...

    @property
    def core(self) -> MemoryEntry | None:
        """The core block, if there is one."""
        ...

    def entry(self, id: int, kind: str | None = None) -> MemoryEntry:
        """Return the entry with this id; None takes any kind, else one of another kind counts as unknown."""
        ...

    def valid(self, id: int, kind: str | None = None) -> MemoryEntry:
        """Return the entry as `entry` does, and refuse one that was invalidated."""
        ...

    def add(
        self,
        text: str,
        *,
        kind: str = "fact",
        sources: Sequence[str] = (),
        time: datetime | None = None,
        evicts: Sequence[int] = (),
        unique: bool = False,
        **fields: Unpack[EntryFields],
    ) -> MemoryEntry:
        """Make a new entry and return it; `evicts`, `unique` and `replaces` are as in `Add`."""
        ...

    def rewrite(
        self, entry: MemoryEntry, text: str, *, sources: Sequence[str] = (), time: datetime | None = None
    ) -> MemoryEntry:
        """Give an entry another text and return it; sources are added to its own, None keeps its time.

        One that was invalidated is refused.
        """
        ...

    def change(self, entry: MemoryEntry, **fields: Unpack[EntryFields]) -> MemoryEntry:
        """Set fields of an entry other than its text, whether it is valid or not, and return it."""
        ...

    def link(self, entry: MemoryEntry, links: Sequence[int]) -> MemoryEntry:
        """Let an entry have exactly these links, whatever it had before, and return it."""
        ...

    def remove(self, entry: MemoryEntry, *, heir: MemoryEntry | None = None) -> None:
        """Let an entry leave, and every link to it; with an heir these lead to that one from then on."""
        ...

    def refuse(self, status: OperationStatus, why: str, before: MemoryEntry | None = None) -> NoReturn:
        """End the operation with this status; `why` is a sentence for a person."""
        ...


class OperationRole(enum.StrEnum):
    """What an operation is to a reader: pages give each role a colour."""

    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"
    NOOP = "noop"


@dataclass(frozen=True, slots=True)
class Operation:
    """Base of the open set of operations.

    A new one is a frozen, slotted subclass that sets `kind` and says in `apply` what it does, registered by
    `memdojo.register.operation`. The first line of its docstring describes it in listings and on pages.

    Attributes:
        kind: Its name, one word in capitals: statistics count by it and records keep it.
        role: What it is to a reader.
        sign: One character that stands for it on pages.
        plan_fields: Which of `text` and `target` a `PlannedOperation` of this kind must have; None where no
            plan has it.
    """

    kind: ClassVar[str] = ""
    role: ClassVar[OperationRole] = OperationRole.UPDATE
    sign: ClassVar[str] = "~"
    plan_fields: ClassVar[frozenset[str] | None] = None

    @property
    def written_text(self) -> str:
        """The text that it writes, whose tokens are counted; empty where it writes none."""
        return ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of the turns that it names as the origin of what it writes."""
        return ()

    @classmethod
    def from_plan(
        cls, plan: PlannedOperation, turn: Turn, entries: Sequence[MemoryEntry]
    ) -> Operation | None:
        """Return the operation that a plan at a turn comes to, given the entries; None if to nothing.

        Of ADD, UPDATE and DELETE the teacher that follows plans makes them itself, because they need room.
        """
        return None

    def apply(self, store: StoreEditor) -> None:
        """Change the store, or refuse."""
        raise TypeError(f"the store cannot apply {self!r}; give its class a method apply that does it.")


@dataclass(frozen=True, slots=True)
class Add(Operation):
    """Remember `text` as a new entry.

    Attributes:
        evicts: Ids of the entries that leave to make room, in the order in which they leave. Only entries
            that are needed to make room leave: with room in the store the list is ignored.
        unique: Refuse the ADD where a valid entry of the same kind has the same text, white space, case and
            punctuation aside. Costs a look at all entries.
        tags, links: Those of the entry.
        replaces: Ids of the entries that the new one makes outdated: they are invalidated.
    """

    kind: ClassVar[str] = "ADD"
    role: ClassVar[OperationRole] = OperationRole.ADD
    sign: ClassVar[str] = "+"
    plan_fields: ClassVar[frozenset[str] | None] = frozenset({"text"})

    text: str
    sources: tuple[str, ...] = ()
    time: datetime | None = None
    entry_kind: str = "fact"
    utility: float = 0.0
    evicts: tuple[int, ...] = ()
    unique: bool = False
    tags: tuple[str, ...] = ()
    links: tuple[int, ...] = ()
    replaces: tuple[int, ...] = ()

    @property
    def written_text(self) -> str:
        """The text of the entry."""
        return self.text

    def apply(self, store: StoreEditor) -> None:
        """Make the entry."""
        store.add(
            self.text,
            kind=self.entry_kind,
            sources=self.sources,
            time=self.time,
            utility=self.utility,
            links=self.links,
            evicts=self.evicts,
            unique=self.unique,
            tags=self.tags,
            replaces=self.replaces,
        )


@dataclass(frozen=True, slots=True)
class Update(Operation):
    """Replace the text of entry `id`; `sources` join those that the entry already has.

    An entry that was invalidated is refused: it is kept as it was.

    Attributes:
        entry_kind: The kind that the entry must have; one of another kind counts as unknown. None takes any.
    """

    kind: ClassVar[str] = "UPDATE"
    plan_fields: ClassVar[frozenset[str] | None] = frozenset({"text", "target"})

    id: int
    text: str
    sources: tuple[str, ...] = ()
    time: datetime | None = None
    entry_kind: str | None = None

    @property
    def written_text(self) -> str:
        """The new text."""
        return self.text

    def apply(self, store: StoreEditor) -> None:
        """Rewrite the entry."""
        entry = store.entry(self.id, self.entry_kind)
        store.rewrite(entry, self.text, sources=self.sources, time=self.time)


@dataclass(frozen=True, slots=True)
class Delete(Operation):
    """Forget entry `id`; `entry_kind` is as in `Update`."""

    kind: ClassVar[str] = "DELETE"
    role: ClassVar[OperationRole] = OperationRole.DELETE
    sign: ClassVar[str] = "−"
    plan_fields: ClassVar[frozenset[str] | None] = frozenset({"target"})

    id: int
    entry_kind: str | None = None

    def apply(self, store: StoreEditor) -> None:
        """Let the entry leave."""
        store.remove(store.entry(self.id, self.entry_kind))


@dataclass(frozen=True, slots=True)
class Rewrite(Operation):
    """Let the core block read `text`, whatever it read before; `sources` join those that it already has.

    The first one makes the block.
    """

    kind: ClassVar[str] = "REWRITE"

    text: str
    sources: tuple[str, ...] = ()
    time: datetime | None = None

    @property
    def written_text(self) -> str:
        """The new text."""
        return self.text

    def apply(self, store: StoreEditor) -> None:
        """Rewrite the core block, or make it."""
        if store.core is None:
            store.add(self.text, kind=CORE_KIND, sources=self.sources, time=self.time)
        else:
            store.rewrite(store.core, self.text, sources=self.sources, time=self.time)


@dataclass(frozen=True, slots=True)
class Relink(Operation):
    """Let entry `id` have exactly these links, and have replaced exactly these entries.

    Policies have no use for it, and so it is not registered: with it a memory is copied link by link.
    """

    kind: ClassVar[str] = "RELINK"

    id: int
    links: tuple[int, ...] = ()
    replaces: tuple[int, ...] = ()

    def apply(self, store: StoreEditor) -> None:
        """Set both."""
        store.change(store.entry(self.id), links=self.links, replaces=self.replaces)


@dataclass(frozen=True, slots=True)
class Noop(Operation):
    """Leave the store as it is."""

    kind: ClassVar[str] = "NOOP"
    role: ClassVar[OperationRole] = OperationRole.NOOP
    sign: ClassVar[str] = "○"
    plan_fields: ClassVar[frozenset[str] | None] = frozenset()

    def apply(self, store: StoreEditor) -> None:
        """Do nothing."""


class OperationStatus(enum.Enum):
    """What became of an operation; compare with `is`."""

    APPLIED = "applied"
    UNKNOWN_ID = "unknown_id"
    EMPTY_TEXT = "empty_text"
    TOO_LONG = "too_long"
    STORE_FULL = "store_full"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    """What it names is there, but may not be changed so, such as an entry that was invalidated."""
    MALFORMED = "malformed"
    """The completion could not be parsed into an operation; the store never saw it."""


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry before and after a change; None where it was not there."""

    before: MemoryEntry | None
    after: MemoryEntry | None


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What an operation did.

    Attributes:
        operation: The operation; a `Noop` stands in for a malformed one.
        status: `OperationStatus.APPLIED`, or why the store stayed as it was.
        before: The entry that it is about as it was, such as the one that UPDATE or DELETE found.
        after: The same as it left it, such as the one that ADD made; None where it is gone.
        evicted: Entries that left to make room.
        why: One sentence for a person where the operation was not applied, or where another than the policy
            decided on it.
        others: Further entries that it changed, such as those that lost their link to one that left.
    """

    operation: Operation
    status: OperationStatus
    before: MemoryEntry | None = None
    after: MemoryEntry | None = None
    evicted: tuple[MemoryEntry, ...] = ()
    why: str = ""
    others: tuple[EntryChange, ...] = ()

    @property
    def applied(self) -> bool:
        """True if the store did what the operation says."""
        return self.status is OperationStatus.APPLIED

    @property
    def changes(self) -> tuple[EntryChange, ...]:
        """All that it made of the store, each entry once; empty if it was not applied."""
        if not self.applied:
            return ()
        own = () if self.before is self.after is None else (EntryChange(self.before, self.after),)
        return (*(EntryChange(entry, None) for entry in self.evicted), *own, *self.others)

    @property
    def is_gradable(self) -> bool:
        """True if it wrote or removed a text, which may be right or wrong of what was said."""
        is_removal = self.before is not None and self.after is None
        return self.applied and (is_removal or bool(self.operation.written_text))


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
        max_tokens: Most tokens over all entries.
        max_entry_tokens: Most tokens in one entry; a longer text is refused as TOO_LONG, never cut.
        max_core_tokens: The same for the core block; 512 as in Mem-alpha (arXiv:2509.25911).
        tokenizer: Whose tokens are counted: the folder of a language model, or its name on the Hugging Face
            hub; None counts by `count_tokens`.
    """

    max_entries: int | None = None
    max_tokens: int | None = None
    max_entry_tokens: int | None = 2048
    when_full: WhenFull = WhenFull.POLICY
    max_core_tokens: int | None = DEFAULT_CORE_TOKENS
    tokenizer: str | None = None

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
