"""Ctrl-C and the signals that ask a run to end, deferred to a moment at which it can stop cleanly."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What asks a run to end: Ctrl-C, the end of a job's time, a terminal that was closed."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to end; Ctrl-C is one of them.

    Attributes:
        number: Of the signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a process ends with that a signal has ended, as shells count."""
        return 128 + self.number


class GracefulStop:
    """While it is entered, the first signal only sets `requested`; the second interrupts at once.

    An update that is half done would leave weights which no uninterrupted run has ever had.
    """

    def __init__(self) -> None:
        self.requested = False
        self._number = int(signal.SIGINT)
        self._handling = contextlib.ExitStack()

    def __enter__(self) -> GracefulStop:
        self._handling.enter_context(_handled_by(self._on_signal))
        return self

    def __exit__(self, *_: object) -> None:
        self._handling.close()

    @property
    def interrupt(self) -> Interrupted:
        """What to raise once the run stands still."""
        return Interrupted(self._number)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise Interrupted(number)
        self.requested, self._number = True, number


@contextlib.contextmanager
def interrupting() -> Iterator[None]:
    """Let the signals raise `Interrupted` wherever the program is, as Ctrl-C does by itself."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    with _handled_by(on_signal):
        yield


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Set the handler of the signals; who ignores the end of the terminal, as under `nohup`, goes on to."""
    previous = {}
    # Only the main thread may set signal handlers; elsewhere signals do not arrive anyway.
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                previous[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)
