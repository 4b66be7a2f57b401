"""Running coroutines from code that is not asynchronous, also where an event loop runs already."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_LOOKS_EVERY_S = 0.1


class EventLoop:
    """An event loop of one's own, for calls that wait.

    In a notebook, a request handler or an agent that is asynchronous, a loop runs in the thread already, and
    no other can run in it. There the calls run in a thread that lives as long as the call; the one that asks
    waits, and so does its own loop. An interrupt of the one that waits cancels what it waits for.
    """

    def __init__(self) -> None:
        # Named, so that no loop of this one's is left behind as the thread's.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns.

        Raises:
            BaseException: What the coroutine raises.
        """
        if not _is_in_loop():
            return self._runner.run(coroutine)
        started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = Future()

        async def main() -> T:
            started.set_result((asyncio.get_running_loop(), asyncio.current_task()))
            return await coroutine

        def cancel() -> None:
            loop, task = started.result()
            if task is not None:
                loop.call_soon_threadsafe(task.cancel)

        return _in_thread(lambda: self._runner.run(main()), cancel)

    def close(self) -> None:
        """Close the loop, with what was left running in it."""
        if _is_in_loop():
            _in_thread(self._runner.close, lambda: None)
        else:
            self._runner.close()


def run_coroutine(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns, from code that is not asynchronous; see `EventLoop`.

    Raises:
        BaseException: What the coroutine raises.
    """
    loop = EventLoop()
    try:
        return loop.run(coroutine)
    finally:
        loop.close()


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _in_thread(function: Callable[[], T], cancel: Callable[[], None]) -> T:
    """Return what a function returns in a thread of its own; cancel it where the wait is broken off."""
    returned: Future[T] = Future()

    def work() -> None:
        try:
            returned.set_result(function())
        except BaseException as error:
            returned.set_exception(error)

    # A daemon, so that a second interrupt can end the process.
    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name="memdojo-event-loop", daemon=True
    )
    thread.start()
    waiting = asyncio.current_task()
    num_cancelled = 0 if waiting is None else waiting.cancelling()
    try:
        while True:
            # The loop of the one that waits takes an interrupt for the wish to cancel its task.
            if waiting is not None and waiting.cancelling() > num_cancelled:
                cancel()
                return returned.result()
            try:
                return returned.result(_LOOKS_EVERY_S)
            except TimeoutError:
                if returned.done():
                    raise
    except BaseException:
        if not returned.done():
            cancel()
        raise
    finally:
        thread.join()
