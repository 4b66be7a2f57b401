"""The progress bar of a command."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
from rich.progress import Progress as RichProgress


@contextlib.contextmanager
def progress_bar(
    title: str, *more_columns: ProgressColumn, quiet: bool
) -> Iterator[Callable[[str, int, int], None] | None]:
    """Give what shows a bar on a terminal; None elsewhere, or if `quiet`.

    It is called with what was done last, how much is done so far, and how much there is.
    """
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn(f"[bold]{title}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        *more_columns,
    )
    with RichProgress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)
