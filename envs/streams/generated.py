"""The kinds of generated dialogues, by the names of their sources."""

from __future__ import annotations

from .assistant.genre import ASSISTANT_CHAT
from .synthetic.genre import FRIENDS_TALK

GENRES = {genre.name: genre for genre in (FRIENDS_TALK, ASSISTANT_CHAT)}
"""Whose streams can be had at any length and difficulty."""
