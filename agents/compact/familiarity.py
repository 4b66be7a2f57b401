"""`Familiarity`: whether a dialogue looks like those that a compact manager was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.streams.turn_features import TURN_FEATURES, FloatArray
from memdojo.errors import ConfigError

MIN_ENTRIES = 8
"""Entries from which on a dialogue is judged: the mean of fewer turns says little of what it is like."""

MAX_REFERENCES = 256
"""Summaries of training dialogues with which another is compared."""

MIN_SPREAD = 0.05
"""The least spread of a feature, so that no trifle counts in which training dialogues are all alike."""

_NUM_BLOCKS = 4
"""Into so many parts the dialogues of a kind are cut that has one group alone."""


@dataclass(frozen=True, slots=True, eq=False)
class DialogueSummaries:
    """What a training dialogue looked like at the decisions that count.

    Attributes:
        kind: What it is one of, such as the spec of its streams.
        group: It shares people or topics with others of its group.
        rows: A `summary` for each decision over at least `MIN_ENTRIES` entries, in their order, shape (N, F).
    """

    kind: str
    group: str
    rows: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """What training dialogues looked like, and how far from that a dialogue may be.

    The distance between two summaries is the root of the mean, over the features, of the square of their
    difference, each divided by its spread.

    Attributes:
        references: Summaries of training dialogues, shape (R, F).
        spread: Of each feature over the training, shape (F,).
        threshold: A dialogue is unfamiliar that is further than this from all references.
    """

    references: FloatArray
    spread: FloatArray
    threshold: float

    def knows(self, episode: VisibleEpisode) -> bool:
        """Return whether the dialogue of an episode is familiar; one of few entries counts as such."""
        return len(episode.store) < MIN_ENTRIES or self.distance(summary(episode)) <= self.threshold

    def distance(self, row: FloatArray) -> float:
        """Return how far a summary, shape (F,), is from the nearest reference."""
        return _distance(row, self.references, self.spread)


def summary(episode: VisibleEpisode) -> FloatArray:
    """Return the mean of `TURN_FEATURES` over the new turn and those that the entries came from, shape (F,).

    These are the turns that a dialogue without an end still has as well.
    """
    context, chunk = episode.context, episode.chunk
    new = [context.turn_index[turn.id] for turn in (chunk.turns if chunk else ())]
    at_hand = np.concatenate([context.origins(episode.store), np.array(new, np.intp)])
    mean: FloatArray = context.turn_features[at_hand].mean(axis=0)
    return mean


def fit_familiarity(dialogues: Sequence[DialogueSummaries], quantile: float) -> Familiarity:
    """Learn what is familiar from training dialogues.

    The threshold is the `quantile` of the distances of parts that are left out: each group from the
    references of the others, and where a kind has one group alone, each quarter of its dialogues from the
    other quarters. It is taken of each kind, and the largest holds: no kind counts as unfamiliar more often.

    Args:
        dialogues: At least one; several may be of the same stream.
        quantile: In (0, 1).

    Raises:
        ConfigError: If there are too few decisions to learn from.
    """
    kinds, parts, rows = _in_parts([dialogue for dialogue in dialogues if len(dialogue.rows)])
    if not len(rows):
        raise ConfigError(
            f"a fallback judges a dialogue from {MIN_ENTRIES} entries on, and no training dialogue came to "
            "that; give the store more room (episode.max_entries or capacity_share), or set no fallback.rule."
        )
    spread = np.maximum(rows.std(axis=0), MIN_SPREAD).astype(np.float32)
    names = np.unique(kinds)
    chosen = np.concatenate(
        [_evenly(np.flatnonzero(kinds == kind), max(MAX_REFERENCES // len(names), 1)) for kind in names]
    )
    thresholds = []
    for kind in names:
        distances = [
            _distance(rows[place], others, spread)
            for part in np.unique(parts[kinds == kind])
            if len(others := rows[chosen[parts[chosen] != part]])
            for place in np.flatnonzero(parts == part)
        ]
        if distances:
            thresholds.append(float(np.quantile(distances, quantile)))
    if not thresholds:
        raise ConfigError(
            f"a fallback compares training dialogues, and only one decision had {MIN_ENTRIES} entries; train "
            "on more or longer streams, or set no fallback.rule."
        )
    return Familiarity(rows[chosen], spread, max(thresholds))


def _in_parts(dialogues: Sequence[DialogueSummaries]) -> tuple[np.ndarray, np.ndarray, FloatArray]:
    """Return the kind of each row, the part that it is left out with, and the rows."""
    groups: Mapping[str, set[str]] = {
        kind: {each.group for each in dialogues if each.kind == kind}
        for kind in {each.kind for each in dialogues}
    }
    numbers: dict[tuple[str, str | int], int] = {}
    kinds, parts = [], []
    for dialogue in dialogues:
        length = len(dialogue.rows)
        for place in range(length):
            has_several = len(groups[dialogue.kind]) > 1
            part = dialogue.group if has_several else place * _NUM_BLOCKS // length
            parts.append(numbers.setdefault((dialogue.kind, part), len(numbers)))
        kinds += [dialogue.kind] * length
    rows = [dialogue.rows for dialogue in dialogues]
    return (
        np.array(kinds),
        np.array(parts),
        np.concatenate([np.zeros((0, len(TURN_FEATURES)), np.float32), *rows]),
    )


def _evenly(places: np.ndarray, number: int) -> np.ndarray:
    """Return at most `number` of the places, from all over."""
    if len(places) <= number:
        return places
    return places[np.linspace(0, len(places) - 1, number).round().astype(np.intp)]


def _distance(row: FloatArray, references: FloatArray, spread: FloatArray) -> float:
    differences = (references - row) / spread
    return float(np.sqrt(np.square(differences).mean(axis=1).min()))
