"""What people give a memory agent, checked at its door: a wrong type is a sentence, never an error inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypedDict

from memdojo.envs.streams.turn_features import SESSION_GAP
from memdojo.envs.types import Capacity, MemoryEntry
from memdojo.errors import ConfigError, DataError

from .dialogue import SpokenTurn

MAX_TIMEOUT_S = 1_000_000

Utterance = tuple[str, str] | tuple[str, str, datetime | None]
"""Speaker and text, with the time where it is known."""


class DialogueOptions(TypedDict, total=False):
    """How a memory agent takes a dialogue; `MemoryAgent` says what each means and is by default."""

    session_gap: timedelta
    seed: int
    clock: Callable[[], datetime]
    timeout_s: float
    tokenizer: str | None


def check_text(name: str, value: object, remedy: str) -> None:
    """Refuse what is blank or no text.

    Raises:
        DataError: If it is; `remedy` says what to do about a blank one.
    """
    if not isinstance(value, str):
        raise DataError(f"the {name} is {value!r:.80}, of type {type(value).__name__}; give a str.")
    if not value.strip():
        raise DataError(f"the {name} is blank; {remedy}.")


def check_number(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number of at least `least`.

    Raises:
        ConfigError: If it is none.
    """
    if type(value) is not int or value < least:
        raise ConfigError(f"{name} is {value!r:.80}; give a whole number of at least {least}, as an int.")


def check_options(options: DialogueOptions, capacity: Capacity | None) -> None:
    """Refuse options that are not what they should be, before a file is made.

    Raises:
        ConfigError: Which one it is.
    """
    gap, timeout = options.get("session_gap", SESSION_GAP), options.get("timeout_s", 0.0)
    clock = options.get("clock", datetime.now)
    check_number("seed", options.get("seed", 0), 0)
    if not isinstance(gap, timedelta) or gap < timedelta():
        raise ConfigError(f"session_gap is {gap!r}; give a timedelta that is not negative.")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 <= timeout <= MAX_TIMEOUT_S:
        raise ConfigError(f"timeout_s is {timeout!r}; give seconds from 0 to {MAX_TIMEOUT_S:,}.")
    if not callable(clock):
        raise ConfigError(f"clock is {clock!r}; give a function that returns the time.")
    tokenizer = options.get("tokenizer")
    if not isinstance(tokenizer, str | None) or tokenizer == "":
        raise ConfigError(
            f"tokenizer is {tokenizer!r:.80}; give the folder of a language model or its name on the hub, as "
            "a str."
        )
    if not isinstance(capacity, Capacity | None):
        raise ConfigError(f"capacity is {capacity!r}; give a memdojo.Capacity.")


def as_turns(turns: Iterable[Utterance]) -> Iterable[Utterance]:
    """Return several turns.

    Raises:
        DataError: If they are none.
    """
    if isinstance(turns, str | bytes) or not isinstance(turns, Iterable):
        raise DataError(
            f"the turns are {turns!r:.80}; give a list of (speaker, text) or (speaker, text, time)."
        )
    return turns


def id_of(entry: MemoryEntry | int) -> int:
    """Return the id of an entry, which may itself be one.

    Raises:
        ConfigError: If it is neither.
    """
    if isinstance(entry, MemoryEntry):
        return entry.id
    if type(entry) is not int:
        raise ConfigError(
            f"the entry is {entry!r:.80}, of type {type(entry).__name__}; give an entry, or its id as an int."
        )
    return entry


def as_said(turn: Utterance, clock: Callable[[], datetime]) -> SpokenTurn:
    """Return a turn as it was said.

    Raises:
        DataError: If it is none.
    """
    if not isinstance(turn, tuple | list) or not 2 <= len(turn) <= 3:
        raise DataError(f"a turn is {turn!r:.80}; give (speaker, text) or (speaker, text, time).")
    speaker, text, *time = turn
    for name, value in (("speaker of a turn", speaker), ("text of a turn", text)):
        check_text(name, value, "leave such turns out")
    return SpokenTurn(speaker, text, wall_clock(time[0] if time else None, clock))


def wall_clock(time: datetime | None, clock: Callable[[], datetime]) -> datetime:
    """Return the time without its zone, by default that of the clock: times of one dialogue must compare.

    Raises:
        DataError: If it is none.
    """
    time = clock() if time is None else time
    if not isinstance(time, datetime):
        raise DataError(
            f"the time is {time!r:.80}, of type {type(time).__name__}; give a datetime: "
            "datetime.fromisoformat(...) reads a text, datetime.fromtimestamp(...) a number."
        )
    try:
        # A plain one, whatever a subclass adds: it is written as text and read again.
        return datetime.combine(time.date(), time.time().replace(tzinfo=None))
    except (TypeError, ValueError) as error:
        raise DataError(f"the time {time!r} is none ({error}); give a datetime or leave it out.") from error
