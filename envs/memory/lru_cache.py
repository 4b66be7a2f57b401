"""`LRUCache`: a cache that drops the values used least recently, for threads and processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import cachetools

_ValueT = TypeVar("_ValueT")


class LRUCache(Generic[_ValueT]):
    """The values used last, by key, at most `max_size` of them.

    One of `cachetools` with what that leaves to its users: threads may share it, what holds it can be
    pickled, and the copy starts empty.
    """

    def __init__(self, max_size: int) -> None:
        self._values: cachetools.LRUCache[Hashable, _ValueT] = cachetools.LRUCache(max_size)
        self._lock = threading.Lock()

    def get_or_make(self, key: Hashable, make: Callable[[], _ValueT]) -> _ValueT:
        """Return the value of `key`, made by `make` if it is not there any more."""
        with self._lock:
            if key in self._values:
                return self._values[key]
        # Unlocked, for it may take long: two threads may both make a value.
        value = make()
        with self._lock:
            self._values[key] = value
        return value

    def __reduce__(self) -> tuple[object, ...]:
        return LRUCache, (self._values.maxsize,)
