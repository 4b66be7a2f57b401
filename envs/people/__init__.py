"""Whom a text means: people are found by what others call them."""

from __future__ import annotations

from .mention import Mention
from .people import People, people_of
from .words import fold

__all__ = ["Mention", "People", "fold", "people_of"]
