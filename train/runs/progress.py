"""The progress of a run for people: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichBar
from rich.text import Text

SECONDS_BETWEEN_LINES = 5.0


@dataclass(frozen=True, slots=True)
class Report:
    """How far a run is.

    Attributes:
        update: Updates done, counted from the beginning of the run.
        reward: Mean episode return of the update's rollouts; None before the first update.
        validation: The last validation score; None before the first.
        steps_per_s: Episode steps played per second.
        is_validated: True if `validation` is of this update.
        is_best: True if it is the best one so far.
        entries: Entries in the store at the end of an episode, on average; None where there is no store.
        operations: Shares of the operations by kind.
        unscored: Episodes that could not be scored.
        interval: Ends of the interval of `validation`, if it is of this update and has one.
        warning: A sentence about what is wrong with the run; "" if there is none to be said.
    """

    update: int
    reward: float | None
    validation: float | None = None
    steps_per_s: float = math.nan
    is_validated: bool = False
    is_best: bool = False
    entries: float | None = None
    operations: Mapping[str, float] = field(default_factory=dict)
    unscored: int = 0
    interval: tuple[float, float] | None = None
    warning: str = ""


class Progress(ABC):
    """Shows reports; a context manager around the whole run."""

    @abstractmethod
    def start(self, num_updates: int, *, done: int = 0) -> None:
        """Begin to show a run of `num_updates`, of which `done` lie behind."""

    @abstractmethod
    def report(self, report: Report) -> None:
        """Show how far the run is."""

    @abstractmethod
    def message(self, text: str) -> None:
        """Show a line that stays."""

    def close(self) -> None:
        """End the display; also after a failure."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PlainProgress(Progress):
    """One line per validation and at most one every few seconds beside.

    Args:
        stream: Where lines go; None is standard error.
        clock: Seconds; for tests.
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._num_updates = 0
        self._last_line = -math.inf

    def start(self, num_updates: int, *, done: int = 0) -> None:
        """Begin to show a run."""
        self._num_updates = num_updates
        if done:
            self.message(f"resumed after update {done} of {num_updates}")

    def report(self, report: Report) -> None:
        """Print a line if there is news or a while has passed."""
        now = self._clock()
        is_last = report.update == self._num_updates
        if report.is_validated or is_last or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self.message(f"update {report.update}/{self._num_updates}  {_figures(report)}")

    def message(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._stream, flush=True)


class _BarAndFigures(RichBar):
    """A bar with a line of its own for the figures, which leave no room for it on many a terminal."""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            yield Text(task.fields["figures"], overflow="ellipsis", no_wrap=True)


class BarProgress(Progress):
    """A progress bar with the time to go, and the current figures below it.

    Args:
        console: A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._bar = _BarAndFigures(
            TextColumn("[bold]train"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("to go"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("train", total=None, figures="")

    def start(self, num_updates: int, *, done: int = 0) -> None:
        """Show the bar."""
        self._bar.start()
        self._bar.reset(self._task, total=num_updates, completed=done, figures="")

    def report(self, report: Report) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=report.update, figures=_figures(report))

    def message(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()


class NoProgress(Progress):
    """Shows nothing; for runs started from code."""

    def start(self, num_updates: int, *, done: int = 0) -> None:
        """Show nothing."""

    def report(self, report: Report) -> None:
        """Show nothing."""

    def message(self, text: str) -> None:
        """Show nothing."""


def make_progress(*, quiet: bool = False) -> Progress:
    """Return a bar where standard error is a terminal, else, or if `quiet`, plain lines."""
    console = Console(stderr=True)
    return BarProgress(console) if console.is_terminal and not quiet else PlainProgress()


def _figures(report: Report) -> str:
    figures = [] if report.reward is None else [f"reward {report.reward:.3f}"]
    if report.validation is not None:
        interval = "" if report.interval is None else " [{:.3f}, {:.3f}]".format(*report.interval)
        figures.append(f"validation {report.validation:.3f}{interval}{' (best)' if report.is_best else ''}")
    if report.entries is not None:
        figures.append(f"store {report.entries:.1f}")
    figures += _mix(report.operations)
    if report.unscored:
        figures.append(f"unscored {report.unscored}")
    if math.isfinite(report.steps_per_s):
        figures.append(f"{report.steps_per_s:,.0f} steps/s")
    return "  ".join(figures)


def _mix(operations: Mapping[str, float]) -> list[str]:
    """Return the shares of the operations that make up at least a hundredth, the largest first."""
    shares = sorted(operations.items(), key=lambda each: -each[1])
    shown = [f"{kind} {share:.0%}" for kind, share in shares if share >= 0.01]
    return [" ".join(shown)] if shown else []
