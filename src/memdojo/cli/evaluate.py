"""`memdojo eval`, and the evaluation at the end of `memdojo train`."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress

from memdojo.envs.answering import Answerer, ExtractiveAnswerer
from memdojo.errors import ConfigError

from .running import DebugOption, QuietOption, parse_options

if TYPE_CHECKING:
    from memdojo.envs.types import Stream
    from memdojo.eval.report import EvalReport
    from memdojo.eval.settings import EvalSettings
    from memdojo.train.config import TrainConfig

    from .targets import Learned, Targets


def evaluate(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="TARGET...", help="Checkpoints, runs, names of baselines, or 'all'."),
    ],
    streams: Annotated[
        str | None,
        typer.Option(
            help="Held-out streams, such as synthetic:test; by default the test streams of the run."
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the streams' source."),
    ] = None,
    max_entries: Annotated[
        int | None, typer.Option(help="Entries that a manager's store holds at most.")
    ] = None,
    capacity_share: Annotated[
        float | None, typer.Option(help="The same as a share of the stream's turns.")
    ] = None,
    top_k: Annotated[int | None, typer.Option(help="Entries from which a question is answered.")] = None,
    task: Annotated[
        Literal["manager", "retriever"] | None,
        typer.Option(help="Where only baselines are named; manager by default."),
    ] = None,
    retriever: Annotated[
        str, typer.Option(help="Retriever under the managers: a name or a checkpoint.")
    ] = "bm25",
    metric: Annotated[str, typer.Option(help="Score that counts, such as recall@10 or token_f1.")] = "",
    reference: Annotated[
        str | None, typer.Option(help="What paired differences are from; by default the best baseline.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Episodes per stream of a policy that draws.")] = 3,
    seed: Annotated[int, typer.Option(help="Seeds the episodes.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables as CSV and JSON.")] = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Evaluate policies on held-out streams and print scores with intervals and paired differences.

    memdojo eval runs/quickstart all

    memdojo eval runs/a runs/b sum_idf --streams locomo:memory_r1/test --capacity-share 0.25

    memdojo eval all --task retriever --streams jsonl:my_data.jsonl --out tables

    Store, top_k and metric are by default those of the checkpoints and runs.
    """
    from memdojo.envs.streams.registry import load_streams

    from .targets import find_retriever, find_targets, require_held_out

    found = find_targets(targets, task)
    spec, options = _choose_streams(found.learned, streams, parse_options(option))
    limits = _choose_limits(found.learned, max_entries, capacity_share, top_k)
    answerer = _answerer_of_runs(found.learned)
    settings = _settings(limits, metric or _score_of_runs(found.learned), answerer, num_seeds=seeds)
    if found.task == "manager":
        settings = dataclasses.replace(settings, retriever=find_retriever(retriever))
    loaded = load_streams(spec, **options)
    for note in require_held_out(found.learned, loaded):
        typer.echo(note, err=True)
    _print_heading(found.task, spec, loaded, settings)
    report = _run(found, loaded, settings, quiet=quiet, seed=seed, reference=reference)
    report.print()
    if out is not None:
        report.write(out)
        typer.echo(f"written to {out}")


def evaluate_run(
    config: TrainConfig, checkpoint: Path, warm_start: Path | None, out: Path, *, quiet: bool
) -> None:
    """Evaluate a run's checkpoint on its test streams beside the baselines, print it and keep it in `out`.

    Args:
        config: The run.
        checkpoint: What it trained.
        warm_start: The policy that it began with, to be compared with; None where there is none.
        out: Folder for the tables.
        quiet: Show no bar.

    Raises:
        ConfigError: If the run has no test streams.
    """
    from memdojo.envs.streams.registry import load_streams

    from .targets import ALL, Targets, find_targets, load_target, require_held_out

    spec = _test_spec(config)
    before = [load_target(warm_start)] if warm_start is not None else []
    learned = (load_target(checkpoint), *before)
    baselines = find_targets(config.evaluation.baselines or (ALL,), learned[0].task).baselines
    found = Targets(learned[0].task, learned, baselines)
    streams = load_streams(spec, **config.streams.load_options("test"))
    require_held_out(found.learned, streams)
    episode = config.episode
    limits = _Limits(episode.max_entries, episode.capacity_share, episode.top_k)
    score = config.evaluation.score(episode.top_k)
    settings = _settings(limits, score, make_run_answerer(config), num_seeds=3)
    _print_heading(found.task, spec, streams, settings)
    num_resamples = config.evaluation.num_resamples
    report = _run(found, streams, settings, quiet=quiet, seed=config.seed, num_resamples=num_resamples)
    report.print()
    report.write(out)
    typer.echo(f"written to {out}")


@dataclass(frozen=True, slots=True)
class _Limits:
    max_entries: int | None
    capacity_share: float | None
    top_k: int


def _choose_streams(
    learned: Sequence[Learned], spec: str | None, options: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return spec and options: those asked for, else the test streams of the only run."""
    if spec is not None:
        return spec, options
    configs = [each.config for each in learned if each.config is not None]
    chosen = {(config.streams.test, repr(config.streams.load_options("test"))) for config in configs}
    if len(chosen) != 1:
        why = "the runs have different test streams" if chosen else "no run is among the targets"
        raise ConfigError(
            f"--streams is missing and {why}; name the streams, such as --streams synthetic:test."
        )
    return _test_spec(configs[0]), configs[0].streams.load_options("test") | options


def _score_of_runs(learned: Sequence[Learned]) -> str:
    """Return the column that the runs were judged by; "" (the evaluation's own choice) where they differ."""
    scores = {
        each.config.evaluation.score(each.config.episode.top_k) for each in learned if each.config is not None
    }
    return scores.pop() if len(scores) == 1 else ""


def _test_spec(config: TrainConfig) -> str:
    if config.streams.test is None:
        raise ConfigError(
            f"the run {config.name} has no streams.test; name streams, such as --streams locomo:test."
        )
    return config.streams.test


def _choose_limits(
    learned: Sequence[Learned], max_entries: int | None, capacity_share: float | None, top_k: int | None
) -> _Limits:
    """Return the limits asked for, else those that the checkpoints were trained with."""
    if max_entries is not None and capacity_share is not None:
        raise ConfigError(
            f"--max-entries is {max_entries} and --capacity-share is {capacity_share}; give one of the two."
        )
    managers = [each.training for each in learned if each.task == "manager"]
    if max_entries is None and capacity_share is None and managers:
        stores = {(training.max_entries, training.capacity_share) for training in managers}
        if len(stores) > 1:
            raise ConfigError(
                "the checkpoints were trained with stores of different sizes; choose one by --max-entries or "
                "--capacity-share."
            )
        max_entries, capacity_share = stores.pop()
    if top_k is None:
        depths = {each.training.top_k for each in learned} or {10}
        if len(depths) > 1:
            raise ConfigError(
                f"the checkpoints were trained with top_k {sorted(depths)}; choose one by --top-k."
            )
        top_k = depths.pop()
    return _Limits(max_entries, capacity_share, top_k)


def _answerer_of_runs(learned: Sequence[Learned]) -> Answerer:
    """Return who answered in the runs, or the extractive reader where no run is among the targets."""
    configs = [each.config for each in learned if each.config is not None]
    if len({repr(config.answerer) for config in configs}) > 1:
        raise ConfigError("the runs have different answerers; evaluate them one at a time.")
    if not configs:
        return ExtractiveAnswerer()
    return make_run_answerer(configs[0])


def make_run_answerer(config: TrainConfig) -> Answerer:
    """Return who answers the questions of a run; a model is loaded when it is first asked."""
    if config.answerer.kind == "extractive":
        return ExtractiveAnswerer()
    from memdojo.train.language.setup import make_answerer

    return make_answerer(config.answerer)


def _settings(limits: _Limits, score: str, answerer: Answerer, *, num_seeds: int) -> EvalSettings:
    from memdojo.envs.answering import CachedAnswerer
    from memdojo.eval.settings import EvalSettings

    return EvalSettings(
        max_entries=limits.max_entries,
        capacity_share=limits.capacity_share,
        top_k=limits.top_k,
        ranks=tuple(sorted({min(5, limits.top_k), limits.top_k})),
        answerer=CachedAnswerer(answerer),
        score=score,
        num_seeds=num_seeds,
    )


def _print_heading(task: str, spec: str, streams: Sequence[Stream], settings: EvalSettings) -> None:
    num_questions = sum(len(stream.questions) for stream in streams)
    store = "a store without limit"
    if settings.max_entries is not None:
        store = f"a store of {settings.max_entries} entries"
    elif settings.capacity_share is not None:
        store = f"a store of {settings.capacity_share:.0%} of the turns"
    under = f", {store}" if task == "manager" else ""
    typer.echo(
        f"{task}s on {spec}: {len(streams)} streams of {len({stream.group for stream in streams})} groups, "
        f"{num_questions} questions{under}, answers from {settings.top_k} entries"
    )


def _run(
    targets: Targets, streams: Sequence[Stream], settings: EvalSettings, *, quiet: bool, **how: Any
) -> EvalReport:
    from memdojo.eval.report import run_evaluation

    policies = targets.managers() if targets.task == "manager" else targets.retrievers()
    with _episode_progress(quiet) as progress:
        return run_evaluation(policies, streams, settings, progress=progress, **how)


@contextlib.contextmanager
def _episode_progress(quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Give what shows a bar on a terminal; None elsewhere, where the table alone is wanted."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("[bold]evaluate"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with RichProgress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)
