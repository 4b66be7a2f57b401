import math

import pytest

from builders import make_stream
from memdojo.envs.episodes.limits import UNLIMITED, CapacitySettings, describe_limits, tokens_of
from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.memory.token_counter import token_counter
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError

STREAM = make_stream(*[("A", "b c d e f g h i")] * 8, questions=())
"""Eight turns of ten tokens."""


@pytest.mark.parametrize(
    ("limits", "entries", "tokens"),
    [
        (CapacitySettings(), 2, 20),
        (CapacitySettings(capacity_share=0.5), 4, 40),
        (CapacitySettings(max_entries=3), 3, 30),
        (CapacitySettings(max_entries=16), 16, 160),
        (CapacitySettings(token_share=0.1), None, 10),
        (CapacitySettings(max_tokens=15), None, 15),
        (CapacitySettings(capacity_share=0.5, token_share=0.25), 4, 20),
        (CapacitySettings(max_entries=1, token_share=0.25), 1, 20),
        (CapacitySettings(max_entries=1, max_tokens=70), 1, 70),
        (CapacitySettings(capacity_share=0.5, token_share=math.inf), 4, None),
        (CapacitySettings(capacity_share=math.inf), None, None),
        (CapacitySettings(capacity_share=math.inf, token_share=0.5), None, 40),
        # A share leaves room for a turn of the usual length.
        (CapacitySettings(capacity_share=0.01), 1, 10),
        (CapacitySettings(token_share=0.01), None, 10),
    ],
)
def test_entries_are_limited_with_the_tokens_of_as_many_turns(
    limits: CapacitySettings, entries: int | None, tokens: int | None
) -> None:
    assert tokens_of(STREAM, token_counter(None)) == 80
    assert limits.for_stream(STREAM) == Capacity(entries, tokens)
    assert limits.for_stream(STREAM, 80) == Capacity(entries, tokens)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, "a store without limit"),
        ({"capacity_share": math.inf, "token_share": None}, "a store without limit"),
        ({"capacity_share": 0.125, "token_share": None}, "a store of 12.5% of the turns and tokens"),
        ({"max_entries": 22, "token_share": None}, "a store of 22 entries with the tokens of as many turns"),
        ({"max_entries": 22}, "a store of 22 entries"),
        ({"max_entries": 4, "token_share": 0.4}, "a store of 4 entries and 40% of the tokens"),
        ({"capacity_share": 0.2, "token_share": math.inf}, "a store of 20% of the turns"),
        ({"capacity_share": 0.2, "token_share": UNLIMITED}, "a store of 20% of the turns"),
        ({"max_tokens": 500}, "a store of 500 tokens"),
        ({"max_tokens": 500, "tokenizer": "org/m"}, "a store of 500 tokens, tokens counted by org/m"),
        ({"tokenizer": None}, "a store without limit"),
    ],
)
def test_limits_are_said_in_words(limits: dict[str, float | None], words: str) -> None:
    assert describe_limits(limits) == words


def test_the_tokens_of_a_stream_are_those_of_its_turns_as_they_are_stored() -> None:
    stream = make_stream(("Ann", "I moved to Boston."), ("Bob", "Nice!"), questions=())
    assert tokens_of(stream, token_counter(None)) == count_tokens("Ann: I moved to Boston.") + count_tokens(
        "Bob: Nice!"
    )


@pytest.mark.parametrize(
    "limits", [{"max_tokens": 9, "token_share": 0.5}, {"max_entries": 9, "capacity_share": 0.5}]
)
def test_a_limit_is_a_number_or_a_share(limits: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="contradict"):
        CapacitySettings(**limits)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.0, -1.0, math.nan])
def test_a_share_is_positive(share: float) -> None:
    with pytest.raises(ConfigError, match="tokens"):
        CapacitySettings(token_share=share)
