"""Times that a line mentions, made absolute by the line's own date."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from .words import MONTHS, WEEKDAYS

_MONTH = "|".join(MONTHS)
_DAY = "|".join(WEEKDAYS)
_COUNTS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "couple of": 2,
    "a couple of": 2,
    "three": 3,
    "four": 4,
    "five": 5,
}
_COUNTS |= {"six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_COUNT = r"\d{1,3}|" + "|".join(sorted(_COUNTS, key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class TimeMention:
    """A time in a sentence: characters `start` to `end`, and how it reads as an answer."""

    start: int
    end: int
    text: str


def write_day(day: date) -> str:
    """Return "7 May 2023"."""
    return f"{day.day} {MONTHS[day.month - 1].title()} {day.year}"


def time_mentions(sentence: str, said: date | None) -> tuple[TimeMention, ...]:
    """Return the times that `sentence` mentions, in order of their places.

    Relative ones ("yesterday", "last week", "next month") are counted from `said` and left out without it;
    weeks and weekends read "the week before 9 June 2023".
    """
    if not _ANY_TIME.search(sentence):
        return ()
    found: list[TimeMention] = []
    taken = [False] * len(sentence)
    for pattern, write, needs_date in _PATTERNS:
        if needs_date and said is None:
            continue
        for match in pattern.finditer(sentence):
            if any(taken[match.start() : match.end()]):
                continue
            text = write(match, said or date.min)
            if text:
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
                found.append(TimeMention(match.start(), match.end(), text))
    return tuple(sorted(found, key=lambda mention: mention.start))


# Most sentences tell no time, and one search is cheaper than a search for every pattern.
_ANY_TIME = re.compile(
    rf"\d|\b(?:{_MONTH}|(?:{_DAY})s?|today|tonight|yesterday|tomorrow|ago|back|from now|last|past|next"
    r"|this|half|quarter|the other day)\b",
    re.IGNORECASE,
)

_Write = Callable[[re.Match[str], date], str]


def _days(offset: int) -> _Write:
    return lambda match, said: write_day(said + timedelta(days=offset))


def _verbatim(match: re.Match[str], said: date) -> str:
    return match[0]


def _around(match: re.Match[str], said: date) -> str:
    side = {"last": "before", "past": "before", "next": "after"}.get(match[1].lower(), "of")
    return f"the {match[2].lower()} {side} {write_day(said)}"


def _month_step(match: re.Match[str], said: date) -> str:
    step = {"last": -1, "past": -1, "next": 1}.get(match[1].lower(), 0)
    return _month(said, step)


def _year_step(match: re.Match[str], said: date) -> str:
    return str(said.year + {"last": -1, "past": -1, "next": 1}.get(match[1].lower(), 0))


def _weekday(match: re.Match[str], said: date) -> str:
    wanted = WEEKDAYS.index(match[2].lower())
    if match[1].lower() in ("last", "past"):
        return write_day(said - timedelta(days=(said.weekday() - wanted - 1) % 7 + 1))
    return write_day(said + timedelta(days=(wanted - said.weekday() - 1) % 7 + 1))


def _named_month(match: re.Match[str], said: date) -> str:
    month = MONTHS.index(match[2].lower()) + 1
    past = match[1].lower() in ("last", "past")
    year = said.year - (month >= said.month) if past else said.year + (month <= said.month)
    return f"{match[2].title()} {year}"


def _counted(match: re.Match[str], said: date) -> str:
    number = int(match[1]) if match[1].isdigit() else _COUNTS[match[1].lower()]
    unit = match[2].lower()
    sign = -1 if match[3].lower() in ("ago", "back") else 1
    if unit == "day":
        return write_day(said + timedelta(days=sign * number))
    if unit == "month":
        return _month(said, sign * number)
    if unit == "year":
        return str(said.year + sign * number)
    counted = "the week" if number == 1 else f"{match[1].lower()} weeks"
    return f"{counted} {'before' if sign < 0 else 'after'} {write_day(said)}"


def _few_days(match: re.Match[str], said: date) -> str:
    return f"a few days before {write_day(said)}"


def _month(said: date, step: int) -> str:
    index = said.year * 12 + said.month - 1 + step
    return f"{MONTHS[index % 12].title()} {index // 12}"


def _pattern(text: str, write: _Write, *, relative: bool = True) -> tuple[re.Pattern[str], _Write, bool]:
    return re.compile(rf"(?<!\w)(?:{text})(?!\w)", re.IGNORECASE), write, relative


_TH = "(?:st|nd|rd|th)?"
_TO = " ?[-–—] ?| to | until | through "
_CLOCK = r"\d{1,2}(?::\d\d)?"
_NOON = r" ?(?:[ap]\.m\.|[ap]m|[ap]\.m)"

_PATTERNS = (
    # From one time to another, as one.
    _pattern(
        rf"(?:the )?\d{{1,2}}{_TH}(?: (?:{_MONTH}))?(?:{_TO})"
        rf"(?:the )?\d{{1,2}}{_TH}(?: of)? (?:{_MONTH})(?:,? \d{{4}})?",
        _verbatim,
        relative=False,
    ),
    _pattern(
        rf"(?:{_MONTH}) \d{{1,2}}{_TH}(?:{_TO})(?:(?:{_MONTH}) )?\d{{1,2}}{_TH}(?!\d|:)(?:,? \d{{4}})?",
        _verbatim,
        relative=False,
    ),
    _pattern(rf"{_CLOCK}(?:{_NOON})?(?:{_TO}){_CLOCK}{_NOON}", _verbatim, relative=False),
    _pattern(r"\d{1,2}:\d\d(?: ?[-–—] ?| to )\d{1,2}:\d\d", _verbatim, relative=False),
    _pattern(r"(?:19|20)\d\d ?[-–—] ?(?:19|20)?\d\d(?!-)", _verbatim, relative=False),
    _pattern(r"\d{1,2}([./-])\d{1,2}\1(?:19|20)?\d\d", _verbatim, relative=False),
    _pattern(
        rf"(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH})(?:,? \d{{4}})?", _verbatim, relative=False
    ),
    _pattern(rf"(?:{_MONTH}) \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?", _verbatim, relative=False),
    _pattern(rf"(?:{_MONTH}),? \d{{4}}|\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d)?", _verbatim, relative=False),
    _pattern(rf"(last|past|next|this) ({_MONTH})", _named_month),
    _pattern("the day before yesterday", _days(-2)),
    _pattern("the day after tomorrow", _days(2)),
    _pattern("yesterday|last night", _days(-1)),
    _pattern("today|tonight|this (?:morning|afternoon|evening)", _days(0)),
    _pattern("tomorrow", _days(1)),
    _pattern(rf"({_COUNT}) (day|week|month|year)s? (ago|back|from now)", _counted),
    _pattern("(?:a )?few days ago|the other day", _few_days),
    _pattern(rf"(last|past|next|this coming|this|coming) ({_DAY})", _weekday),
    _pattern("(last|past|next|this) (week|weekend)", _around),
    _pattern("(last|past|next|this) month", _month_step),
    _pattern("(last|past|next|this) year", _year_step),
    _pattern(rf"(?:{_DAY})s?(?: (?:morning|afternoon|evening|night)s?)?", _verbatim, relative=False),
    _pattern(
        rf"(?:at )?(?:half past \w+|quarter (?:to|past) \w+|{_CLOCK}{_NOON}|\d{{1,2}}:\d\d)",
        _verbatim,
        relative=False,
    ),
    _pattern(r"in (?:19|20)\d\d|(?:19|20)\d\d", _verbatim, relative=False),
    _pattern(
        rf"in (?:{_MONTH})|(?:{_MONTH.replace('|may', '').replace('|march', '')})", _verbatim, relative=False
    ),
)
