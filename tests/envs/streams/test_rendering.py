from datetime import datetime

import pytest

from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.streams.rendering import render_entry, render_in_pieces, render_turn
from memdojo.envs.types import MemoryEntry, Turn


def _entry(time: datetime | None) -> MemoryEntry:
    return MemoryEntry(1, "turn", "Ann: I moved.", time, 0, 0, ("t1",))


def test_a_turn_reads_as_speaker_and_text() -> None:
    assert render_turn(Turn("t1", "Ann", "I moved.")) == "Ann: I moved."


def test_an_entry_opens_with_its_date_where_it_has_one() -> None:
    assert render_entry(_entry(datetime(2023, 5, 8, 13, 56))) == "[2023-05-08] Ann: I moved."
    assert render_entry(_entry(None)) == "Ann: I moved."


def test_a_turn_that_fits_is_one_piece() -> None:
    turn = Turn("t1", "Ann", "I moved.")
    assert render_in_pieces(turn, 5) == ("Ann: I moved.",)


def test_a_long_turn_is_cut_between_paragraphs_else_sentences_else_words() -> None:
    paragraphs = Turn("t1", "Ann", "One. Two and some more words.\n\nThree. Four and some more words.")
    assert render_in_pieces(paragraphs, 12) == (
        "Ann: One. Two and some more words.",
        "Ann: Three. Four and some more words.",
    )
    sentences = Turn("t1", "Ann", "One and two and three. Four and five and six.")
    assert render_in_pieces(sentences, 9) == ("Ann: One and two and three.", "Ann: Four and five and six.")
    words = Turn("t1", "Ann", "one two three four")
    assert render_in_pieces(words, 4) == ("Ann: one two", "Ann: three four")


@pytest.mark.parametrize(
    "said",
    [
        "word " * 999,
        "x" * 5000,
        "多言語のテキスト。" * 300,
        "\ud83d" * 900,
        "?!" * 900,
        "a\n" * 900,
        "e\u0301 " * 900,
    ],
)
@pytest.mark.parametrize("speaker", ["Ann", "n" * 4000, "a very long name " * 20])
@pytest.mark.parametrize("max_tokens", [8, 100])
def test_pieces_have_all_that_was_said_and_no_more_tokens(said: str, speaker: str, max_tokens: int) -> None:
    pieces = render_in_pieces(Turn("t1", speaker, said), max_tokens)
    assert all(count_tokens(piece) <= max_tokens for piece in pieces)
    together = "".join(piece.removeprefix(f"{speaker}: ") for piece in pieces)
    assert "".join(together.split()).endswith("".join(said.split()))
