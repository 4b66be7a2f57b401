"""Comparison of methods: several runs each, on the same questions, with the statistics a paper needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from memdojo.agents.baselines.registry import ALL_KNOWING
from memdojo.envs.streams.files import user_path
from memdojo.envs.streams.json_text import read_json
from memdojo.errors import ConfigError, DataError, unknown_name

from .findings.experience import TASK
from .records.damage import told_as_damage
from .statistics.bootstrap import (
    MIN_UNITS,
    NUM_RESAMPLES,
    ResamplingUnit,
    bootstrap_difference,
    bootstrap_mean,
    question_means,
)
from .statistics.reliable import (
    Scores,
    improvement_interval,
    interquartile_interval,
    interquartile_mean,
    probability_of_improvement,
)
from .tables import escaping
from .tables.render import MISSING, TOO_FEW, Grid, interval, percent, signed_percent

_KEYS = ["group", "stream", "question"]

_NUMBER_AT_THE_END = re.compile(r"[-_. ]?(?:seed[-_]?|s)?\d+$")


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """What is compared: a policy in one or several runs.

    Attributes:
        name: Names it in the table.
        runs: For each run (a training seed, or a repetition of a policy that draws) its questions, with the
            columns `group`, `stream`, `question` and `score`.
        is_baseline: True if it is hand-made.
    """

    name: str
    runs: tuple[pd.DataFrame, ...]
    is_baseline: bool = False


class _Row(BaseModel):
    """A row of a table in `eval.json`; its figures may be missing."""

    model_config = ConfigDict(extra="allow", strict=True)
    policy: str


class _SummaryRow(_Row):
    baseline: bool
    score: float | None
    low: float | None
    high: float | None
    normalised: float | None
    num_questions: int
    unscored: int
    num_units: int
    unit: ResamplingUnit = Field(strict=False)


class _PairedRow(_Row):
    minus: str
    difference: float | None
    low: float | None
    high: float | None
    excludes_zero: bool | None
    num_questions: int


class _Stream(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    id: str
    group: str
    source: str


class _Settings(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    failed_below: float
    top_k: int
    retriever: str


class _Details(BaseModel):
    """What readers of `eval.json` rely on."""

    model_config = ConfigDict(extra="allow", strict=True)
    score: str
    settings: _Settings
    streams: list[_Stream]
    summary: list[_SummaryRow] = Field(min_length=1)
    paired: list[_PairedRow]

    @classmethod
    def check(cls, details: object) -> dict[str, Any]:
        """Return the details if they have all of it."""
        cls.model_validate(details)
        assert isinstance(details, dict)  # It was validated.
        return details


def _numbered(questions: pd.DataFrame) -> pd.DataFrame:
    """Return the questions with numbers where there must be some; `ValueError` where there are none."""
    missing = {"policy", "seed", "score", "asked_after_turns", *_KEYS} - {*questions}
    if missing:
        raise ValueError(f"eval.csv has no column {', '.join(sorted(missing))}")
    tasks = {TASK: pd.to_numeric(questions[TASK])} if TASK in questions else {}
    return questions.assign(
        seed=pd.to_numeric(questions["seed"]).astype("int64"),
        score=pd.to_numeric(questions["score"]).astype("float64"),
        **tasks,
    )


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationFolder:
    """What `memdojo eval --out` wrote.

    Attributes:
        path: The folder.
        questions: `eval.csv`.
        details: `eval.json`.
    """

    path: Path
    questions: pd.DataFrame
    details: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> EvaluationFolder:
        """Read a folder.

        Raises:
            DataError: If it has no evaluation, or a damaged one.
        """
        path = user_path(path)
        try:
            questions = pd.read_csv(
                path / "eval.csv",
                dtype=dict.fromkeys(("policy", *_KEYS, "category"), str),
                keep_default_na=False,
                na_values={"score": [""]},
            )
            details = read_json(path / "eval.json", f"Make it again with memdojo eval ... --out {path}.")
        except FileNotFoundError:
            raise DataError(
                f"{path} has no evaluation; make one with memdojo eval ... --out {path}."
            ) from None
        except (OSError, ValueError) as error:
            raise DataError(f"the evaluation in {path} cannot be read: {error}; make it again.") from error
        with told_as_damage(path):
            return cls(path, escaping.read_texts(_numbered(questions)), _Details.check(details))

    @property
    def baselines(self) -> tuple[str, ...]:
        """Names of the hand-made policies in it."""
        return tuple(row["policy"] for row in self.details["summary"] if row["baseline"])

    @property
    def learned(self) -> tuple[str, ...]:
        """Names of the others, in the order in which they were played."""
        return tuple(name for name in self.questions["policy"].unique() if name not in self.baselines)

    def runs(self, policy: str, column: str = "") -> tuple[pd.DataFrame, ...]:
        """Return the questions of a policy, one table for each repetition.

        Args:
            policy: Its name.
            column: What counts; "" takes the column that counted in the evaluation.

        Raises:
            UnknownNameError: If the evaluation has no such policy or column.
        """
        rows = self.questions[self.questions["policy"] == policy]
        if rows.empty:
            raise unknown_name(f"policy in {self.path}", policy, self.questions["policy"].unique())
        column = column or "score"
        if column not in rows:
            known = [name for name in rows if name in _numeric(rows)]
            raise unknown_name(f"column of {self.path / 'eval.csv'}", column, known)
        table = rows[["seed", *_KEYS]].assign(score=pd.to_numeric(rows[column], errors="coerce"))
        return tuple(run.drop(columns="seed") for _, run in table.groupby("seed", sort=True))


def group_by_name(names: Sequence[str]) -> dict[str, list[int]]:
    """Put names that differ in nothing but a number at the end under the name without it.

    `x-0`, `x-1` and `x_seed2` are seeds of `x`; a name that stands alone stays as it is.

    Returns:
        The positions of the names, by the name of the group.
    """
    by_stem: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        by_stem.setdefault(_NUMBER_AT_THE_END.sub("", name) or name, []).append(position)
    return {
        stem if len(positions) > 1 else names[positions[0]]: positions for stem, positions in by_stem.items()
    }


def compare(
    methods: Sequence[Method],
    reference: str | None = None,
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> pd.DataFrame:
    """Compare methods over the questions that all of their runs have scored.

    Args:
        methods: At least two, of distinct names.
        reference: Name of the method that differences are from; None takes the best of the hand-made ones
            (those left out that know the stream), else the first method.
        seed: Seeds the resampling.
        num_resamples: How many resamples an interval takes.

    Returns:
        One row per method, the best score first: `method`, `runs`, `groups`, `questions`; `score`, `low`,
        `high` (mean over questions, after the mean over runs; interval over groups); `iqm`, `iqm_low`,
        `iqm_high` (over runs and groups; interval over runs); `minus`, `difference`, `difference_low`,
        `difference_high`, `excludes_zero` (paired, over groups; the last is None where groups are too few to
        tell); `improvement`, `improvement_low`, `improvement_high` (probability of improvement over `minus`).
        The last three groups are NaN where they do not exist, as in the row of the reference.

    Raises:
        ConfigError: If there are fewer than two methods, a name repeats, or no question is common to all.
        UnknownNameError: If no method is called `reference`.
    """
    names = [method.name for method in methods]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigError(f"the methods are {names}; give at least two, each once.")
    common = _common_questions(methods)
    shared = {method.name: [run.merge(common, on=_KEYS) for run in method.runs] for method in methods}
    chosen = reference or _best_reference(methods, shared)
    if chosen not in shared:
        raise unknown_name("method", chosen, names)
    how: dict[str, Any] = {"seed": seed, "num_resamples": num_resamples}
    rows = [_row(name, shared[name], chosen, shared[chosen], how) for name in names]
    return pd.DataFrame(rows).sort_values("score", ascending=False, kind="stable", ignore_index=True)


def group_scores(runs: Sequence[pd.DataFrame]) -> Scores:
    """Return the mean score of each run on each group, shape (num_runs, num_groups), groups by name."""
    return np.array([run.groupby("group", sort=True)["score"].mean().to_numpy(np.float64) for run in runs])


def _row(
    name: str,
    runs: Sequence[pd.DataFrame],
    reference: str,
    against: Sequence[pd.DataFrame],
    how: dict[str, Any],
) -> dict[str, object]:
    scores, others = group_scores(runs), group_scores(against)
    pooled = question_means(pd.concat(runs))
    mean = bootstrap_mean(pooled, **how)
    iqm_low, iqm_high = interquartile_interval(scores, **how)
    row: dict[str, object] = {
        "method": name,
        "runs": len(runs),
        "groups": scores.shape[1],
        "questions": len(pooled),
        "score": mean.mean,
        "low": mean.low,
        "high": mean.high,
        "iqm": interquartile_mean(scores),
        "iqm_low": iqm_low,
        "iqm_high": iqm_high,
        "minus": reference,
    }
    if name == reference:
        return row
    difference = bootstrap_difference(pd.concat(runs), pd.concat(against), **how)
    improvement_low, improvement_high = improvement_interval(scores, others, **how)
    return row | {
        "difference": difference.mean,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "excludes_zero": difference.excludes_zero,
        "improvement": probability_of_improvement(scores, others),
        "improvement_low": improvement_low,
        "improvement_high": improvement_high,
    }


def _common_questions(methods: Sequence[Method]) -> pd.DataFrame:
    common: pd.DataFrame | None = None
    for method in methods:
        for run in method.runs:
            scored = run.loc[run["score"].notna(), _KEYS]
            common = scored if common is None else common.merge(scored, on=_KEYS)
            if common.empty:
                raise ConfigError(
                    f"no question that the methods before it have scored is scored by {method.name}; "
                    "compare evaluations on the same streams."
                )
    assert common is not None  # There are methods, and each has a run.
    return common


def _best_reference(methods: Sequence[Method], shared: dict[str, list[pd.DataFrame]]) -> str:
    known = [method.name for method in methods if method.is_baseline and method.name not in ALL_KNOWING]
    return max(known, key=lambda name: _mean(shared[name])) if known else methods[0].name


def _mean(runs: Sequence[pd.DataFrame]) -> float:
    return float(pd.concat(runs)["score"].mean())


def _numeric(rows: pd.DataFrame) -> list[str]:
    return [
        str(name)
        for name in rows
        if name not in (*_KEYS, "seed") and pd.to_numeric(rows[name], errors="coerce").notna().any()
    ]


def compare_grid(table: pd.DataFrame, score: str, about: str = "") -> Grid:
    """Lay out a comparison for people and papers; all numbers but counts times 100.

    Args:
        table: As `compare` makes it.
        score: The column that was compared.
        about: A sentence about how the methods were evaluated.
    """
    rows = [
        (
            str(row["method"]),
            str(row["runs"]),
            f"{percent(row['score'])} {interval(row['low'], row['high'])}",
            f"{percent(row['iqm'])} {interval(row['iqm_low'], row['iqm_high'])}",
            _difference(row),
            f"{percent(row['improvement'])} {interval(row['improvement_low'], row['improvement_high'])}",
        )
        for row in table.to_dict("records")
    ]
    first = table.iloc[0]
    headers = ("method", "runs", score.replace("_", " "), "IQM", f"minus {first['minus']}", "P(improvement)")
    note = (
        f"x 100; {first['questions']} questions of {first['groups']} groups that all runs have scored. 95 % "
        "bootstrap intervals: of means and paired differences over groups, of IQM and P(improvement) over "
        "runs; * excludes 0."
    )
    if first["groups"] < MIN_UNITS:
        note = f"{note} {TOO_FEW}"
    tidy = tuple(tuple(_tidy(cell) for cell in cells) for cells in rows)
    return Grid("Comparison", headers, tidy, note).with_note(about)


def latex(grid: Grid) -> str:
    """Return a table as LaTeX, for the package booktabs."""
    columns = "l" + "r" * (len(grid.headers) - 1)
    lines = [
        r"\begin{tabular}{" + columns + "}",
        r"\toprule",
        " & ".join(map(escaping.latex, grid.headers)) + r" \\",
        r"\midrule",
        *(" & ".join(map(escaping.latex, cells)) + r" \\" for cells in grid.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join([*(f"% {line}" for line in (grid.title, grid.note) if line), *lines])


def comparison_text(table: pd.DataFrame, score: str, format: str, about: str = "") -> str:
    """Return a comparison as `markdown`, `latex` or `csv`, the last with all figures as they are.

    The other arguments are those of `compare_grid`.

    Raises:
        UnknownNameError: If there is no such format.
    """
    if format not in _FORMATS:
        raise unknown_name("format", format, _FORMATS)
    return _FORMATS[format](table, score, about)


_FORMATS: dict[str, Callable[[pd.DataFrame, str, str], str]] = {
    "markdown": lambda table, score, about: compare_grid(table, score, about).markdown(),
    "latex": lambda table, score, about: latex(compare_grid(table, score, about)),
    "csv": lambda table, score, about: escaping.csv_text(table).rstrip("\n"),
}


def _difference(row: dict[Any, Any]) -> str:
    star = "*" if row["excludes_zero"] is True else ""
    return (
        f"{signed_percent(row['difference'])}{star} {interval(row['difference_low'], row['difference_high'])}"
    )


def _tidy(cell: str) -> str:
    """Leave out a missing interval, and write a figure that is missing altogether as one dash."""
    return cell.removesuffix(f" {MISSING}") if cell != f"{MISSING} {MISSING}" else MISSING
