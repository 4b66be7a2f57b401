"""The difficulty knobs of synthetic streams."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from memdojo.errors import ConfigError

from ..setting_checks import check_count

MAX_FACTS = 150
"""More facts than this and two people run out of things to tell each other."""


@dataclass(frozen=True, slots=True)
class SyntheticSettings:
    """How long and how hard a synthetic stream is; one knob per difficulty.

    Attributes:
        num_sessions: Dated conversations in the stream.
        turns_per_session: Turns of each session.
        num_facts: Facts that the two people tell about themselves and those close to them.
        update_rate: Corrections, updates and unmarked contradictions, as a share of `num_facts`; none where
            a very small stream has nothing but names of people and things that are counted.
        retraction_rate: Facts that are taken back later without a new value, as a share of `num_facts`, as
            far as the stream has room for facts that can be.
        distractor_rate: Look-alike statements about strangers, as a share of `num_facts`.
        fact_age: How far before the asking point facts lie: 0 just before it, 1 the whole stream, 0.5 even.
        multi_hop_share: Share of the questions that need two turns.
        mid_stream_share: Share of the questions that are asked before the end of the stream.
        num_questions: Questions about the stream.
        turns_per_chunk: Turns that one step shows; a chunk never crosses sessions.
        capacity_pressure: Recommended size of the store, in entries, as a share of the turns.
    """

    num_tellers: ClassVar[int] = 2
    """How many of the two speakers tell facts; one is the first of them, and opens the sessions."""
    greeting_turns: ClassVar[int] = 2
    """The first turns of a session say hello and carry no fact."""

    num_sessions: int = 8
    turns_per_session: int = 14
    num_facts: int = 24
    update_rate: float = 0.25
    retraction_rate: float = 0.1
    distractor_rate: float = 0.5
    fact_age: float = 0.5
    multi_hop_share: float = 0.15
    mid_stream_share: float = 0.25
    num_questions: int = 20
    turns_per_chunk: int = 1
    capacity_pressure: float = 0.2

    def __post_init__(self) -> None:
        self._check_counts()
        self._check_shares()
        self._check_room()

    @property
    def num_turns(self) -> int:
        """Turns of a stream."""
        return self.num_sessions * self.turns_per_session

    @property
    def num_updates(self) -> int:
        """Turns that give a fact a new value."""
        return round(self.update_rate * self.num_facts)

    @property
    def num_retractions(self) -> int:
        """Turns that take a fact back."""
        return round(self.retraction_rate * self.num_facts)

    @property
    def num_distractors(self) -> int:
        """Turns that tell a look-alike fact about a stranger."""
        return round(self.distractor_rate * self.num_facts)

    @property
    def num_events(self) -> int:
        """Turns that carry a fact, a revision or a distractor."""
        return self.num_facts + self.num_updates + self.num_retractions + self.num_distractors

    def _check_counts(self) -> None:
        for name, least in (
            ("num_sessions", 1),
            ("turns_per_session", 4),
            ("num_facts", 1),
            ("num_questions", 1),
            ("turns_per_chunk", 1),
        ):
            check_count(name, getattr(self, name), least)
        if self.num_facts > MAX_FACTS:
            raise ConfigError(f"num_facts is {self.num_facts}; a stream holds at most {MAX_FACTS}.")
        if self.num_questions > self.num_facts:
            raise ConfigError(
                f"num_questions is {self.num_questions} for num_facts = {self.num_facts}; "
                "ask at most one question per fact."
            )

    def _check_shares(self) -> None:
        for name, most in (
            ("update_rate", 2.0),
            ("retraction_rate", 0.4),
            ("distractor_rate", 4.0),
            ("fact_age", 1.0),
            ("multi_hop_share", 1.0),
            ("mid_stream_share", 1.0),
            ("capacity_pressure", 1.0),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ConfigError(f"{name} is {value!r}; give a number between 0 and {most:g}.")
            if not 0.0 <= value <= most:
                raise ConfigError(f"{name} is {value!r}; it lies between 0 and {most:g}.")
        if self.capacity_pressure == 0.0:
            raise ConfigError("capacity_pressure is 0; a store needs room for at least one entry.")

    def _check_room(self) -> None:
        # Only every second turn belongs to a given speaker, and facts may fall to one of two by 2.
        room = self.num_sessions * ((self.turns_per_session - self.greeting_turns) // 2)
        need = self.num_events if self.num_tellers == 1 else self.num_events // 2 + 2
        who = "the one who tells them" if self.num_tellers == 1 else "each speaker"
        if need > room:
            raise ConfigError(
                f"{self.num_events} facts, revisions and distractors do not fit into {self.num_turns} turns "
                f"({who} has {room} turns for {need}); add sessions or turns, or lower num_facts, "
                "update_rate, retraction_rate or distractor_rate."
            )
