"""What a decision should have been: of a manager by a stream's plan or by its questions' evidence, of a
retriever by the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from memdojo.agents.compact.distributions import MASKED_LOGIT
from memdojo.agents.compact.keep_and_supersede import HeadScores, edit_distribution
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.features.manager import ManagerObservation
from memdojo.envs.types import Add, Delete, MemoryEntry, Question, Update

from ..algorithms.protocol import Loss
from ..config.tables import TeacherName

LEAVE, EDIT, RELEVANT = "label_leave", "label_edit", "label_relevant"
"""Names of the labels among the arrays of a decision."""

_EDITS = (Update.kind, Delete.kind)
_NEVER = np.iinfo(np.int64).max


class Labels:
    """Labels the decisions of one stream.

    By the plan (`labelled`) a text should leave the store if nothing of its turn was to be written, or once a
    later turn has made it outdated or taken it back. A turn that takes something back goes into the place of
    what it takes back: whoever reads the memory must know, and where the plan's DELETE leaves nothing, the
    answer is guessed from what else there is. By the evidence (`oracle`) a text should leave if no question
    that is still to come needs its turn, and no entry is ever edited. `auto` is the plan of a stream whose
    plan edits entries, and the evidence otherwise, if there is any: a plan that does nothing but add says
    what might be of use one day, and not for how long.

    Args:
        context: The stream, in chunks of single turns.
        teacher: By what to label.
    """

    def __init__(self, context: StreamContext, teacher: TeacherName) -> None:
        num_turns = len(context.turns)
        self._leaves_from = np.zeros(num_turns, np.int64)
        self._targets: dict[int, int] = {}
        plans = context.stream.oracle
        edits = any(each.kind in _EDITS for plan in plans.values() for each in plan)
        knows_needs = any(question.evidence for questions in context.due.values() for question in questions)
        if teacher == "oracle" or (teacher == "auto" and not edits and knows_needs):
            for step, questions in context.due.items():
                for turn_id in {each for question in questions for each in question.evidence}:
                    turn = context.turn_index[turn_id]
                    # Asked after the chunk of a step, the question still needs its evidence at that step.
                    self._leaves_from[turn] = max(self._leaves_from[turn], step + 1)
            return
        for turn_id, plan in plans.items():
            turn = context.turn_index[turn_id]
            for planned in plan:
                if planned.kind == Add.kind or planned.kind in _EDITS:
                    self._leaves_from[turn] = _NEVER
        for turn_id, plan in plans.items():
            turn = context.turn_index[turn_id]
            for planned in plan:
                if planned.kind in _EDITS and planned.target is not None:
                    target = context.turn_index[planned.target]
                    self._targets[turn] = target
                    self._leaves_from[target] = min(self._leaves_from[target], turn)

    @property
    def is_empty(self) -> bool:
        """True if nothing is ever worth keeping: the stream says nothing of what should be done."""
        return not self.are_worth_writing.any()

    @property
    def are_worth_writing(self) -> npt.NDArray[np.bool_]:
        """Whether each turn should be in the store once it has been said, shape (num_turns,)."""
        worth: npt.NDArray[np.bool_] = self._leaves_from > np.arange(len(self._leaves_from))
        return worth

    @property
    def targets(self) -> Mapping[int, int]:
        """The turn that a turn makes outdated or takes back, for each that does, by their positions."""
        return self._targets

    def of(self, episode: ManagerEpisode, observation: ManagerObservation) -> Mapping[str, npt.NDArray[Any]]:
        """Return the labels of a decision.

        Args:
            episode: Waits with a single turn, whose observation it is.
            observation: With K candidates at most, those that are shown in front.

        Returns:
            `label_leave`, shape (1 + K,): 1 if the text should leave the store, the new turn in front, and -1
            for no text. `label_edit`, shape (1,): which of the edits is right, as `HeadScores.edit` counts
            them, from 1; 0 for none.
        """
        chunk = episode.chunk
        assert chunk is not None  # The episode waits for a decision.
        context, ids = episode.context, observation.candidate_ids
        turn = context.turn_index[chunk.turns[0].id]
        num_candidates = len(observation.arrays["candidates"])
        origin_of = dict(
            zip((entry.id for entry in episode.store.entries), context.origins(episode.store), strict=True)
        )
        origins = np.array([origin_of[id] for id in ids], np.int64)
        leave = np.full(1 + num_candidates, -1, np.int8)
        leave[0] = self._leaves_from[turn] <= turn
        leave[1 : 1 + len(ids)] = self._leaves_from[origins] <= turn
        edit = 0
        (places,) = (origins == self._targets.get(turn, -1)).nonzero()
        if len(places):
            place = int(places[-1])
            can_update, can_delete = observation.arrays["action_mask"][2:].reshape(3, -1)[:2, place]
            # A text that is too long for the place of another cannot take it; what is outdated leaves anyway.
            edit = 1 + place if can_update else 1 + num_candidates + place if can_delete else 0
        return {LEAVE: leave, EDIT: np.array([edit])}


def label_loss(scores: HeadScores, rows: Mapping[str, Tensor]) -> Loss:
    """Return the cross-entropy of both heads with the labels of N decisions.

    Args:
        scores: What the heads say of them.
        rows: Arrays of the decisions, their labels among them, each of shape (N, ...).
    """
    leave, edit = rows[LEAVE], rows[EDIT].squeeze(1)
    edit_loss = -edit_distribution(scores, rows["action_mask"]).log_prob(edit).mean()
    # The new turn counts as much as all entries: they are seen at every step, and it is decided on once.
    arrives_loss = binary_cross_entropy_with_logits(scores.leave[:, 0], leave[:, 0].float())
    is_entry = leave[:, 1:] >= 0
    stays_loss = scores.leave.new_zeros(())
    if is_entry.any():
        stays_loss = binary_cross_entropy_with_logits(
            scores.leave[:, 1:][is_entry], leave[:, 1:][is_entry].float()
        )
    terms = {"edit_loss": edit_loss, "arrives_loss": arrives_loss, "stays_loss": stays_loss}
    return Loss(edit_loss + arrives_loss + stays_loss, terms)


def evidence_labels(
    context: StreamContext, question: Question, entries: Sequence[MemoryEntry]
) -> npt.NDArray[np.int8]:
    """Return 1 for each entry that holds evidence of the question and 0 for the others, shape (N,)."""
    return np.array([bool(context.evidence_for(question, entry)) for entry in entries], np.int8)


def ranking_loss(scores: Tensor, rows: Mapping[str, Tensor]) -> Loss:
    """Return how unlikely it is that what holds evidence is chosen among what holds none.

    For each entry that holds some that is the cross-entropy of a choice between it and all that hold none;
    the mean over those entries, and then over the questions that have any (as in ListNet, Cao et al. 2007,
    section 4, for one choice; several right ones do not compete).

    Args:
        scores: Of N candidates of B questions, shape (B, N).
        rows: Their arrays, with `mask` and `label_relevant`, each of shape (B, N).
    """
    relevant = (rows[RELEVANT] == 1) & (rows["mask"] != 0)
    is_other = ~relevant & (rows["mask"] != 0)
    others = scores.masked_fill(~is_other, MASKED_LOGIT).logsumexp(1, keepdim=True)
    losses = softplus(others - scores).masked_fill(~relevant, 0).sum(1) / relevant.sum(1).clamp(min=1)
    total = losses.sum() / relevant.any(1).sum().clamp(min=1)
    return Loss(total, {"evidence_loss": total})
