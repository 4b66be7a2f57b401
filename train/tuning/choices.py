"""`Choices`: what a search may try, as the sampler sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..config.tuning import Range

Values = Mapping[str, Any]
"""Values by key; None where what is tried has no such key."""


class Choices(Protocol):
    """What a search may try.

    Attributes:
        seed: Seeds the proposals.
        directions: Of each objective, `maximize` or `minimize`.
        num_random: Trials, those that are given included, before which values are drawn at random.
    """

    @property
    def seed(self) -> int:
        """See the class."""
        ...

    @property
    def directions(self) -> Sequence[str]:
        """See the class."""
        ...

    @property
    def num_random(self) -> int:
        """See the class."""
        ...

    def ranges_for(self, values: Values) -> Mapping[str, Range]:
        """Return the ranges of all keys that there are, given what was chosen so far.

        Asked again with what was chosen of these, until there are no others. The same key has always the same
        range.
        """
        ...

    def is_whole(self, key: str) -> bool:
        """Return whether only whole numbers of the span of a key are tried."""
        ...

    def accepts(self, values: Values) -> bool:
        """Return whether values that are each within their range go together; some always do."""
        ...
