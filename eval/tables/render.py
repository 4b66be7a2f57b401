"""Tables of an evaluation for people: on a terminal, as plain text, and as Markdown."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..playing.missing import MAX_UNSCORED
from ..statistics.bootstrap import MIN_UNITS, ResamplingUnit
from .escaping import markdown, one_line
from .results import AVERAGES, CATEGORY_PREFIX, STORE_AND_TIME_FIGURES, category_names, operation_figures

MISSING = "-"

TOO_FEW = f"Too few groups: with fewer than {MIN_UNITS} an interval says little, and none gives a verdict."


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text: the first column names the row, the others hold numbers.

    Names come from data and from other people, so what would break a line or a terminal is made visible.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", one_line(self.title))
        object.__setattr__(self, "headers", tuple(map(one_line, self.headers)))
        object.__setattr__(self, "rows", tuple(tuple(map(one_line, cells)) for cells in self.rows))
        object.__setattr__(self, "note", one_line(self.note))

    def with_note(self, sentence: str) -> Grid:
        """Return the table with a sentence before its note."""
        return dataclasses.replace(self, note=" ".join(filter(None, (sentence, self.note))))

    def plain(self) -> str:
        """Return aligned lines, as wide as they need to be."""
        widths = [max(map(len, column)) for column in zip(self.headers, *self.rows, strict=True)]
        lines = [self._line(cells, widths) for cells in (self.headers, *self.rows)]
        return "\n".join([self.title, *lines, *([self.note] if self.note else [])])

    def markdown(self) -> str:
        """Return the table in GitHub's Markdown."""
        rule = [":--", *["--:"] * (len(self.headers) - 1)]
        rows = [map(markdown, cells) for cells in (self.headers, *self.rows)]
        lines = [f"| {' | '.join(cells)} |" for cells in (rows[0], rule, *rows[1:])]
        note = ["", markdown(self.note)] if self.note else []
        return "\n".join([f"**{markdown(self.title)}**", "", *lines, *note])

    def rich(self) -> Table:
        """Return the table for a terminal."""
        table = Table(
            title=Text(self.title), title_justify="left", caption=Text(self.note), caption_justify="left"
        )
        table.box = SIMPLE_HEAD
        for place, header in enumerate(self.headers):
            table.add_column(header, justify="right" if place else "left", overflow="fold", no_wrap=not place)
        for cells in self.rows:
            # As Text, for a name with brackets would be read as markup.
            table.add_row(*map(Text, cells))
        return table

    @staticmethod
    def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
        numbers = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return "  ".join([cells[0].ljust(widths[0]), *numbers]).rstrip()


def score_grid(summary: pd.DataFrame, score: str, max_unscored: float = MAX_UNSCORED) -> Grid:
    """Lay out scores, intervals, normalised scores and the share of the tokens that was kept; all times 100.

    Args:
        summary: As `summary_table` makes it.
        score: The column that counts.
        max_unscored: Share of missing answers that is left out.
    """
    shows_tokens = "tokens_kept" in summary
    rows = [
        (
            row["policy"],
            percent(row["score"]),
            interval(row["low"], row["high"]),
            percent(row["normalised"]),
            str(row["num_questions"]),
            _unscored(row),
            *([percent(row["tokens_kept"])] if shows_tokens else []),
        )
        for row in summary.to_dict("records")
    ]
    headers = (
        "policy",
        score.replace("_", " "),
        "95 % interval",
        "normalised",
        "questions",
        "unscored",
        *(["tokens kept"] if shows_tokens else []),
    )
    notes = (_unit_note(summary), _unscored_note(summary, max_unscored))
    return Grid("Scores x 100", headers, tuple(rows), " ".join(filter(None, notes)))


def category_grid(summary: pd.DataFrame, score: str) -> Grid:
    """Lay out the score of the questions of each category, times 100."""
    categories = [*category_names(summary), *(column for column in AVERAGES if column in summary)]
    rows = [
        (row["policy"], *(percent(row[category]) for category in categories))
        for row in summary.to_dict("records")
    ]
    headers = (
        "policy",
        *map(_category_header, categories),
    )
    return Grid(f"{score.replace('_', ' ')} x 100 by category", headers, tuple(rows))


def _category_header(column: str) -> str:
    """Return the heading of a category or average; no category can be called as another column is."""
    if column in AVERAGES:
        return AVERAGES[column]
    name = column.removeprefix(CATEGORY_PREFIX)
    return column if name in {"policy", *AVERAGES.values()} else name


def metric_grid(summary: pd.DataFrame, metrics: Sequence[str]) -> Grid:
    """Lay out all metrics, times 100."""
    shown = [metric for metric in metrics if metric in summary]
    rows = [
        (row["policy"], *(percent(row[metric]) for metric in shown)) for row in summary.to_dict("records")
    ]
    headers = ("policy", *(metric.replace("_", " ") for metric in shown))
    return Grid("Metrics x 100", headers, tuple(rows))


def episode_grid(summary: pd.DataFrame) -> Grid:
    """Lay out what an episode's operations, store and time come to on average."""
    shown = [column for column in operation_figures(summary) if summary[column].any()]
    shown += [column for column in STORE_AND_TIME_FIGURES if column in summary]
    rows = [(row["policy"], *(number(row[column]) for column in shown)) for row in summary.to_dict("records")]
    headers = ("policy", *(column.replace("_", " ") for column in shown))
    return Grid("Operations, store and seconds, mean per episode", headers, tuple(rows))


def paired_grid(paired: pd.DataFrame) -> Grid:
    """Lay out paired differences (times 100)."""
    rows = [
        (
            row["policy"],
            signed_percent(row["difference"]),
            interval(row["low"], row["high"]),
            verdict(row["excludes_zero"]),
            str(row["num_questions"]),
        )
        for row in paired.to_dict("records")
    ]
    reference = paired["minus"].iloc[0]
    headers = ("policy", "difference", "95 % interval", "excludes 0", "questions")
    return Grid(f"Paired differences x 100 from {reference}", headers, tuple(rows), _unit_note(paired))


def print_grids(grids: Sequence[Grid], file: TextIO | None = None) -> None:
    """Print tables: framed on a terminal; elsewhere plain lines that nothing cuts or wraps."""
    file = sys.stdout if file is None else file
    console = Console(file=file)
    for grid in grids:
        if console.is_terminal:
            console.print(grid.rich())
        else:
            print(grid.plain(), end="\n\n", file=file)


def percent(value: float) -> str:
    """Return `value` times 100 with one decimal, or a dash for NaN."""
    return MISSING if math.isnan(value) else f"{100 * value:.1f}"


def signed_percent(value: float) -> str:
    """Return `value` times 100 with its sign and one decimal, or a dash for NaN."""
    return MISSING if math.isnan(value) else f"{100 * value:+.1f}"


def interval(low: float, high: float) -> str:
    """Return both ends times 100, or a dash where there is no interval."""
    return MISSING if math.isnan(low) else f"[{100 * low:.1f}, {100 * high:.1f}]"


def verdict(excludes_zero: object) -> str:
    """Return whether an interval excludes 0, in words; what is no boolean is no verdict."""
    return (
        {True: "yes", False: "no"}.get(excludes_zero, MISSING) if isinstance(excludes_zero, bool) else MISSING
    )


def number(value: float) -> str:
    """Return a count or a time with as many digits as mean something."""
    if math.isnan(value):
        return MISSING
    if value == 0:
        return "0"
    return f"{value:.2f}" if abs(value) < 1 else f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def _unscored(row: Mapping[Any, Any]) -> str:
    """Return the number of questions without a score, with a mark where they count as failed."""
    return f"{row['unscored']} as 0" if row.get("counted_failed") is True else str(row["unscored"])


def _unscored_note(summary: pd.DataFrame, max_unscored: float) -> str:
    """Say what became of answers that could not be had; nothing where all could."""
    if "unscored_share" not in summary or not summary["unscored_share"].any():
        return ""
    shares = ", ".join(
        f"{row['policy']} {row['unscored_share']:.1%}"
        for row in summary.to_dict("records")
        if row["unscored_share"]
    )
    return (
        f"Without answer or verdict: {shares}. They are left out up to {max_unscored:.0%} of a policy's, "
        "and above that all of them count 0."
    )


def _unit_note(table: pd.DataFrame) -> str:
    row: dict[Any, Any] = table.iloc[0].to_dict()
    num_units, unit = row["num_units"], row["unit"]
    if unit == ResamplingUnit.NONE:
        return "No intervals: they take at least two streams."
    few = f" {TOO_FEW}" if num_units < MIN_UNITS else ""
    if unit == ResamplingUnit.STREAM:
        return f"Intervals: bootstrap over {num_units} streams, because all are of one group.{few}"
    return f"Intervals: bootstrap over {num_units} groups.{few}"
