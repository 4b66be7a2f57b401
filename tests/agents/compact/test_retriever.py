from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
import torch
from torch.nn.functional import pad

from builders import make_store
from memdojo.agents.compact.base import stack_observations
from memdojo.agents.compact.retriever import CompactRetriever, RetrieverNetwork, new_retriever_network
from memdojo.agents.play import play_retrieval
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.features.retrieval import RETRIEVAL_FEATURES, RetrievalFeatures, RetrievalObservation
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Add, Capacity

pytestmark = pytest.mark.usefixtures("one_thread")

TEXTS = (
    "Ann: Where is your cello?",
    "Bob: My red cello is in Oslo.",
    "Ann: I see.",
    "Bob: I sold a canoe, and red paint.",
    "Ann: Good.",
)
PLACES = 3
QUERY = "Where is the red cello?"


def _store(texts: tuple[str, ...] = TEXTS) -> MemoryStore:
    time = datetime(2023, 5, 8)
    return make_store(*(Add(text, (f"t{step}",), time, "turn") for step, text in enumerate(texts)))


def _retriever(seed: int = 0) -> CompactRetriever:
    network = new_retriever_network(PLACES, 8, seed)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return CompactRetriever(network, RetrievalFeatures())


def _observation(num_entries: int, seed: int) -> RetrievalObservation:
    features = np.random.default_rng(seed).normal(size=(num_entries, len(RETRIEVAL_FEATURES)))
    return RetrievalObservation(features.astype(np.float32), np.arange(10, 10 + num_entries))


def test_searching_sorts_by_score() -> None:
    retriever, store = _retriever(), _store()
    features = retriever.features.observe(store, QUERY).features
    with torch.no_grad():
        scores = retriever.network.scores(torch.from_numpy(features)).numpy()
    hits = retriever.search(store, QUERY, 3)
    order = np.argsort(-scores)[:3]
    assert [hit.entry.id for hit in hits] == [int(position) + 1 for position in order]
    assert [hit.score for hit in hits] == pytest.approx(scores[order].tolist())
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    # The likeliest ranking is the same.
    ranking, decision = retriever.decide(retriever.features.observe(store, QUERY), PLACES, None)
    assert ranking == [hit.entry.id for hit in hits]
    assert decision.actions.tolist() == order.tolist()


def test_entries_of_equal_score_come_by_id() -> None:
    retriever = _retriever()
    with torch.no_grad():
        for parameter in retriever.network.parameters():
            parameter.zero_()
    assert [hit.entry.id for hit in retriever.search(_store(), QUERY, 4)] == [1, 2, 3, 4]


def test_fewer_entries_than_places_are_all_ranked() -> None:
    retriever = _retriever()
    assert len(retriever.search(_store(TEXTS[:2]), QUERY, 5)) == 2
    assert retriever.search(MemoryStore(Capacity()), QUERY, 5) == ()
    ranking, decision = retriever.decide(_observation(2, 0), PLACES, np.random.default_rng(0))
    assert sorted(ranking) == [10, 11]
    assert decision.actions[2] == -1
    assert decision.log_probs[2] == 0


def test_a_linear_score_gives_hand_worked_log_probabilities() -> None:
    retriever = _retriever()
    with torch.no_grad():
        for parameter in retriever.network.parameters():
            parameter.zero_()
        retriever.network.linear.weight[0, 0] = 1
    features = np.zeros((3, len(RETRIEVAL_FEATURES)), np.float32)
    features[:, 0] = np.log([1, 2, 3])
    ranking, decision = retriever.decide(RetrievalObservation(features, np.array([5, 6, 7])), 2, None)
    assert ranking == [7, 6]
    # 3 of 6, then 2 of the 3 that are left.
    assert np.exp(decision.log_probs).tolist() == pytest.approx([1 / 2, 2 / 3])


@pytest.mark.parametrize("rng", [None, np.random.default_rng(1)], ids=["greedy", "sampled"])
@pytest.mark.parametrize("num_entries", [1, 2, 3, 40])
def test_a_decision_evaluates_to_its_own_log_probabilities(
    num_entries: int, rng: np.random.Generator | None
) -> None:
    retriever = _retriever()
    _, decision = retriever.decide(_observation(num_entries, 3), PLACES, rng)
    assert decision.actions.shape == decision.log_probs.shape == decision.values.shape == (PLACES,)
    evaluation = retriever.network.evaluate(
        stack_observations([decision.observation]), torch.from_numpy(decision.actions[None])
    )
    np.testing.assert_array_equal(evaluation.log_probs[0].detach().numpy(), decision.log_probs)
    np.testing.assert_array_equal(evaluation.values[0].detach().numpy(), decision.values)


def test_rankings_follow_the_generator() -> None:
    retriever, observation = _retriever(), _observation(6, 4)
    with torch.no_grad():
        scores = retriever.network.scores(torch.from_numpy(observation.features)).numpy()
    for seed in range(5):
        _, decision = retriever.decide(observation, PLACES, np.random.default_rng(seed))
        noise = np.random.default_rng(seed).gumbel(size=6)
        assert decision.actions.tolist() == np.argsort(-(scores + noise))[:PLACES].tolist()


def test_rankings_are_drawn_as_often_as_they_are_likely() -> None:
    retriever = _retriever()
    with torch.no_grad():
        for parameter in retriever.network.parameters():
            parameter.zero_()
        retriever.network.linear.weight[0, 0] = 1
    features = np.zeros((3, len(RETRIEVAL_FEATURES)), np.float32)
    features[:, 0] = np.log([1, 2, 3])
    observation, rng = RetrievalObservation(features, np.arange(3)), np.random.default_rng(0)
    drawn = [tuple(retriever.decide(observation, 2, rng)[0]) for _ in range(1500)]
    # 3/6 then 1/3, and 1/6 then 3/5.
    for ranking, probability in (((2, 0), 1 / 6), ((0, 2), 1 / 10), ((2, 1), 1 / 3)):
        assert drawn.count(ranking) / len(drawn) == pytest.approx(probability, abs=0.04)


def test_padding_in_a_batch_changes_nothing() -> None:
    retriever = _retriever()
    decisions = [
        retriever.decide(_observation(count, seed=count), PLACES, np.random.default_rng(0))[1]
        for count in (2, 4, 9)
    ]
    batch = {
        "features": torch.stack(
            [
                pad(torch.from_numpy(decision.observation["features"]), (0, 0, 0, 9 - count), value=3.0)
                for decision, count in zip(decisions, (2, 4, 9), strict=True)
            ]
        ),
        "mask": torch.tensor([[1] * count + [0] * (9 - count) for count in (2, 4, 9)], dtype=torch.int8),
    }
    actions = torch.from_numpy(np.stack([decision.actions for decision in decisions]))
    together = retriever.network.evaluate(batch, actions)
    for row, decision in enumerate(decisions):
        assert together.log_probs[row].tolist() == pytest.approx(decision.log_probs.tolist(), rel=1e-5)
        assert together.values[row].tolist() == pytest.approx(decision.values.tolist(), rel=1e-5)
        alone = retriever.network.evaluate(stack_observations([decision.observation]), actions[row : row + 1])
        assert together.entropy[row].item() == pytest.approx(alone.entropy.item(), rel=1e-5)


def test_padding_gets_no_gradient() -> None:
    network = _retriever().network
    features = torch.randn(1, 5, len(RETRIEVAL_FEATURES), generator=torch.Generator().manual_seed(0))
    features.requires_grad_()
    mask = torch.tensor([[1, 1, 1, 0, 0]])
    evaluation = network.evaluate({"features": features, "mask": mask}, torch.tensor([[2, 0, -1]]))
    torch.autograd.backward(evaluation.log_probs.sum() + evaluation.entropy.sum() + evaluation.values.sum())
    assert features.grad is not None
    assert not features.grad[0, 3:].any()
    assert features.grad[0, :3].any(dim=1).all()


def test_the_first_policy_ranks_by_bm25() -> None:
    retriever = CompactRetriever(new_retriever_network(PLACES, 8, seed=0), RetrievalFeatures())
    with torch.no_grad():
        for parameter in retriever.network.correction.parameters():
            parameter.zero_()
    store = _store()
    expected = [hit.entry.id for hit in BM25Retriever().search(store, QUERY, PLACES)]
    assert [hit.entry.id for hit in retriever.search(store, QUERY, PLACES)][: len(expected)] == expected


def test_it_serves_wherever_a_retriever_does() -> None:
    (stream,) = load_streams("synthetic:train", num_streams=1, num_sessions=2, num_facts=6, num_questions=4)
    (outcome,) = play_retrieval(_retriever(), [RetrievalEpisode(StreamContext(stream), top_k=PLACES)])
    assert [len(question.retrieved) for question in outcome.questions] == [PLACES] * 4


def test_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = new_retriever_network(PLACES, 8, seed=3).state_dict()
    state = torch.get_rng_state()
    second = new_retriever_network(PLACES, 8, seed=3).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = new_retriever_network(PLACES, 8, seed=4).state_dict()
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_the_network_is_small() -> None:
    network = RetrieverNetwork(len(RETRIEVAL_FEATURES), num_places=100, hidden_dim=64)
    assert sum(math.prod(parameter.shape) for parameter in network.parameters()) < 50_000


def test_an_empty_memory_is_ranked_as_nothing() -> None:
    retriever = _retriever()
    nothing = RetrievalFeatures().observe(MemoryStore(Capacity()), QUERY)
    ranking, empty = retriever.decide(nothing, PLACES, None)
    assert ranking == []
    assert empty.log_probs.tolist() == [0.0] * PLACES
    assert np.isfinite(empty.values).all()
    evaluation = retriever.network.evaluate(
        stack_observations([empty.observation]), torch.from_numpy(empty.actions[None])
    )
    assert evaluation.entropy.tolist() == [0.0]


def test_standardising_changes_no_order_of_the_linear_part() -> None:
    network = RetrieverNetwork(len(RETRIEVAL_FEATURES), num_places=2, hidden_dim=8)
    with torch.no_grad():
        network.linear.weight.copy_(torch.linspace(-1, 1, len(RETRIEVAL_FEATURES)))
        network.correction[-1].weight.zero_()
    generator = torch.Generator().manual_seed(0)
    features = 3 + 2 * torch.randn(4, 50, len(RETRIEVAL_FEATURES), generator=generator)
    mask = torch.ones(4, 50)
    before = network.scores(features)
    network.standardise_by(features, mask)
    after = network.scores(features)
    torch.testing.assert_close(after - after.mean(), before - before.mean(), atol=1e-3, rtol=1e-4)
    # A second time, with other candidates, too.
    network.standardise_by(features[:2] - 1, mask[:2])
    after = network.scores(features)
    torch.testing.assert_close(after - after.mean(), before - before.mean(), atol=1e-3, rtol=1e-4)


def test_center_and_spread_are_those_of_candidates_without_padding() -> None:
    network = RetrieverNetwork(len(RETRIEVAL_FEATURES), num_places=2, hidden_dim=0)
    features = torch.zeros(2, 2, len(RETRIEVAL_FEATURES))
    features[..., :2] = torch.tensor([[[1.0, 5.0], [3.0, 5.0]], [[8.0, 5.0], [99.0, 99.0]]])
    network.standardise_by(features, torch.tensor([[1, 1], [1, 0]]))
    assert network.center[:2].tolist() == [4, 5]
    # The mean square of -3, -1 and 4; what is always the same has the smallest spread.
    assert network.spread[:2].tolist() == pytest.approx([math.sqrt(26 / 3), 0.05])
    network.standardise_by(features, torch.zeros(2, 2))
    assert network.center[:2].tolist() == [4, 5]
