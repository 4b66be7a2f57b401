"""`memdojo sweep`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import TimeRemainingColumn

from memdojo.errors import ConfigError, MemdojoError, MissingDependencyError, reason_of

from .progress import progress_bar
from .running import FAULT, INPUT_ERROR, DebugOption, QuietOption, TrustRunOption

if TYPE_CHECKING:
    from memdojo.eval.sweeps.points import Mapper
    from memdojo.eval.sweeps.report import OnPoint, SweepReport


def sweep(
    policies: Annotated[
        list[str],
        typer.Argument(metavar="POLICY...", help="Checkpoints, runs, names of baselines, or 'all'."),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A sweep of memdojo sweeps; by default all. May be repeated."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for points, tables and figures; points that it holds are not measured again."
        ),
    ] = None,
    task: Annotated[
        Literal["manager", "retriever"] | None,
        typer.Option(help="Task, where only baselines are named; manager by default."),
    ] = None,
    retriever: Annotated[
        str | None,
        typer.Option(help="Retriever of the managers; by default the one of their training, else bm25."),
    ] = None,
    metric: Annotated[str, typer.Option(help="Score of all points.")] = "token_f1",
    num_streams: Annotated[int, typer.Option(help="Streams of a point.")] = 16,
    split: Annotated[str, typer.Option(help="Split of the synthetic streams.")] = "test",
    seeds: Annotated[int, typer.Option(help="Episodes per stream of a policy that samples.")] = 3,
    seed: Annotated[int, typer.Option(help="Seeds streams, episodes and intervals.")] = 0,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Points to measure at a time, as Ray tasks; by default one per core. 1 needs no Ray."
        ),
    ] = None,
    gpus: Annotated[float, typer.Option(help="GPUs of a worker, for language policies.")] = 0,
    address: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster; without it Ray starts on this machine.")
    ] = None,
    trust_run: TrustRunOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Sweep one difficulty of synthetic streams at a time: a policy's fingerprint, with base rates.

    memdojo sweep recency similarity hand_priority --out fingerprints

    memdojo sweep runs/quickstart --only facts --only capacity --out fingerprints

    memdojo sweep all --task retriever --only distractors --num-streams 8

    The same command continues a sweep that was interrupted.
    """
    from memdojo.evaluation.sweeping import SweepRecipe, prepare_sweep

    recipe = SweepRecipe(
        policies=tuple(policies),
        task=task,
        retriever=retriever,
        metric=metric,
        num_streams=num_streams,
        split=split,
        num_seeds=seeds,
        seed=seed,
        trust_run=trust_run,
    )
    prepared = prepare_sweep(recipe, only or ())
    for note in prepared.notes:
        typer.echo(f"note: {note}", err=True)
    mapper = _mapper(workers, gpus, address)
    with _progress(quiet) as progress:
        report = prepared.run(out, mapper=mapper, progress=progress)
    report.print()
    if out is not None:
        _write(report, out)
    _tell_failures(report)


def _mapper(workers: int | None, gpus: float, address: str | None) -> Mapper:
    if workers is not None and workers < 1:
        raise ConfigError(f"--workers is {workers}; give at least 1.")
    chosen = workers or len(os.sched_getaffinity(0))
    if chosen == 1 and address is None:
        from memdojo.eval.sweeps.points import one_after_the_other

        return one_after_the_other
    try:
        from memdojo.train.rollouts.ray_map import RayMap
    except ImportError as error:
        raise MissingDependencyError(
            f"{chosen} workers need {error.name}, which is not installed: pip install 'memdojo[train]', or "
            "pass --workers 1"
        ) from error
    return RayMap(chosen, num_gpus=gpus, address=address)


def _write(report: SweepReport, out: Path) -> None:
    from memdojo.eval.sweeps.figures import write_figures

    report.write(out)
    try:
        write_figures(report, out)
    except MissingDependencyError as error:
        # The tables are there, and the same command draws the figures later without measuring anything again.
        typer.echo(f"note: {error}", err=True)
    typer.echo(f"written to {out}")


def _tell_failures(report: SweepReport) -> None:
    if not report.failures:
        return
    point, error = report.failures[0]
    typer.echo(
        f"error: failed points: {len(report.failures)}, which the same command tries again. The first, "
        f"{point}, failed with: {reason_of(error)}",
        err=True,
    )
    raise typer.Exit(INPUT_ERROR if isinstance(error, MemdojoError) else FAULT)


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[OnPoint]:
    """Give what shows a bar on a terminal, and prints a line for each point elsewhere."""
    with progress_bar("sweep", TimeRemainingColumn(), quiet=quiet) as show:
        if show is None:
            yield lambda point, done, total: typer.echo(f"point {done}/{total}  {point}", err=True)
        else:
            yield lambda point, done, total: show(str(point), done, total)
