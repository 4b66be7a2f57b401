"""A-MemGuard (Wei et al., 2025): what disagrees with the rest of what was found is not handed over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.episodes.readings import Reading
from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import Hit, MemoryEntry
from memdojo.errors import ConfigError

from ..parts.decisions import DecisionKind, Steps, decide
from ..parts.hidden import hidden, hide
from ..parts.memory import DesignMemory
from ..parts.protocol import MemoryDesign
from .wrapper import Wrapper

TRUST = DecisionKind(
    "trust",
    "Whether an entry that was found is handed over.",
    options=("leave_out", "trust"),
    state_features=(
        *("in_consensus", "agreement", "consensus_share", "rank", "num_found", "reads", "helps"),
        "in_lesson",
    ),
)

LESSON_KIND = "lesson"
"""Of entries that say what was left out of the consensus before. They are invalidated: nobody reads them."""
_FOUND_AGAIN = 10
"""Entries that are found again for a question from which a lesson is drawn."""


class Guarded(Wrapper):
    """Hands over only entries that belong to the consensus of what was found; each is a choice.

    The entries are clustered by the cosines of their texts: two that are near enough are of one cluster
    (DBSCAN with two samples a core), and the largest cluster is the consensus, of equal ones that with the
    better hit. Where no two agree there is none, and all are trusted.

    With `lessons` the guard learns, as by the second memory of A-MemGuard: what was outside of the consensus
    while the answer was right is written down as a lesson, and an entry that says what a lesson says is not
    trusted from then on, whatever it is found beside. There a model writes the lessons; here one is the text
    itself, in an entry that nobody reads, where the store has room for it.

    Source: A-MemGuard (arXiv:2510.02373, section 4) and its published code: the clustering that it has
    beside an auditing model, with a cosine distance of .5.

    Args:
        design: The design that finds them.
        max_distance: Cosine distance up to which two entries agree, in [0, 2].
        min_found: Entries below which there is nothing to agree on.
        lessons: Whether the guard learns.
        success: Score from which on an answer was right.

    Raises:
        ConfigError: If a number is out of range.
    """

    def __init__(
        self,
        design: MemoryDesign,
        max_distance: float = 0.5,
        min_found: int = 3,
        *,
        lessons: bool = False,
        success: float = 0.5,
    ) -> None:
        super().__init__(design)
        if not 0 <= max_distance <= 2 or min_found < 2 or not 0 <= success <= 1:
            raise ConfigError(
                f"the guard has max_distance={max_distance}, min_found={min_found}, success={success}; give "
                "a distance from 0 to 2, at least two entries, and a score from 0 to 1."
            )
        self.max_distance, self.min_found = max_distance, min_found
        self.lessons, self.success = lessons, success
        self.decisions = (*design.decisions, TRUST)
        if lessons and design.writes:
            self.writes = (*design.writes, LESSON_KIND)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what the design finds, without what is not trusted."""
        hits = (yield from self.design.read(memory, question, k))[: max(k, 0)]
        taught = frozenset(entry.text for entry in hidden(memory, LESSON_KIND))
        if len(hits) < self.min_found and not any(hit.entry.text in taught for hit in hits):
            return hits
        consensus, agreement = self._agreement(memory, hits)
        trusted = []
        for rank, hit in enumerate(hits):
            option = yield from decide(
                TRUST,
                int((not consensus or rank in consensus) and hit.entry.text not in taught),
                state_features=(
                    *_features(hit, rank, len(hits), consensus, agreement),
                    hit.entry.text in taught,
                ),
                about=hit.entry.text,
                entries=(hit.entry.id, hit.entry.id),
            )
            if option == 1:
                trusted.append(hit)
        return tuple(trusted)

    @property
    def learns(self) -> bool:
        """True if it writes lessons, or the design within learns."""
        return self.lessons or self.design.learns

    def learn(self, memory: DesignMemory, readings: Sequence[Reading]) -> Steps[None]:
        """Write down what was outside of the consensus of a right answer, and learn as the design does."""
        yield from self.design.learn(memory, readings)
        if not self.lessons:
            return
        for reading in readings:
            if reading.score is None or reading.score < self.success:
                continue
            hits = (yield from self.design.read(memory, reading.question, _FOUND_AGAIN))[:_FOUND_AGAIN]
            handed = {entry.id for entry in reading.entries}
            consensus, _ = self._agreement(memory, hits)
            for rank, hit in enumerate(hits):
                if consensus and rank not in consensus and hit.entry.id not in handed:
                    _note(memory, hit.entry)

    def _agreement(self, memory: DesignMemory, hits: Sequence[Hit]) -> tuple[frozenset[int], FloatArray]:
        """Return the places of the consensus, if there is one, and how near each is to the others."""
        if len(hits) < self.min_found:
            return frozenset(), np.zeros(len(hits), np.float32)
        cosines = memory.nearness_among([hit.entry for hit in hits])
        agreement: FloatArray = (cosines.sum(axis=1) - np.diag(cosines)) / (len(hits) - 1)
        return _largest_cluster(cosines >= 1 - self.max_distance), agreement


def _note(memory: DesignMemory, entry: MemoryEntry) -> None:
    """Keep what an entry says as a lesson, once; nothing that is read leaves for it."""
    if entry.sources and entry.text not in {lesson.text for lesson in hidden(memory, LESSON_KIND)}:
        hide(memory, entry.text, sources=entry.sources, time=entry.time, kind=LESSON_KIND)


def _features(
    hit: Hit, rank: int, num_found: int, consensus: frozenset[int], agreement: FloatArray
) -> Sequence[float]:
    return (
        rank in consensus,
        float(agreement[rank]),
        len(consensus) / num_found,
        rank / num_found,
        np.log1p(num_found),
        np.log1p(hit.entry.reads),
        np.log1p(hit.entry.helps),
    )


def _largest_cluster(agrees: np.ndarray) -> frozenset[int]:
    """Return the largest connected part of two or more, of equal ones that with the lowest index.

    Args:
        agrees: Who agrees with whom, shape (num_entries, num_entries).
    """
    waiting, clusters = set(range(len(agrees))), []
    while waiting:
        cluster, edge = set(), [min(waiting)]
        while edge:
            place = edge.pop()
            if place in waiting:
                waiting.remove(place)
                cluster.add(place)
                edge += np.flatnonzero(agrees[place]).tolist()
        clusters.append(cluster)
    largest = max(clusters, key=len, default=set())
    return frozenset(largest if len(largest) > 1 else ())
