"""Scores at several points of a difficulty: capacity, length and the sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from memdojo.agents.baselines.registry import ALL_KNOWING, list_baselines, list_retriever_baselines

from ..sweeps.figures import set_values
from ..sweeps.report import SweepReport
from .plots import (
    BOUNDS,
    MARKERS,
    WIDE,
    Plot,
    Plots,
    legend_above,
    policy_lines,
    policy_style,
    short_name,
)
from .sources import CurvesPart, rows_of


def curve_plots(plots: Plots, part: CurvesPart) -> list[Plot]:
    """Draw score against capacity, tokens and length, as far as they were evaluated."""
    figures = []
    for table in part.tables.values():
        point = str(table.columns[0])
        columns = {point: point.replace("_", " ")}
        if point == "capacity_share":
            columns["final_tokens"] = "tokens in the store at the end"
        shown = _that_matter(table)
        for column, label in columns.items():
            lines = {
                str(policy): [(row[column], 100 * row["score"]) for row in rows_of(rows)]
                for policy, rows in table.sort_values(point).groupby("policy", sort=False)
            }
            draw = partial(Axes.set_xlabel, xlabel=label)
            figures.append(policy_lines(plots, shown, lines, f"Score by {label}", "score × 100", draw))
    return figures


def sweep_plots(plots: Plots, sweeps: SweepReport) -> list[Plot]:
    """Draw the normalised scores of each sweep with their intervals."""
    figures = []
    for name, tests in sweeps.tests.items():
        table = sweeps.table[sweeps.table["sweep"] == name]
        shown = [str(each) for each in table["policy"].unique() if each not in BOUNDS]
        values = sorted(table["value"].unique())
        described = []
        with plots.axes(WIDE, 2.7) as (figure, axes):
            for place, policy in enumerate(shown):
                points = rows_of(table[table["policy"] == policy].sort_values("value"))
                _draw_sweep(axes, policy, place, points)
                first, last = (100 * points[end]["normalised"] for end in (0, -1))
                described.append(f"{policy} from {first:.1f} to {last:.1f}")
            set_values(axes, values)
            axes.set_xlabel(str(table["option"].iloc[0]).replace("_", " "))
            axes.set_ylabel("normalised × 100")
            legend_above(figure)
            title = name.replace("_", " ")
            figures.append(plots.finish(figure, title, f"{title}: {'; '.join(described)}.", tests))
    return figures


def _draw_sweep(axes: Axes, policy: str, place: int, points: Sequence[dict[str, Any]]) -> None:
    values = [point["value"] for point in points]
    middle, low, high = (
        [100 * point[name] for point in points]
        for name in ("normalised", "normalised_low", "normalised_high")
    )
    how = policy_style(policy, place)
    axes.plot(values, middle, **how, marker=MARKERS[place % 6], markersize=4, label=short_name(policy))
    axes.vlines(values, low, high, color=how["color"], linewidth=0.9)


def _that_matter(table: pd.DataFrame) -> list[str]:
    """Return the learned policies of a curve, the best baseline and the bounds."""
    hand_made = {*list_baselines(), *list_retriever_baselines()}
    names = [str(name) for name in table["policy"].unique()]
    means = table.groupby("policy")["score"].mean()
    usable = [name for name in names if name in hand_made - ALL_KNOWING]
    learned = [name for name in names if name not in hand_made]
    best = sorted(usable, key=means.__getitem__)[-1:]
    return list(dict.fromkeys([*learned, *best, *(name for name in BOUNDS if name in names)]))
