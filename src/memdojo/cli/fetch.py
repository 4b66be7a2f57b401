"""`memdojo data fetch`: published data, with its licence."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as RichBar

from memdojo.errors import ConfigError

from .running import DebugOption, QuietOption
from .tables import print_table

if TYPE_CHECKING:
    from memdojo.envs.streams.benchmarks.fetch import Fetched
    from memdojo.envs.streams.benchmarks.published import PublishedData, PublishedFile

SECONDS_BETWEEN_LINES = 5.0


def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME[:PART]...", help="Data sets, or parts of them.")
    ] = None,
    list_all: Annotated[
        bool, typer.Option("--list", help="List the data sets with licence, size and whether they are here.")
    ] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Fetch published data to where the loaders look: $MEMDOJO_DATA, else the user's cache folder.

    A broken transfer is resumed. Files that are there already are checked and left alone.

    memdojo data fetch --list

    memdojo data fetch locomo longmemeval:oracle
    """
    from memdojo.envs.streams.benchmarks.published import find_published, published

    if list_all:
        _print_list(published())
        return
    if not names:
        raise ConfigError("no data set is named; `memdojo data fetch --list` lists them.")
    # All names are checked before anything is fetched.
    for name, (data, files) in [(name, find_published(name)) for name in names]:
        typer.echo(f"{data.title}\n  licence: {data.licence}\n  {data.homepage}")
        for file in files:
            _fetch_one(file, quiet=quiet)
        if name == data.name and data.on_request:
            left = ", ".join(f"{data.name}:{part}" for part in sorted(data.on_request))
            typer.echo(f"  large parts are fetched by name only: {left}")


def _fetch_one(file: PublishedFile, *, quiet: bool) -> None:
    from memdojo.envs.streams.benchmarks.fetch import fetch_file

    def tell_damage(path: Path) -> None:
        typer.echo(f"  {path} is damaged: its checksum is wrong. Fetching it again.", err=True)

    with _Transfer(Path(file.path).name, quiet=quiet) as transfer:
        fetched = fetch_file(file, on_progress=transfer.show, on_damage=tell_damage)
    typer.echo(f"  {fetched.path}: {_what_happened(fetched)}")


def _what_happened(fetched: Fetched) -> str:
    from memdojo.envs.streams.benchmarks.fetch import Found

    is_new = fetched.found is not Found.INTACT
    if fetched.checked:
        return f"{'fetched' if is_new else 'is there already'}, its checksum is that of the release"
    if is_new:
        return "fetched; no checksum is published, so that of this file was written down beside it"
    return "is there already; no checksum is published, it is as it was fetched or put there"


class _Transfer:
    """Shows how far a transfer is: a bar on a terminal, else, or if `quiet`, a line now and then."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        console = Console(stderr=True)
        self._name = name
        self._bar: RichBar | None = None
        if console.is_terminal and not quiet:
            columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            self._bar = RichBar(
                TextColumn("  {task.description}"), BarColumn(), *columns, console=console, transient=True
            )
            self._task = self._bar.add_task(name, total=None, start=False)
        self._last_line = time.monotonic()

    def show(self, done: int, total: int | None) -> None:
        """Show the bytes that are there."""
        if self._bar is not None:
            self._bar.start()
            self._bar.start_task(self._task)
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            of_all = f" of {_size(total)}" if total else ""
            print(f"  {self._name}: {_size(done)}{of_all}", file=sys.stderr, flush=True)

    def __enter__(self) -> _Transfer:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _print_list(all_data: tuple[PublishedData, ...]) -> None:
    from memdojo.envs.streams.benchmarks.fetch import is_present

    rows = []
    for data in all_data:
        for part, files in data.parts.items():
            sizes = [file.num_bytes for file in files]
            here = sum(map(is_present, files))
            rows.append(
                [
                    f"{data.name}:{part}",
                    "unknown" if None in sizes else _size(sum(size or 0 for size in sizes)),
                    "yes" if here == len(files) else f"{here} of {len(files)} files" if here else "no",
                    "by name only" if part in data.on_request else "",
                    data.licence,
                    data.homepage,
                ]
            )
    print_table(["part", "size", "here", "fetched", "licence", "homepage"], rows)


def _size(num_bytes: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if num_bytes >= size:
            return f"{num_bytes / size:.1f} {unit}"
    return f"{num_bytes} bytes"
