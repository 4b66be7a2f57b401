"""A manager's network of two heads: what a new turn supersedes, and what is worth keeping."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from memdojo.envs.streams.turn_features import COLUMN, LOG_WORDS_SCALE

from .base import ChoosingNetwork, Observations, mlp
from .distributions import MASKED_LOGIT, MaskedCategorical

START_EDITS = 0.02
"""How often the untrained policy rewrites or deletes anything at all, whatever the number of candidates."""

START_ADD = 4.0
"""Logit of ADD where the store has room, against that of the new turn's leaving: a free place costs
nothing yet."""

START_LENGTH_COST = 0.5
"""What a text's length counts against it where tokens are limited, in logits of leaving for its logarithm. By
worth per token it would be 1; what a text is worth is known too badly for that."""

_LOG_WORDS = COLUMN["log_words"]


class HeadScores(NamedTuple):
    """What the heads say, in logits; K candidates.

    Attributes:
        leave: How readily a text leaves the store, the new turn in front, shape (B, 1 + K).
        edit: That the new turn supersedes an entry, then that it takes it back, shape (B, 2 K); against 0
            for neither of any entry.
    """

    leave: Tensor
    edit: Tensor


class KeepAndSupersedeNetwork(ChoosingNetwork):
    """Decides first whether the new turn changes what an entry says, and then what is kept.

    The supersede head looks at pairs of the new turn and an entry: UPDATE puts the turn in the place of an
    entry that it makes outdated, at any time, and DELETE removes an entry that it takes back. If nothing is
    changed, the keep head says how readily each text should leave the store, by the same eyes for the new
    turn as for the entries: NOOP means that the turn leaves, ADD in place of k that entry k does. Of two
    texts that are worth as much the longer one leaves first, since it takes the room of several. The head
    also sees what is usual, the mean of the entries: a length or a question means one thing in talk between
    friends and another in a chat with an assistant. The probability of an action is the product of the two
    decisions.

    Args:
        turn_dim: Features of the new turn: `num_shared`, then its embedding if there is one.
        store_dim: Features of the store.
        candidate_dim: Features of a candidate: those of the turn that it came from, those of the pair, then
            its embedding if there is one.
        num_shared: Features of any turn.
        hidden_dim: Width of the hidden layers.
    """

    sees_entry_ages = True
    """Whether its candidates have `AGED_PAIR_FEATURES`."""

    def __init__(
        self, turn_dim: int, store_dim: int, candidate_dim: int, num_shared: int, hidden_dim: int = 64
    ) -> None:
        super().__init__()
        self.num_shared = num_shared
        self.embedding_dim = turn_dim - num_shared
        self.num_pair = candidate_dim - turn_dim
        self.leave = mlp(candidate_dim + 1 + num_shared, hidden_dim, 1)
        self.leave_linear = nn.Linear(candidate_dim + 1, 1)
        self.add = mlp(turn_dim + store_dim, hidden_dim, 1)
        # Beside what both are, where they agree and where they differ: the same attribute, another value.
        self.edit = mlp(2 * num_shared + self.num_pair + num_shared + self.embedding_dim, hidden_dim, 2)
        self.critic = mlp(turn_dim + store_dim + candidate_dim, hidden_dim, 1)
        self.drop = nn.Dropout(0.0)
        self.length_cost = nn.Parameter(torch.tensor(START_LENGTH_COST))
        with torch.no_grad():
            self.leave_linear.weight.zero_()
            self.leave_linear.bias.zero_()
            add_output = self.add[-1]
            assert isinstance(add_output, nn.Linear)
            add_output.bias.fill_(START_ADD)

    def heads(self, observations: Observations) -> HeadScores:
        """Return what both heads say of a batch of B observations; of absent candidates it means nothing."""
        turn, candidates = observations["turn"], observations["candidates"]
        batch, num_candidates, _ = candidates.shape
        shared, pairs, embeddings = torch.tensor_split(
            candidates, (self.num_shared, self.num_shared + self.num_pair), dim=2
        )
        turn_shared, turn_embedding = torch.tensor_split(turn, (self.num_shared,), dim=1)
        candidates = torch.cat([shared, pairs, self.drop(embeddings)], dim=2)
        new = torch.cat([turn_shared, turn.new_zeros(batch, self.num_pair), self.drop(turn_embedding)], dim=1)
        is_new = turn.new_zeros(batch, num_candidates + 1, 1)
        is_new[:, 0] = 1
        leavers = torch.cat([torch.cat([new.unsqueeze(1), candidates], dim=1), is_new], dim=2)
        usual = mean_of_candidates(observations, shared).unsqueeze(1).expand(-1, num_candidates + 1, -1)
        leave = self.leave(torch.cat([leavers, usual], dim=2)) + 4 * self.leave_linear(leavers)
        of_turn = turn_shared.unsqueeze(1).expand(-1, num_candidates, -1)
        edit = self.edit(
            torch.cat(
                [
                    shared,
                    of_turn,
                    pairs,
                    (shared - of_turn).abs(),
                    # Times their number: the products of unit vectors are small.
                    self.drop(embeddings * turn_embedding.unsqueeze(1)) * self.embedding_dim,
                ],
                dim=2,
            )
        )
        num_present = _present(observations).sum(dim=1, keepdim=True).clamp(min=1)
        start = math.log(START_EDITS / (1 - START_EDITS)) - torch.log(2 * num_present)
        return HeadScores(leave.squeeze(2), edit.transpose(1, 2).flatten(1) + start)

    @contextlib.contextmanager
    def dropping_out(self, share: float, seed: int) -> Iterator[None]:
        """Leave out a share of the inputs from embeddings for a while, at random by the seed.

        Embeddings tell training phrasings apart so well that a network learns them by heart.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.drop.p = share
            try:
                yield
            finally:
                self.drop.p = 0.0

    def forward(self, observations: Observations) -> tuple[Tensor, Tensor]:
        """Return the logits of all actions, shape (B, 2 + 3K), and the critic's values, shape (B,)."""
        turn, store, candidates = observations["turn"], observations["store"], observations["candidates"]
        mask = observations["action_mask"]
        num_candidates = candidates.shape[1]
        scores = self.heads(observations)
        edit = edit_distribution(scores, mask).log_probs
        context = torch.cat([turn, store], dim=1)
        longer_than_turn = (candidates[:, :, _LOG_WORDS] - turn[:, None, _LOG_WORDS]) * LOG_WORDS_SCALE
        leave = scores.leave[:, 1:] + self.length_cost * longer_than_turn
        keep = MaskedCategorical(
            torch.cat([scores.leave[:, :1], self.add(context), leave], dim=1),
            torch.cat([mask[:, :2], mask[:, 2 + 2 * num_candidates :]], dim=1),
        ).log_probs
        unchanged = edit[:, :1] + keep
        logits = torch.cat([unchanged[:, :2], edit[:, 1:], unchanged[:, 2:]], dim=1)
        # What is masked has no meaning, and no size that could hide weights that have run away.
        logits = logits.masked_fill((mask == 0) & (logits <= MASKED_LOGIT / 10), 0.0)
        mean_candidate = mean_of_candidates(observations, candidates)
        values = self.critic(torch.cat([context, mean_candidate], dim=1)).squeeze(1)
        return logits, values


def edit_distribution(scores: HeadScores, action_mask: Tensor) -> MaskedCategorical:
    """Return the distribution over no edit and then all edits, as `HeadScores.edit` counts them.

    Args:
        scores: What the heads say.
        action_mask: Shape (B, 2 + 3 K).
    """
    none = torch.zeros_like(scores.edit[:, :1])
    may_edit = action_mask[:, 2 : 2 + scores.edit.shape[1]]
    return MaskedCategorical(
        torch.cat([none, scores.edit], dim=1), torch.cat([torch.ones_like(may_edit[:, :1]), may_edit], dim=1)
    )


def mean_of_candidates(observations: Observations, features: Tensor) -> Tensor:
    """Return the mean of features over the candidates that there are, shape (B, F); 0 where there is none.

    Args:
        observations: B of them.
        features: Of each candidate, shape (B, K, F).
    """
    present = _present(observations).unsqueeze(2)
    mean: Tensor = (features * present).sum(1) / present.sum(1).clamp(min=1)
    return mean


def _present(observations: Observations) -> Tensor:
    """Return 1 for each candidate that there is, shape (B, K): any of them may be deleted."""
    num_candidates = observations["candidates"].shape[1]
    return observations["action_mask"][:, 2 + num_candidates : 2 + 2 * num_candidates].float()
