"""Equally many entries of every speaker, so that one who said much does not crowd out the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from ...people import People
from ...types import Hit, MemoryEntry
from ..store import MemoryStore
from .protocol import KnowsSpeakers, Retriever

_SAID_BY = re.compile(r"([^\s:][^:\n]{0,39}): ")
"""The beginning of a turn that was stored as it was said."""


class PerSpeakerRetriever:
    """The best entries of each speaker, in one order by their scores.

    Of k entries each of n speakers has at most k / n, rounded up; in Memory-R1 (arXiv:2508.19828) 30 of 60.
    An entry belongs to the speaker of its source turns; if they have no speaker or several, to those whom its
    text names (`People`). An entry of several speakers counts for each of them, and stays if one of them has
    room. Entries of no speaker have a share of their own.

    Args:
        base: Ranks the entries.
        speaker_of: Who said which turn, by turn id. Without it a speaker is known only where a text begins
            with the name and a colon, as turns do that are stored as they were said.
    """

    def __init__(self, base: Retriever, speaker_of: Mapping[str, str] = MappingProxyType({})) -> None:
        self.base = base
        self._speaker_of = speaker_of
        self._names = frozenset(filter(None, speaker_of.values()))
        self._people = People(sorted(self._names))

    def of_stream(self, speaker_of: Mapping[str, str]) -> Self:
        """Return the retriever for the stores of a stream whose turns were said by these speakers."""
        return type(self)(self.base, speaker_of)

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return at most `k` entries, highest score first, no more of a speaker than the speaker's share."""
        if k < 0:
            raise ValueError(f"k is {k}; give the number of entries wanted, 0 or more.")
        ranked = [(hit, self._speakers(hit.entry)) for hit in self.base.search(store, query, len(store))]
        known = self._names or {speaker for _, speakers in ranked for speaker in speakers if speaker}
        share = -(-k // max(len(known), 1))
        taken: Counter[str] = Counter()
        kept = []
        for hit, speakers in ranked:
            if any(taken[speaker] < share for speaker in speakers):
                taken.update(speakers)
                kept.append(hit)
        return tuple(kept[:k])

    def _speakers(self, entry: MemoryEntry) -> set[str]:
        """Return the speaker whose entry it is; the empty name stands for no speaker."""
        if not self._names:
            match = _SAID_BY.match(entry.text)
            return {match[1] if match else ""}
        said = {speaker for turn in entry.sources if (speaker := self._speaker_of.get(turn))}
        if len(said) == 1:
            return said
        named = self._people.named_in(entry.text)
        return {*(named & said if said else named)} or said or {""}


def for_stream(retriever: Retriever, speaker_of: Mapping[str, str]) -> Retriever:
    """Return the retriever for a stream's stores: one that ranks by speakers learns who said which turn."""
    return retriever.of_stream(speaker_of) if isinstance(retriever, KnowsSpeakers) else retriever
