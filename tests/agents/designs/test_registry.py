"""The memory designs by name, and the page that lists them."""

from __future__ import annotations

import re
from pathlib import Path

from memdojo.agents.designs.registry import describe_designs


def test_the_page_of_memory_designs_names_each_with_its_decisions() -> None:
    page = (Path(__file__).parents[3] / "docs" / "designs.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", page, re.MULTILINE))
    for design in describe_designs():
        own = {kind.name for kind in design.decisions} - {"leave"}
        assert own == {*re.findall(r"`(\w+)`", rows[design.name])}, design.name
