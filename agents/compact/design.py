"""A compact policy for the decisions of a memory design: scores options from readable features."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from memdojo.envs.memory.embedders import Embedder
from memdojo.envs.streams.turn_features import FloatArray

from ..designs.parts.decisions import Decision as DesignDecision
from ..designs.parts.decisions import DecisionKind
from ..designs.parts.protocol import MemoryDesign
from ..designs.roles.protocol import Roles
from ..designs.running.driver import START_RULE, RuleDecider
from ..designs.running.features import DecisionFeatures
from ..designs.running.policy import DEFAULT_EMBEDDER, DesignManager
from .base import ChoosingNetwork, Decision, Observations, mlp, stack_observations
from .distributions import MaskedCategorical, require_scores

EXPLORED = 0.5
"""Share of the options drawn for a probe that are spread evenly over all that there are."""

LINEAR_GAIN = 4.0
"""How much faster than its weights the linear part of a score moves."""


class OptionScorer(nn.Module):
    """Scores the options of one kind of decision: a linear part and a small correction.

    Options that have names are told apart by them, and each meets the features of the situation by itself.

    Args:
        kind: The kind.
        hidden_dim: Width of the hidden layer; 0 leaves the correction out.
    """

    def __init__(self, kind: DecisionKind, hidden_dim: int) -> None:
        super().__init__()
        self.option_dim, self.state_dim = len(kind.option_features), len(kind.state_features)
        self.num_options, self.num_named = kind.max_options, len(kind.options)
        alone = self.option_dim + 1 + self.num_named
        self.linear = nn.Linear(alone + self.num_named * self.state_dim, 1, bias=False)
        self.follow = nn.Parameter(torch.ones(()))
        self.correction: nn.Sequential | None = None
        if hidden_dim:
            output = nn.Linear(hidden_dim, 1, bias=False)
            self.correction = nn.Sequential(nn.Linear(alone + self.state_dim, hidden_dim), nn.Tanh(), output)
            with torch.no_grad():
                output.weight.mul_(0.1)
        with torch.no_grad():
            self.linear.weight.zero_()

    def forward(self, options: Tensor, state: Tensor, by_rule: Tensor, mask: Tensor) -> Tensor:
        """Return the scores of all options, shape (B, N).

        Args:
            options: Shape (B, N, F).
            state: Shape (B, S).
            by_rule: 1 at the option that the rule takes, shape (B, N).
            mask: 1 where there is an option, shape (B, N).
        """
        batch, most = mask.shape[0], self.num_options
        is_rule, state = by_rule[:, :most], state[:, : self.state_dim]
        seen = [options[:, :most, : self.option_dim], is_rule.unsqueeze(2)]
        if self.num_named:
            seen.append(torch.eye(self.num_named).expand(batch, -1, -1))
        of_state = state.unsqueeze(1).expand(-1, most, -1)
        alone = torch.cat(seen, dim=2)
        crossed = [alone]
        if self.num_named and self.state_dim:
            crossed.append((seen[2].unsqueeze(3) * of_state.unsqueeze(2)).flatten(2))
        scores = LINEAR_GAIN * self.linear(torch.cat(crossed, dim=2)).squeeze(2)
        if self.correction is not None:
            scores = scores + self.correction(torch.cat([alone, of_state], dim=2)).squeeze(2)
        num_others = mask.sum(dim=1, keepdim=True).float().sub(1).clamp(min=1)
        start = math.log(START_RULE / (1 - START_RULE)) + torch.log(num_others)
        scores = scores + self.follow * start * is_rule
        filled: Tensor = nn.functional.pad(scores, (0, mask.shape[1] - most))
        return filled


class DesignNetwork(ChoosingNetwork):
    """Makes the learned decisions of a design: a scorer for each kind, and one critic.

    Args:
        features: Of the kinds.
        hidden_dim: Width of the hidden layers.
    """

    def __init__(self, features: DecisionFeatures, hidden_dim: int = 16) -> None:
        super().__init__()
        # Numbered, because a module of torch cannot have every name.
        self.scorers = nn.ModuleList(OptionScorer(kind, hidden_dim) for kind in features.kinds)
        critic_dim = len(features.kinds) + features.state_dim + features.option_dim
        self.critic = mlp(critic_dim, hidden_dim, 1)

    def forward(self, observations: Observations) -> tuple[Tensor, Tensor]:
        """Return the logits of all options, shape (B, N), and the critic's values, shape (B,)."""
        kind, options, state = observations["kind"], observations["options"], observations["state"]
        by_rule, mask = observations["by_rule"], observations["action_mask"]
        logits = torch.zeros_like(by_rule)
        for place, scorer in enumerate(self.scorers):
            (rows,) = kind[:, place].nonzero(as_tuple=True)
            if len(rows):
                scores = scorer(options[rows], state[rows], by_rule[rows], mask[rows])
                logits = logits.index_copy(0, rows, scores)
        # What is masked has no meaning, and no size that could hide weights that have run away.
        present = mask.unsqueeze(2).float()
        mean_option = (options * present).sum(1) / present.sum(1).clamp(min=1)
        values = self.critic(torch.cat([kind, state, mean_option], dim=1)).squeeze(1)
        return logits.masked_fill(mask == 0, 0.0), values


class NetworkDecider:
    """Makes the decisions of some kinds by a network, and all others by the design's rule; a `Decider`.

    Attributes:
        network: Scores the options.
        features: Of the kinds that it decides.

    Args:
        network: The network.
        features: The kinds.
    """

    def __init__(self, network: DesignNetwork, features: DecisionFeatures) -> None:
        self.network = network
        self.features = features
        self._learned = frozenset(kind.name for kind in features.kinds)
        self._rule = RuleDecider()
        self._last: dict[DesignDecision, FloatArray] = {}

    def choose(self, decisions: Sequence[DesignDecision]) -> list[int]:
        """Return the likeliest option of each decision, or the rule's, in the order of `decisions`."""
        options = self._rule.choose(decisions)
        learned = [place for place, each in enumerate(decisions) if each.kind.name in self._learned]
        last: dict[DesignDecision, FloatArray] = {}
        if learned:
            _, log_probs, _ = self._evaluate([decisions[place] for place in learned])
            for place, row in zip(learned, log_probs, strict=True):
                options[place] = int(row.argmax())
                last[decisions[place]] = row
        self._last = last
        return options

    def probabilities(self, decision: DesignDecision) -> FloatArray | None:
        """Return those of the options of a decision of the last `choose`; None if the rule made it.

        Shape (num_options,).
        """
        row = self._last.get(decision)
        return None if row is None else np.exp(row[: decision.num_options])

    def decide(
        self, decisions: Sequence[DesignDecision], rngs: Sequence[np.random.Generator] | None = None
    ) -> list[Decision]:
        """Return what is decided, with what the learner needs of it.

        Args:
            decisions: Of learned kinds.
            rngs: Draw the option of each; None takes the likeliest.
        """
        observations, log_probs, values = self._evaluate(decisions)
        made = []
        for row, observation in enumerate(observations):
            noise = 0.0 if rngs is None else rngs[row].gumbel(size=log_probs.shape[1])
            option = int(np.argmax(log_probs[row] + noise))
            made.append(_made(observation, option, log_probs[row], values[row]))
        return made

    def draw(
        self, decisions: Sequence[DesignDecision], rngs: Sequence[np.random.Generator], number: int
    ) -> list[list[Decision]]:
        """Return several options for each decision, drawn systematically as `CompactManager.draw` does.

        Half of them are drawn by the policy, and half from all options alike: the rule's option has nearly
        all of an untrained policy, and what is never tried is never found to be better. Their probabilities
        are those of the policy, so that a rare option counts as much as it is tried, as a natural gradient
        has it (Kakade 2001): a step along it changes the score of an option by its advantage, whatever its
        probability.

        Args:
            decisions: Of learned kinds.
            rngs: Draw, one for each decision.
            number: How many for each.
        """
        observations, log_probs, values = self._evaluate(decisions)
        drawn = []
        for row, observation in enumerate(observations):
            mask = observation["action_mask"].astype(np.float64)
            shares = (1 - EXPLORED) * np.exp(log_probs[row]) * mask + EXPLORED * mask / mask.sum()
            reached = np.cumsum(shares, dtype=np.float64)
            marks = (np.arange(number) + rngs[row].random()) / number * reached[-1]
            options = np.searchsorted(reached, marks, side="right").tolist()
            drawn.append([_made(observation, option, log_probs[row], values[row]) for option in options])
        return drawn

    @torch.no_grad()
    def _evaluate(
        self, decisions: Sequence[DesignDecision]
    ) -> tuple[list[dict[str, npt.NDArray[np.generic]]], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        observations = [self.features.observe(decision) for decision in decisions]
        batch = stack_observations(list(observations))
        logits, values = self.network(batch)
        require_scores(logits)
        log_probs = MaskedCategorical(logits, batch["action_mask"]).log_probs
        return observations, log_probs.numpy(), values.numpy()


class CompactDesign(DesignManager):
    """A memory design some of whose decisions a network makes, always the likeliest.

    Attributes:
        learned: Makes them.

    Args:
        design: The design.
        learned: With a network.
        roles: As for `DesignManager`, like `embedder`.
        embedder: By default that of `DesignManager`.
        name: Names it in tables.
    """

    def __init__(
        self,
        design: MemoryDesign,
        learned: NetworkDecider,
        *,
        roles: Roles | None = None,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        name: str = "compact",
    ) -> None:
        super().__init__(design, decider=learned, roles=roles, embedder=embedder, name=name)
        self.learned = learned

    @property
    def network(self) -> DesignNetwork:
        """What is trained."""
        return self.learned.network


def _made(
    observation: dict[str, npt.NDArray[np.generic]],
    option: int,
    log_probs: npt.NDArray[np.float32],
    value: np.floating,
) -> Decision:
    return Decision(observation, np.array([option]), log_probs[option : option + 1], np.array([value]))


def nothing_decided(features: DecisionFeatures) -> Decision:
    """Return what stands for the decisions of an episode that had none: nothing was chosen."""
    nothing = np.zeros(1, np.float32)
    return Decision(features.empty(), np.array([-1]), nothing, nothing)


def new_design_network(features: DecisionFeatures, hidden_dim: int, seed: int) -> DesignNetwork:
    """Build an untrained network whose weights depend on `seed` alone.

    Args:
        features: Of the decisions that it makes.
        hidden_dim: Width of its hidden layers.
        seed: Not negative.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DesignNetwork(features, hidden_dim)
