"""A cache for an event loop that computes each value once, however many tasks wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from cachetools import LRUCache

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class AsyncCache(Generic[KeyT, ValueT]):
    """Values by key, for tasks that run at the same time in one event loop.

    A key that another task has asked for and not yet got is not asked again: both wait for the one value.

    Attributes:
        hits: Keys that needed no asking of their own.
        misses: Keys that were asked for.

    Args:
        ask: Returns the values of keys that are not known, one a key.
        is_lasting: Whether a value is remembered; one that is not is passed on and asked for anew, and so is
            None.
        max_entries: Most values to remember; the least recently used go first.

    Raises:
        ValueError: If `max_entries` is below 1.
    """

    def __init__(
        self,
        ask: Callable[[list[KeyT]], Awaitable[Sequence[ValueT]]],
        is_lasting: Callable[[ValueT], bool],
        max_entries: int,
    ) -> None:
        if max_entries < 1:
            raise ValueError(f"max_entries is {max_entries}; give a positive number.")
        self.hits = 0
        self.misses = 0
        self._ask = ask
        self._is_lasting = is_lasting
        self._values: LRUCache[KeyT, ValueT] = LRUCache(max_entries)
        self._asked: dict[KeyT, asyncio.Future[ValueT]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._values)

    async def get(self, keys: Sequence[KeyT]) -> list[ValueT]:
        """Return the value of each key, asking only for what is neither known nor asked for already."""
        found: dict[KeyT, ValueT] = {}
        awaited: dict[KeyT, asyncio.Future[ValueT]] = {}
        fresh: list[KeyT] = []
        for key in dict.fromkeys(keys):
            known = self._values.get(key)
            if known is not None:
                found[key] = known
                continue
            if key not in self._asked:
                self._asked[key] = asyncio.get_running_loop().create_future()
                fresh.append(key)
            awaited[key] = self._asked[key]
        self.hits += len(keys) - len(fresh)
        self.misses += len(fresh)
        if fresh:
            # A task of its own: were the asking task cancelled, the others would still get their values.
            task = asyncio.create_task(self._fetch(fresh))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        values = await asyncio.gather(*map(asyncio.shield, awaited.values()))
        found.update(zip(awaited, values, strict=True))
        return [found[key] for key in keys]

    async def _fetch(self, keys: list[KeyT]) -> None:
        futures = {key: self._asked[key] for key in keys}
        try:
            values = await self._ask(keys)
        except BaseException as error:
            for future in futures.values():
                if isinstance(error, asyncio.CancelledError):
                    future.cancel()
                else:
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for key, value in zip(keys, values, strict=True):
                futures[key].set_result(value)
                if self._is_lasting(value):
                    self._values[key] = value
        finally:
            for key in keys:
                del self._asked[key]
