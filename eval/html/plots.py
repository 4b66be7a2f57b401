"""Drawing for a page: themes, sizes, and lines of policies."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from memdojo.agents.baselines.registry import LOWER_BOUND, UPPER_BOUND

from .svg import colour, inline_svg

NUM_SERIES = 6
_MAX_NAME = 26
WIDE = 5.4
"""Inches: as wide as a column of the page, so that texts have one size."""
BOUNDS = (LOWER_BOUND, UPPER_BOUND)
"""Policies drawn in grey: bounds that no one could use in practice."""

_STYLE = {
    "font.size": 9,
    "axes.edgecolor": colour("rule"),
    "axes.labelcolor": colour("muted"),
    "axes.titlecolor": colour("ink"),
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": colour("rule"),
    "grid.linewidth": 0.6,
    "xtick.color": colour("muted"),
    "ytick.color": colour("muted"),
    "text.color": colour("ink"),
    # A name may have dollars in it.
    "text.parse_math": False,
    "legend.frameon": False,
    "legend.labelcolor": colour("ink"),
    "lines.linewidth": 1.6,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}

_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (5, 2, 1.5, 2)), (0, (8, 2)), (0, (3, 1)))
"""Lines differ by these as well as by colour."""
_LARGEST = 1e100
"""Much beyond it, margins and ticks overflow; damaged tables may hold any number."""
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure in a page.

    Attributes:
        title: Above it.
        svg: The element.
        note: Below it; may be empty.
    """

    title: str
    svg: str
    note: str = ""


class Plots:
    """Draws figures with distinct ids.

    Args:
        prefix: Begins the ids; no two of a page are alike.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0

    @contextlib.contextmanager
    def axes(self, width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
        """Give empty axes of a size in inches."""
        with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
            figure = Figure(figsize=(width, height), layout="constrained")
            yield figure, figure.subplots()

    def finish(self, figure: Figure, title: str, alt: str, note: str = "") -> Plot:
        """Return the figure for the page."""
        self._count += 1
        return Plot(title, inline_svg(figure, f"{self._prefix}{self._count}", alt), note)


def short_name(name: str) -> str:
    """Return a name that fits beside an axis, and that a legend shows."""
    half = _MAX_NAME // 2
    # Line breaks would leave no room for what is drawn.
    name = " ".join(name.split())
    short = name if len(name) <= _MAX_NAME else f"{name[: half - 1]}…{name[-half:]}"
    # To matplotlib a label with an underscore in front is one to hide.
    return f" {short}" if short.startswith("_") else short


def series_line(place: int) -> dict[str, Any]:
    """Return colour and dashes of a series."""
    return {
        "color": colour(f"series-{place % NUM_SERIES + 1}"),
        "linestyle": _DASHES[place // NUM_SERIES % 6 or place % 6],
    }


def policy_style(name: str, place: int) -> dict[str, Any]:
    """Return colour and dashes of a policy's line; the bounds are grey and dotted."""
    return {"color": colour("muted"), "linestyle": ":"} if name in BOUNDS else series_line(place)


def policy_lines(
    plots: Plots,
    highlights: Sequence[str],
    lines: Mapping[str, Sequence[tuple[float, float]]],
    title: str,
    y_label: str,
    draw: Callable[[Axes], object],
) -> Plot:
    """Draw a line per policy: those that matter in colour, the others pale.

    Args:
        plots: Draws the figure.
        highlights: The policies that matter.
        lines: The points of each policy.
        title: Of the figure.
        y_label: Beside the axis; may be empty.
        draw: Does the rest to the axes.
    """
    shown = [name for name in highlights if name in lines]
    drawn = {name: [(_drawable(x), _drawable(y)) for x, y in points] for name, points in lines.items()}
    described = []
    with plots.axes(WIDE, 2.9) as (figure, axes):
        for name, points in drawn.items():
            if name not in shown:
                axes.plot(*zip(*points, strict=True), color=colour("rule"), linewidth=1.1)
        for place, name in enumerate(shown):
            points = drawn[name]
            mark: dict[str, Any] = {**policy_style(name, place), "marker": MARKERS[place % 6]}
            axes.plot(*zip(*points, strict=True), **mark, markersize=4, label=short_name(name))
            described.append(f"{name} from {points[0][1]:.3g} to {points[-1][1]:.3g}")
        draw(axes)
        axes.set_ylabel(y_label)
        legend_above(figure)
        pale = "The other policies are pale." if len(lines) > len(shown) else ""
        return plots.finish(figure, title, f"{title}: {'; '.join(described)}.", pale)


def _drawable(value: float) -> float:
    """Return the value, no larger than what matplotlib can reckon with."""
    return min(max(value, -_LARGEST), _LARGEST)


def legend_above(figure: Figure) -> None:
    """Put one legend above all axes of a figure, if anything in them has a name."""
    if not any(axes.get_legend_handles_labels()[0] for axes in figure.axes):
        return
    figure.legend(loc="outside upper left", ncols=4, handlelength=2.2, columnspacing=1.4, borderpad=0)
