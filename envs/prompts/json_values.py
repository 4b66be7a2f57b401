"""JSON values in what a model writes, read in a time that grows with the length of the text alone."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

_TRAILING_COMMA = re.compile(r",(?=\s*+[}\]])")
_ATTEMPTS = 16
_QUICKER = 16


class Value(NamedTuple):
    """A JSON value and where it ends."""

    value: Any
    end: int


class JSONReader:
    """Reads the JSON values of one text.

    A decoder that begins at each of many brackets reads the same text again and again. So all attempts that
    fail may read 16 times the length of the text together; after that nothing more is found in it.

    Attributes:
        steps: Characters that failed attempts have read so far.

    Args:
        text: What a model wrote.
        lenient: Take line breaks within a string as they are, and a comma before a closing bracket as none.
    """

    def __init__(self, text: str, *, lenient: bool = False) -> None:
        self.text = text
        self.steps = 0
        self._decoder = json.JSONDecoder(strict=not lenient)
        self._lenient = lenient
        self._repaired: str | None = None
        self._is_repaired = False

    def read(self, start: int) -> Value | None:
        """Return the value that begins at a position; None if none does, or if too many attempts failed."""
        found = self._decode(self.text, start)
        if found is not None or not self._lenient or self._is_spent:
            return found
        if not self._is_repaired:
            # A blank in place of each comma leaves all positions as they are.
            repaired, count = _TRAILING_COMMA.subn(" ", self.text)
            self._repaired, self._is_repaired = repaired if count else None, True
        return None if self._repaired is None else self._decode(self._repaired, start)

    @property
    def _is_spent(self) -> bool:
        return self.steps > _ATTEMPTS * len(self.text)

    def _decode(self, text: str, start: int) -> Value | None:
        if self._is_spent:
            return None
        try:
            return Value(*self._decoder.raw_decode(text, start))
        except json.JSONDecodeError as error:
            # It names the beginning of a string that has no end, and has read all that follows.
            reached = len(text) if error.msg.startswith("Unterminated") else error.pos
        # Very deep nesting ends the recursion, and very long numbers are refused as values.
        except (ValueError, RecursionError):
            reached = len(text)
        # The decoder's error counts all line breaks before it, which is quick.
        self.steps += reached - start + start // _QUICKER + 1
        return None
