"""`ProjectGaps`: what fills the gaps of lines about a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..synthetic.draws import Draws
from ..synthetic.gaps import Gaps, capitalised
from ..synthetic.pools import number_word
from .phrasings.projects import Project
from .phrasings.requests import ADDRESSEES

DIGITS_SHARE = 0.25
"""Of the numbers: those in digits; the others are in words."""


@dataclass(frozen=True, slots=True)
class Undertaking:
    """A project of one user, with the goal that it has from the first session to the last."""

    project: Project
    goal: str


class ProjectGaps(Gaps):
    """Fills `{goal}`, `{x}`, `{y}`, `{x_title}`, `{who}`, numbers and what all lines may have."""

    def __init__(
        self, undertaking: Undertaking, draws: Draws, blocks: Mapping[str, Callable[[], str]]
    ) -> None:
        """Fill what is said of an undertaking; `blocks` write what fills further gaps, where one comes up."""
        super().__init__(draws)
        self["goal"] = undertaking.goal
        self._things = undertaking.project.things
        self._blocks = blocks

    def __missing__(self, gap: str) -> str:
        if gap in self._blocks:
            return self._blocks[gap]()
        if gap == "n":
            number = self._draws.number(2, 30)
            return str(number) if self._draws.chance(DIGITS_SHARE) else number_word(number)
        if gap in ("x", "y"):
            return self._draws.phrase(self._things)
        if gap == "x_title":
            return title_of(self._draws.phrase(self._things))
        if gap == "who":
            return self._draws.phrase(ADDRESSEES)
        return super().__missing__(gap)


def title_of(thing: str) -> str:
    """The thing as a heading: without its article, and with a capital."""
    return capitalised(thing.removeprefix("the "))
