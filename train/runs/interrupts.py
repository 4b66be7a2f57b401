"""Ctrl-C, deferred to a moment at which the run can stop cleanly."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Self


class GracefulStop:
    """While it is entered, the first Ctrl-C only sets `requested`; the second interrupts at once.

    An update that is half done would leave weights which no uninterrupted run has ever had.
    """

    def __init__(self) -> None:
        self.requested = False
        # Only the main thread may set signal handlers; elsewhere Ctrl-C does not arrive anyway.
        self._is_main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._is_main:
            self._previous = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_main:
            signal.signal(signal.SIGINT, self._previous)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
