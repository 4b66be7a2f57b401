"""`Genre`: what sets one kind of generated dialogue apart from another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .cast import FRIENDS, Cast
from .draws import Draws
from .plan import Plan
from .settings import SyntheticSettings
from .wording import event_turns


@dataclass(frozen=True, slots=True)
class Genre:
    """A kind of generated dialogue; plan, facts, values and questions are the same for all.

    Attributes:
        name: Of the source.
        prefix: Stands in front of the split in groups and in what random numbers come from, so that two
            kinds share neither.
        defaults: The settings where none are given, and what the given ones are of.
        cast: Who speaks.
        wording: The text of each turn of a plan, in order.
    """

    name: str
    prefix: str
    defaults: SyntheticSettings
    cast: Cast
    wording: Callable[[Plan, SyntheticSettings, Draws], Iterator[str]]


FRIENDS_TALK = Genre("synthetic", "", SyntheticSettings(), FRIENDS, event_turns)
"""Talk between two friends."""
