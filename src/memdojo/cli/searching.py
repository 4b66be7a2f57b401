"""What the commands that search share: `memdojo tune` and `memdojo search`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer
from rich.progress import TimeRemainingColumn

from memdojo.errors import MissingDependencyError

from .progress import progress_bar

if TYPE_CHECKING:
    from memdojo.train.tuning.searcher import OnTrial
    from memdojo.train.tuning.trials import Trial


def require_packages() -> None:
    """Refuse an installation that lacks what a search needs.

    Raises:
        MissingDependencyError: With the command that installs it.
    """
    try:
        import memdojo.train.tuning.search  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f"a search needs {error.name}, which is not installed: pip install 'memdojo[tune]'"
        ) from error


@contextlib.contextmanager
def trial_progress(title: str, describe: Callable[[Trial], str], *, quiet: bool) -> Iterator[OnTrial]:
    """Give what shows a bar on a terminal, and prints a line for each trial elsewhere.

    Args:
        title: In front of the bar.
        describe: Says in a few words what a trial tries.
        quiet: Lines in any case.
    """

    def line(trial: Trial) -> str:
        what = trial.outcome if trial.score is None else f"{trial.score:.3f}"
        why = f"  {trial.error}" if trial.error else ""
        return f"{what}  {trial.seconds:.0f} s  {describe(trial)}{why}"

    with progress_bar(title, TimeRemainingColumn(), quiet=quiet) as bar:

        def on_trial(trial: Trial, over: int, total: int) -> None:
            if bar is None:
                typer.echo(f"trial {trial.number} ({over}/{total})  {line(trial)}", err=True)
            else:
                bar(f"trial {trial.number}: {line(trial)}", over, total)

        yield on_trial
