"""Ranking metrics over retrieved entries and the evidence turns that they support.

An entry may support several evidence turns (it was merged from them), and two entries may support the same
one. So that neither pays twice, **an evidence turn counts once, at the first rank whose entry supports it**:
the gain of a rank is the number of evidence turns that no earlier rank supports. With one turn an entry this
is the usual binary relevance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import lru_cache


def newly_covered(retrieved: Iterable[Set[str]], evidence: Set[str], k: int | None = None) -> list[int]:
    """Return for each of the first `k` ranks (None: all) how many evidence turns it is the first to support.

    Args:
        retrieved: Per rank, best first, the turn ids that the entry supports; ids beyond `evidence` count for
            nothing.
        evidence: The turn ids that hold the answer.
        k: How many ranks count.

    Raises:
        ValueError: If `k` is below 1.
    """
    if k is not None and k < 1:
        raise ValueError(f"k is {k}; give a positive number of ranks, or None for all.")
    seen: set[str] = set()
    gains: list[int] = []
    for rank, supported in enumerate(retrieved):
        if rank == k:
            break
        fresh = (supported & evidence) - seen
        gains.append(len(fresh))
        seen |= fresh
    return gains


def recall_at_k(retrieved: Iterable[Set[str]], evidence: Set[str], k: int | None = None) -> float:
    """Return the share of the evidence turns that the first `k` ranks (None: all) support.

    Raises:
        ValueError: If `evidence` is empty (such a question has no recall: leave it out) or `k` is below 1.
    """
    _require_evidence(evidence)
    return sum(newly_covered(retrieved, evidence, k)) / len(evidence)


def dcg(gains: Sequence[float]) -> float:
    """Return the discounted cumulative gain, sum over ranks i = 1, 2, ... of gains[i - 1] / log2(i + 1).

    Source: Järvelin and Kekäläinen 2002, with the discount that starts at the second rank.
    """
    return sum(gain * weight for gain, weight in zip(gains, _discounts(len(gains)), strict=True) if gain)


def ndcg_at_k(retrieved: Iterable[Set[str]], evidence: Set[str], k: int | None = None) -> float:
    """Return the DCG of the first `k` ranks (None: all) over that of the ideal ranking; in [0, 1].

    The ideal ranking has one evidence turn a rank: min(|evidence|, k) ranks of gain 1. An entry that supports
    several turns can do better than that, so the ratio is clipped to 1.

    Raises:
        ValueError: If `evidence` is empty (leave the question out) or `k` is below 1.
    """
    return _ndcg(retrieved, evidence, k, _discounts)


def ndcg_longmemeval_at_k(retrieved: Iterable[Set[str]], evidence: Set[str], k: int | None = None) -> float:
    """Return `ndcg_at_k` with the discount that LongMemEval's script has, and others after it.

    There the gain of rank i is divided by log2(i) from the second rank on, so that the second counts as much
    as the first (`src/retrieval/eval_utils.py`; Wu et al. 2024, arXiv:2410.10813).

    Raises:
        ValueError: As `ndcg_at_k`.
    """
    return _ndcg(retrieved, evidence, k, _longmemeval_discounts)


def recall_any_at_k(retrieved: Iterable[Set[str]], evidence: Set[str], k: int | None = None) -> float:
    """Return 1 if one of the first `k` ranks (None: all) supports an evidence turn, else 0.

    LongMemEval's `recall_any` (`src/retrieval/eval_utils.py`).

    Raises:
        ValueError: As `recall_at_k`.
    """
    return float(recall_at_k(retrieved, evidence, k) > 0)


def recall_all_at_k(retrieved: Iterable[Set[str]], evidence: Set[str], k: int | None = None) -> float:
    """Return 1 if the first `k` ranks (None: all) together support all evidence turns, else 0.

    LongMemEval's `recall_all`, of turns and of sessions alike: a session supports all of its turns.

    Raises:
        ValueError: As `recall_at_k`.
    """
    _require_evidence(evidence)
    return float(sum(newly_covered(retrieved, evidence, k)) == len(evidence))


def ndcg_any_at_k(
    retrieved: Iterable[Set[str]], evidence: Set[str], k: int | None = None, num_evidence_entries: int = 0
) -> float:
    """Return LongMemEval's `ndcg_any`: an entry is relevant or not, however many evidence turns it supports.

    With the discount of `ndcg_longmemeval_at_k`. It differs from that where entries are sessions.

    Args:
        retrieved: As for `recall_at_k`.
        evidence: As for `recall_at_k`.
        k: As for `recall_at_k`.
        num_evidence_entries: Entries that support a turn, which the ideal ranking has first; 0 takes one a
            turn, where nobody counted them.

    Raises:
        ValueError: As `recall_at_k`.
    """
    _require_evidence(evidence)
    relevant = [float(bool(supported & evidence)) for supported in retrieved][:k]
    num_ideal = num_evidence_entries or len(evidence)
    weights = _longmemeval_discounts(max(len(relevant), num_ideal))
    gained = sum(gain * weight for gain, weight in zip(relevant, weights, strict=False))
    return min(1.0, gained / sum(weights[: num_ideal if k is None else min(num_ideal, k)]))


def _ndcg(
    retrieved: Iterable[Set[str]],
    evidence: Set[str],
    k: int | None,
    discounts: Callable[[int], tuple[float, ...]],
) -> float:
    _require_evidence(evidence)
    gains = newly_covered(retrieved, evidence, k)
    num_ideal = len(evidence) if k is None else min(len(evidence), k)
    gained = sum(gain * weight for gain, weight in zip(gains, discounts(len(gains)), strict=True) if gain)
    return min(1.0, gained / sum(discounts(num_ideal)))


MEASURES_AT_RANK: Mapping[str, Callable[[Sequence[Set[str]], Set[str], int, int], float]] = {
    "recall": lambda retrieved, evidence, k, _: recall_at_k(retrieved, evidence, k),
    "recall_any": lambda retrieved, evidence, k, _: recall_any_at_k(retrieved, evidence, k),
    "recall_all": lambda retrieved, evidence, k, _: recall_all_at_k(retrieved, evidence, k),
    "ndcg": lambda retrieved, evidence, k, _: ndcg_at_k(retrieved, evidence, k),
    "ndcg_longmemeval": lambda retrieved, evidence, k, _: ndcg_longmemeval_at_k(retrieved, evidence, k),
    "ndcg_any": ndcg_any_at_k,
}
"""What may be measured at a rank, by name: functions of what was retrieved, the evidence, the rank, and the
number of entries that hold evidence, 0 where nobody counted them."""


@lru_cache(1024)
def _discounts(num_ranks: int) -> tuple[float, ...]:
    return tuple(1 / math.log2(rank + 2) for rank in range(num_ranks))


@lru_cache(1024)
def _longmemeval_discounts(num_ranks: int) -> tuple[float, ...]:
    return tuple(1 / math.log2(max(rank, 2)) for rank in range(1, num_ranks + 1))


def _require_evidence(evidence: Set[str]) -> None:
    if not evidence:
        raise ValueError("evidence is empty; a question without evidence has no ranking score: leave it out.")
