"""`memdojo compare`: runs, evaluations and baselines side by side, over the same questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from memdojo.agents.baselines.registry import (
    list_baselines,
    list_retriever_baselines,
    make_baseline,
    make_retriever_baseline,
)
from memdojo.envs.memory.retrieval.retrievers import list_retrievers
from memdojo.errors import ConfigError
from memdojo.train.config.name_or_path import named_path

from .running import DebugOption, QuietOption, parse_options

if TYPE_CHECKING:
    from memdojo.eval.compare import EvaluationFolder, Method
    from memdojo.eval.playing.settings import EvalSettings
    from memdojo.train.runs.folder import RunFolder

CONFIG, EVALUATION, TABLE = "config.toml", "evaluation", "eval.csv"

Format = Literal["table", "markdown", "latex", "csv"]


def compare(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...", help="Runs, folders that memdojo eval --out wrote, names of baselines."
        ),
    ],
    reference: Annotated[
        str | None, typer.Option(help="Method to take differences from; by default the best baseline.")
    ] = None,
    metric: Annotated[str, typer.Option(help="Column of eval.csv to compare; by default its score.")] = "",
    format: Annotated[Format, typer.Option(help="How the table is printed.")] = "table",
    streams: Annotated[
        str | None, typer.Option(help="Held-out streams, where only baselines are named.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the streams' source."),
    ] = None,
    capacity_share: Annotated[
        float | None,
        typer.Option(help="Share of the turns that a store holds, where baselines alone are named."),
    ] = None,
    task: Annotated[
        Literal["manager", "retriever"], typer.Option(help="Only where baselines alone are named.")
    ] = "manager",
    seed: Annotated[int, typer.Option(help="Seeds the resampling.")] = 0,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare methods on the same questions: paired differences, IQM and probability of improvement.

    memdojo compare runs/x-0 runs/x-1 runs/x-2 sum_idf

    memdojo compare tables-a tables-b --reference recency --format latex

    memdojo compare sum_idf recency --streams synthetic:test --capacity-share 0.2 --format markdown

    Runs whose names differ only in a number at the end are seeds of one method.
    """
    from memdojo.eval.compare import compare as compare_methods
    from memdojo.eval.compare import compare_grid, comparison_text
    from memdojo.eval.tables.render import print_grids

    found = _find(targets, quiet=quiet)
    settings_of_baselines = (streams, parse_options(option), capacity_share, task)
    folders = found.folders or (_evaluated_baselines(found.baselines, *settings_of_baselines),)
    score = _common_score(folders, metric)
    for note in _notes(folders):
        typer.echo(note, err=True)
    methods = [*_methods_of_runs(found.runs, metric), *_methods_of_folders(found, folders, metric)]
    table = compare_methods(methods, reference, seed=seed)
    if format == "table":
        print_grids([compare_grid(table, score)])
    else:
        typer.echo(comparison_text(table, score, format))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What was named.

    Attributes:
        runs: Names and evaluations of runs.
        evaluations: Folders of evaluations.
        baselines: Names of baselines.
    """

    runs: tuple[tuple[str, EvaluationFolder], ...]
    evaluations: tuple[EvaluationFolder, ...]
    baselines: tuple[str, ...]

    @property
    def folders(self) -> tuple[EvaluationFolder, ...]:
        return (*(folder for _, folder in self.runs), *self.evaluations)


def _find(targets: Sequence[str], *, quiet: bool) -> _Found:
    from memdojo.eval.compare import EvaluationFolder

    named = {target: named_path(target, "run, evaluation or baseline", _known()) for target in targets}
    baselines = [target for target, path in named.items() if path is None]
    paths = {target: path for target, path in named.items() if path is not None}
    runs = [target for target, path in paths.items() if (path / CONFIG).is_file()]
    folders = [target for target, path in paths.items() if target not in runs]
    for target in folders:
        if not (paths[target] / TABLE).is_file():
            raise ConfigError(
                f"{target} is neither a run nor the folder of an evaluation; make one with "
                f"memdojo eval ... --out {target}."
            )
    names = [paths[run].name for run in runs]
    unique = [run if names.count(name) > 1 else name for run, name in zip(runs, names, strict=True)]
    return _Found(
        tuple((name, _evaluation_of(paths[run], quiet)) for name, run in zip(unique, runs, strict=True)),
        tuple(EvaluationFolder.read(paths[folder]) for folder in folders),
        tuple(baselines),
    )


def _known() -> set[str]:
    return {*list_baselines(), *list_retriever_baselines(), *list_retrievers()}


def _evaluation_of(path: Path, quiet: bool) -> EvaluationFolder:
    """Return the evaluation of a run, made now where there is none."""
    from memdojo.eval.compare import EvaluationFolder
    from memdojo.train.runs.folder import RunFolder

    if not (path / EVALUATION / TABLE).is_file():
        typer.echo(f"{path} has no evaluation yet; making it", err=True)
        evaluate_folder(RunFolder.open(path), quiet)
    return EvaluationFolder.read(path / EVALUATION)


def evaluate_folder(run: RunFolder, quiet: bool) -> None:
    """Evaluate a run as `memdojo train` does at its end, and keep it in the run's folder.

    Raises:
        ConfigError: If the run has no checkpoint.
    """
    from .evaluate import evaluate_run

    checkpoint = run.best or run.latest
    if checkpoint is None:
        raise ConfigError(f"the run {run.path} has no checkpoint yet; train it first.")
    evaluate_run(run.config, checkpoint, (), run.path / EVALUATION, quiet=quiet, shown=False)


def _methods_of_runs(runs: Sequence[tuple[str, EvaluationFolder]], metric: str) -> list[Method]:
    from memdojo.eval.compare import Method, group_by_name

    methods = []
    for name, positions in group_by_name([name for name, _ in runs]).items():
        tables: list[Any] = []
        for position in positions:
            run, folder = runs[position]
            if not folder.learned:
                raise ConfigError(f"the evaluation of {run} has no learned policy; evaluate the run again.")
            # The checkpoint is played before what it began with.
            tables += folder.runs(folder.learned[0], metric)
        methods.append(Method(name, tuple(tables)))
    return methods


def _methods_of_folders(found: _Found, folders: Sequence[EvaluationFolder], metric: str) -> list[Method]:
    """Return the policies of evaluations that were named, and the baselines that were."""
    from memdojo.eval.compare import Method

    learned: dict[str, list[Any]] = {}
    hand_made: dict[str, tuple[Any, ...]] = {}
    for folder in found.evaluations:
        for name in folder.learned:
            learned.setdefault(name, []).extend(folder.runs(name, metric))
        for name in folder.baselines:
            hand_made.setdefault(name, folder.runs(name, metric))
    for name in found.baselines:
        if name not in hand_made:
            hand_made[name] = _baseline_runs(name, folders, metric)
    return [
        *(Method(name, tuple(runs)) for name, runs in learned.items()),
        *(Method(name, runs, is_baseline=True) for name, runs in hand_made.items()),
    ]


def _baseline_runs(name: str, folders: Sequence[EvaluationFolder], metric: str) -> tuple[Any, ...]:
    """Return the runs of a baseline out of the first evaluation that has it; else it is evaluated there."""
    for folder in folders:
        if name in folder.baselines:
            return folder.runs(name, metric)
    first = folders[0]
    typer.echo(f"{first.path} has no {name} yet; evaluating it there", err=True)
    report = _evaluated(first, name)
    questions = report.evaluation.of(name)
    column = metric or "score"
    table = questions[["seed", "group", "stream", "question"]].assign(score=questions[column])
    return tuple(run.drop(columns="seed") for _, run in table.groupby("seed", sort=True))


def _evaluated(folder: EvaluationFolder, name: str) -> Any:
    from memdojo.eval.records.files import read_conditions, read_streams
    from memdojo.eval.report import run_evaluation

    settings = _settings_of(folder)
    conditions = read_conditions(folder.path)
    is_manager = _is_manager(folder)
    target: Any = [make_baseline(name) if is_manager else make_retriever_baseline(name)]
    streams = read_streams(folder.path)
    return run_evaluation(target, streams, settings, seed=int(conditions["seed"]), folder=folder.path)


def _settings_of(folder: EvaluationFolder) -> EvalSettings:
    """Return the settings of an evaluation, with whom it asked.

    Raises:
        ConfigError: If answerer, retriever or memories are none that a name stands for.
    """
    import dataclasses

    from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
    from memdojo.eval.rescoring import recorded_settings

    settings = recorded_settings(folder.path, score=str(folder.details["score"]))
    asked = folder.details["settings"]
    answerer = None
    if asked["answerer"] is not None:
        answerer = CachedAnswerer(ExtractiveAnswerer())
        if answerer.fingerprint != asked["answerer"]:
            raise ConfigError(
                f"the answers in {folder.path} are those of {asked['answerer']}, which only memdojo eval "
                "can ask; evaluate the baseline there."
            )
    if asked.get("memories") is not None:
        raise ConfigError(
            f"{folder.path} was evaluated over memories that {asked['memories']} wrote; evaluate the "
            "baseline with memdojo eval."
        )
    retriever = make_retriever_baseline(str(asked["retriever"]))
    return dataclasses.replace(settings, answerer=answerer, retriever=retriever)


def _is_manager(folder: EvaluationFolder) -> bool:
    from memdojo.eval.records.files import read_episodes

    return any(step.turns for record in read_episodes(folder.path) for step in record.steps)


def _evaluated_baselines(
    names: Sequence[str],
    spec: str | None,
    options: dict[str, Any],
    capacity_share: float | None,
    task: str,
) -> EvaluationFolder:
    """Evaluate baselines where nothing else was named."""
    from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
    from memdojo.envs.streams.registry import load_streams
    from memdojo.eval.compare import EvaluationFolder
    from memdojo.eval.playing.settings import EvalSettings
    from memdojo.eval.report import run_evaluation

    if spec is None:
        raise ConfigError(
            "only baselines are named and --streams is missing; name the streams, such as synthetic:test."
        )
    make: Any = make_baseline if task == "manager" else make_retriever_baseline
    settings = EvalSettings(capacity_share=capacity_share, answerer=CachedAnswerer(ExtractiveAnswerer()))
    report = run_evaluation([make(name) for name in names], load_streams(spec, **options), settings)
    return EvaluationFolder(Path(), report.evaluation.questions, report.as_json())


def _common_score(folders: Sequence[EvaluationFolder], metric: str) -> str:
    scores = {str(folder.details["score"]) for folder in folders}
    if not metric and len(scores) > 1:
        raise ConfigError(
            f"the evaluations have the scores {', '.join(sorted(scores))}; choose one by --metric."
        )
    return metric or scores.pop()


def _notes(folders: Sequence[EvaluationFolder]) -> list[str]:
    """Say in what the evaluations differ although their scores are compared."""
    free = ("score", "ranks", "num_seeds", "failed_below", "batch_size")
    first = folders[0]
    notes = []
    for other in folders[1:]:
        ours, theirs = first.details["settings"], other.details["settings"]
        differing = [
            name for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)
        ]
        notes += [
            f"note: {first.path} was evaluated with {name} = {ours.get(name)!r} and {other.path} with "
            f"{theirs.get(name)!r}."
            for name in differing
            if name not in free
        ]
    return notes
