from __future__ import annotations

import pytest

from memdojo.envs.answering.speakers import is_speaker


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Ann",
            "Ann Lee",
            "Dr. Kim",
            "Ludwig van Beethoven",
            "María José de la Cruz",
            "User A",
            "Speaker 1",
        ),
        *("user", "assistant", "ann", "caroline", "ann_lee", "@bob", "ann.lee@example.org", "bob99"),
        *("Ann Lee (she/her)", "Lee, Ann", "+49 170 1234567", "小明", "राज", "SPEAKER_00"),
    ],
)
def test_names_handles_numbers_and_roles_speak(name: str) -> None:
    assert is_speaker(name, "The weather is fine.")


@pytest.mark.parametrize(
    "name", ["", "2023", "Something else", "favourite dish", "wifi password", "job", "and so", "x" * 100]
)
def test_what_a_note_is_about_does_not_speak(name: str) -> None:
    assert not is_speaker(name, "The weather is fine.")


def test_names_without_capitals_are_known_by_speech() -> None:
    assert is_speaker("ann lee", "i live in Rome.")
    assert is_speaker("mum", "Are you coming?")
    assert not is_speaker("ann lee", "A street in Rome.")
