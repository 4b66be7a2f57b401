"""What of a stream no search can find, and no metric can tell from nothing."""

from __future__ import annotations

from collections.abc import Iterable

from ..memory.analysis import analyze
from ..types import Stream

NOTED_SHARE = 0.1
"""Below it lie the few texts such as "How are you?" that every dialogue has."""


def without_terms(stream: Stream) -> str:
    """Return a sentence on the texts without terms, where they are a tenth of a kind or more; else ""."""
    kinds: dict[str, Iterable[str]] = {
        "turns": (turn.text for turn in stream.turns),
        "questions": (question.text for question in stream.questions),
        # Of a task with options nobody has to find the answer by its words.
        "reference answers": (
            text for question in stream.questions if not question.options for text in question.answers
        ),
    }
    counts = []
    for kind, texts in kinds.items():
        have_terms = [bool(analyze(text)) for text in texts]
        without = have_terms.count(False)
        if without and without >= NOTED_SHARE * len(have_terms):
            counts.append(f"{without} of {len(have_terms)} {kind}")
    if not counts:
        return ""
    return (
        f"stream {stream.id!r}: {', '.join(counts)} consist of stop words and punctuation alone. A "
        "search finds nothing by them, and nothing of them is known to be kept; if there is more in them, "
        "check their encoding."
    )
