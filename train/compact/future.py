"""What is still to come of a stream, as features that a critic sees in training and no policy ever does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode

FUTURE = "future"
"""Name of the features among the arrays of a decision."""

_BY_WEIGHT = ("questions", "held", "arriving", "later", "lost")
FUTURE_FEATURES = (
    *_BY_WEIGHT,
    *(f"{name}_discounted" for name in _BY_WEIGHT),
    "next_question",
    "store_in_use",
    "store_wanted",
)
"""Of the questions to come: their share of all; and of their evidence what the store holds, what the waiting
turn says, what later turns will say, and what was said and is not held, each as a share of all evidence. The
same with each question weighed by the discount, as rewards are. How near the next question is; and how many
turns with evidence of questions to come are held, and how many could be, per entry that there is room for."""


class Future:
    """Looks ahead in one stream.

    Args:
        context: The stream, in chunks of single turns.
        discount: Weight of a question one step later.
    """

    def __init__(self, context: StreamContext, discount: float) -> None:
        self._context = context
        self._discount = discount
        asked = [(step, question) for step, questions in context.due.items() for question in questions]
        needed = [
            (step, question, turn_id)
            for step, question in asked
            for turn_id in sorted(question.needed_evidence)
        ]
        self._asked_Q = np.array([step for step, _ in asked], np.int64)
        self._pairs = [(turn_id, question.id) for _, question, turn_id in needed]
        self._due_E = np.array([step for step, _, _ in needed], np.int64)
        self._turn_E = np.array([context.turn_index[turn_id] for _, _, turn_id in needed], np.int64)
        shares = [len(question.needed_evidence) * context.num_evidence_questions for _, question, _ in needed]
        self._weight_E = 1 / np.array(shares, np.float64)

    def of(self, episode: ManagerEpisode) -> npt.NDArray[np.float32]:
        """Return the features of an episode that waits for a decision, shape (len(FUTURE_FEATURES),)."""
        step, kept = episode.step_index, episode.kept_evidence
        held_E = np.array([pair in kept for pair in self._pairs], bool)
        comes_Q, comes_E = self._asked_Q >= step, self._due_E >= step
        where = (
            held_E,
            ~held_E & (self._turn_E == step),
            ~held_E & (self._turn_E > step),
            ~held_E & (self._turn_E < step),
        )
        features: list[float] = []
        for discount in (1.0, self._discount):
            now_Q = comes_Q * discount ** np.maximum(self._asked_Q - step, 0)
            now_E = comes_E * self._weight_E * discount ** np.maximum(self._due_E - step, 0)
            features.append(now_Q.sum() / max(len(now_Q), 1))
            features += [now_E[each].sum() for each in where]
        nearest = (self._asked_Q[comes_Q] - step).min(initial=len(self._context.turns))
        room = episode.store.capacity.max_entries or len(self._context.turns)
        can_hold_E = held_E | (self._turn_E >= step)
        features += [
            1 / (1 + nearest),
            len(set(self._turn_E[comes_E & held_E])) / room,
            len(set(self._turn_E[comes_E & can_hold_E])) / room,
        ]
        return np.array(features, np.float32)
