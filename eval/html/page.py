"""The page: a whole report in one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from memdojo.envs.streams.files import atomic_writer, user_path
from memdojo.errors import ConfigError

from ..compare import Method, compare, compare_grid, group_by_name
from ..records.damage import told_as_damage
from ..tables.render import Grid, interval, percent, signed_percent
from ..tables.results import category_names
from . import plots_curves, plots_evaluation, plots_learning
from .escaping import csp_hash, json_for_script
from .plots import BOUNDS, Plot, Plots
from .sources import CurvesPart, EvaluationPart, RunMetrics, TrainingPart, rows_of
from .theatre_stage import Stage, set_stage

MAX_BYTES = 20_000_000
"""No report is larger, unless its tables and figures alone are."""
NUM_STREAMS = 8
"""How many streams of an evaluation the theatre shows by default."""

_OUTSIDE = 4_000
"""Bytes of the theatre's section that are not in its blocks: sentences of what is left out, and the like."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """What was written.

    Attributes:
        path: The file.
        num_bytes: Its size.
        num_streams, num_episodes: What the theatre shows.
        left_out: Sentences that say what it does not.
    """

    path: Path
    num_bytes: int
    num_streams: int
    num_episodes: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A grid with what the page says of its rows: `learned`, `bound` or "", by the name in the first cell."""

    grid: Grid
    marks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Section:
    """An evaluation as the page lays it out."""

    part: EvaluationPart
    cards: list[dict[str, str]]
    scores: list[Plot]
    score_tables: list[_Table]
    diagnosis: list[Plot]
    diagnosis_tables: list[_Table]


@dataclass(frozen=True, slots=True)
class _Curves:
    """Figures and tables over the points of a difficulty."""

    title: str
    plots: list[Plot]
    tables: list[_Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """How a report looks, and how much it shows.

    Attributes:
        title: Heads the page; "" makes one of the names.
        num_streams: How many streams of an evaluation or training the theatre shows; 0 leaves the episodes
            out.
        max_bytes: Episodes that would make the file larger than this are left out, and the page says so.
        hints: Sentences for the reader of the page, such as how to record episodes that are missing.

    Raises:
        ConfigError: If `num_streams` is negative.
    """

    title: str = ""
    num_streams: int = NUM_STREAMS
    max_bytes: int = MAX_BYTES
    hints: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.num_streams < 0:
            raise ConfigError(f"the number of streams is {self.num_streams}; give 0 or more.")


def write_report(
    path: str | Path,
    evaluations: Sequence[EvaluationPart],
    runs: Sequence[RunMetrics] = (),
    curves: Sequence[CurvesPart] = (),
    trainings: Sequence[TrainingPart] = (),
    settings: PageSettings | None = None,
) -> ReportFile:
    """Write a report as one HTML file.

    Args:
        path: Where it appears, whole or not at all.
        evaluations: Each gets a section; their recorded episodes are shown in one theatre.
        runs: Whose learning curves are drawn.
        curves: Scores at several points of a difficulty, and sweeps.
        trainings: Episodes that were recorded while runs were trained; shown in the theatre as well.
        settings: Of the page; None takes the defaults.

    Raises:
        ConfigError: If there is nothing to report.
        DataError: If recorded episodes cannot be read or the file cannot be written.
    """
    if not evaluations and not curves and not trainings and not any(run.lines for run in runs):
        raise ConfigError("there are neither evaluations nor metrics; evaluate or train something first.")
    settings = settings or PageSettings()
    given: tuple[RunMetrics | EvaluationPart | CurvesPart | TrainingPart, ...] = (
        *runs,
        *evaluations,
        *curves,
        *trainings,
    )
    names = dict.fromkeys(each.name for each in given)
    folders = [*(part.folder.path for part in evaluations), *(part.folder for part in trainings)]
    with told_as_damage(*(folders or names)):
        content: dict[str, Any] = {
            "title": settings.title or " · ".join(names),
            "runs": [run for run in runs if run.lines],
            "learning": plots_learning.learning_curves([run for run in runs if run.lines]),
            "sections": [_section(part, place) for place, part in enumerate(evaluations)],
            "comparison": _comparison(evaluations),
            "curves": _curves(curves),
            "hints": list(settings.hints),
        }
        without = _render(content, Stage({"streams": []}, {}))
        left = settings.max_bytes - len(without.encode()) - _OUTSIDE
        stage = set_stage(evaluations, settings.num_streams, max(left, 0), trainings)
        html = _render(content, stage)
    path = user_path(path)
    with atomic_writer(path) as file:
        file.write(html)
    streams = stage.index["streams"]
    episodes = sum(len(stream["episodes"]) for stream in streams)
    return ReportFile(path, len(html.encode()), len(streams), episodes, stage.left_out)


def _render(content: Mapping[str, Any], stage: Stage) -> str:
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src {csp_hash(style)}; script-src {csp_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        content,
        style=Markup(style),
        script=Markup(script),
        policy=policy,
        stage=stage,
        index=Markup(json_for_script(stage.index)),
        safe=Markup,
    )


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _section(part: EvaluationPart, place: int) -> _Section:
    plots = Plots(f"figure{place}-")
    diagnosis = []
    if "blame" in part.tables:
        diagnosis.append(plots_evaluation.blame_plot(plots, part))
    if len(part.tables.get("forgetting", ())):
        diagnosis.append(plots_evaluation.forgetting_plot(plots, part))
    if len(part.tables.get("growth", ())):
        diagnosis += plots_evaluation.growth_plots(plots, part)
    marks = _marks(part)
    return _Section(
        part,
        _cards(part),
        _score_plots(plots, part),
        [_Table(grid, marks) for grid in part.score_grids()],
        diagnosis,
        [_Table(grid, marks) for grid in part.finding_grids()],
    )


def _score_plots(plots: Plots, part: EvaluationPart) -> list[Plot]:
    drawn = [plots_evaluation.score_plot(plots, part)]
    if len(category_names(part.summary)) > 1:
        drawn.append(plots_evaluation.category_plot(plots, part))
    if part.has_tasks:
        drawn.append(plots_evaluation.success_plot(plots, part))
    return drawn


def _curves(parts: Sequence[CurvesPart]) -> list[_Curves]:
    sections = []
    for place, part in enumerate(parts):
        plots = Plots(f"curves{place}-")
        drawn = plots_curves.curve_plots(plots, part)
        grids: tuple[Grid, ...] = ()
        if part.sweeps is not None:
            drawn += plots_curves.sweep_plots(plots, part.sweeps)
            grids = part.sweeps.grids
        sections.append(_Curves(part.name, drawn, [_Table(grid, {}) for grid in grids]))
    return sections


def _marks(part: EvaluationPart) -> dict[str, str]:
    bounds = dict.fromkeys(BOUNDS, "bound")
    return bounds | dict.fromkeys(part.learned, "learned") | {part.reference: "reference"}


def _cards(part: EvaluationPart) -> list[dict[str, str]]:
    """Return what to know at a glance: each learned policy, else the best baseline."""
    summary, paired = ({row["policy"]: row for row in rows_of(each)} for each in (part.summary, part.paired))
    cards = []
    for name in part.learned or [part.reference or part.policies[0]]:
        row, card = summary[name], {"name": name, "difference": "", "difference_interval": ""}
        card |= {"score": percent(row["score"]), "interval": interval(row["low"], row["high"])}
        card["normalised"] = percent(row["normalised"])
        if name in paired:
            row = paired[name]
            card["difference"] = signed_percent(row["difference"])
            card["difference_interval"] = interval(row["low"], row["high"])
        cards.append(card)
    return cards


def _comparison(parts: Sequence[EvaluationPart]) -> _Table | None:
    """Compare the learned policies of several evaluations, where they share a score and questions."""
    if len(parts) < 2 or len({part.score for part in parts}) > 1:
        return None
    runs: list[tuple[str, tuple[pd.DataFrame, ...]]] = []
    for part in parts:
        for policy in part.learned:
            name = part.name if len(part.learned) == 1 else policy
            runs.append((name, part.folder.runs(policy)))
    methods = [
        Method(name, tuple(run for position in positions for run in runs[position][1]))
        for name, positions in group_by_name([name for name, _ in runs]).items()
    ]
    first = parts[0]
    if first.reference in first.folder.baselines and first.reference not in {each.name for each in methods}:
        methods.append(Method(first.reference, first.folder.runs(first.reference), is_baseline=True))
    if len(methods) < 2 or not _share_questions(methods):
        return None
    table = compare(methods)
    return _Table(compare_grid(table, first.score), dict.fromkeys((name for name, _ in runs), "learned"))


def _share_questions(methods: Sequence[Method]) -> bool:
    keys = ["group", "stream", "question"]
    asked = [
        set(run.loc[run["score"].notna(), keys].itertuples(index=False, name=None))
        for method in methods
        for run in method.runs
    ]
    return bool(set.intersection(*asked))
