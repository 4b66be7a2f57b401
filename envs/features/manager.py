"""A manager's decision as arrays: what a compact policy or any Gymnasium learner sees and chooses from.

Works on episodes whose chunks are single turns. An entry is described by the turn that its text last came
from, by what followed that turn, and by how it relates to the new turn.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from memdojo.errors import EpisodeStateError

from ..episodes.visible import VisibleDialogue, VisibleEpisode
from ..memory.embedders import Embedder, make_embedder
from ..memory.room import fits_alone, has_room, make_room
from ..memory.store import MemoryStore
from ..streams.turn_features import COLUMN, FEATURE_BOUND, TURN_FEATURES, FloatArray
from ..types import Add, Delete, MemoryEntry, Noop, Operation, Turn, Update

NOOP, ADD = 0, 1

PAIR_FEATURES = (
    "freshness",
    "similarity",
    "same_speaker",
    "similarity_same_speaker",
    "superseded",
    "reply_known",
    "reply_is_question",
    "reply_shared_words",
    "reply_starts_with_reaction",
    "reply_retracts",
    "is_newest",
)
"""Columns of a candidate behind those of `TURN_FEATURES`: how fresh it is, how it relates to the new turn and
to newer candidates, and what the turn that followed it says."""

AGED_PAIR_FEATURES = (PAIR_FEATURES[0], "age_rank", *PAIR_FEATURES[1:])
"""The same with the share of the store that is newer, which tells the old from the very old."""

_PAIR_COLUMN = {name: column for column, name in enumerate(AGED_PAIR_FEATURES)}

STORE_FEATURES = ("fill", "is_full", "is_early", "max_similarity", "rarity_rank")

FRESHNESS_TURNS = 20.0
"""Turns in which the freshness of an entry falls to 1/e. It saturates, and so does what tells an early turn,
so that a policy trained on short episodes meets nothing new in long ones."""


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """How a decision becomes arrays.

    Attributes:
        num_candidates: K, the entries shown at a time. A store of at most K entries is shown whole; of a
            larger one, half are the nearest to the new turn and half those of the lowest rarity.
        embedder: Name of the text embedder behind similarities.
        embedding_inputs: Whether turns and candidates also carry their embedding as features.
        entry_ages: Whether candidates have `AGED_PAIR_FEATURES`.
    """

    num_candidates: int = 16
    embedder: str = "hashed_ngrams"
    embedding_inputs: bool = False
    entry_ages: bool = False

    def __post_init__(self) -> None:
        if self.num_candidates < 1:
            raise ValueError(f"num_candidates is {self.num_candidates}; at least one entry must be shown.")


@dataclass(frozen=True, slots=True)
class ManagerObservation:
    """One decision.

    Attributes:
        arrays: `turn` (F,), `store` (S,), `candidates` (K, C) and `action_mask` (2 + 3K,) of int8. Rows of
            `candidates` behind the last candidate are zero and masked.
        candidate_ids: Entry ids of the candidates; at most K.
    """

    arrays: dict[str, npt.NDArray[Any]]
    candidate_ids: tuple[int, ...]


class ManagerFeatures:
    """Turns the state of an episode into arrays, and an action's number back into an operation.

    The actions of K candidates: 0 is NOOP, 1 is ADD, then K times UPDATE k, K times DELETE k, and K times
    ADD in place of k. ADD is masked where the store has no room, ADD in place of k where it has, and UPDATE k
    of an entry that was invalidated.
    """

    def __init__(self, settings: FeatureSettings | None = None, embedder: Embedder | None = None) -> None:
        self.settings = settings or FeatureSettings()
        self.embedder = embedder or make_embedder(self.settings.embedder)
        embedding_dim = self.embedder.dim if self.settings.embedding_inputs else 0
        self.turn_dim = len(TURN_FEATURES) + embedding_dim
        self.pair_features = AGED_PAIR_FEATURES if self.settings.entry_ages else PAIR_FEATURES
        self.candidate_dim = len(TURN_FEATURES) + len(self.pair_features) + embedding_dim
        self.store_dim = len(STORE_FEATURES)
        self.num_shared = len(TURN_FEATURES)

    def showing(self, num_candidates: int) -> ManagerFeatures:
        """Return the same features with at least `num_candidates` candidates."""
        if num_candidates <= self.settings.num_candidates:
            return self
        return ManagerFeatures(
            dataclasses.replace(self.settings, num_candidates=num_candidates), self.embedder
        )

    @property
    def num_actions(self) -> int:
        """2 + 3K."""
        return 2 + 3 * self.settings.num_candidates

    @property
    def observation_space(self) -> spaces.Dict:
        """The space of `ManagerObservation.arrays`."""

        def box(*shape: int) -> spaces.Box:
            return spaces.Box(-FEATURE_BOUND, FEATURE_BOUND, shape, np.float32)

        return spaces.Dict(
            {
                "turn": box(self.turn_dim),
                "store": box(self.store_dim),
                "candidates": box(self.settings.num_candidates, self.candidate_dim),
                "action_mask": spaces.Box(0, 1, (self.num_actions,), np.int8),
            }
        )

    def empty_observation(self) -> dict[str, npt.NDArray[Any]]:
        """Zeros, with NOOP as the only action: what is seen after the last turn."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "turn": np.zeros(self.turn_dim, np.float32),
            "store": np.zeros(self.store_dim, np.float32),
            "candidates": np.zeros((self.settings.num_candidates, self.candidate_dim), np.float32),
            "action_mask": np.zeros(self.num_actions, np.int8),
        }
        arrays["action_mask"][NOOP] = 1
        return arrays

    def observe(self, episode: VisibleEpisode) -> ManagerObservation:
        """Describe the decision that the episode waits for.

        Raises:
            EpisodeStateError: If the episode has ended or its chunk has more than one turn.
        """
        turn = _single_turn(episode)
        context, store = episode.context, episode.store
        index = context.turn_index[turn.id]
        entries = store.entries
        held = context.origins(store)
        similarity = context.similarities(self.embedder, index, held)
        chosen = self._choose(context.rarities[held], similarity)
        rows, similarity = held[chosen], similarity[chosen]
        superseded = context.superseded(self.embedder, rows)

        arrays = self.empty_observation()
        num_turn = len(TURN_FEATURES)
        num_pair = num_turn + len(self.pair_features)
        arrays["turn"][:num_turn] = context.turn_features[index]
        candidates = arrays["candidates"][: len(rows)]
        pairs = _candidate_features(context, rows, index, similarity, superseded)
        ages = num_turn + _PAIR_COLUMN["age_rank"]
        if self.settings.entry_ages:
            pairs[:, ages] = _age_rank(context.positions[held])[chosen]
        else:
            pairs = np.delete(pairs, ages, axis=1)
        candidates[:, :num_pair] = pairs
        if self.settings.embedding_inputs:
            embeddings = context.embeddings(self.embedder)
            arrays["turn"][num_turn:] = embeddings[index]
            candidates[:, num_pair:] = embeddings[rows]
        rarities = context.rarities
        arrays["store"][:] = _store_features(episode, similarity, rarities[rows], float(rarities[index]))
        shown = [entries[position] for position in chosen.tolist()]
        self._fill_mask(arrays["action_mask"], store, context.turn_texts[index], shown)
        return ManagerObservation(arrays, tuple(entry.id for entry in shown))

    def operation(
        self,
        episode: VisibleEpisode,
        observation: ManagerObservation,
        action: int,
        scores: npt.NDArray[np.floating] | None = None,
    ) -> Operation:
        """Return the operation that an action means for the turn that the episode waits with.

        A long turn may need more room than the entry leaves whose place it takes; then others follow it.

        Args:
            episode: Waits with a single turn.
            observation: Of the episode as it is.
            action: The action's number.
            scores: How much the policy is for each action, shape (num_actions,): those follow first in whose
                place it would rather have put the turn. None lets the oldest follow first.

        Raises:
            ValueError: If the action is masked: the caller must choose among what the mask allows.
        """
        if not 0 <= action < self.num_actions or not observation.arrays["action_mask"][action]:
            raise ValueError(f"action {action} is masked in this state; choose one whose action_mask is 1.")
        if action == NOOP:
            return Noop()
        turn = _single_turn(episode)
        text = episode.context.turn_texts[episode.context.turn_index[turn.id]]
        if action == ADD:
            return Add(text, (turn.id,), turn.time, "turn")
        block, position = divmod(action - 2, self.settings.num_candidates)
        entry_id = observation.candidate_ids[position]
        if block == 0:
            return Update(entry_id, text, (turn.id,), turn.time)
        if block == 1:
            return Delete(entry_id)
        leaving = (
            entry
            for id in (entry_id, *self._followers(observation, entry_id, scores))
            if (entry := episode.store.get(id)) is not None
        )
        evicts = tuple(entry.id for entry in make_room(episode.store, text, leaving) or ())
        return Add(text, (turn.id,), turn.time, "turn", evicts=evicts or (entry_id,))

    def meaning(self, observation: ManagerObservation, action: int) -> tuple[str, int | None]:
        """Return the kind of operation of an action and the id of the entry that it concerns, if any."""
        if action < 2:
            return (Noop.kind if action == NOOP else Add.kind), None
        block, position = divmod(action - 2, self.settings.num_candidates)
        kind = (Update.kind, Delete.kind, Add.kind)[block]
        return kind, observation.candidate_ids[position]

    def _followers(
        self, observation: ManagerObservation, first: int, scores: npt.NDArray[np.floating] | None
    ) -> list[int]:
        """Return the other candidates in the order in which they leave."""
        ids = observation.candidate_ids
        if scores is None:
            order = sorted(ids)
        else:
            in_place = scores[2 + 2 * self.settings.num_candidates :][: len(ids)]
            order = [ids[position] for position in np.argsort(-in_place, kind="stable").tolist()]
        return [id for id in order if id != first]

    def _choose(self, rarity: FloatArray, similarity: FloatArray) -> npt.NDArray[np.intp]:
        num_shown = self.settings.num_candidates
        if len(rarity) <= num_shown:
            return np.arange(len(rarity))
        num_near = num_shown // 2
        num_rare = num_shown - num_near
        chosen = np.empty(num_shown, dtype=np.intp)
        chosen[:num_near] = (-similarity).argpartition(num_near)[:num_near]
        rarity = rarity.copy()
        rarity[chosen[:num_near]] = np.inf
        chosen[num_near:] = rarity.argpartition(num_rare)[:num_rare]
        chosen.sort()
        return chosen

    def _fill_mask(
        self, mask: npt.NDArray[Any], store: MemoryStore, text: str, candidates: Sequence[MemoryEntry]
    ) -> None:
        updates, deletes, replacements = mask[2:].reshape(3, self.settings.num_candidates)
        deletes[: len(candidates)] = 1
        if not fits_alone(store, text):
            return
        updates[: len(candidates)] = _fit_in_place(store, text, candidates)
        updates[[place for place, entry in enumerate(candidates) if entry.ended is not None]] = 0
        if has_room(store, text):
            mask[ADD] = 1
        else:
            replacements[: len(candidates)] = 1


def _fit_in_place(
    store: MemoryStore, text: str, candidates: Sequence[MemoryEntry]
) -> npt.NDArray[np.bool_] | bool:
    """Return whether a text has room in place of that of each candidate, shape (num_candidates,)."""
    if store.capacity.max_tokens is None:
        return True
    over = store.tokens + store.count_tokens(text) - store.capacity.max_tokens
    if over <= 0:
        return True
    freed = [store.count_tokens(entry.text) for entry in candidates]
    return np.array(freed, np.int64) >= over


def _single_turn(episode: VisibleEpisode) -> Turn:
    chunk = episode.chunk
    if chunk is None:
        raise EpisodeStateError("the stream has ended; start a new episode.")
    if len(chunk.turns) != 1:
        raise EpisodeStateError(
            f"chunk {chunk.index} has {len(chunk.turns)} turns; features need one: "
            "pass the stream through rechunk."
        )
    return chunk.turns[0]


def _candidate_table(context: VisibleDialogue) -> FloatArray:
    """Return what a candidate says whatever the new turn, shape (num_turns, F + len(AGED_PAIR_FEATURES)).

    An entry holds a turn before the new one, so the reply to it is known: the turn that followed it.
    """
    table = context.tables.get("manager_candidates")
    if table is None:
        num_turn = len(TURN_FEATURES)
        table = np.zeros((len(context.turns), num_turn + len(AGED_PAIR_FEATURES)), np.float32)
        table[:, :num_turn] = context.turn_features
        table[:, num_turn + _PAIR_COLUMN["reply_known"]] = 1
        first_reply = num_turn + _PAIR_COLUMN["reply_is_question"]
        names = ("ends_with_question", "novelty", "starts_with_reaction", "retraction_words")
        for offset, name in enumerate(names):
            table[:, first_reply + offset] = context.following_features[:, COLUMN[name]]
        # The last turn has no reply yet, and so none that shares words.
        shared_words = table[:-1, num_turn + _PAIR_COLUMN["reply_shared_words"]]
        np.subtract(1, shared_words, out=shared_words)
        context.tables["manager_candidates"] = table
    return table


def _candidate_features(
    context: VisibleDialogue,
    rows: npt.NDArray[np.intp],
    index: int,
    similarity: FloatArray,
    superseded: FloatArray,
) -> FloatArray:
    """Return the candidates' rows without embeddings, shape (num_candidates, F + len(AGED_PAIR_FEATURES)).

    The column of their ages is 0.

    Args:
        context: The stream.
        rows: Index of each candidate's turn.
        index: Index of the new turn.
        similarity: Cosine of each candidate with the new turn.
        superseded: Largest cosine of each candidate with a newer one.
    """
    features = _candidate_table(context)[rows]
    pair = features[:, len(TURN_FEATURES) :]
    same_speaker = context.speaker_codes[rows] == context.speaker_codes[index]
    distance = context.positions[rows] - context.positions[index]
    # Column by column, which numpy does fastest.
    pair[:, _PAIR_COLUMN["freshness"]] = np.exp(distance / FRESHNESS_TURNS)
    pair[:, _PAIR_COLUMN["similarity"]] = similarity
    pair[:, _PAIR_COLUMN["same_speaker"]] = same_speaker
    pair[:, _PAIR_COLUMN["similarity_same_speaker"]] = similarity * same_speaker
    pair[:, _PAIR_COLUMN["superseded"]] = superseded
    pair[:, _PAIR_COLUMN["is_newest"]] = distance == -1
    return features


def _age_rank(positions: npt.NDArray[np.int64]) -> FloatArray:
    """Return the share of the other entries that are newer than each entry, shape (num_entries,)."""
    # Nearly in order already, which this way of sorting makes use of.
    order = np.argsort(positions, kind="stable")
    rank = np.empty(len(positions), np.float32)
    rank[order] = np.arange(len(positions))[::-1] / max(len(positions) - 1, 1)
    return rank


def _store_features(
    episode: VisibleEpisode, similarity: FloatArray, rarities: FloatArray, rarity: float
) -> tuple[float, ...]:
    store = episode.store
    return (
        _fill(episode),
        float(store.is_full),
        math.exp(-episode.step_index / FRESHNESS_TURNS),
        float(similarity.max(initial=0.0)),
        np.count_nonzero(rarities < rarity) / max(len(rarities), 1),
    )


def _fill(episode: VisibleEpisode) -> float:
    store = episode.store
    if store.capacity.max_entries is not None:
        return len(store) / store.capacity.max_entries
    return store.tokens / store.capacity.max_tokens if store.capacity.max_tokens is not None else 0.0
