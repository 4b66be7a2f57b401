"""Figures of sweeps: one each, and all on one sheet as a policy's fingerprint."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from memdojo.agents.baselines.registry import LOWER_BOUND, UPPER_BOUND
from memdojo.envs.streams.files import atomic_writer
from memdojo.errors import MissingDependencyError

from .registry import GUESS
from .report import SweepReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

FINGERPRINT = "fingerprint"
"""Name of the sheet with all sweeps."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKS = "osD^vP"
"""The palette of Okabe and Ito, with a mark for each colour, for readers who do not see the colours."""

GREY = "#666666"
COLUMNS = 3
GEOMETRIC = 8
"""Values whose largest is so many times the smallest stand on a logarithmic axis."""

Rows = pd.DataFrame


def write_figures(report: SweepReport, folder: str | Path) -> list[Path]:
    """Write `SWEEP.svg` for each sweep and `fingerprint.svg` with all of them; return their paths.

    Equal reports give equal files.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
        DataError: If the file system refuses.
    """
    folder = Path(folder).expanduser()
    figures = {name: draw_sweep(report, name) for name in report.tests}
    if figures:
        figures[FINGERPRINT] = draw_fingerprint(report)
    paths = []
    for name, figure in figures.items():
        path = folder / f"{name}.svg"
        with atomic_writer(path) as file:
            file.write(as_svg(figure))
        paths.append(path)
    return paths


def draw_sweep(report: SweepReport, name: str) -> Figure:
    """Draw normalised scores with their intervals, and below them what the bounds and guessing score.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    rows = _of(report, name)
    figure = new_figure((6.4, 5.2))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.1))
    _draw_normalised(above, rows, _policies(report))
    above.set_ylim(_limits(report, rows))
    _draw_rates(below, rows)
    above.set_title(f"{name}\n{report.tests[name]}", fontsize=9, loc="left", wrap=True)
    above.set_ylabel(f"normalised {_score(report)}, × 100")
    below.set_ylabel(f"{_score(report)}, × 100")
    below.set_xlabel(str(rows["option"].iloc[0]))
    above.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    below.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def draw_fingerprint(report: SweepReport) -> Figure:
    """Draw the normalised scores of all sweeps side by side.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    names = list(report.tests)
    columns = min(COLUMNS, len(names))
    num_rows = math.ceil(len(names) / columns)
    figure = new_figure((3.3 * columns, 2.5 * num_rows + 0.5))
    grid = figure.subplots(num_rows, columns, squeeze=False, sharey=True).ravel()
    for axes, name in zip(grid, names, strict=False):
        rows = _of(report, name)
        _draw_normalised(axes, rows, _policies(report))
        axes.set_title(name, fontsize=9, loc="left")
        axes.set_xlabel(str(rows["option"].iloc[0]), fontsize=8)
        axes.set_ylim(_limits(report, report.table))
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    figure.supylabel(f"normalised {_score(report)}, × 100", fontsize=9)
    lines, labels = grid[0].get_legend_handles_labels()
    figure.legend(
        lines, labels, loc="outside lower center", ncols=min(6, len(labels)), fontsize=8, frameon=False
    )
    return figure


def _draw_normalised(axes: Axes, rows: Rows, policies: Sequence[str]) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.axhline(100, color=GREY, linewidth=0.8)
    guess = rows[rows["policy"] == GUESS].sort_values("value")
    axes.plot(
        _numbers(guess, "value"),
        100 * _numbers(guess, "normalised"),
        color=GREY,
        linestyle="--",
        label="guessing",
    )
    for place, policy in enumerate(policies):
        of_policy = rows[rows["policy"] == policy].sort_values("value")
        low, middle, high = (
            100 * _numbers(of_policy, column)
            for column in ("normalised_low", "normalised", "normalised_high")
        )
        axes.errorbar(
            _numbers(of_policy, "value"),
            middle,
            np.maximum([middle - low, high - middle], 0),
            label=policy,
            color=COLOURS[place % len(COLOURS)],
            marker=MARKS[place % len(MARKS)],
            markersize=4,
            linewidth=1.4,
            elinewidth=0.8,
            capsize=2,
            transform=_beside(axes, place - (len(policies) - 1) / 2),
        )
    _set_axis(axes, sorted(set(_numbers(rows, "value").tolist())))


def _limits(report: SweepReport, rows: Rows) -> tuple[float, float]:
    """Return the ends of the axis of normalised scores; matplotlib's own miss what is moved sideways."""
    shown = rows[rows["policy"].isin([GUESS, *_policies(report)])]
    ends = 100 * np.concatenate(
        [_numbers(shown, column) for column in ("normalised", "normalised_low", "normalised_high")]
    )
    ends = ends[np.isfinite(ends)]
    return min([-5.0, *(ends - 3)]), max([105.0, *(ends + 3)])


def _numbers(rows: Rows, column: str) -> npt.NDArray[np.float64]:
    return np.asarray(rows[column], np.float64)


def _beside(axes: Axes, place: float) -> Transform:
    """Return the data's transform moved sideways, so that intervals do not lie on one another."""
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure(root=True)
    assert figure is not None  # The axes were made by one.
    return axes.transData + ScaledTranslation(place * 2.5 / 72, 0, figure.dpi_scale_trans)


def _draw_rates(axes: Axes, rows: Rows) -> None:
    rates = rows.drop_duplicates("value").sort_values("value")
    for column, label, style in (
        ("bound", "oracle (100 above)", "-."),
        ("guessing", "guessing", "--"),
        ("no_memory", "no memory (0 above)", "-"),
    ):
        axes.plot(
            _numbers(rates, "value"),
            100 * _numbers(rates, column),
            color=GREY,
            linestyle=style,
            linewidth=1,
            label=label,
        )
    axes.set_ylim(0, 100)
    _set_axis(axes, _numbers(rates, "value").tolist())


def set_values(axes: Axes, values: Sequence[float]) -> None:
    """Put the values of a sweep, in ascending order, on the axis below."""
    if values[0] > 0 and values[-1] >= GEOMETRIC * values[0]:
        axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()


def _set_axis(axes: Axes, values: Sequence[float]) -> None:
    set_values(axes, values)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _policies(report: SweepReport) -> list[str]:
    """Return the policies that have a line of their own, the same in all figures."""
    names = report.table["policy"].unique()
    return [name for name in names if name not in (LOWER_BOUND, UPPER_BOUND, GUESS)]


def _of(report: SweepReport, name: str) -> Rows:
    return report.table[report.table["sweep"] == name]


def _score(report: SweepReport) -> str:
    return str(report.settings["score"]).replace("_", " ")


def new_figure(size: tuple[float, float]) -> Figure:
    """Return an empty figure of so many inches.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError(
            "figures need matplotlib, which is not installed: pip install 'memdojo[report]'"
        ) from error
    return Figure(figsize=size, layout="constrained")


def as_svg(figure: Figure) -> str:
    """Return the text of a figure's file; equal figures give equal texts."""
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.hashsalt": "memdojo"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
