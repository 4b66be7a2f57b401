"""Chats with an assistant as a genre of generated dialogue, and who takes part."""

from __future__ import annotations

from ..synthetic.cast import Cast, Names, Stranger
from ..synthetic.draws import Draws
from ..synthetic.genre import Genre
from ..synthetic.phrasings.framing import RELATIONS
from .settings import AssistantSettings
from .wording import ASSISTANT, NAMELESS_USER, chat_turns

NAMELESS_SHARE = 0.5
"""Of the chats: those whose user is called "User"."""


def _user_and_assistant(draws: Draws, names: Names) -> tuple[str, str]:
    gender = draws.one("fm")
    user = draws.take(names[gender])
    return (NAMELESS_USER if draws.chance(NAMELESS_SHARE) else user), ASSISTANT


def _character(draws: Draws, names: Names) -> Stranger:
    # Characters share no name with anybody around the user, but may well share one among each other.
    gender = draws.one("fm")
    return Stranger("the character", draws.one(names[gender]), gender)


USER_AND_ASSISTANT = Cast(
    _user_and_assistant,
    _character,
    {**RELATIONS, "partner": "", "colleague": "", "neighbour": "", "business partner": ""},
    circle_share=0.5,
    called={NAMELESS_USER: "the user"},
)
"""A user who tells of himself or herself and of people around, and an assistant who tells nothing."""

ASSISTANT_CHAT = Genre("assistant", "assistant:", AssistantSettings(), USER_AND_ASSISTANT, chat_turns)
"""Chats of a user with an assistant."""
