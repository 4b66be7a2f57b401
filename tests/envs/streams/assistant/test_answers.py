from __future__ import annotations

import pytest

from memdojo.envs.streams.assistant.answers import to_the_user


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("my rent", "your rent"),
        ("where I live", "where you live"),
        ("where I was", "where you were"),
        ("where we're going on holiday", "where you're going on holiday"),
        ("the job of my aunt", "the job of your aunt"),
        ("the number of the lock", "the number of the lock"),
    ],
)
def test_what_users_say_of_themselves_is_said_back_to_them(words: str, expected: str) -> None:
    assert to_the_user(words) == expected
