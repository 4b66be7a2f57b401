"""Seeded chats of a user with an assistant, over projects of weeks: the plans of `synthetic`, other words."""

from __future__ import annotations

from .genre import ASSISTANT_CHAT
from .settings import AssistantSettings

__all__ = ["ASSISTANT_CHAT", "AssistantSettings"]
