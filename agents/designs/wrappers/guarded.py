"""A-MemGuard (Wei et al., 2025): what disagrees with the rest of what was found is not handed over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.streams.turn_features import FloatArray
from memdojo.envs.types import Hit
from memdojo.errors import ConfigError

from ..parts.decisions import DecisionKind, Steps, decide
from ..parts.memory import DesignMemory
from ..parts.protocol import MemoryDesign
from .wrapper import Wrapper

TRUST = DecisionKind(
    "trust",
    "Whether an entry that was found is handed over.",
    options=("leave_out", "trust"),
    state_features=("in_consensus", "agreement", "consensus_share", "rank", "num_found", "reads", "helps"),
)


class Guarded(Wrapper):
    """Hands over only entries that belong to the consensus of what was found; each is a choice.

    The entries are clustered by the cosines of their texts: two that are near enough are of one cluster
    (DBSCAN with two samples a core), and the largest cluster is the consensus, of equal ones that with the
    better hit. Where no two agree there is none, and all are trusted.

    Source: A-MemGuard (arXiv:2510.02373, section 4) and its published code: the clustering that it has
    beside an auditing model, with a cosine distance of .5. Its store of lessons is left out.

    Args:
        design: The design that finds them.
        max_distance: Cosine distance up to which two entries agree, in [0, 2].
        min_found: Entries below which there is nothing to agree on.

    Raises:
        ConfigError: If a number is out of range.
    """

    def __init__(self, design: MemoryDesign, max_distance: float = 0.5, min_found: int = 3) -> None:
        super().__init__(design)
        if not 0 <= max_distance <= 2 or min_found < 2:
            raise ConfigError(
                f"the guard has max_distance={max_distance}, min_found={min_found}; give a distance from 0 "
                "to 2, and at least two entries."
            )
        self.max_distance, self.min_found = max_distance, min_found
        self.decisions = (*design.decisions, TRUST)

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what the design finds, without what is not trusted."""
        hits = (yield from self.design.read(memory, question, k))[: max(k, 0)]
        if len(hits) < self.min_found:
            return hits
        cosines = memory.nearness_among([hit.entry for hit in hits])
        consensus = _largest_cluster(cosines >= 1 - self.max_distance)
        agreement = (cosines.sum(axis=1) - np.diag(cosines)) / (len(hits) - 1)
        trusted = []
        for rank, hit in enumerate(hits):
            option = yield from decide(
                TRUST,
                int(not consensus or rank in consensus),
                state_features=_features(hit, rank, len(hits), consensus, agreement),
                about=hit.entry.text,
                entries=(hit.entry.id, hit.entry.id),
            )
            if option == 1:
                trusted.append(hit)
        return tuple(trusted)


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
