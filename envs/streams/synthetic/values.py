"""Values of facts: how they are said and which answers count as the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..calendar import MONTHS
from .draws import Draws
from .pools import number_word, values

PLAN_WINDOW_DAYS = 240
"""Dates of plans lie within so many days of the last session."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is said, and all forms that are right as an answer, the said one first."""

    said: str
    answers: tuple[str, ...]


def date_value(raw: str, style: int) -> Value:
    """A day of the year.

    Args:
        raw: "MM-DD".
        style: 0 says "the 4th of May", 1 "May 4th", 2 "4 May".
    """
    month, day = MONTHS[int(raw[:2]) - 1], int(raw[3:])
    suffix = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    forms = [f"the {day}{suffix} of {month}", f"{month} {day}{suffix}", f"{day} {month}"]
    said = forms[style]
    return Value(said, (said, *(form for form in forms if form != said), f"{month} {day}"))


def count_answers(number: int) -> tuple[str, ...]:
    """A count in digits and in words."""
    return str(number), number_word(number)


def with_article(noun: str) -> str:
    """The noun with "a" or "an"."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


class ValueDeck:
    """Deals the values of one stream: none twice in a pool before the pool is used up."""

    def __init__(self, draws: Draws, end: datetime) -> None:
        """Deal for a stream whose last session is at `end`."""
        self._draws = draws
        self._decks: dict[str, list[str]] = {}
        self._planned: list[str] = []
        self._end = end

    def raw(self, pool: str, banned: Collection[str] = ()) -> str:
        """The next value of `pool`, none of `banned`."""
        for _ in range(1000):
            deck = self._decks.get(pool)
            if not deck:
                deck = self._decks[pool] = list(values(pool, self._draws.split))
            value = self._draws.take(deck)
            if value not in banned:
                return value
        raise AssertionError(f"pool {pool!r} has nothing but {sorted(banned)}")

    def value(self, pool: str, *, planned: bool = False, banned: Collection[str] = ()) -> Value:
        """The next value of `pool`, said one way or another.

        Args:
            planned: For dates, True for one soon after the stream's end.
            banned: Said forms that the value must not have.
        """
        for _ in range(1000):
            value = self._say(pool, self._planned_date() if planned else self.raw(pool))
            if value.said not in banned:
                return value
        raise AssertionError(f"pool {pool!r} has nothing but {sorted(banned)}")

    def _say(self, pool: str, raw: str) -> Value:
        if pool == "date":
            return date_value(raw, self._draws.number(0, 2))
        if pool == "age":
            word = number_word(int(raw))
            said, other = (raw, word) if self._draws.chance(0.6) else (word, raw)
            return Value(said, (said, other))
        if pool in ("price", "rent"):
            return Value(f"{raw} euros", (f"{raw} euros", raw))
        return Value(raw, (raw,))

    def _planned_date(self) -> str:
        if not self._planned:
            start = f"{self._end + timedelta(days=7):%m-%d}"
            stop = f"{self._end + timedelta(days=PLAN_WINDOW_DAYS):%m-%d}"
            dates = values("date", self._draws.split)
            if start < stop:
                window = [date for date in dates if start <= date <= stop]
            else:
                window = [date for date in dates if date >= start or date <= stop]
            self._planned = window
        return self._draws.take(self._planned)
