"""Chats with an assistant as a stream source, every setting an option."""

from __future__ import annotations

from ..synthetic.source import source_of
from .genre import ASSISTANT_CHAT

SOURCE = source_of(
    ASSISTANT_CHAT,
    "Generated chats of a user with an assistant: long replies, lists, code, drafts. By default train.",
)
