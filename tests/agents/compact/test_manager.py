from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
import torch

from builders import make_stream
from memdojo.agents.compact.base import stack_observations
from memdojo.agents.compact.distributions import MaskedCategorical
from memdojo.agents.compact.manager import CompactManager, ManagerNetwork, new_manager_network
from memdojo.agents.play import play_manager
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.features.manager import ADD, NOOP, FeatureSettings, ManagerFeatures
from memdojo.envs.streams.turn_features import COLUMN
from memdojo.envs.types import Capacity, Noop

pytestmark = pytest.mark.usefixtures("one_thread")

K = 4
SAID = (
    "I moved to Boston.",
    "Fine.",
    "My dog Oscar chased the neighbour's canoe downstream.",
    "The weather is fine.",
    "Yes.",
    "I bought a trumpet, a cello and a piano at the harbour.",
)


def _episode(max_entries: int | None = 2, seed: int = 0, num_played: int = 0) -> ManagerEpisode:
    stream = make_stream(*SAID, time=datetime(2023, 5, 1))
    episode = ManagerEpisode(StreamContext(stream), Capacity(max_entries), seed=seed)
    features = ManagerFeatures(FeatureSettings(K))
    for _ in range(num_played):
        episode.step([features.operation(episode, features.observe(episode), ADD)])
    return episode


def _manager(seed: int = 0, num_candidates: int = K) -> CompactManager:
    features = ManagerFeatures(FeatureSettings(num_candidates))
    return CompactManager(new_manager_network(features, 8, seed), features)


def _jumbled(network: ManagerNetwork) -> ManagerNetwork:
    """Give the network weights that make every input matter."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return network


def _outputs(
    manager: CompactManager, features: ManagerFeatures, episode: ManagerEpisode
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    batch = stack_observations([features.observe(episode).arrays])
    with torch.no_grad():
        logits, values = manager.network(batch)
    return logits[0], MaskedCategorical(logits, batch["action_mask"]).log_probs[0], values


def _undecided() -> tuple[CompactManager, ManagerEpisode, torch.Tensor]:
    """A manager that is sure of nothing, an episode, and how likely it finds each action there."""
    manager = _manager()
    _jumbled(manager.network)
    with torch.no_grad():
        for parameter in manager.network.parameters():
            parameter.mul_(0.5)
    start = _episode(None, num_played=1)
    _, log_probs, _ = _outputs(manager, manager.features, start)
    return manager, start, log_probs


def test_noop_lets_the_new_turn_leave_by_the_score_of_the_entries() -> None:
    manager = _manager()
    network = _jumbled(manager.network)
    arrays = manager.features.observe(_episode(num_played=2)).arrays
    # The new turn as if it were an entry: nothing but the features of its turn.
    arrays["candidates"][1] = 0
    arrays["candidates"][1, : network.num_shared] = arrays["turn"]
    with torch.no_grad():
        apart, _ = network(stack_observations([arrays]))
        # Without the input that says which one is new, there is no difference left.
        network.leave[0].weight[:, -1] = 0
        network.leave_linear.weight[:, -1] = 0
        alike, _ = network(stack_observations([arrays]))
    in_place = slice(2 + 2 * K, 2 + 3 * K)
    assert alike[0, NOOP].item() == pytest.approx(alike[0, in_place][1].item(), rel=1e-6)
    assert apart[0, NOOP].item() != pytest.approx(apart[0, in_place][1].item(), rel=1e-2)
    assert len(set(alike[0, in_place].tolist())) > 1


def test_a_scorer_of_rarity_keeps_the_rarest_turns() -> None:
    manager = _manager()
    with torch.no_grad():
        for parameter in manager.network.parameters():
            parameter.zero_()
        manager.network.leave_linear.weight[0, COLUMN["sum_idf"]] = -10
        manager.network.add[-1].bias.fill_(100)
        manager.network.edit[-1].bias.fill_(-100)
    episode = _episode(max_entries=2)
    play_manager(manager, [episode])
    rarest = np.argsort(episode.context.rarities)[-2:]
    assert {entry.sources for entry in episode.store} == {(f"t{turn}",) for turn in rarest}


@pytest.mark.parametrize(("max_entries", "num_played"), [(None, 0), (None, 2), (2, 2), (3, 3)])
def test_more_rows_without_candidates_change_nothing(max_entries: int | None, num_played: int) -> None:
    manager = _manager()
    _jumbled(manager.network)
    episode = _episode(max_entries, num_played=num_played)
    wide = K + 5
    _, few, value = _outputs(manager, manager.features, episode)
    _, many, wide_value = _outputs(manager, manager.features.showing(wide), episode)
    assert few[:2].tolist() == pytest.approx(many[:2].tolist(), rel=1e-5)
    for block in range(3):
        shown = few[2 + block * K :][:num_played]
        assert shown.tolist() == pytest.approx(many[2 + block * wide :][:num_played].tolist(), rel=1e-5)
    assert value.item() == pytest.approx(wide_value.item(), rel=1e-5)


def test_what_lies_in_rows_without_candidates_reaches_neither_policy_nor_critic() -> None:
    manager = _manager()
    network = _jumbled(manager.network)
    batch = stack_observations([manager.features.observe(_episode(num_played=2)).arrays])
    actions = torch.tensor([[NOOP]])
    with torch.no_grad():
        before = network.evaluate(batch, actions)
        batch["candidates"][:, 2:] = 5.0
        after = network.evaluate(batch, actions)
    for first, second in zip(before, after, strict=True):
        assert torch.equal(first, second)


def test_the_order_of_candidates_only_reorders_their_actions() -> None:
    manager = _manager()
    network = _jumbled(manager.network)
    batch = stack_observations([manager.features.observe(_episode(None, num_played=4)).arrays])
    order = torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        logits, value = network(batch)
        batch["candidates"] = batch["candidates"][:, order]
        reordered, same_value = network(batch)
    for block in range(3):
        first = 2 + block * K
        torch.testing.assert_close(reordered[0, first : first + K], logits[0, first : first + K][order])
    torch.testing.assert_close(value, same_value)


def test_greedy_play_is_the_same_whatever_the_seed() -> None:
    manager = _manager()
    _jumbled(manager.network)
    stores = []
    for seed in (0, 1):
        episode = _episode(3, seed)
        state = episode.rng.bit_generator.state
        play_manager(manager, [episode])
        assert episode.rng.bit_generator.state == state
        stores.append(episode.store.entries)
    assert stores[0] == stores[1]


def test_the_greedy_action_is_the_likeliest_of_the_whole_store() -> None:
    manager = _manager(num_candidates=1)
    _jumbled(manager.network)
    episode = _episode(4, num_played=4)
    ((operation, decision),) = manager.decide([episode], sample=False)
    features = manager.features.showing(4)
    _, log_probs, _ = _outputs(manager, features, episode)
    best = int(log_probs.argmax())
    assert decision.actions.tolist() == [best]
    assert operation == features.operation(episode, features.observe(episode), best)
    assert manager.act([episode]) == [(operation,)]


def test_sampling_adds_the_noise_of_the_episode_to_the_log_probabilities() -> None:
    manager = _manager()
    _jumbled(manager.network)
    episodes = [_episode(2, seed, num_played=2) for seed in (3, 4, 3)]
    _, log_probs, value = _outputs(manager, manager.features, episodes[0])
    decisions = [decision for _, decision in manager.decide(episodes, sample=True)]
    for seed, decision in zip((3, 4, 3), decisions, strict=True):
        noise = np.random.default_rng(seed).gumbel(size=len(log_probs))
        assert decision.actions.tolist() == [int(np.argmax(log_probs.numpy() + noise))]
        assert decision.log_probs.tolist() == pytest.approx([log_probs[decision.actions[0]].item()])
        assert decision.values.tolist() == pytest.approx(value.tolist())


def test_the_new_turn_is_judged_by_its_embedding_as_entries_are() -> None:
    features = ManagerFeatures(FeatureSettings(K, embedding_inputs=True))
    network = _jumbled(new_manager_network(features, 8, seed=0))
    arrays = features.observe(_episode(num_played=2)).arrays
    # The new turn as if it were an entry: its features and its embedding, and nothing of a pair.
    num_shared, dim = network.num_shared, features.embedder.dim
    arrays["candidates"][1] = 0
    arrays["candidates"][1, :num_shared] = arrays["turn"][:num_shared]
    arrays["candidates"][1, -dim:] = arrays["turn"][num_shared:]
    with torch.no_grad():
        network.leave[0].weight[:, -1] = 0
        network.leave_linear.weight[:, -1] = 0
        logits, _ = network(stack_observations([arrays]))
    in_place = slice(2 + 2 * K, 2 + 3 * K)
    assert logits[0, NOOP].item() == pytest.approx(logits[0, in_place][1].item(), rel=1e-5)


def test_actions_are_drawn_as_often_as_they_are_likely() -> None:
    manager, start, log_probs = _undecided()
    forks = [start.fork(seed) for seed in range(1500)]
    actions = [int(decision.actions[0]) for _, decision in manager.decide(forks, sample=True)]
    shares = np.bincount(actions, minlength=len(log_probs)) / len(actions)
    # Three standard errors of a share are at most 0.04.
    np.testing.assert_allclose(shares, log_probs.exp().numpy(), atol=0.04)
    assert not shares[log_probs.numpy() < -1e6].any()


def test_decisions_of_several_episodes_are_those_of_each_alone() -> None:
    manager = _manager()
    _jumbled(manager.network)
    several = [_episode(3, seed, num_played=played) for seed, played in enumerate((0, 2, 3))]
    alone = [manager.decide([episode.fork()], sample=True)[0] for episode in several]
    together = manager.decide(several, sample=True)
    for (one, decision), (other, expected) in zip(together, alone, strict=True):
        assert one == other
        assert decision.log_probs.tolist() == pytest.approx(expected.log_probs.tolist(), rel=1e-5)


def test_a_decision_evaluates_to_its_own_log_probability() -> None:
    manager = _manager()
    ((_, decision),) = manager.decide([_episode(2, 5, num_played=2)], sample=True)
    evaluation = manager.network.evaluate(
        stack_observations([decision.observation]), torch.from_numpy(decision.actions[None])
    )
    np.testing.assert_array_equal(evaluation.log_probs[0].detach().numpy(), decision.log_probs)
    np.testing.assert_array_equal(evaluation.values[0].detach().numpy(), decision.values)
    assert evaluation.entropy.shape == (1,)


def test_an_empty_store_that_has_no_room_leaves_noop() -> None:
    manager = _manager()
    episode = ManagerEpisode(_episode().context, Capacity(max_tokens=1))
    assert manager.act([episode]) == [(Noop(),)]


def test_weights_depend_on_the_seed_alone() -> None:
    features = ManagerFeatures(FeatureSettings(K))
    torch.manual_seed(1)
    first = new_manager_network(features, 8, seed=3).state_dict()
    state = torch.get_rng_state()
    second = new_manager_network(features, 8, seed=3).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = new_manager_network(features, 8, seed=4).state_dict()
    assert any(not torch.equal(first[name], other[name]) for name in first)
    # Nor on how many candidates are shown.
    wide = new_manager_network(features.showing(30), 8, seed=3).state_dict()
    assert all(torch.equal(first[name], wide[name]) for name in first)


def test_the_first_policy_hardly_edits() -> None:
    manager = _manager()
    _, log_probs, _ = _outputs(manager, manager.features, _episode(None, num_played=4))
    edits = log_probs[2 : 2 + 2 * K].exp().sum().item()
    assert edits < 0.1
    assert log_probs[NOOP].exp().item() == pytest.approx(0.5, abs=0.1)


def test_the_network_is_small() -> None:
    features = ManagerFeatures(FeatureSettings(embedding_inputs=True))
    network = new_manager_network(features, 64, seed=0)
    assert sum(parameter.numel() for parameter in network.parameters()) < 300_000


def test_several_draws_of_a_decision_hold_each_operation_as_often_as_it_is_likely() -> None:
    (manager, start, log_probs), number = _undecided(), 7
    expected = number * log_probs.exp().numpy()
    forks = [start.fork(seed) for seed in range(300)]
    drawn = manager.draw(forks, number)
    counts = np.array(
        [
            np.bincount([int(decision.actions[0]) for _, decision in several], minlength=len(expected))
            for several in drawn
        ]
    )
    assert (counts.sum(axis=1) == number).all()
    assert (np.abs(counts - expected) < 1 + 1e-5).all()
    np.testing.assert_allclose(counts.mean(axis=0), expected, atol=0.1)
    for operation, decision in drawn[0]:
        action = int(decision.actions[0])
        assert decision.log_probs.tolist() == pytest.approx([log_probs[action].item()])
        assert operation == manager.features.operation(start, manager.features.observe(start), action)
