"""The kinds of entries that Mem-alpha tells apart, and the patterns of texts that name times or events."""

from __future__ import annotations

import re

from ..answering.words import MONTHS, WEEKDAYS

SEMANTIC_KIND, EPISODIC_KIND = "semantic", "episodic"

_MONTH = "|".join(MONTHS)

_TIME = re.compile(
    r"\b(?:1[89]|20)\d\d\b|\b\d{1,2}[:/]\d{2}\b|\b\d{1,2} ?[ap]m\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH})\b|\b(?:{_MONTH}) \d{{1,2}}(?:st|nd|rd|th)?\b"
    rf"|\b(?:{'|'.join(WEEKDAYS)})s?\b"
    r"|\b(?:yesterday|today|tonight|tomorrow|ago|recently)\b"
    r"|\b(?:last|next|this|past|coming) (?:night|day|week|weekend|month|year)\b"
    r"|\b(?:last|next|this|past|coming) (?:spring|summer|autumn|fall|winter)\b",
    re.IGNORECASE,
)

_PAST = re.compile(
    r"\b\w{2,}ed\b|\b(?:went|got|bought|took|made|met|won|lost|found|saw|came|left|began|broke|gave|told|said|ran"
    r"|sold|sent|built|wrote|drove|flew|fell|held|spent|taught|caught|was|were|had|did|became|born)\b",
    re.IGNORECASE,
)


def names_time(text: str) -> bool:
    """Return whether a text names a time, as this module understands it."""
    return _TIME.search(text) is not None


def tells_event(text: str) -> bool:
    """Return whether a text names a time or something that happened."""
    return names_time(text) or _PAST.search(text) is not None
