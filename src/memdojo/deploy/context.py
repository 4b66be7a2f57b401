"""`LiveContext`: an endless dialogue as policies see it, with the turns that the memory still rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from memdojo.envs.episodes.superseded import Superseded
from memdojo.envs.episodes.visible import TurnValues
from memdojo.envs.memory.corpus import Corpus, with_room
from memdojo.envs.memory.embedders import Embedder
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.turn_features import COLUMN, TURN_FEATURES, FloatArray, TurnFeaturizer
from memdojo.envs.types import MemoryEntry, OperationResult, Turn

_SLACK = 64
"""Turns are dropped once those that nothing needs are so many more than those that stay."""


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A turn with what has to be known of it once those around it are gone.

    Attributes:
        turn: What was said.
        text: As it would be stored.
        position: How many turns came before it.
        features: Its `turn_features`.
        following: Those of the turn that came after it; zeros where none has come.
    """

    turn: Turn
    text: str
    position: int
    features: FloatArray
    following: FloatArray


class LiveContext:
    """What policies may know of a dialogue whose end is unknown.

    Everything is as in the `StreamContext` of the whole dialogue, but only the turns that the entries of one
    store last came from, and the last turn, are at hand: indices count these alone, and `positions` has
    their places in the dialogue. So the work of a step grows with the store, and not with what was ever said;
    of the rest, the counts of the words are kept. It belongs to one store; `note` every change.

    A `VisibleDialogue`, as `StreamContext` is one.

    Attributes:
        corpus: Index of the texts that the store holds.
        tables: Empty again whenever the turns at hand have changed.
        featurizer: Has the word counts of the dialogue so far.

    Args:
        featurizer: Has the word counts of the dialogue so far.
        kept: The turns at hand, in their order.
        origins: Which of the turns the text of each entry last came from: positions by id of the entry.
    """

    def __init__(
        self,
        featurizer: TurnFeaturizer | None = None,
        kept: Sequence[KeptTurn] = (),
        origins: dict[int, int] | None = None,
    ) -> None:
        self.corpus = Corpus(texts=())
        self.turn_index: dict[str, int] = {}
        self.tables: dict[str, FloatArray] = {}
        self.featurizer = featurizer or TurnFeaturizer()
        self._turns: list[Turn] = []
        self._texts: list[str] = []
        self._features: FloatArray = np.zeros((0, len(TURN_FEATURES)), np.float32)
        self._following: FloatArray = np.zeros((0, len(TURN_FEATURES)), np.float32)
        self._positions = np.zeros(0, np.int64)
        self._codes = np.zeros(0, np.int32)
        self._code_of: dict[str, int] = {}
        self._vectors: dict[str, FloatArray] = {}
        self._num_embedded: dict[str, int] = {}
        self._superseded: dict[str, Superseded] = {}
        self._origins: dict[int, int] = {}
        self._max_turns = 0
        for each in kept:
            self._put(each)
        index_at = {each.position: index for index, each in enumerate(kept)}
        self._origins = {id: index_at[position] for id, position in (origins or {}).items()}
        self._show()

    @property
    def num_turns(self) -> int:
        """Turns of the whole dialogue so far."""
        return self.featurizer.num_turns

    def append(self, turn: Turn, text: str) -> KeptTurn:
        """Take the next turn of the dialogue, which would be stored as `text`."""
        position = self.num_turns
        features = self.featurizer.add(turn, text)
        if self._turns and self._positions[len(self._turns) - 1] == position - 1:
            self._following[len(self._turns) - 1] = features
        kept = KeptTurn(turn, text, position, features, np.zeros_like(features))
        self._put(kept)
        self._show()
        return kept

    def note(self, result: OperationResult) -> None:
        """Learn what became of an operation on the store."""
        for change in result.changes:
            before, after = change.before, change.after
            if after is not None and (before is None or before.text != after.text):
                self._origins[after.id] = self._origin(after)
            elif after is None and before is not None:
                self._origins.pop(before.id, None)

    def tidy(self) -> None:
        """Drop the turns that no entry came from, once they are many; the last one stays."""
        # To count those that are needed costs as much as there are entries, so it is not done at every step.
        if len(self._turns) <= self._max_turns:
            return
        needed = set(self._origins.values())
        if self._turns:
            needed.add(len(self._turns) - 1)
        self._max_turns = 2 * len(needed) + _SLACK
        if len(self._turns) <= self._max_turns:
            return
        kept = np.array(sorted(needed), np.intp)
        self._turns = [self._turns[index] for index in kept.tolist()]
        self._texts = [self._texts[index] for index in kept.tolist()]
        self._features, self._following = self._features[kept], self._following[kept]
        self._positions, self._codes = self._positions[kept], self._codes[kept]
        for name, num_embedded in self._num_embedded.items():
            self._num_embedded[name] = int(np.searchsorted(kept, num_embedded))
            self._vectors[name] = self._vectors[name][kept[: self._num_embedded[name]]]
        new_index = {index: place for place, index in enumerate(kept.tolist())}
        self._origins = {id: new_index[index] for id, index in self._origins.items()}
        self._superseded = {name: known.renumbered(kept) for name, known in self._superseded.items()}
        self.turn_index = {turn.id: index for index, turn in enumerate(self._turns)}
        self._show()

    def adopt(self, entry: MemoryEntry, turn: Turn) -> None:
        """Take a turn at hand for the one that the entry came from."""
        self._origins[entry.id] = self.turn_index[turn.id]

    def origin(self, entry: MemoryEntry) -> KeptTurn:
        """Return the turn that the entry's text last came from."""
        return self._kept(self._origins[entry.id])

    def last(self) -> KeptTurn | None:
        """Return the last turn of the dialogue, unless it was forgotten."""
        if not self._turns or self._positions[len(self._turns) - 1] != self.num_turns - 1:
            return None
        return self._kept(len(self._turns) - 1)

    def origins(self, store: MemoryStore) -> npt.NDArray[np.intp]:
        """Return the index of the turn that the text of each entry last came from, shape (num_entries,)."""
        found = self._origins
        return np.fromiter((found[entry.id] for entry in store.entries), np.intp, len(store))

    def turn_values(self, function: TurnValues) -> npt.NDArray[np.floating[Any]]:
        """Return what `function` gives for the turns at hand, called anew because they change."""
        return function(self)

    def embeddings(self, embedder: Embedder) -> FloatArray:
        """Unit vectors of the turns at hand, shape (num_turns, embedder.dim); each turn is embedded once."""
        num_known = self._num_embedded.get(embedder.name, 0)
        vectors = self._vectors.get(embedder.name, np.zeros((0, embedder.dim), np.float32))
        if num_known < len(self._texts):
            vectors = self._vectors[embedder.name] = with_room(vectors, len(self._texts))
            vectors[num_known : len(self._texts)] = embedder.embed(self._texts[num_known:])
            self._num_embedded[embedder.name] = len(self._texts)
        return vectors[: len(self._texts)]

    def similarities(self, embedder: Embedder, index: int, turns: npt.NDArray[np.intp]) -> FloatArray:
        """Cosines of turn `index` with `turns`, shape (len(turns),)."""
        vectors = self.embeddings(embedder)
        cosines: FloatArray = vectors[turns] @ vectors[index]
        return cosines

    def superseded(self, embedder: Embedder, turns: npt.NDArray[np.intp]) -> FloatArray:
        """Return each turn's largest cosine with a newer one of `turns`, at least 0, shape (len(turns),)."""
        known = self._superseded.get(embedder.name) or Superseded.empty()
        known = self._superseded[embedder.name] = known.moved_to(turns, self.embeddings(embedder))
        return known.of(turns)

    def _kept(self, index: int) -> KeptTurn:
        return KeptTurn(
            self._turns[index],
            self._texts[index],
            int(self._positions[index]),
            self._features[index].copy(),
            self._following[index].copy(),
        )

    def _origin(self, entry: MemoryEntry) -> int:
        """Return the newest of the entry's turns that says just its text, else its newest; else the last."""
        at_hand = [self.turn_index[id] for id in reversed(entry.sources) if id in self.turn_index]
        said = (index for index in at_hand if self._texts[index] == entry.text)
        return next(said, at_hand[0] if at_hand else len(self._turns) - 1)

    def _put(self, kept: KeptTurn) -> None:
        end = len(self._turns) + 1
        self._features = with_room(self._features, end)
        self._following = with_room(self._following, end)
        self._positions = with_room(self._positions, end)
        self._codes = with_room(self._codes, end)
        self._features[end - 1] = kept.features
        self._following[end - 1] = kept.following
        self._positions[end - 1] = kept.position
        self._codes[end - 1] = self._code_of.setdefault(kept.turn.speaker, len(self._code_of))
        self._turns.append(kept.turn)
        self._texts.append(kept.text)
        self.turn_index[kept.turn.id] = end - 1

    def _show(self) -> None:
        """Let all that is seen be of the turns at hand."""
        end = len(self._turns)
        self.turns: Sequence[Turn] = self._turns
        self.turn_texts: Sequence[str] = self._texts
        self.turn_features = self._features[:end]
        self.following_features = self._following[:end]
        self.positions = self._positions[:end]
        self.speaker_codes = self._codes[:end]
        self.rarities = self._features[:end, COLUMN["sum_idf"]]
        self.tables.clear()
