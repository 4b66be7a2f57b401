from datetime import datetime

from memdojo.envs.streams.rendering import render_entry, render_turn
from memdojo.envs.types import MemoryEntry, Turn


def _entry(time: datetime | None) -> MemoryEntry:
    return MemoryEntry(1, "turn", "Ann: I moved.", time, 0, 0, ("t1",))


def test_a_turn_reads_as_speaker_and_text() -> None:
    assert render_turn(Turn("t1", "Ann", "I moved.")) == "Ann: I moved."


def test_an_entry_opens_with_its_date_where_it_has_one() -> None:
    assert render_entry(_entry(datetime(2023, 5, 8, 13, 56))) == "[2023-05-08] Ann: I moved."
    assert render_entry(_entry(None)) == "Ann: I moved."
