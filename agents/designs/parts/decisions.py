"""`Decision` and its parts: the choices that a memory design has, and the generators that ask for them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from memdojo.envs.streams.turn_features import FloatArray
from memdojo.errors import DesignError

from ..roles.protocol import RoleCall

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DecisionKind:
    """A choice that a design has again and again.

    Attributes:
        name: What configurations call it, one word.
        description: What is decided, in one sentence for listings and prompts.
        options: Names of the options; empty where they are entries or the like, whose number varies.
        max_options: How many options there are at most.
        option_features: Names of what is told of each option.
        state_features: Names of what is told of the situation.
    """

    name: str
    description: str
    options: tuple[str, ...] = ()
    max_options: int = 0
    option_features: tuple[str, ...] = ()
    state_features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.options and not self.max_options:
            object.__setattr__(self, "max_options", len(self.options))
        if self.max_options < 2 or (self.options and self.max_options != len(self.options)):
            raise ValueError(
                f"the decision {self.name!r} has options={self.options} and max_options={self.max_options}; "
                "give at least two options, or how many there are at most."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """A choice that a design waits for.

    Attributes:
        kind: Which of its choices.
        by_rule: Index of the option that the design's own rule takes.
        option_features: Shape (num_options, len(kind.option_features)), finite.
        state_features: Shape (len(kind.state_features),), finite.
        about: What is decided on, in words: a turn, an entry, a question.
        options: Each option in words; by default the names of the kind's options.
        entries: Id of the entry that each option concerns, None where it is none; empty if none of them is.
    """

    kind: DecisionKind
    by_rule: int
    option_features: FloatArray = field(repr=False)
    state_features: FloatArray = field(repr=False)
    about: str = ""
    options: tuple[str, ...] = ()
    entries: tuple[int | None, ...] = ()

    @property
    def num_options(self) -> int:
        """How many options there are."""
        return len(self.option_features)

    def check(self, option: object) -> int:
        """Return an option that a decider chose, as an index.

        Raises:
            DesignError: If it is no index of an option.
        """
        if isinstance(option, bool | np.bool_) or not isinstance(option, int | np.integer):
            chosen = None
        else:
            chosen = int(option)
        if chosen is None or not 0 <= chosen < self.num_options:
            raise DesignError(
                f"the decision {self.kind.name!r} has {self.num_options} options and {option!r} was chosen; "
                f"choose an index from 0 to {self.num_options - 1}."
            )
        return chosen


Request = Decision | RoleCall
"""What a design waits for: a choice among options, or the work of a role."""

Steps = Generator[Request, Any, T]
"""A part of a design: it yields what it waits for, goes on with the reply, and returns a `T`."""


def decide(
    kind: DecisionKind,
    by_rule: int,
    option_features: Sequence[Sequence[float]] | FloatArray = (),
    state_features: Sequence[float] | FloatArray = (),
    *,
    about: str = "",
    options: Sequence[str] = (),
    entries: Sequence[int | None] = (),
) -> Steps[int]:
    """Ask for a choice and return the index of the option; see `Decision`.

    Args:
        kind: Which choice.
        by_rule: What the design's own rule takes.
        option_features: May be left out where the options have names and no features.
        state_features: May be left out where the kind has none.
        about: What is decided on.
        options: Each option in words.
        entries: The entry of each option.

    Raises:
        ValueError: If the numbers of features, options and the rule do not fit the kind.
    """
    rows = np.asarray(option_features, dtype=np.float32)
    if not rows.size:
        rows = np.zeros((len(kind.options) or len(options), 0), np.float32)
    state = np.asarray(state_features, dtype=np.float32)
    if (
        rows.shape[1:] != (len(kind.option_features),)
        or state.shape != (len(kind.state_features),)
        or not 0 <= by_rule < len(rows) <= kind.max_options
        or (kind.options and len(rows) != len(kind.options))
    ):
        raise ValueError(
            f"the decision {kind.name!r} came with option features of shape {rows.shape}, state features of "
            f"shape {state.shape} and by_rule={by_rule}; they do not fit its kind."
        )
    words = tuple(options) or kind.options
    if any(len(each) not in (0, len(rows)) for each in (words, entries)):
        raise ValueError(
            f"the decision {kind.name!r} came with {len(rows)} options, the words of {len(words)} and the "
            f"entries of {len(entries)}; give those of every option, or none."
        )
    option = yield Decision(kind, by_rule, rows, state, about, words, tuple(entries))
    return int(option)
