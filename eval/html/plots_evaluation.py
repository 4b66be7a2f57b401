"""The figures of an evaluation: scores, categories, success, blame, forgetting and growth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..findings.diagnosis import Blame
from ..findings.experience import TASK
from ..tables.findings import ALL_CATEGORIES
from ..tables.results import CATEGORY_PREFIX, category_names
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
from .sources import EvaluationPart, rows_of
from .svg import colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def score_plot(plots: Plots, part: EvaluationPart) -> Plot:
    """Draw the score of each policy with its interval."""
    rows = rows_of(part.summary)[::-1]
    names = [str(row["policy"]) for row in rows]
    described = []
    with plots.axes(WIDE, 0.55 + 0.27 * len(rows)) as (figure, axes):
        for place, (name, row) in enumerate(zip(names, rows, strict=True)):
            ours = name in part.learned
            ink = colour("series-1" if ours else "muted" if name in BOUNDS else "ink")
            if not math.isnan(row["low"]):
                axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=ink, linewidth=2.2)
            axes.plot(
                100 * row["score"],
                place,
                marker="o" if ours else "s",
                color=ink,
                markerfacecolor=ink if ours else colour("paper"),
                markersize=6,
            )
            described.append(f"{name} {100 * row['score']:.1f}")
        axes.set_yticks(range(len(rows)), [short_name(name) for name in names])
        for label, name in zip(axes.get_yticklabels(), names, strict=True):
            label.set_color(colour("ink"))
            label.set_fontweight("bold" if name in part.learned else "normal")
        axes.grid(visible=False, axis="y")
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlabel(f"{part.score.replace('_', ' ')} × 100, with 95 % intervals")
        alt = f"Scores with intervals: {', '.join(reversed(described))}."
        return plots.finish(figure, "Scores", alt, "Filled: learned. Hollow: hand-made, the bounds in grey.")


def category_plot(plots: Plots, part: EvaluationPart) -> Plot:
    """Draw the score of each category, of the policies that matter."""
    shown = part.highlights()
    rows = {row["policy"]: row for row in rows_of(part.summary)}
    categories = category_names(part.summary)
    labels = [short_name(name.removeprefix(CATEGORY_PREFIX)) for name in categories]
    with plots.axes(WIDE, 0.95 + 0.27 * len(categories)) as (figure, axes):
        for place, name in enumerate(shown):
            how = policy_style(name, place)
            values = [100 * rows[name][category] for category in categories]
            mark: dict[str, Any] = {
                "marker": MARKERS[place % 6],
                "color": how["color"],
                "linestyle": "none",
            }
            # The learned policies, which come first, lie on top.
            mark |= {"zorder": 9 - min(place, 6), "label": short_name(name), "markersize": 5.5}
            axes.plot(values, range(len(categories)), **mark)
        axes.set_yticks(range(len(categories)), labels)
        axes.invert_yaxis()
        axes.set_xlim(-2, 102)
        axes.set_xlabel(f"{part.score.replace('_', ' ')} × 100")
        legend_above(figure)
        return plots.finish(figure, "By category", "Score by category; the table below has the numbers.")


def success_plot(plots: Plots, part: EvaluationPart) -> Plot:
    """Draw the running mean of the success over streams of tasks."""
    table = part.tables["success_curve"]

    def draw(axes: Axes) -> None:
        axes.set_xlabel("tasks so far")
        axes.set_ylim(0, 100)

    lines = {
        str(name): [(float(row[TASK]), 100 * row["running_mean"]) for row in rows_of(rows)]
        for name, rows in table.groupby("policy", sort=False)
    }
    return policy_lines(plots, part.highlights(), lines, "Success so far", "% of the tasks", draw)


def blame_plot(plots: Plots, part: EvaluationPart) -> Plot:
    """Draw what share of the questions failed, and the causes of the failures."""
    table = part.tables["blame"]
    blames = {row["policy"]: row for row in rows_of(table[table["category"] == ALL_CATEGORIES])}
    policies = [name for name in reversed(part.policies) if name in blames]
    kinds = [blame.value for blame in Blame if blame is not Blame.UNKNOWN or table[blame.value].any()]
    described = []
    with plots.axes(WIDE, 0.75 + 0.27 * len(policies)) as (figure, axes):
        for place, name in enumerate(policies):
            row, left = blames[name], 0.0
            shares = {kind: 100 * row[kind] / max(row["questions"], 1) for kind in kinds}
            for kind, share in shares.items():
                _draw_bar(axes, place, left, share, kind)
                left += share
            causes = ", ".join(f"{kind} {share:.0f} %" for kind, share in shares.items())
            described.append(f"{name}: {causes}")
        axes.set_yticks(range(len(policies)), [short_name(name) for name in policies])
        axes.tick_params(axis="y", labelcolor=colour("ink"))
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the questions that failed, by blame")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, handlelength=1, borderpad=0)
        return plots.finish(figure, "Causes of failures", "; ".join(reversed(described)))


def _draw_bar(axes: Axes, place: int, left: float, share: float, kind: str) -> None:
    paper = colour("paper")
    label = None if place else kind
    axes.barh(place, share, 0.66, left, color=colour(kind), edgecolor=paper, linewidth=0.8, label=label)
    if share >= 6:
        # The paper's colour is legible on all of these in both themes.
        text = f"{share:.0f}"
        axes.text(left + share / 2, place, text, ha="center", va="center_baseline", color=paper)


def forgetting_plot(plots: Plots, part: EvaluationPart) -> Plot:
    """Draw the score by the distance between fact and question."""
    table = part.tables["forgetting"]
    bins = table[["age_from", "age_below"]].drop_duplicates().sort_values("age_from")
    places = {low: place for place, low in enumerate(bins["age_from"])}
    labels = [f"{low:g}+" if math.isinf(high) else f"{low:g}–{high - 1:g}" for low, high in bins.to_numpy()]

    def draw(axes: Axes) -> None:
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlabel("turns between the last evidence and the question")
        axes.set_ylim(0, 100)

    lines = {
        str(name): [(float(places[row["age_from"]]), 100 * row["score"]) for row in rows_of(rows)]
        for name, rows in table.groupby("policy", sort=False)
    }
    return policy_lines(
        plots, part.highlights(), lines, "Forgetting", f"{part.score.replace('_', ' ')} × 100", draw
    )


def growth_plots(plots: Plots, part: EvaluationPart) -> list[Plot]:
    """Draw what the memory came to over the stream."""
    table = part.tables["growth"]

    def draw(axes: Axes) -> None:
        axes.set_xlabel("% of the stream")
        axes.set_ylim(bottom=0)

    figures = []
    for column, title, times in (
        ("entries", "Entries in the store", 1),
        ("tokens", "Tokens in the store", 1),
        ("evidence_kept", "Evidence kept of the questions to come × 100", 100),
    ):
        lines = {
            str(name): [(100 * row["share"], times * row[column]) for row in rows_of(rows)]
            for name, rows in table.groupby("policy", sort=False)
        }
        figures.append(policy_lines(plots, part.highlights(), lines, title, "", draw))
    return figures
