"""The figure of a search: scores against the values of each key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memdojo.envs.streams.files import atomic_writer
from memdojo.eval.sweeps.figures import COLOURS, GREY, as_svg, new_figure

from ..config.tuning import Range, Span
from .space import Space
from .trials import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PARAMETERS = "parameters.svg"
COLUMNS = 3


def write_figure(space: Space, trials: Sequence[Trial], best: Trial, folder: Path) -> Path:
    """Write `parameters.svg` into the folder of a search and return its path; equal searches, equal files.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
        DataError: If the file system refuses.
    """
    path = folder / PARAMETERS
    with atomic_writer(path) as file:
        file.write(as_svg(draw_parameters(space, trials, best)))
    return path


def draw_parameters(space: Space, trials: Sequence[Trial], best: Trial) -> Figure:
    """Draw a panel for each key: the score of every trial against its value, and the best one filled.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    columns = min(COLUMNS, len(space.ranges))
    num_rows = math.ceil(len(space.ranges) / columns)
    figure = new_figure((3.0 * columns + 0.6, 2.6 * num_rows + 0.4))
    grid = figure.subplots(num_rows, columns, squeeze=False, sharey=True).ravel()
    scored = [trial for trial in trials if trial.score is not None]
    for axes, (key, allowed) in zip(grid, space.ranges.items(), strict=False):
        _draw(axes, key, allowed, scored, best)
    for axes in grid[len(space.ranges) :]:
        axes.set_visible(False)
    score = space.config.evaluation.metric.replace("_", " ")
    figure.supylabel(f"{score} on validation, × 100", fontsize=9)
    return figure


def _draw(axes: Axes, key: str, allowed: Range, scored: Sequence[Trial], best: Trial) -> None:
    is_log = isinstance(allowed, Span) and allowed.log
    for trial in scored:
        value = trial.values[key]
        if isinstance(allowed, Span):
            place = value
        else:
            place = next((place for place, each in enumerate(allowed) if each == value), None)
        # The configuration that was given may have another value than those that are searched.
        is_shown = isinstance(place, int | float) and not (is_log and place <= 0)
        if is_shown and trial.score is not None:
            is_best = trial.number == best.number
            axes.plot(
                place,
                100 * trial.score,
                marker="D" if is_best else "o",
                markersize=7 if is_best else 5,
                color=COLOURS[1] if is_best else COLOURS[0],
                fillstyle="full" if is_best else "none",
                linestyle="",
            )
    if not isinstance(allowed, Span):
        axes.set_xticks(range(len(allowed)), [str(value) for value in allowed])
        axes.set_xlim(-0.5, len(allowed) - 0.5)
    elif is_log:
        axes.set_xscale("log")
    axes.set_xlabel(key, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color=GREY, linewidth=0.3)
    axes.spines[["top", "right"]].set_visible(False)
