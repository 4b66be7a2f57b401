"""The difficulty knobs of assistant chats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..synthetic.settings import SyntheticSettings


@dataclass(frozen=True, slots=True)
class AssistantSettings(SyntheticSettings):
    """Those of synthetic streams, for chats in which the user alone tells facts.

    Attributes:
        num_sessions: Dated chats in the stream, each about one of the user's projects.
        turns_per_session: Messages of each; the user's and the assistant's take turns.
    """

    num_tellers: ClassVar[int] = 1
    greeting_turns: ClassVar[int] = 0

    num_sessions: int = 16
    turns_per_session: int = 10
