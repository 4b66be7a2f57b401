"""Counts what a memory of texts cannot take, and says so once for each kind."""

from __future__ import annotations

import logging
from collections import Counter

_log = logging.getLogger(__name__)


class LeftOut:
    """What of a framework's messages is no text and was not handed to a memory.

    Attributes:
        counts: How many of each kind.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def note(self, kind: str) -> None:
        """Count one; the first of a kind is logged as a warning."""
        if not self.counts[kind]:
            _log.warning(
                "a memory keeps texts: %r in a message is not handed to it, only counted (`left_out`)",
                kind,
            )
        self.counts[kind] += 1
