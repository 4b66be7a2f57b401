from __future__ import annotations

import math

import pytest
from matplotlib.axes import Axes

from memdojo.eval.html.plots import Plots, policy_lines

LONG = "a\n" * 60
POINTS = [(0.0, 1.0), (1.0, 3.0)]


@pytest.mark.parametrize("highlights", [["_mine", "recency"], [""], ["another"], [], [LONG]])
def test_lines_are_drawn_whatever_the_policies_are_called_and_whoever_is_named(highlights: list[str]) -> None:
    lines = {"_mine": POINTS, "recency": POINTS, "": POINTS, LONG: POINTS}
    plot = policy_lines(Plots("f"), highlights, lines, "Growth", "tokens", lambda axes: None)
    for name in highlights:
        if name in ("_mine", "recency"):
            assert f"{name}</text>" in plot.svg


@pytest.mark.parametrize("value", [1.7e308, -1.7e308, math.inf, math.nan, 1e-300])
def test_any_number_can_be_drawn(value: float) -> None:
    points = [(0.0, 1.0), (50.0, value), (value, 2.0)]
    plot = policy_lines(Plots("f"), ["a"], {"a": points, "b": points}, "Growth", "", _from_zero)
    assert plot.svg.startswith("<svg")


def _from_zero(axes: Axes) -> None:
    axes.set_ylim(bottom=0)
