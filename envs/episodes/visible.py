"""`VisibleEpisode` and `VisibleDialogue`: the protocols of what a manager may look at when it decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ..memory.embedders import Embedder
from ..memory.store import MemoryStore
from ..streams.turn_features import FloatArray
from ..types import Chunk, Turn


class VisibleDialogue(Protocol):
    """The turns of a dialogue that are at hand, and what is computed of them.

    Of a stream that is all of its turns, those to come as well, at which only what knows the future may look;
    of a dialogue that is not over, those that its memory still rests on.
    """

    @property
    def turns(self) -> Sequence[Turn]:
        """The turns in order."""
        ...

    @property
    def turn_index(self) -> Mapping[str, int]:
        """Position of each turn id in `turns`."""
        ...

    @property
    def turn_texts(self) -> Sequence[str]:
        """Each turn as it would be stored verbatim."""
        ...

    @property
    def turn_features(self) -> FloatArray:
        """Causal features of every turn, shape (num_turns, len(TURN_FEATURES))."""
        ...

    @property
    def following_features(self) -> FloatArray:
        """Features of the turn that followed each turn; zeros behind the last. Shape as `turn_features`."""
        ...

    @property
    def rarities(self) -> FloatArray:
        """The column `sum_idf` of `turn_features`, shape (num_turns,)."""
        ...

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """How many turns of the dialogue came before each turn, ascending, shape (num_turns,)."""
        ...

    @property
    def speaker_codes(self) -> npt.NDArray[np.int32]:
        """A number for each turn's speaker, shape (num_turns,)."""
        ...

    @property
    def tables(self) -> MutableMapping[str, FloatArray]:
        """What features keep with the turns for all episodes, by name."""
        ...

    def origins(self, store: MemoryStore) -> npt.NDArray[np.intp]:
        """Return the index of the turn that the text of each entry last came from, shape (num_entries,)."""
        ...

    def turn_values(self, function: TurnValues) -> Sequence[float] | npt.NDArray[np.floating[Any]]:
        """Return what `function` gives for every turn."""
        ...

    def embeddings(self, embedder: Embedder) -> FloatArray:
        """Return the unit vectors of all turns, shape (num_turns, embedder.dim)."""
        ...

    def similarities(self, embedder: Embedder, index: int, turns: npt.NDArray[np.intp]) -> FloatArray:
        """Return the cosines of turn `index` with `turns`, none of which is later, shape (len(turns),)."""
        ...

    def superseded(self, embedder: Embedder, turns: npt.NDArray[np.intp]) -> FloatArray:
        """Return each turn's largest cosine with a newer one of `turns`, at least 0, shape (len(turns),)."""
        ...


TurnValues = Callable[[VisibleDialogue], npt.NDArray[np.floating[Any]]]
"""Gives every turn of a dialogue a number, shape (num_turns,); see `VisibleDialogue.turn_values`."""


class VisibleEpisode(Protocol):
    """An episode as a manager sees it: a chunk that waits for operations, and the memory so far."""

    @property
    def context(self) -> VisibleDialogue:
        """The dialogue."""
        ...

    @property
    def store(self) -> MemoryStore:
        """What is remembered."""
        ...

    @property
    def chunk(self) -> Chunk | None:
        """The chunk that waits for operations; None where none does."""
        ...

    @property
    def step_index(self) -> int:
        """Steps done."""
        ...

    @property
    def rng(self) -> np.random.Generator:
        """The only source of randomness that a policy draws from."""
        ...


@runtime_checkable
class CanFail(Protocol):
    """An episode that goes on where its policy has failed, without a score from then on."""

    failure: str
    """Why nothing that comes of it any more is the policy's own; empty while all is well."""

    def fail(self, why: str) -> None:
        """Say that it is so from now on."""
        ...
