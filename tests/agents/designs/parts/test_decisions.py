"""Choices that a design asks for."""

from __future__ import annotations

import pytest

from builders import KEEP
from memdojo.agents.designs.parts.decisions import decide


@pytest.mark.parametrize("told", [{"options": ("skip",)}, {"entries": (None, 3, 4)}])
def test_words_and_entries_are_those_of_every_option(told):
    with pytest.raises(ValueError, match=r"'keep' came with 2 options, the words of .* or none"):
        next(decide(KEEP, 0, (), (0.0,), **told))


def test_what_is_not_told_is_left_out():
    decision = next(decide(KEEP, 0, (), (0.0,)))
    assert (decision.options, decision.entries, decision.about) == (("skip", "keep"), (), "")
