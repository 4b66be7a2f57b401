"""`Gaps`: what fills the gaps of lines that carry no fact."""

from __future__ import annotations

from ..calendar import MONTHS
from .draws import Draws
from .phrasings.small_talk import FILLERS
from .values import with_article


class Gaps(dict[str, str]):
    """Fills the gaps of a line as they come up, with numbers, times and `FILLERS`."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws

    def __missing__(self, gap: str) -> str:
        draws = self._draws
        if gap == "n":
            return str(draws.number(3, 98))
        if gap in ("clock", "clock2"):
            hour = draws.number(6, 11) if gap == "clock" else draws.number(19, 23)
            return f"{hour}:{draws.number(0, 11) * 5:02d}"
        if gap == "month":
            return draws.one(MONTHS)
        if gap == "day":
            return draws.one(FILLERS["day"])
        if gap.startswith("a_"):
            return with_article(draws.phrase(FILLERS[gap[2:]]))
        return draws.phrase(FILLERS[gap])


def capitalised(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]
