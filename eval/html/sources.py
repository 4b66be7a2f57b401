"""The sources of a report: folders of evaluations, and the metrics of runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from memdojo.agents.baselines.registry import LOWER_BOUND, UPPER_BOUND
from memdojo.envs.streams.files import user_path
from memdojo.errors import DataError

from ..compare import EvaluationFolder
from ..playing.missing import MAX_UNSCORED
from ..records.damage import told_as_damage
from ..records.files import EPISODES, STREAMS, read_conditions, read_episodes, read_streams
from ..records.types import EpisodeRecord
from ..rescoring import recorded_evaluation
from ..sweeps.report import SweepReport, read_sweeps
from ..tables.attacks import attack_grids
from ..tables.conditions import conditions_text
from ..tables.escaping import read_texts
from ..tables.findings import DECISION_COLUMNS, grids_of_findings, success_grid
from ..tables.render import Grid, category_grid, episode_grid, metric_grid, paired_grid, score_grid
from ..tables.results import category_names
from .theatre import Verdict

CAPACITIES, LENGTHS, SWEEPS = "capacities.csv", "lengths.csv", "sweeps.json"


@dataclass(frozen=True, slots=True, eq=False)
class RunMetrics:
    """What a run logged.

    Attributes:
        name: Of the run.
        lines: Those of `metrics.jsonl`, each with `update` and figures by name; None for one that is missing.
        facts: What to say about the run: names and values.
    """

    name: str
    lines: Sequence[Mapping[str, Any]]
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationPart:
    """An evaluation as a report shows it; made by `read_evaluation`.

    Attributes:
        name: Heads its section.
        folder: Where it lies.
        summary: As `summary_table` makes it.
        paired: As `paired_table` makes it.
        score: The column that counts.
        tables: `blame`, `decisions`, `plan`, `forgetting`, `growth`, `success_curve` and `attacks`, as far as
            there are any.
        has_episodes: Whether episodes were recorded.
    """

    name: str
    folder: EvaluationFolder
    summary: pd.DataFrame
    paired: pd.DataFrame
    score: str
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    has_episodes: bool = False

    @property
    def policies(self) -> list[str]:
        """All policies, the best first."""
        return [str(name) for name in self.summary["policy"]]

    @property
    def learned(self) -> list[str]:
        """Those that are not hand-made, the best first."""
        return [name for name in self.policies if name not in self.folder.baselines]

    @property
    def reference(self) -> str:
        """What paired differences are from: the best baseline, unless another was named."""
        return str(self.paired["minus"].iloc[0]) if len(self.paired) else ""

    @property
    def settings(self) -> str:
        """On what policies were evaluated and how, in two sentences."""
        return conditions_text(self.folder.details)

    @property
    def has_tasks(self) -> bool:
        """Whether streams have tasks, so that success has a curve."""
        return bool(len(self.tables.get("success_curve", ())))

    def score_grids(self) -> tuple[Grid, ...]:
        """Return the tables of scores and costs."""
        with told_as_damage(self.folder.path):
            by_category = (category_grid(self.summary, self.score),) if category_names(self.summary) else ()
            metrics = [name for name in self.summary if name in self._metric_columns()]
            success = (success_grid(self.tables["success_curve"], self.summary),) if self.has_tasks else ()
            max_unscored = self.folder.details["settings"].get("max_unscored", MAX_UNSCORED)
            return (
                score_grid(self.summary, self.score, max_unscored),
                *((paired_grid(self.paired),) if len(self.paired) else ()),
                *by_category,
                *success,
                metric_grid(self.summary, [str(name) for name in metrics]),
                episode_grid(self.summary),
            )

    def finding_grids(self) -> tuple[Grid, ...]:
        """Return the tables of the diagnosis; none where the evaluation is older than it."""
        if "blame" not in self.tables:
            return ()
        with told_as_damage(self.folder.path):
            failed_below = self.folder.details["settings"]["failed_below"]
            blames, plans, forgetting = (self.tables[name] for name in ("blame", "plan", "forgetting"))
            # An evaluation may be older than the diagnosis of decisions.
            decisions = self.tables.get("decisions", pd.DataFrame(columns=list(DECISION_COLUMNS)))
            grids = grids_of_findings(
                blames,
                decisions,
                plans,
                forgetting,
                self.policies,
                self.score,
                failed_below,
                has_tasks=self.has_tasks,
            )
            if "attacks" in self.tables:
                grids += attack_grids(self.tables["attacks"], self.policies)
            return grids

    def highlights(self) -> list[str]:
        """Return the policies of which figures show each: learned ones, the best baseline and the bounds."""
        known = [*self.learned, self.reference, UPPER_BOUND, LOWER_BOUND]
        return list(dict.fromkeys(name for name in known if name in self.policies))

    def _metric_columns(self) -> set[str]:
        names = [str(name) for name in self.folder.questions.columns]
        return set(names[names.index("score") + 1 : names.index("asked_after_turns")])


@dataclass(frozen=True, slots=True, eq=False)
class CurvesPart:
    """The same policies at several points of a difficulty; made by `find_curves`.

    Attributes:
        name: Heads its section.
        tables: Those of `evaluate_capacities` and `evaluate_lengths`, by the names of their files.
        sweeps: The sweeps, if there are any.
    """

    name: str
    tables: Mapping[str, pd.DataFrame]
    sweeps: SweepReport | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPart:
    """Validation episodes that a training recorded; made by `find_training`.

    Attributes:
        name: Of the run; the policies are it after so many updates.
        folder: Where the episodes lie.
        score: The column that counts.
    """

    name: str
    folder: Path
    score: str


Verdicts = dict[tuple[str, int, str], dict[str, Verdict]]
"""The diagnosis of each question, by policy, repetition and stream of its episode."""


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def read_evaluation(folder: str | Path, name: str = "") -> EvaluationPart:
    """Read what `memdojo eval --out` wrote.

    Args:
        folder: Where it lies.
        name: Heads its section; "" takes the folder's.

    Raises:
        DataError: If there is no evaluation, or a damaged one.
    """
    read = EvaluationFolder.read(folder)
    path = read.path
    with told_as_damage(path):
        tables = {}
        for each in ("blame", "decisions", "plan", "forgetting", "growth", "success_curve", "attacks"):
            if (path / f"{each}.csv").is_file():
                tables[each] = _read_table(path / f"{each}.csv")
        has_episodes = (path / EPISODES).is_file() and (path / STREAMS).is_file()
        summary, paired = (_frame(read.details[each]) for each in ("summary", "paired"))
        name = name or path.resolve().name
        return EvaluationPart(name, read, summary, paired, read.details["score"], tables, has_episodes)


def find_curves(folder: str | Path, name: str = "") -> CurvesPart | None:
    """Return the curves and sweeps of a folder, None where it has none.

    Args:
        folder: What `memdojo sweep --out`, or `memdojo eval --out` with `--capacities` or `--lengths`, wrote.
        name: Heads the section; "" takes the folder's.

    Raises:
        DataError: If a file is damaged.
    """
    path = user_path(folder)
    tables = {each: _read_table(path / each) for each in (CAPACITIES, LENGTHS) if (path / each).is_file()}
    with told_as_damage(path):
        sweeps = read_sweeps(path) if (path / SWEEPS).is_file() else None
    if not tables and sweeps is None:
        return None
    return CurvesPart(name or path.resolve().name, tables, sweeps)


def find_training(folder: str | Path, name: str, score: str) -> TrainingPart | None:
    """Return the validation episodes of a training, None where it recorded none.

    Args:
        folder: The `trajectories/` of a run.
        name: Of the run.
        score: The column that counts; that of the run's metric.
    """
    path = user_path(folder)
    has_episodes = (path / EPISODES).is_file() and (path / STREAMS).is_file()
    return TrainingPart(name, path, score) if has_episodes else None


def verdicts_of(part: EvaluationPart) -> Verdicts:
    """Return what an evaluation found out about its questions."""
    path = part.folder.path / "diagnosis.csv"
    failures = _read_table(path, texts=True) if path.is_file() else pd.DataFrame()
    with told_as_damage(part.folder.path):
        return _verdicts(part.folder.questions, failures)


def verdicts_of_training(part: TrainingPart) -> Verdicts:
    """Return the scores and failures of recorded episodes, which have no tables beside them."""
    evaluation = recorded_evaluation(part.folder, part.score)
    return _verdicts(evaluation.questions, evaluation.findings.failures)


def _verdicts(questions: pd.DataFrame, failures: pd.DataFrame) -> Verdicts:
    found: Verdicts = {}
    for row in rows_of(questions[["policy", "seed", "stream", "question", "score"]]):
        key = row["policy"], int(row["seed"]), row["stream"]
        found.setdefault(key, {})[row["question"]] = Verdict(float(row["score"]))
    for row in rows_of(failures):
        key = row["policy"], int(row["seed"]), row["stream"]
        places = {name: _whole(row[name]) for name in ("step", "operation", "entry", "rank")}
        # An evaluation may be older than the diagnosis of decisions.
        places["decision"] = _whole(row.get("decision_place", ""))
        verdict = Verdict(
            found[key][row["question"]].score, row["blame"], row["cause"], row["turn"], **places
        )
        found[key][row["question"]] = verdict
    return found


def first_episodes(part: EvaluationPart) -> Iterator[EpisodeRecord]:
    """Yield the first episode of each policy on each stream."""
    for record in read_episodes(part.folder.path):
        if record.repetition == 0:
            yield record


def conditions_of(part: EvaluationPart) -> dict[str, Any]:
    """Return under which conditions the episodes were played."""
    return read_conditions(part.folder.path)


def streams_of(part: EvaluationPart) -> list[Any]:
    """Return the streams on which they were played."""
    return read_streams(part.folder.path)


def _frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(records)
    # What was not available became null, also in columns of nothing else.
    texts = ("policy", "minus", "unit", "baseline", "excludes_zero")
    numbers = [name for name in table.columns if name not in texts]
    return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})


def _read_table(path: Path, *, texts: bool = False) -> pd.DataFrame:
    try:
        if texts:
            return read_texts(pd.read_csv(path, dtype=str, keep_default_na=False))
        # A policy or a category may be called `nan` or `NA`.
        names = dict.fromkeys(("policy", "category", "decision", "option", "adversary"), str)
        numbers = pd.read_csv(path, nrows=0).columns.difference(list(names))
        table = pd.read_csv(
            path, dtype=names, keep_default_na=False, na_values={name: [""] for name in numbers}
        )
        return read_texts(table)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}; evaluate again.") from error


def _whole(value: Any) -> int | None:
    return None if value == "" or pd.isna(value) else int(float(value))
