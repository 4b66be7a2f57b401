"""The protocols of prompt formats: prompts made from views, decisions parsed from completions.

A *view* is all that a decision may rest on. A `PromptFormat` renders it and parses the completion that comes
back. Whatever a model writes is data: `parse` never raises, it returns what it understood and one
`ParseError` for each piece that it did not.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from memdojo.errors import cut_short

from ..memory.analysis import analyze
from ..types import CORE_KIND, Capacity, Chunk, MemoryEntry, Operation, Turn

MAX_FRAGMENT_CHARACTERS = 80
"""How much of a piece that could not be parsed an error quotes."""

View = TypeVar("View", contravariant=True)
Decision = TypeVar("Decision", covariant=True)
TaughtDecision = TypeVar("TaughtDecision")
WrittenDecision = TypeVar("WrittenDecision", contravariant=True)


@dataclass(frozen=True, slots=True)
class ManagerView:
    """What a manager decides on.

    Attributes:
        chunk: What was newly said; None once the stream has ended.
        entries: The entries that are shown, in id order.
        capacity: The store's limits.
        tokens: Tokens in the store.
        num_stored: Entries in the store; None where all of them are shown.
    """

    chunk: Chunk | None
    entries: tuple[MemoryEntry, ...]
    capacity: Capacity
    tokens: int
    num_stored: int | None = None

    @property
    def store_size(self) -> int:
        """Entries in the store, shown or not."""
        return len(self.entries) if self.num_stored is None else self.num_stored


@dataclass(frozen=True, slots=True)
class RankingView:
    """What a proxy retriever decides on.

    Attributes:
        question: The question; None once the last was asked.
        time: When it is asked, where the data set says so.
        candidates: The entries to choose from, in the order in which they are shown.
        top_k: How many of them count.
        staying: Ids of the candidates, those in front that stay longest where the prompt must be shorter.
            Empty lets those that were said first go first. No format shows it.
        options: Where the question is a task, the answers among which one may choose.
    """

    question: str | None
    time: datetime | None
    candidates: tuple[MemoryEntry, ...]
    top_k: int
    staying: tuple[int, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What an answer agent decides on; attributes as in `RankingView`, entries best first."""

    question: str | None
    time: datetime | None
    entries: tuple[MemoryEntry, ...]


@dataclass(frozen=True, slots=True)
class AnswerDecision:
    """What an answer agent says.

    Attributes:
        useful: Ids of the entries that it found useful, best first.
        answer: The answer; empty where the completion had none.
    """

    useful: tuple[int, ...]
    answer: str


class DecisionOption(NamedTuple):
    """An option of a memory design's decision.

    Attributes:
        place: Its place among all options that there are, from 0.
        text: The option in words.
    """

    place: int
    text: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What a policy decides on that makes the decisions of a memory design.

    Attributes:
        design: Name of the design.
        design_description: What the design does, in one line.
        decision: Name of the decision; empty once there is none any more.
        description: What is decided, in one sentence.
        about: What is decided on, in words: a turn, an entry, a question; may be empty.
        options: Those that are shown.
        by_rule: `place` of the option that the design's own rule takes; it is always shown.
    """

    design: str
    design_description: str
    decision: str = ""
    description: str = ""
    about: str = ""
    options: tuple[DecisionOption, ...] = ()
    by_rule: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `role` is `system`, `user` or `assistant`."""

    role: str
    content: str


class ParseErrorKind(enum.Enum):
    """What is wrong with a piece of a completion; compare with `is`."""

    EMPTY = "empty"
    UNKNOWN_VERB = "unknown_verb"
    BAD_ID = "bad_id"
    MISSING_TEXT = "missing_text"
    EXTRA_TEXT = "extra_text"
    TOO_MANY = "too_many"
    TOO_FEW = "too_few"
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"
    DUPLICATE = "duplicate"
    MISSING_LINE = "missing_line"
    NOT_UNICODE = "not_unicode"
    BAD_JSON = "bad_json"
    BAD_ARGUMENT = "bad_argument"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class ParseError:
    """A piece of a completion that means nothing.

    Attributes:
        fragment: The piece, cut to `MAX_FRAGMENT_CHARACTERS`.
        why: What is wrong with it and what would be right.
    """

    kind: ParseErrorKind
    fragment: str
    why: str

    def __str__(self) -> str:
        return f"{self.fragment!r}: {self.why}" if self.fragment else self.why


def parse_error(kind: ParseErrorKind, fragment: str, why: str) -> ParseError:
    """Return the error with its fragment cut to what an error quotes."""
    return ParseError(kind, cut_short(fragment, MAX_FRAGMENT_CHARACTERS), why)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Decision]):
    """What was understood of a completion, and what was not."""

    decision: Decision
    errors: tuple[ParseError, ...] = ()


class PromptFormat(Protocol[View, Decision]):
    """How a policy that speaks text is spoken to, and how it replies.

    Attributes:
        name: Names the format in configurations.
        instructions: What a policy must know once: the task and the form of the reply.
        examples: Completions that parse without error.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def instructions(self) -> str: ...  # noqa: D102

    @property
    def examples(self) -> tuple[str, ...]: ...  # noqa: D102

    def render(self, view: View) -> str:
        """Return the view as text, without the instructions."""
        ...

    def messages(self, view: View) -> tuple[Message, ...]:
        """Return the view as chat messages, with the instructions."""
        ...

    def parse(self, completion: str, view: View) -> Parsed[Decision]:
        """Return what the completion decides. Never raises, whatever the text."""
        ...


ManagerFormat = PromptFormat[ManagerView, tuple[Operation, ...]]
RankingFormat = PromptFormat[RankingView, tuple[int, ...]]
"""Parses to entry ids, best first; to no ids at all if anything is wrong with the ranking."""
AnswerFormat = PromptFormat[AnswerView, AnswerDecision]
DecisionFormat = PromptFormat[DecisionView, int | None]
"""Parses to the `place` of an option; to None if anything is wrong with the reply."""


class TeachableFormat(PromptFormat[View, TaughtDecision], Protocol[View, TaughtDecision]):
    """A format that can also be written, so that a policy can be taught by examples."""

    def write(self, decision: TaughtDecision, view: View) -> str:
        """Return a completion that parses to this decision.

        Raises:
            ValueError: If the format has no words for it.
        """
        ...


@runtime_checkable
class ToolFormat(Protocol[View, WrittenDecision]):
    """What a format has besides, if a policy may reply with function calls in the form of a chat template.

    Attributes:
        tools: The functions as JSON schemas, which the template describes in its own words.
    """

    @property
    def tools(self) -> tuple[dict[str, Any], ...]: ...  # noqa: D102

    def tool_messages(self, view: View) -> tuple[Message, ...]:
        """Return what `messages` does, without describing the functions."""
        ...

    def write_for_tools(self, decision: WrittenDecision, view: View) -> str:
        """Return what `write` does, in the blocks of a template.

        Raises:
            ValueError: If the format has no words for it.
        """
        ...


@runtime_checkable
class CutFormat(Protocol[View, Decision]):
    """What a format has besides, if the last piece of a completion may be another one than was meant.

    That is so where the model reached its limit of tokens: `DELETE 3` may be what there is of `DELETE 37`.
    """

    def parse_cut(self, completion: str, view: View) -> Parsed[Decision]:
        """Return what `parse` does for a completion that was cut off, without the piece that was cut."""
        ...


def parse_reply(
    format: PromptFormat[View, Decision], completion: str, view: View, *, is_cut: bool
) -> Parsed[Decision]:
    """Return what a completion decides.

    Args:
        format: Of the completion.
        completion: What the model wrote.
        view: What it was shown.
        is_cut: Whether it reached its limit of tokens.
    """
    if is_cut and isinstance(format, CutFormat):
        cut: Parsed[Decision] = format.parse_cut(completion, view)
        return cut
    return format.parse(completion, view)


AnyView = ManagerView | RankingView | AnswerView | DecisionView
AnyViewT = TypeVar("AnyViewT", bound=AnyView)


def num_entries(view: AnyView) -> int:
    """Return how many entries a view can do without: all that it shows, or all options but the rule's."""
    if isinstance(view, DecisionView):
        return max(len(view.options) - 1, 0)
    return len(view.candidates if isinstance(view, RankingView) else view.entries)


def showing(view: AnyViewT, num: int) -> AnyViewT:
    """Return the view with `num` of its entries, each whole, for prompts that have to be shorter.

    A manager no longer sees the entries that were written longest ago (they stay in the store), and
    loses the core block last of all; a retriever no longer sees the candidates that stand last in `staying`
    or else were said first, an answer agent those that were ranked last. Of the options of a decision the
    last ones go, and the one that the rule takes never does.
    """
    if num >= num_entries(view):
        return view
    if isinstance(view, RankingView):
        if not view.staying:
            return replace(view, candidates=view.candidates[len(view.candidates) - num :])
        kept = set(view.staying[:num])
        return replace(view, candidates=tuple(entry for entry in view.candidates if entry.id in kept))
    if isinstance(view, AnswerView):
        return replace(view, entries=view.entries[:num])
    if isinstance(view, DecisionView):
        others = [option.place for option in view.options if option.place != view.by_rule]
        left = {view.by_rule, *others[:num]}
        return replace(view, options=tuple(option for option in view.options if option.place in left))
    newest = sorted(view.entries, key=lambda entry: (entry.kind == CORE_KIND, entry.updated_step, entry.id))[
        len(view.entries) - num :
    ]
    return replace(view, entries=tuple(sorted(newest, key=lambda entry: entry.id)))


def source_turns(text: str, chunk: Chunk) -> tuple[Turn, ...]:
    """Return the turns of the chunk that a text written about it came from.

    Those whose content words the text shares; all turns of the chunk where it shares none.
    """
    if len(chunk.turns) == 1:
        return chunk.turns
    words = set(analyze(text))
    shared = tuple(turn for turn in chunk.turns if not words.isdisjoint(analyze(turn.text)))
    return shared or chunk.turns
