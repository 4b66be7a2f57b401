"""`LRUCache`: a cache that drops the values used least recently."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_ValueT = TypeVar("_ValueT")


class LRUCache(Generic[_ValueT]):
    """The values used last, by key, at most `max_size` of them.

    Threads may share it. A pickled copy starts empty.
    """

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._values: OrderedDict[Hashable, _ValueT] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def get(self, key: Hashable) -> _ValueT | None:
        """Return the value of `key`, which counts as a use of it; None if it is not there any more."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def __reduce__(self) -> tuple[object, ...]:
        return LRUCache, (self._max_size,)

    def put(self, key: Hashable, value: _ValueT) -> None:
        """Set the value of `key` as the one used last."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._max_size:
                self._values.popitem(last=False)

    def get_or_make(self, key: Hashable, make: Callable[[], _ValueT]) -> _ValueT:
        """Return the value of `key`, made by `make` if it is not there any more."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        self.put(key, value)
        return value
