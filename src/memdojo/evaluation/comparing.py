"""Runs, evaluations and baselines side by side, over the same questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from memdojo.agents.baselines.registry import (
    list_baselines,
    list_retriever_baselines,
    make_baseline,
    make_retriever_baseline,
)
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.memory.retrieval.retrievers import list_retrievers
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError
from memdojo.eval.compare import EvaluationFolder, Method, compare_grid, comparison_text, group_by_name
from memdojo.eval.compare import compare as compare_methods
from memdojo.eval.playing.evaluate import Progress
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import read_conditions, read_episodes, read_streams
from memdojo.eval.report import TABLE, EvalReport
from memdojo.eval.rescoring import recorded_settings
from memdojo.eval.run import run_evaluation
from memdojo.eval.tables.conditions import conditions_text
from memdojo.eval.tables.render import print_grids
from memdojo.train.config.name_or_path import named_path
from memdojo.train.runs.folder import CONFIG, EVALUATION, RunFolder

from .choices import EvalChoices
from .evaluating import evaluate_run
from .prepared import prepare

Tell = Callable[[str], None]
"""Called with a sentence about what is being done."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Methods side by side.

    Attributes:
        table: One row per method, as `memdojo.eval.compare.compare` explains.
        score: The column that was compared.
        about: On what the methods were evaluated, and how.
    """

    table: pd.DataFrame
    score: str
    about: str = ""

    def print(self, file: TextIO | None = None) -> None:
        """Print the table, to standard output unless told otherwise."""
        print_grids([compare_grid(self.table, self.score, self.about)], file)

    def text(self, format: str) -> str:
        """Return the table as `markdown`, `latex` or `csv`."""
        return comparison_text(self.table, self.score, format, self.about)


def compare(
    targets: Sequence[str | Path],
    streams: str | Sequence[Stream] | None = None,
    choices: EvalChoices | None = None,
    *,
    stream_options: Mapping[str, Any] | None = None,
    tell: Tell | None = None,
    progress: Progress | None = None,
    trust_run: bool = False,
) -> Comparison:
    """Compare methods on the same questions: paired differences, IQM and probability of improvement.

    What `memdojo compare` does. A run without an evaluation is evaluated as `memdojo train` does it, and a
    baseline that no folder has is evaluated on the streams of the first one. Runs whose names differ in
    nothing but a number at the end are seeds of one method.

    Args:
        targets: Runs, folders of evaluations (all of their policies), and names of baselines.
        streams: Held-out streams, where only baselines are named.
        choices: `metric` (a column of `eval.csv`; by default the evaluations' score), `reference` and `seed`;
            all others count where only baselines are named.
        stream_options: Options of the streams' source.
        tell: Called with what is evaluated on the way, and with differences between the evaluations.
        progress: Called after each batch of episodes that are played.
        trust_run: As for `memdojo.evaluate`, of runs that have to be evaluated.

    Raises:
        UnknownNameError: If a target is neither a name nor a folder, or there is no such reference or column.
        ConfigError: If a folder is neither a run nor an evaluation, the evaluations have different scores and
            no metric is chosen, or only baselines are named and no streams.
    """
    choices, tell = choices or EvalChoices(), tell or (lambda sentence: None)
    found = _find(targets, tell, progress, trust_run=trust_run)
    folders = found.folders
    if not folders:
        folders = (_evaluated_baselines(found.baselines, streams, stream_options, choices, progress),)
    score = _common_score(folders, choices.metric)
    for note in _differences(folders):
        tell(note)
    methods = [
        *_methods_of_runs(found.runs, choices.metric),
        *_methods_of_folders(found, folders, choices.metric, tell),
    ]
    table = compare_methods(methods, choices.reference, seed=choices.seed)
    return Comparison(table, score, conditions_text(folders[0].details))


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


def _find(targets: Sequence[str | Path], tell: Tell, progress: Progress | None, *, trust_run: bool) -> _Found:
    known = {*list_baselines(), *list_retriever_baselines(), *list_retrievers()}
    named = {target: named_path(target, "run, evaluation or baseline", known) for target in targets}
    paths = {target: path for target, path in named.items() if path is not None}
    runs = [target for target, path in paths.items() if (path / CONFIG).is_file()]
    folders = [target for target in paths if target not in runs]
    for target in folders:
        if not (paths[target] / TABLE).is_file():
            raise ConfigError(
                f"{target} is neither a run nor the folder of an evaluation; make one with "
                f"memdojo eval ... --out {target}."
            )
    names = [paths[run].name for run in runs]
    unique = [str(run) if names.count(name) > 1 else name for run, name in zip(runs, names, strict=True)]
    return _Found(
        tuple(
            (name, _evaluation_of(paths[run], tell, progress, trust_run=trust_run))
            for name, run in zip(unique, runs, strict=True)
        ),
        tuple(EvaluationFolder.read(paths[folder]) for folder in folders),
        tuple(str(target) for target, path in named.items() if path is None),
    )


def _evaluation_of(path: Path, tell: Tell, progress: Progress | None, *, trust_run: bool) -> EvaluationFolder:
    """Return the evaluation of a run, made now where there is none."""
    if not (path / EVALUATION / TABLE).is_file():
        tell(f"{path} has no evaluation yet; making it")
        evaluate_run(RunFolder.open(path), progress=progress, trust_run=trust_run)
    return EvaluationFolder.read(path / EVALUATION)


def _methods_of_runs(runs: Sequence[tuple[str, EvaluationFolder]], metric: str) -> list[Method]:
    methods = []
    for name, positions in group_by_name([name for name, _ in runs]).items():
        tables: list[pd.DataFrame] = []
        for position in positions:
            run, folder = runs[position]
            if not folder.learned:
                raise ConfigError(f"the evaluation of {run} has no learned policy; evaluate the run again.")
            # The checkpoint is played before what it began with.
            tables += folder.runs(folder.learned[0], metric)
        methods.append(Method(name, tuple(tables)))
    return methods


def _methods_of_folders(
    found: _Found, folders: Sequence[EvaluationFolder], metric: str, tell: Tell
) -> list[Method]:
    """Return the policies of evaluations that were named, and the baselines that were."""
    learned: dict[str, list[pd.DataFrame]] = {}
    hand_made: dict[str, tuple[pd.DataFrame, ...]] = {}
    for folder in found.evaluations:
        for name in folder.learned:
            learned.setdefault(name, []).extend(folder.runs(name, metric))
        for name in folder.baselines:
            hand_made.setdefault(name, folder.runs(name, metric))
    for name in found.baselines:
        if name not in hand_made:
            hand_made[name] = _baseline_runs(name, folders, metric, tell)
    return [
        *(Method(name, tuple(runs)) for name, runs in learned.items()),
        *(Method(name, runs, is_baseline=True) for name, runs in hand_made.items()),
    ]


def _baseline_runs(
    name: str, folders: Sequence[EvaluationFolder], metric: str, tell: Tell
) -> tuple[pd.DataFrame, ...]:
    """Return the runs of a baseline out of the first evaluation that has it; else it is evaluated there."""
    for folder in folders:
        if name in folder.baselines:
            return folder.runs(name, metric)
    tell(f"{folders[0].path} has no {name} yet; evaluating it there")
    questions = _evaluated(folders[0], name).evaluation.of(name)
    table = questions[["seed", "group", "stream", "question"]].assign(score=questions[metric or "score"])
    return tuple(run.drop(columns="seed") for _, run in table.groupby("seed", sort=True))


def _evaluated(folder: EvaluationFolder, name: str) -> EvalReport:
    """Play a baseline under the conditions of an evaluation."""
    settings = _settings_of(folder)
    is_manager = any(step.turns for record in read_episodes(folder.path) for step in record.steps)
    target: Any = [make_baseline(name) if is_manager else make_retriever_baseline(name)]
    seed = int(read_conditions(folder.path)["seed"])
    return run_evaluation(target, read_streams(folder.path), settings, seed=seed, folder=folder.path)


def _settings_of(folder: EvaluationFolder) -> EvalSettings:
    """Return the settings of an evaluation, with whom it asked.

    Raises:
        ConfigError: If answerer, retriever or memories are none that a name stands for.
    """
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


def _evaluated_baselines(
    names: Sequence[str],
    streams: str | Sequence[Stream] | None,
    options: Mapping[str, Any] | None,
    choices: EvalChoices,
    progress: Progress | None,
) -> EvaluationFolder:
    """Evaluate baselines where nothing else was named."""
    if streams is None:
        raise ConfigError(
            "only baselines are named and the streams are missing; name them, such as --streams "
            "synthetic:test."
        )
    # Any column can be compared afterwards, and so can any reference.
    choices = dataclasses.replace(choices, metric="", reference=None)
    report = prepare(names, streams, choices, stream_options=options).run(progress=progress)
    return EvaluationFolder(Path(), report.evaluation.questions, report.as_json())


def _common_score(folders: Sequence[EvaluationFolder], metric: str) -> str:
    scores = {str(folder.details["score"]) for folder in folders}
    if not metric and len(scores) > 1:
        raise ConfigError(
            f"the evaluations have the scores {', '.join(sorted(scores))}; choose one by metric (--metric)."
        )
    return metric or scores.pop()


def _differences(folders: Sequence[EvaluationFolder]) -> list[str]:
    """Say in what the evaluations differ although their scores are compared."""
    free = ("score", "ranks", "num_seeds", "failed_below", "max_unscored", "batch_size")
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
