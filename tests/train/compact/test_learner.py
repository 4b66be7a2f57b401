from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from builders import weights_of
from memdojo.agents.compact.base import ActionEvaluation, Observations
from memdojo.agents.compact.distributions import MaskedCategorical
from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
from memdojo.envs.features.retrieval import RETRIEVAL_FEATURES, RetrievalFeatures, RetrievalObservation
from memdojo.errors import ConfigError, DivergenceError
from memdojo.train.algorithms.protocol import Algorithm
from memdojo.train.algorithms.registry import ALGORITHMS, make_algorithm
from memdojo.train.compact.critic import FutureCritic
from memdojo.train.compact.future import FUTURE
from memdojo.train.compact.learner import Learner, build_batch
from memdojo.train.compact.trajectories import Trajectory, TrajectoryGroup
from memdojo.train.config.tables import ImitationConfig

pytestmark = pytest.mark.usefixtures("one_thread")


class Table(nn.Module):
    """A logit for every state, place and action, and a value for every state and place."""

    def __init__(self, num_states: int, num_actions: int, num_places: int = 1) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(num_states, num_places, num_actions))
        self.values = nn.Parameter(torch.zeros(num_states, num_places))

    def evaluate(self, observations: Observations, actions: Tensor) -> ActionEvaluation:
        states = observations["state"][:, 0]
        distribution = MaskedCategorical(self.logits[states], torch.ones_like(self.logits[states]))
        log_probs = distribution.log_prob(actions.clamp(min=0))
        return ActionEvaluation(log_probs, distribution.entropy().mean(1), self.values[states])


def _algorithm(name: str = "grpo", **settings: Any) -> Algorithm[Any]:
    table = {"name": name, "num_updates": 1, "epochs": 1, **settings}
    return make_algorithm(ALGORITHMS.get(name).settings.model_validate(table))


def _trajectory(
    actions: Sequence[Sequence[int]],
    rewards: Sequence[Sequence[float]],
    *,
    log_probs: Sequence[Sequence[float]] | None = None,
    values: Sequence[Sequence[float]] | None = None,
    observations: Mapping[str, np.ndarray] | None = None,
) -> Trajectory:
    shape = np.shape(actions)
    return Trajectory(
        "s",
        {"state": np.zeros((shape[0], 1), np.int64)} if observations is None else observations,
        np.array(actions),
        np.zeros(shape, np.float32) if log_probs is None else np.array(log_probs, np.float32),
        np.zeros(shape, np.float32) if values is None else np.array(values, np.float32),
        np.array(rewards, np.float64),
        {},
        {},
    )


def _one_step(action: int, reward: float, log_prob: float = 0.0) -> Trajectory:
    return _trajectory([[action]], [[reward]], log_probs=[[log_prob]])


def test_unscored_trajectories_are_left_out_of_batch_and_statistics() -> None:
    group = (_one_step(0, 1.0), _one_step(1, math.nan), _one_step(2, 3.0))
    batch = build_batch([group], _algorithm())
    assert batch.actions.tolist() == [[0], [2]]
    # The mean of 1 and 3 is 2 and their deviation 1.
    np.testing.assert_allclose(batch.advantages, [[-1], [1]], rtol=1e-5)
    assert batch.targets.tolist() == [[0], [0]]
    assert batch.loss_mask.all()


def test_one_step_that_could_not_be_scored_takes_the_whole_trajectory_out() -> None:
    broken = _trajectory([[0], [1]], [[5.0], [math.nan]])
    whole = [_trajectory([[2], [3]], [[float(reward)], [0.0]]) for reward in (0, 1)]
    assert build_batch([(broken, *whole)], _algorithm()).actions.tolist() == [[2], [3], [2], [3]]


@pytest.mark.parametrize("advantage", ["trajectory", "step"])
def test_grpo_leaves_out_a_group_with_nothing_to_compare(advantage: str) -> None:
    lonely = (_one_step(0, 1.0), _one_step(1, math.nan))
    pair = (_one_step(2, 1.0), _one_step(3, 3.0))
    batch = build_batch([lonely, pair], _algorithm(advantage=advantage))
    assert batch.actions.tolist() == [[2], [3]]
    # PPO has a critic to compare with.
    assert build_batch([lonely, pair], _algorithm("ppo")).actions.tolist() == [[0], [2], [3]]


def test_an_update_without_anything_to_learn_from_is_refused() -> None:
    with pytest.raises(ValueError, match="no trajectory of this update could be scored"):
        build_batch([(_one_step(0, 1.0), _one_step(1, math.nan))], _algorithm())
    with pytest.raises(ValueError, match="no trajectory of this update could be scored"):
        build_batch([(_one_step(0, math.nan),)], _algorithm("ppo"))


def test_grpo_compares_step_by_step_or_as_wholes() -> None:
    # Rewards to go are 3, 1 and 1, 1, so the second step was no different.
    group = (_trajectory([[0], [0]], [[2.0], [1.0]]), _trajectory([[1], [1]], [[0.0], [1.0]]))
    by_step = build_batch([group], _algorithm(advantage="step")).advantages.squeeze(1)
    # Centred: 1, 0 and -1, 0; the root of their mean square is sqrt(1 / 2).
    assert by_step.tolist() == pytest.approx([math.sqrt(2), 0, -math.sqrt(2), 0], abs=1e-5)
    whole = build_batch([group], _algorithm(advantage="trajectory")).advantages.squeeze(1)
    assert whole.tolist() == pytest.approx([1, 1, -1, -1], abs=1e-5)


def test_grpo_compares_each_position_among_those_who_chose_there() -> None:
    # Rewards to go are 3, 1 and 1, 0.9 and 2, 0; the last episode had nothing to choose the second time.
    group = (
        _trajectory([[0], [0]], [[2.0], [1.0]]),
        _trajectory([[1], [1]], [[0.1], [0.9]]),
        _trajectory([[2], [-1]], [[2.0], [0.0]]),
    )
    batch = build_batch([group], _algorithm(advantage="position"))
    # First 1, -1, 0 over sqrt(2 / 3); then 0.05 and -0.05 over 0.05.
    unit = math.sqrt(3 / 2)
    assert batch.advantages.squeeze(1).tolist() == pytest.approx([unit, 1, -unit, -1, 0, 0], abs=1e-3)


def test_ppo_standardises_over_the_batch_and_keeps_targets_as_they_are() -> None:
    groups: list[TrajectoryGroup] = [(_one_step(0, 1.0),), (_one_step(1, 3.0),)]
    batch = build_batch(groups, _algorithm("ppo"))
    np.testing.assert_allclose(batch.advantages, [[-1], [1]], rtol=1e-5)
    assert batch.targets.tolist() == [[1], [3]]


def test_ppo_sees_the_places_of_a_decision_as_steps() -> None:
    ranking = _trajectory([[4, 2]], [[1.0, 2.0]], values=[[0.5, 1.0]])
    batch = build_batch([(ranking,)], _algorithm("ppo", gae_lambda=0.5, discount=0.5))
    # Deltas are 1 + 0.5 * 1 - 0.5 = 1 and 2 - 1 = 1; advantages 1 + 0.25 * 1 and 1.
    np.testing.assert_allclose(batch.targets, [[1.75, 2]])
    np.testing.assert_allclose(batch.advantages, [[1, -1]], rtol=1e-4)


def test_what_the_critic_says_of_places_that_are_not_filled_counts_for_nothing() -> None:
    full = _trajectory([[0, 1]], [[1.0, 0.0]], values=[[0.5, 0.25]])
    short = _trajectory([[0, -1]], [[1.0, 0.0]], values=[[0.5, 99.0]])
    batch = build_batch([(full, short)], _algorithm("ppo", gae_lambda=0.0))
    assert batch.loss_mask.tolist() == [[True, True], [True, False]]
    assert batch.targets[0, 0] == pytest.approx(1.25)
    assert batch.targets[1, 0] == pytest.approx(1.0)


def test_candidates_are_padded_to_the_longest_and_masked() -> None:
    def ranking(num_candidates: int) -> Trajectory:
        observations = {
            "features": np.full((1, num_candidates, 2), num_candidates, np.float32),
            "mask": np.ones((1, num_candidates), np.int8),
        }
        return _trajectory([[0]], [[float(num_candidates)]], observations=observations)

    batch = build_batch([(ranking(1), ranking(3))], _algorithm())
    assert batch.observations["features"][..., 0].tolist() == [[1, 0, 0], [3, 3, 3]]
    assert batch.observations["features"].shape == (2, 3, 2)
    assert batch.observations["mask"].tolist() == [[1, 0, 0], [1, 1, 1]]


def test_rows_are_taken_of_everything() -> None:
    batch = build_batch([tuple(_one_step(action, float(action)) for action in range(4))], _algorithm())
    rows = batch.rows(torch.tensor([3, 1]))
    assert rows.actions.tolist() == [[3], [1]]
    assert torch.equal(rows.advantages, batch.advantages[[3, 1]])
    assert rows.observations["state"].shape == (2, 1)


@pytest.mark.parametrize("name", ["grpo", "ppo"])
def test_the_first_gradient_is_that_of_reinforce(name: str) -> None:
    network = Table(1, 3)
    with torch.no_grad():
        network.logits.copy_(torch.tensor([0.3, -0.2, 0.5]))
    probabilities = np.exp([0.3, -0.2, 0.5]) / np.exp([0.3, -0.2, 0.5]).sum()
    actions, returns = [0, 2, 1, 2], np.array([1.0, 2.0, 3.0, 6.0])
    group = tuple(
        _one_step(action, reward, math.log(probabilities[action]))
        for action, reward in zip(actions, returns, strict=True)
    )
    learner = Learner(network, _algorithm(name, max_gradient_norm=1e9), seed=0)
    metrics = learner.update([group], 0)
    # d log p(a) / d logits is onehot(a) - p.
    advantages = (returns - 3) / math.sqrt(3.5)
    expected = -np.mean(
        [a * (np.eye(3)[action] - probabilities) for action, a in zip(actions, advantages, strict=True)],
        axis=0,
    )
    assert network.logits.grad is not None
    np.testing.assert_allclose(network.logits.grad[0, 0].numpy(), expected, atol=1e-5)
    assert metrics["approximate_kl"] == pytest.approx(0, abs=1e-6)
    assert metrics["clip_fraction"] == 0


def test_what_compact_policies_do_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'grpo' with a term of a reference policy, which only language"):
        Learner(Table(1, 2), _algorithm(kl_coefficient=0.1), seed=0)
    group = (_one_step(0, 1.0), _one_step(1, 0.0))
    with pytest.raises(ConfigError, match=r"advantage is 'rows', which only language policies have"):
        build_batch([group], _algorithm(advantage="rows"))


def test_entropy_is_pushed_up_by_its_gradient() -> None:
    network = Table(1, 3)
    with torch.no_grad():
        network.logits.copy_(torch.tensor([0.3, -0.2, 0.5]))
    group = (_one_step(0, 1.0), _one_step(1, 1.0))  # Nothing to prefer.
    learner = Learner(network, _algorithm(entropy_coefficient=0.1, max_gradient_norm=1e9), seed=0)
    metrics = learner.update([group], 0)
    p = np.exp([0.3, -0.2, 0.5]) / np.exp([0.3, -0.2, 0.5]).sum()
    entropy = -(p * np.log(p)).sum()
    assert metrics["entropy"] == pytest.approx(entropy, rel=1e-5)
    assert network.logits.grad is not None
    np.testing.assert_allclose(network.logits.grad[0, 0].numpy(), 0.1 * p * (np.log(p) + entropy), atol=1e-6)


@pytest.mark.parametrize("name", ["grpo", "ppo"])
def test_choices_that_were_not_made_get_no_gradient(name: str) -> None:
    network = Table(1, 3, num_places=3)
    group = (
        _trajectory([[0, -1, -1]], [[1.0, 0.0, 0.0]]),
        _trajectory([[2, -1, -1]], [[0.0, 0.0, 0.0]]),
    )
    Learner(network, _algorithm(name), seed=0).update([group], 0)
    for parameter in (network.logits, *((network.values,) if name == "ppo" else ())):
        assert parameter.grad is not None
        assert parameter.grad[0, 0].any()
        assert not parameter.grad[0, 1:].any()


def test_the_weight_of_the_entropy_falls_to_its_final_share() -> None:
    settings = {
        "num_updates": 4,
        "entropy_coefficient": 0.1,
        "entropy_schedule": "linear",
        "entropy_final_share": 0.2,
    }
    group = (_one_step(0, 1.0), _one_step(1, 1.0))  # Nothing to prefer: the entropy alone has a gradient.

    def learned(update: int) -> tuple[float, Tensor]:
        network = Table(1, 3)
        with torch.no_grad():
            network.logits.copy_(torch.tensor([0.3, -0.2, 0.5]))
        learner = Learner(network, _algorithm(**settings, max_gradient_norm=1e9), seed=0)
        metrics = learner.update([group], update)
        assert network.logits.grad is not None
        return metrics["entropy_coefficient"], network.logits.grad

    (first, gradient), (third, later) = learned(0), learned(2)
    assert (first, third) == pytest.approx((0.1, 0.06))
    torch.testing.assert_close(later, 0.6 * gradient)


def test_the_learning_rate_warms_up_and_falls_from_there() -> None:
    settings = {"num_updates": 6, "warmup_updates": 2, "learning_rate_schedule": "linear"}
    learner = Learner(Table(1, 3), _algorithm(**settings, learning_rate=0.01), seed=0)
    group = (_one_step(0, 1.0, -1.0), _one_step(1, 0.0, -1.0))
    rates = [learner.update([group], update)["learning_rate"] for update in range(6)]
    assert rates == pytest.approx([0.005, 0.01, 0.01, 0.0075, 0.005, 0.0025])
    # It is what the optimiser steps by.
    assert learner.optimizer.param_groups[0]["lr"] == rates[-1]


def test_gradients_are_clipped_to_their_norm() -> None:
    network = Table(1, 2)
    group = (_one_step(0, 1.0, math.log(0.5)), _one_step(1, 0.0, math.log(0.5)))
    metrics = Learner(network, _algorithm(max_gradient_norm=0.01), seed=0).update([group], 0)
    assert metrics["gradient_norm"] == pytest.approx(math.sqrt(0.5), rel=1e-4)
    assert network.logits.grad is not None
    assert network.logits.grad.norm().item() == pytest.approx(0.01, rel=1e-3)


def test_every_epoch_goes_once_over_all_minibatches() -> None:
    network = Table(1, 2)
    group = tuple(_one_step(action % 2, float(action), math.log(0.5)) for action in range(5))
    learner = Learner(network, _algorithm(epochs=3, minibatch_size=2), seed=0)
    learner.update([group], 0)
    assert learner.optimizer.state[network.logits]["step"] == 9


def test_an_update_depends_on_seed_and_number_alone() -> None:
    group = tuple(_one_step(action % 3, float(action), math.log(1 / 3)) for action in range(6))

    def weights_after(seed: int, update: int) -> Tensor:
        network = Table(1, 3)
        Learner(network, _algorithm(minibatch_size=2, epochs=2), seed=seed).update([group], update)
        return network.logits.detach()

    assert torch.equal(weights_after(0, 0), weights_after(0, 0))
    assert not torch.equal(weights_after(0, 0), weights_after(0, 1))
    assert not torch.equal(weights_after(0, 0), weights_after(1, 0))


def test_the_critic_of_ppo_learns_what_it_is_told() -> None:
    network = Table(2, 2)
    learner = Learner(network, _algorithm("ppo", learning_rate=0.05), seed=0)
    for update in range(120):
        group = tuple(
            _trajectory(
                [[0]],
                [[reward]],
                log_probs=[[math.log(0.5)]],
                values=[[network.values[state, 0].item()]],
                observations={"state": np.array([[state]])},
            )
            for state, reward in ((0, 0.7), (1, -0.4))
        )
        metrics = learner.update([group], update)
    assert network.values[:, 0].tolist() == pytest.approx([0.7, -0.4], abs=0.02)
    assert metrics["explained_variance"] > 0.99
    assert metrics["value_loss"] < 1e-3


class TellsStatesApart(FutureCritic):
    """A value for either of two states, from what the future says."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.table = nn.Parameter(torch.zeros(2))

    def forward(self, observations: Observations) -> Tensor:
        return self.table[observations[FUTURE][:, :1]]


def test_a_critic_of_its_own_takes_the_place_of_the_network_s() -> None:
    network, critic = Table(1, 2), TellsStatesApart()
    learner = Learner(network, _algorithm("ppo", learning_rate=0.05), seed=0, critic=critic)
    group = tuple(
        _trajectory(
            [[0]],
            [[reward]],
            log_probs=[[math.log(0.5)]],
            # What the policy's own critic said as it played counts for nothing.
            values=[[99.0]],
            # The network cannot tell the two apart.
            observations={"state": np.array([[0]]), FUTURE: np.array([[future]])},
        )
        for future, reward in ((0, 0.7), (1, -0.4))
    )
    for update in range(120):
        metrics = learner.update([group], update)
    assert critic.table.tolist() == pytest.approx([0.7, -0.4], abs=0.02)
    assert metrics["explained_variance"] > 0.99
    assert not network.values.any()
    # What was to be expected is no reason to do it more often or less.
    batch = build_batch([group], learner.algorithm, critic)
    assert batch.targets.flatten().tolist() == pytest.approx([0.7, -0.4])
    assert batch.values.flatten().tolist() == pytest.approx([0.7, -0.4], abs=0.02)


@pytest.mark.parametrize("bad", [{"log_prob": math.nan}, {"reward": math.inf}])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_divergence_is_told_and_leaves_the_weights_as_they_were(bad: dict[str, float]) -> None:
    network = Table(1, 2)
    learner = Learner(network, _algorithm(), seed=0)
    learner.update([(_one_step(0, 1.0, math.log(0.5)), _one_step(1, 0.0, math.log(0.5)))], 0)
    before = weights_of(network)
    group = (_one_step(0, bad.get("reward", 1.0), bad.get("log_prob", 0.0)), _one_step(1, 0.0))
    with pytest.raises(
        DivergenceError, match=r"update 7 gave loss (nan|-inf).* lower algorithm\.learning_rate"
    ):
        learner.update([group], 7)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert learner.optimizer.state[network.logits]["step"] == 1


def _play_table(network: Table, rng: np.random.Generator) -> Trajectory:
    """Pay 1 in each of four states for the action of the same number."""
    log_probs = torch.log_softmax(network.logits[:, 0], dim=1).detach().numpy()
    actions = (log_probs + rng.gumbel(size=log_probs.shape)).argmax(axis=1)
    states = np.arange(4)
    return _trajectory(
        actions[:, None].tolist(),
        (actions == states)[:, None].astype(float).tolist(),
        log_probs=log_probs[states, actions][:, None].tolist(),
        values=network.values.tolist(),
        observations={"state": states[:, None]},
    )


@pytest.mark.parametrize(
    "algorithm",
    [
        _algorithm("ppo", learning_rate=0.1, epochs=2, gae_lambda=0.5),
        _algorithm("grpo", learning_rate=0.1, epochs=2),
        _algorithm("grpo", learning_rate=0.1, epochs=2, advantage="trajectory"),
    ],
    ids=["ppo", "grpo-step", "grpo-trajectory"],
)
def test_a_bandit_is_learned(algorithm: Algorithm[Any]) -> None:
    network, rng = Table(4, 4), np.random.default_rng(0)
    learner = Learner(network, algorithm, seed=0)
    scores = []
    for update in range(25):
        groups = [tuple(_play_table(network, rng) for _ in range(8)) for _ in range(4)]
        scores.append(np.mean([trajectory.episode_return / 4 for group in groups for trajectory in group]))
        learner.update(groups, update)
    assert scores[0] < 0.4
    assert scores[-1] > 0.8


def _rank(retriever: CompactRetriever, observation: RetrievalObservation, rng: Any) -> Trajectory:
    """Pay every place what it adds to the DCG."""
    _, decision = retriever.decide(observation, 3, rng)
    relevance = observation.features[:, RETRIEVAL_FEATURES.index("digits")]
    rewards = relevance[decision.actions] / np.log2([2, 3, 4])
    return Trajectory.of("s", [decision], rewards[None].astype(np.float64), {}, {}, greedy=False)


@pytest.mark.parametrize("name", ["ppo", "grpo"])
def test_a_ranking_is_learned_place_by_place(name: str) -> None:
    rng = np.random.default_rng(0)
    retriever = CompactRetriever(new_retriever_network(3, 8, seed=0), RetrievalFeatures())
    learner = Learner(retriever.network, _algorithm(name, learning_rate=0.03, epochs=2), seed=0)
    scores = []
    for update in range(15):
        groups = []
        for num_candidates in (4, 8) * 3:
            features = rng.normal(scale=0.3, size=(num_candidates, len(RETRIEVAL_FEATURES)))
            features = features.astype(np.float32)
            features[:, RETRIEVAL_FEATURES.index("digits")] = rng.permutation(num_candidates) < 2
            observation = RetrievalObservation(features, np.arange(num_candidates))
            groups.append(tuple(_rank(retriever, observation, rng) for _ in range(8)))
        scores.append(np.mean([trajectory.episode_return for group in groups for trajectory in group]))
        learner.update(groups, update)
    # Both at the top pay 1 + 1 / log2(3) = 1.63, and a ranking by chance about 0.8.
    assert np.mean(scores[:2]) < 1.0
    assert np.mean(scores[-3:]) > 1.3


def test_a_retriever_learns_to_rank_the_evidence_in_front() -> None:
    rng = np.random.default_rng(0)
    retriever = CompactRetriever(new_retriever_network(3, 0, seed=0), RetrievalFeatures())
    learner = Learner(retriever.network, _algorithm("grpo"), seed=0)
    stage = ImitationConfig(num_updates=10, learning_rate=0.05, weight_decay=0.1)
    losses = []
    for update in range(stage.num_updates):
        groups = []
        for _ in range(40):
            features = rng.normal(size=(8, len(RETRIEVAL_FEATURES))).astype(np.float32)
            relevant = (features[:, RETRIEVAL_FEATURES.index("digits")] > 0.5).astype(np.int8)
            trajectory = _rank(retriever, RetrievalObservation(features, np.arange(8)), rng)
            labelled = {**trajectory.observations, "label_relevant": relevant[None]}
            groups.append((dataclasses.replace(trajectory, observations=labelled),))
        losses.append(learner.imitate(groups, update, stage)["evidence_loss"])
    assert losses[-1] < losses[0] / 2
    features = np.zeros((2, len(RETRIEVAL_FEATURES)), np.float32)
    features[1, RETRIEVAL_FEATURES.index("digits")] = 1
    scores = retriever.network.scores(torch.from_numpy(features))
    assert scores[1] > scores[0]
    # The features of the first update were standardised, and stay so.
    assert retriever.network.spread.mean() == pytest.approx(1, abs=0.2)
    assert (retriever.network.center != 0).all()
