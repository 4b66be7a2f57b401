from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from builders import make_stream
from memdojo.agents.compact.base import stack_observations
from memdojo.agents.compact.distributions import MaskedCategorical
from memdojo.agents.compact.keep_and_supersede import START_ADD, START_EDITS, KeepAndSupersedeNetwork
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.types import Add, Delete, Update

TURNS = ("I live in Oslo.", "It rains.", "I have moved to Rome.", "A bus came.", "Never mind that.")
SETTINGS = FeatureSettings(num_candidates=4)


def _episode(num_seen: int, max_entries: int = 4) -> ManagerEpisode:
    capacity = CapacitySettings(max_entries=max_entries, token_share=math.inf)
    episode = EpisodeRules(capacity=capacity).manager(StreamContext(make_stream(*TURNS)), seed=0)
    for _ in range(num_seen):
        assert episode.chunk is not None
        (turn,) = episode.chunk.turns
        text = episode.context.turn_texts[episode.context.turn_index[turn.id]]
        episode.step((Add(text, (turn.id,), turn.time),) if len(episode.store) < max_entries else ())
    return episode


def _network(settings: FeatureSettings = SETTINGS, seed: int = 0) -> KeepAndSupersedeNetwork:
    network = new_manager_network(ManagerFeatures(settings), 8, seed, "keep_and_supersede")
    assert isinstance(network, KeepAndSupersedeNetwork)
    return network


def _log_probs(network: KeepAndSupersedeNetwork, episode: ManagerEpisode) -> np.ndarray:
    arrays = ManagerFeatures(SETTINGS).observe(episode).arrays
    batch = stack_observations([arrays])
    with torch.no_grad():
        return MaskedCategorical(network(batch)[0], batch["action_mask"]).log_probs.numpy()[0]


def _say(head: torch.nn.Sequential, *logits: float) -> None:
    """Let a head say the same of everything."""
    output = head[-1]
    assert isinstance(output, torch.nn.Linear)
    with torch.no_grad():
        output.weight.zero_()
        output.bias.copy_(torch.tensor(logits))


def test_the_probability_of_an_action_is_that_of_both_decisions() -> None:
    network = _network()
    for head, logits in ((network.edit, (0.0, 0.0)), (network.leave, (1.0,)), (network.add, (0.5,))):
        _say(head, *logits)
    # Room for two more: nothing is put in the place of another but what supersedes it.
    probabilities = np.exp(_log_probs(network, _episode(num_seen=2)))
    edit = math.exp(math.log(START_EDITS / (1 - START_EDITS)) - math.log(4))
    edited = edit / (1 + 4 * edit)
    kept = math.exp(0.5) / (math.exp(0.5) + math.exp(1.0))
    assert probabilities[0] == pytest.approx((1 - 4 * edited) * (1 - kept), rel=1e-5)
    assert probabilities[1] == pytest.approx((1 - 4 * edited) * kept, rel=1e-5)
    assert probabilities[2:4] == pytest.approx([edited, edited], rel=1e-5)
    assert probabilities[6:8] == pytest.approx([edited, edited], rel=1e-5)
    assert probabilities[4:6].sum() + probabilities[8:].sum() == pytest.approx(0, abs=1e-12)
    # Full: the turn itself or one of the entries leaves, of 5, 4 and 2 words; half of its logarithm counts.
    probabilities = np.exp(_log_probs(network, _episode(num_seen=2, max_entries=2)))
    stays = 1 - 4 * edited
    leaves = np.sqrt([1, 5 / 6, 3 / 6])
    assert probabilities[[0, 10, 11]] == pytest.approx(stays * leaves / leaves.sum(), rel=1e-5)
    assert probabilities[1] == 0
    assert probabilities.sum() == pytest.approx(1, rel=1e-5)


def test_an_untrained_policy_makes_use_of_free_places() -> None:
    probabilities = np.exp(_log_probs(_network(), _episode(num_seen=2)))
    added = probabilities[1] / probabilities[:2].sum()
    assert added == pytest.approx(1 / (1 + math.exp(-START_ADD)), abs=0.01)


@pytest.mark.parametrize("num_candidates", [2, 4, 40])
def test_an_untrained_policy_seldom_edits_however_many_entries_there_are(num_candidates: int) -> None:
    network = new_manager_network(ManagerFeatures(SETTINGS), 8, 1, "keep_and_supersede")
    policy = CompactManager(network, ManagerFeatures(FeatureSettings(num_candidates=num_candidates)))
    episode = _episode(num_seen=4)
    policy.decide([episode], sample=True)
    ((_, observation, log_probs, _),) = policy._last
    edits = np.exp(log_probs[2 : 2 + 2 * len(observation.arrays["candidates"])]).sum()
    assert edits == pytest.approx(START_EDITS, rel=0.5)


@pytest.mark.parametrize(("logits", "kind"), [((20.0, 0.0), Update), ((0.0, 20.0), Delete)])
def test_what_the_supersede_head_is_sure_of_is_done_in_a_full_store_too(
    logits: tuple[float, float], kind: type[Update] | type[Delete]
) -> None:
    network = _network()
    _say(network.edit, *logits)
    _say(network.leave, 10.0)
    policy = CompactManager(network, ManagerFeatures(SETTINGS))
    for max_entries in (2, 4):
        ((operation,),) = policy.act([_episode(num_seen=2, max_entries=max_entries)])
        assert isinstance(operation, kind)


def test_embeddings_of_the_turn_and_of_entries_are_read_by_the_same_weights() -> None:
    settings = FeatureSettings(num_candidates=4, embedding_inputs=True)
    features, network = ManagerFeatures(settings), _network(settings)
    observation = features.observe(_episode(num_seen=2)).arrays
    with torch.no_grad():
        before = network.heads(stack_observations([observation])).leave[0]
        observation["turn"][features.num_shared :] += 1
        of_turn = network.heads(stack_observations([observation])).leave[0]
        observation["candidates"][1, features.candidate_dim - features.embedder.dim :] += 1
        of_entry = network.heads(stack_observations([observation])).leave[0]
    assert (before != of_turn).tolist() == [True, False, False, False, False]
    assert (of_turn != of_entry).tolist() == [False, False, True, False, False]


def test_a_text_is_judged_beside_what_is_usual_among_the_entries() -> None:
    network, features = _network(), ManagerFeatures(SETTINGS)
    observation = features.observe(_episode(num_seen=2)).arrays
    with torch.no_grad():
        before = network.heads(stack_observations([observation])).leave[0]
        observation["candidates"][0, 0] += 1
        after = network.heads(stack_observations([observation])).leave[0]
        observation["candidates"][3, 0] += 1  # There is no fourth entry.
        absent = network.heads(stack_observations([observation])).leave[0]
    assert (before != after)[:3].tolist() == [True, True, True]
    assert torch.equal(after[:3], absent[:3])


def test_inputs_are_left_out_by_the_seed_and_only_for_a_while() -> None:
    settings = FeatureSettings(num_candidates=4, embedding_inputs=True)
    network = _network(settings)
    batch = stack_observations([ManagerFeatures(settings).observe(_episode(num_seen=2)).arrays])
    with torch.no_grad():
        whole = network.heads(batch).leave
        found = []
        for seed in (1, 1, 2):
            with network.dropping_out(0.5, seed):
                found.append(network.heads(batch).leave)
        assert torch.equal(network.heads(batch).leave, whole)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert not torch.equal(found[0], whole)
