"""The figure of a search over designs: scores against tokens handed over, and the Pareto front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memdojo.envs.streams.files import atomic_writer
from memdojo.eval.sweeps.figures import COLOURS, GREY, as_svg, new_figure

from .outcome import SearchOutcome
from .trial_run import TOKENS_READ

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FRONT_FIGURE = "front.svg"


def write_front(outcome: SearchOutcome, folder: Path) -> Path:
    """Write `front.svg` into the folder of a search and return its path; equal searches, equal files.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
        DataError: If the file system refuses.
    """
    path = folder / FRONT_FIGURE
    with atomic_writer(path) as file:
        file.write(as_svg(draw_front(outcome)))
    return path


def draw_front(outcome: SearchOutcome) -> Figure:
    """Draw every trial that has a score, the designs as they are apart, and the front with its names.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    table, front = outcome.table(), outcome.front_table()
    table = table[table["score"].notna()]
    figure = new_figure((7.2, 4.6))
    axes = figure.subplots()
    for is_given, colour, mark, label in (
        (False, COLOURS[0], "o", "found"),
        (True, COLOURS[1], "s", "designs as they are"),
    ):
        some = table[table["as_it_is"] == is_given]
        axes.plot(
            some[TOKENS_READ],
            100 * some["score"],
            mark,
            color=colour,
            markersize=5,
            fillstyle="none",
            label=label,
        )
    axes.plot(front[TOKENS_READ], 100 * front["score"], "-", color=GREY, linewidth=1, label="front", zorder=0)
    for trial in outcome.front:
        axes.annotate(
            outcome.name_of(trial),
            (trial.figures[TOKENS_READ], 100 * (trial.score or 0.0)),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=7,
        )
    axes.set_xlabel("tokens handed to the answerer for a question")
    axes.set_ylabel(f"{outcome.space.settings.metric.replace('_', ' ')} on validation, × 100")
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return figure
