"""`memdojo report`: runs and evaluations as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from memdojo.errors import ConfigError, MissingDependencyError
from memdojo.train.config.name_or_path import named_path

from .progress import progress_bar
from .running import DebugOption, QuietOption, TrustRunOption

if TYPE_CHECKING:
    from memdojo.eval.html.sources import CurvesPart, EvaluationPart, RunMetrics, TrainingPart
    from memdojo.train.runs.folder import RunFolder


def report(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="Runs, and folders that memdojo eval --out or memdojo sweep --out wrote.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    streams: Annotated[
        int,
        typer.Option(
            help="Streams of each evaluation or training run to show in the memory theatre; 0 leaves it out."
        ),
    ] = 8,
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate",
            help="First evaluate runs that have no evaluation, or one without recorded episodes.",
        ),
    ] = False,
    trust_run: TrustRunOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Write one HTML file that shows scores, learning, diagnosis and what the memory did, step by step.

    memdojo report runs/quickstart

    memdojo report runs/a runs/b tables --out a-and-b.html

    memdojo report runs/quickstart --evaluate --streams 20

    The file is self-contained and opens in any browser, without a network.
    """
    try:
        from memdojo.eval.html.page import PageSettings, write_report
    except ImportError as error:
        raise MissingDependencyError(
            f"a report needs {error.name}, which is not installed: pip install 'memdojo[report]'"
        ) from error

    found = _Found()
    for target in dict.fromkeys(targets):
        folder = named_path(target, "run, evaluation or sweep", ())
        assert folder is not None  # There are no names.
        _find(folder, found, _How(evaluate, trust_run, quiet))
    written = write_report(
        out,
        found.evaluations,
        found.runs,
        found.curves,
        found.trainings,
        PageSettings(num_streams=streams, hints=found.hints),
    )
    for sentence in (*found.hints, *written.left_out):
        typer.echo(f"note: {sentence}", err=True)
    typer.echo(
        f"written to {written.path}: {written.num_bytes / 1e6:.1f} MB, {written.num_episodes} episodes on "
        f"{written.num_streams} streams"
    )


@dataclass(slots=True)
class _Found:
    evaluations: list[EvaluationPart] = field(default_factory=list)
    runs: list[RunMetrics] = field(default_factory=list)
    curves: list[CurvesPart] = field(default_factory=list)
    trainings: list[TrainingPart] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


class _How(NamedTuple):
    """Whether and how runs without an evaluation are evaluated first."""

    evaluate: bool
    trust_run: bool
    quiet: bool


def _find(path: Path, found: _Found, how: _How) -> None:
    """Add what a folder has.

    Raises:
        ConfigError: If it has nothing that a report shows.
    """
    from memdojo.eval.html.sources import find_curves, read_evaluation
    from memdojo.eval.report import TABLE
    from memdojo.train.runs.folder import CONFIG

    if (path / CONFIG).is_file():
        _find_run(path, found, how)
        return
    curves = find_curves(path)
    if curves is not None:
        found.curves.append(curves)
    if (path / TABLE).is_file():
        part = read_evaluation(path)
        found.evaluations.append(part)
        if not part.has_episodes:
            found.hints.append(
                f"{path} has no recorded episodes; evaluate again with memdojo eval ... --out {path}."
            )
    elif curves is None:
        raise ConfigError(
            f"{path} is neither a run nor the folder of an evaluation or sweep; make one with "
            f"memdojo eval ... --out {path}."
        )


def _find_run(path: Path, found: _Found, how: _How) -> None:
    from memdojo.eval.html.sources import find_curves, read_evaluation
    from memdojo.eval.records.files import EPISODES
    from memdojo.eval.report import TABLE
    from memdojo.evaluation import evaluate_run
    from memdojo.train.runs.folder import EVALUATION, RunFolder

    run = RunFolder.open(path)
    for name, trained in _trained(run):
        found.runs.append(_metrics_of(name, trained))
        found.trainings += _training_of(name, trained)
    folder = path / EVALUATION
    was_recorded = (folder / TABLE).is_file() and (folder / EPISODES).is_file()
    if was_recorded:
        found.hints += _changed_data(run, folder)
    elif how.evaluate:
        typer.echo(f"{path} has no recorded episodes yet; evaluating it", err=True)
        with progress_bar("evaluate", quiet=how.quiet) as progress:
            evaluate_run(run, progress=progress, trust_run=how.trust_run)
    if (folder / TABLE).is_file():
        part = read_evaluation(folder, run.path.resolve().name)
        found.evaluations.append(part)
        if not part.has_episodes:
            found.hints.append(
                f"The evaluation of {path} has no recorded episodes; "
                f"memdojo report {path} --evaluate makes them."
            )
    else:
        found.hints.append(f"{path} has no evaluation yet; memdojo report {path} --evaluate makes it.")
    for inside in (path, *sorted(each for each in path.iterdir() if each.is_dir())):
        curves = find_curves(inside, f"{run.path.resolve().name} · {inside.name}")
        if curves is not None:
            found.curves.append(curves)


def _changed_data(run: RunFolder, evaluation: Path) -> list[str]:
    """Return a sentence if an evaluation of a run was played on other streams than its training had seen."""
    from memdojo.eval.records.files import read_streams
    from memdojo.train.runs.streams_record import changed_since, source_label

    streams = run.config.streams
    if streams.test is None:
        return []
    label = source_label("test", streams.test, streams.load_options("test"))
    change = changed_since(run.path, label, read_streams(evaluation))
    return [change] if change else []


def _trained(run: RunFolder) -> Iterator[tuple[str, RunFolder]]:
    """Yield a run, or each of its rounds, by its name."""
    from memdojo.train.runs.folder import CONFIG, ROUND, RunFolder

    name = run.path.resolve().name
    rounds = [each for each in _rounds(run.path, ROUND) if (each / CONFIG).is_file()]
    for folder in rounds or [run.path]:
        yield name if folder == run.path else f"{name}/{folder.name}", RunFolder.open(folder)


def _metrics_of(name: str, run: RunFolder) -> RunMetrics:
    from memdojo.eval.html.sources import RunMetrics

    config = run.config
    facts = ("task", config.task), ("algorithm", config.algorithm.name), ("seed", config.seed)
    return RunMetrics(name, run.metrics(), tuple((fact, str(value)) for fact, value in facts))


def _training_of(name: str, run: RunFolder) -> list[TrainingPart]:
    """Return the validation episodes that the run recorded, if it did."""
    from memdojo.eval.html.sources import find_training
    from memdojo.train.runs.folder import TRAJECTORIES

    config = run.config
    score = config.evaluation.score(config.episode.top_k)
    training = find_training(run.path / TRAJECTORIES, name, score)
    return [] if training is None else [training]


def _rounds(path: Path, start: str) -> Sequence[Path]:
    return sorted(path.glob(f"{start}*"), key=lambda each: (len(each.name), each.name))
