from __future__ import annotations

import pytest

from memdojo.eval.html.plots import Plots, policy_lines

POINTS = [(0.0, 1.0), (1.0, 3.0)]


@pytest.mark.parametrize("highlights", [["_mine", "recency"], [""], ["another"], []])
def test_lines_are_drawn_whatever_the_policies_are_called_and_whoever_is_named(highlights: list[str]) -> None:
    lines = {"_mine": POINTS, "recency": POINTS, "": POINTS}
    plot = policy_lines(Plots("f"), highlights, lines, "Growth", "tokens", lambda axes: None)
    for name in highlights:
        if name and name in lines:
            assert f"{name}</text>" in plot.svg
