"""Learning curves from the metrics of runs, one figure for each metric."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from memdojo.envs.memory.operations import OPERATIONS, operation_kinds
from memdojo.envs.types import Add, Delete, Noop, Rewrite, Update

from .plots import MARKERS, Plot, Plots, series_line
from .sources import RunMetrics

_FIRST = ("validation/score", "rollouts/return")
_KINDS = (Add.kind, Update.kind, Rewrite.kind, Delete.kind, Noop.kind)
_LAST = ("entropy", "approximate_kl")
MAX_CURVES = 18


def learning_curves(runs: Sequence[RunMetrics]) -> list[Plot]:
    """Draw each metric that was logged against the updates, one line per run."""
    plots = Plots("learning")
    names = dict.fromkeys(name for run in runs for line in run.lines for name in line)
    return [_learning_curve(plots, runs, name) for name in _chosen_metrics(list(names))]


def _chosen_metrics(names: Sequence[str]) -> list[str]:
    kinds = dict.fromkeys((*_KINDS, *operation_kinds(OPERATIONS), "rejected", "malformed"))
    beginnings = ("reward/", "memory/", *(f"operations/{kind}" for kind in kinds))
    by_beginning = [name for start in beginnings for name in names if name.startswith(start)]
    chosen = [*(name for name in _FIRST if name in names), *by_beginning]
    return [*chosen[: MAX_CURVES - len(_LAST)], *(name for name in _LAST if name in names)]


def _learning_curve(plots: Plots, runs: Sequence[RunMetrics], name: str) -> Plot:
    described = []
    with plots.axes(3.4, 2.1) as (figure, axes):
        for place, run in enumerate(runs):
            points = [(line["update"], line[name]) for line in run.lines if line.get(name) is not None]
            if not points:
                continue
            updates, values = zip(*points, strict=True)
            few = len(points) < 25
            line = series_line(place)
            axes.plot(updates, values, **line, marker=MARKERS[place % 6] if few else None, markersize=3)
            described.append(f"{run.name} from {values[0]:.3g} to {values[-1]:.3g}")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel("update")
        title = name.replace("/", " · ").replace("_", " ")
        return plots.finish(figure, title, f"{title} by update: {'; '.join(described)}.")
