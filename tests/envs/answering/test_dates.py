from __future__ import annotations

from datetime import date

import pytest

from builders import read_answer
from memdojo.envs.answering.dates import time_mentions
from memdojo.rewards import NO_INFORMATION

MONDAY = date(2023, 5, 8)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("yesterday", "7 May 2023"),
        ("last Saturday", "6 May 2023"),
        ("last Monday", "1 May 2023"),
        ("two days ago", "6 May 2023"),
        ("last week", "the week before 8 May 2023"),
        ("next month", "June 2023"),
        ("last year", "2022"),
        ("on 3 March 2021", "3 March 2021"),
    ],
)
def test_relative_times_are_counted_from_the_lines_date(said: str, answer: str) -> None:
    assert read_answer("When did Ana run the race?", f"[2023-05-08] Ana: I ran the race {said}.") == answer


def test_a_line_without_a_time_happened_when_it_was_said() -> None:
    assert read_answer("When did Ana run the race?", "[2023-05-08] Ana: I just ran the race!") == "8 May 2023"


def test_without_a_date_relative_times_stay_unknown() -> None:
    assert time_mentions("It was yesterday, in May 2022.", None)[0].text == "May 2022"
    assert [mention.text for mention in time_mentions("It was yesterday.", MONDAY)] == ["7 May 2023"]
    assert read_answer("When did Ana run the race?", "Ana: I ran the race yesterday.") == NO_INFORMATION


def test_dates_at_the_end_of_the_calendar_do_no_harm() -> None:
    for stamp in ("0001-01-01", "9999-12-31", "2023-99-99"):
        assert read_answer("When was the race?", f"[{stamp}] Ana: The race was 999 years ago.")
