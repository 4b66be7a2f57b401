"""The network that makes decisions of memory designs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from builders import FIND, KEEP
from memdojo.agents.compact.base import stack_observations
from memdojo.agents.compact.design import NetworkDecider, new_design_network, nothing_decided
from memdojo.agents.compact.distributions import MaskedCategorical
from memdojo.agents.designs.parts.decisions import Decision, DecisionKind
from memdojo.agents.designs.running.features import DecisionFeatures

WHO = DecisionKind("type", "Who leaves.", max_options=8, option_features=("age", "worth"))
FEATURES = DecisionFeatures((KEEP, WHO))
"""One kind has the name of a method of torch's modules."""


def _decision(kind, by_rule, rows, state=()):
    return Decision(kind, by_rule, np.float32(rows), np.float32(state))


def _some():
    rng = np.random.default_rng(0)
    return [
        _decision(KEEP, 1, np.zeros((2, 0)), [1.0]),
        _decision(WHO, 2, rng.normal(size=(5, 2))),
        _decision(WHO, 0, rng.normal(size=(8, 2))),
        _decision(WHO, 1, rng.normal(size=(2, 2))),
        _decision(KEEP, 0, np.zeros((2, 0)), [0.0]),
    ]


def _log_probs(network, decisions):
    batch = stack_observations([FEATURES.observe(decision) for decision in decisions])
    logits, values = network(batch)
    return MaskedCategorical(logits, batch["action_mask"]).log_probs, values


@pytest.mark.parametrize("hidden_dim", [0, 16])
def test_an_untrained_policy_follows_the_rule_nine_times_in_ten_whatever_the_number_of_options(hidden_dim):
    log_probs, _ = _log_probs(new_design_network(FEATURES, hidden_dim, seed=3), _some())
    by_rule = [float(row.detach().exp()[each.by_rule]) for row, each in zip(log_probs, _some(), strict=True)]
    assert by_rule == pytest.approx([0.9] * 5, abs=0.02)


def test_what_is_said_of_a_decision_does_not_depend_on_the_others_of_its_batch():
    network = new_design_network(FEATURES, 16, seed=3)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.3)
    together, values = _log_probs(network, _some())
    for place, decision in enumerate(_some()):
        alone, value = _log_probs(network, [decision])
        torch.testing.assert_close(alone[0], together[place])
        torch.testing.assert_close(value[0], values[place])
        assert together[place].exp()[decision.num_options :].sum() < 1e-6


def test_each_kind_learns_by_weights_of_its_own():
    network = new_design_network(FEATURES, 16, seed=3)
    log_probs, _ = _log_probs(network, [_some()[1]])
    log_probs[0, 3].backward()
    of_keep, of_who = ([each.grad for each in scorer.parameters()] for scorer in network.scorers)
    assert all(gradient is None or not gradient.any() for gradient in of_keep)
    assert any(gradient.any() for gradient in of_who)


def test_a_named_option_can_depend_on_the_situation_without_a_hidden_layer():
    network = new_design_network(FEATURES, 0, seed=0)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    decisions = [_decision(KEEP, 0, np.zeros((2, 0)), [state]) for state in (0.0, 1.0)]
    for _ in range(60):
        log_probs, _ = _log_probs(network, decisions)
        optimizer.zero_grad()
        (-(log_probs[0, 1] + log_probs[1, 0])).backward()
        optimizer.step()
    assert NetworkDecider(network, FEATURES).choose(decisions) == [1, 0]


def test_a_decider_leaves_what_it_has_not_learned_to_the_rule():
    network = new_design_network(FEATURES, 16, seed=0)
    with torch.no_grad():
        for scorer in network.scorers:
            scorer.follow.fill_(-9.0)
    decisions = [_decision(FIND, 1, [[0.0], [1.0]]), *_some()]
    chosen = NetworkDecider(network, FEATURES).choose(decisions)
    assert chosen[0] == 1
    assert all(option != each.by_rule for option, each in zip(chosen[1:], decisions[1:], strict=True))


def test_a_decider_says_how_likely_the_options_were_of_what_it_has_learned():
    decider = NetworkDecider(new_design_network(FEATURES, 16, seed=0), FEATURES)
    decisions = [_decision(FIND, 1, [[0.0], [1.0]]), *_some()]
    decider.choose(decisions)
    assert decider.probabilities(decisions[0]) is None
    for decision in decisions[1:]:
        told = decider.probabilities(decision)
        assert told.shape == (decision.num_options,)
        assert told.sum() == pytest.approx(1)
        assert told[decision.by_rule] == pytest.approx(0.9, abs=0.02)
    before = decisions[1]
    decider.choose(_some())
    assert decider.probabilities(before) is None


def test_half_of_what_is_drawn_goes_by_the_policy_and_half_is_spread_evenly():
    decider = NetworkDecider(new_design_network(FEATURES, 16, seed=0), FEATURES)
    rngs = [np.random.default_rng(place) for place in range(5)]
    drawn = decider.draw(_some(), rngs, 100)
    for several, decision in zip(drawn, _some(), strict=True):
        options = np.array([int(each.actions[0]) for each in several])
        shares = np.bincount(options, minlength=8) / 100
        number = decision.num_options
        wanted = np.full(number, 0.5 / number + 0.05 / (number - 1))
        wanted[decision.by_rule] = 0.5 / number + 0.45
        assert shares[:number] == pytest.approx(wanted, abs=0.05)
        assert options.max() < number


def test_the_place_of_an_episode_without_decisions_is_no_choice():
    nothing = nothing_decided(FEATURES)
    network = new_design_network(FEATURES, 16, seed=0)
    batch = stack_observations([nothing.observation])
    evaluation = network.evaluate(batch, torch.from_numpy(nothing.actions)[None])
    assert nothing.actions.tolist() == [-1]
    assert torch.isfinite(evaluation.log_probs).all()
