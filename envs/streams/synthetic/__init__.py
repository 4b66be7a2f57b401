"""Seeded dialogues between two people with a life, among small talk and look-alike distractors."""

from __future__ import annotations

from .generator import generate_stream, recommended_capacity, synthetic_streams
from .phrasings.partition import SPLITS
from .questions import CATEGORIES
from .settings import SyntheticSettings

__all__ = [
    "CATEGORIES",
    "SPLITS",
    "SyntheticSettings",
    "generate_stream",
    "recommended_capacity",
    "synthetic_streams",
]
