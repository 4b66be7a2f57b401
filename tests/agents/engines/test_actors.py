from __future__ import annotations

import asyncio
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import ray
import torch
from transformers import LlamaForCausalLM

from memdojo.agents.engines.actor_client import EngineClient
from memdojo.agents.engines.actors import EnginePool, _pack, _unpack
from memdojo.agents.engines.engine import Generation, GenerationRequest, generate_all
from memdojo.agents.engines.settings import TransformersSettings, VLLMSettings
from memdojo.errors import EngineError, ModelError, StaleWeightsError

SETTINGS = TransformersSettings(num_threads=1)
REQUESTS = [GenerationRequest((1, 5, 6 + i), 8, seed=i) for i in range(6)]

LogProbs = Callable[[LlamaForCausalLM, GenerationRequest, Generation], list[float]]
NewModel = Callable[..., LlamaForCausalLM]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def pool(cluster: None, tiny_model: str) -> Iterator[EnginePool]:
    made = EnginePool(tiny_model, SETTINGS, num_engines=2, max_restarts=2)
    yield made
    made.close()


class FakeActor:
    """Notes what it was asked, one by one or together, and never answers."""

    def __init__(self) -> None:
        self.calls: list[list[GenerationRequest]] = []
        self.generate = self.generate_many = self

    def remote(self, asked: GenerationRequest | list[GenerationRequest]) -> FakeStream:
        self.calls.append(asked if isinstance(asked, list) else [asked])
        return FakeStream()

    def num_asked(self) -> int:
        return sum(map(len, self.calls))


class FakeStream:
    """What a call of an actor returns: to be awaited, or to be iterated."""

    def __await__(self) -> Iterator[Any]:
        return asyncio.get_running_loop().create_future().__await__()

    def __aiter__(self) -> FakeStream:
        return self

    async def __anext__(self) -> Any:
        await self


def _run_with_fakes(
    routes: list[str | None], slack: int = 3, num_cancelled_early: int = 0
) -> tuple[FakeActor, FakeActor]:
    """Make one request for each route at the same time, and return the two engines."""
    actors = FakeActor(), FakeActor()

    async def ask() -> None:
        client = EngineClient(actors, "fake", 0, 0, slack)
        tasks = [asyncio.ensure_future(client.generate(REQUESTS[0], route)) for route in routes]
        await asyncio.sleep(0)
        assert sum(client.outstanding) == len(routes)
        for task in tasks[:num_cancelled_early]:
            task.cancel()
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert client.outstanding == (0, 0)

    asyncio.run(ask())
    return actors


def _counts(routes: list[str | None], slack: int = 3) -> list[int]:
    return [actor.num_asked() for actor in _run_with_fakes(routes, slack)]


def test_the_engine_with_the_fewest_requests_is_chosen() -> None:
    assert _counts([None] * 5) == [3, 2]


def test_requests_of_a_route_stay_together_unless_their_engine_is_far_busier() -> None:
    assert sorted(_counts(["group 1"] * 3)) == [0, 3]
    # The fourth finds 3 more than the other engine has, and goes there; the fifth finds 2 more.
    assert sorted(_counts(["group 1"] * 5)) == [1, 4]
    assert min(_counts([f"group {i}" for i in range(40)], slack=40)) > 5


def test_requests_of_one_turn_of_the_event_loop_travel_together() -> None:
    first, second = _run_with_fakes([None] * 5)
    assert ([len(call) for call in first.calls], [len(call) for call in second.calls]) == ([3], [2])


def test_a_request_that_is_cancelled_before_it_travels_is_not_asked() -> None:
    first, second = _run_with_fakes([None] * 4, num_cancelled_early=2)
    assert (first.num_asked(), second.num_asked()) == (1, 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.int64])
def test_weights_survive_their_packing(dtype: torch.dtype) -> None:
    weights = {"a": torch.arange(12).reshape(4, 3).T.to(dtype), "b": torch.tensor(3.0).to(dtype)}
    unpacked = _unpack(pickle.loads(pickle.dumps(_pack(weights))))
    assert {name: tensor.dtype for name, tensor in unpacked.items()} == {"a": dtype, "b": dtype}
    assert all(torch.equal(unpacked[name], weights[name]) for name in weights)


@pytest.mark.slow
def test_two_engines_sample_what_one_samples(
    pool: EnginePool, new_model: NewModel, exact_log_probs: LogProbs
) -> None:
    generations = generate_all(pool.client(), REQUESTS)
    model = new_model(0)
    for request, generation in zip(REQUESTS, generations, strict=True):
        assert generation.log_probs == pytest.approx(exact_log_probs(model, request, generation), abs=1e-4)
    assert len(set(pool.pids())) == 2


@pytest.mark.slow
def test_a_request_that_fails_harms_none_that_travels_with_it(pool: EnginePool) -> None:
    too_long = GenerationRequest((1,) * 200, 1)
    outcomes = _outcomes(pool.client(), [REQUESTS[0], too_long, too_long, REQUESTS[1]])
    assert [type(each) for each in outcomes] == [Generation, EngineError, EngineError, Generation]


@pytest.mark.slow
def test_a_client_works_in_another_actor(pool: EnginePool) -> None:
    @ray.remote
    def play(client: EngineClient, requests: list[GenerationRequest]) -> list[Generation]:
        return generate_all(client, requests)

    there = ray.get(play.remote(pool.client(), REQUESTS))
    assert [each.token_ids for each in there] == [
        each.token_ids for each in generate_all(pool.client(), REQUESTS)
    ]


@pytest.mark.slow
def test_errors_of_an_engine_arrive_as_they_are(pool: EnginePool, tmp_path: object) -> None:
    with pytest.raises(EngineError, match=r"^the prompt has 200 tokens"):
        generate_all(pool.client(), [GenerationRequest((1,) * 200, 1)])
    with pytest.raises(ValueError, match="max_tokens is 0"):
        generate_all(pool.client(), [GenerationRequest((1,), 0)])
    with pytest.raises(ModelError, match="is not a language model"):
        EnginePool(str(tmp_path), SETTINGS)
    with pytest.raises(ValueError, match="num_engines is 0"):
        EnginePool(str(tmp_path), SETTINGS, num_engines=0)


@pytest.mark.slow
def test_new_weights_reach_all_engines_and_stale_ones_are_an_error(
    pool: EnginePool, new_model: NewModel, exact_log_probs: LogProbs
) -> None:
    old = pool.client(wanted_version=1)
    with pytest.raises(StaleWeightsError, match="with weights of version 0, but version 1 is wanted"):
        generate_all(old, REQUESTS[:1])
    assert len(generate_all(pool.client(wanted_version=1, max_staleness=1), REQUESTS)) == len(REQUESTS)
    model = new_model(1)
    pool.load_weights(model.state_dict(), 1)
    assert (pool.weights_version, pool.client().weights_version) == (1, 1)
    assert pool.fingerprint.endswith("weights=1)")
    for request, generation in zip(REQUESTS, generate_all(old, REQUESTS), strict=True):
        assert generation.weights_version == 1
        assert generation.log_probs == pytest.approx(exact_log_probs(model, request, generation), abs=1e-4)


@pytest.mark.slow
def test_weights_that_do_not_fit_leave_the_pool_as_it_was(pool: EnginePool, new_model: NewModel) -> None:
    version = pool.weights_version
    with pytest.raises(EngineError, match="versions must rise"):
        pool.load_weights(new_model(1).state_dict(), version)
    with pytest.raises(EngineError, match="missing: "):
        pool.load_weights({}, version + 1)
    assert pool.weights_version == version
    assert pool.heal() == 0


@pytest.mark.slow
def test_a_killed_engine_is_replaced_at_the_present_weights_within_the_limit(
    cluster: None, tiny_model: str, new_model: NewModel, exact_log_probs: LogProbs
) -> None:
    pool = EnginePool(tiny_model, SETTINGS, num_engines=2, max_restarts=1)
    model = new_model(4)
    pool.load_weights(model.state_dict(), 1)
    before = pool.pids()
    os.kill(before[0], signal.SIGKILL)
    outcomes = _outcomes(pool.client(), REQUESTS)
    died = [each for each in outcomes if isinstance(each, EngineError)]
    assert died
    assert str(died[0]).startswith("engine 0 died")
    # Weights that come before the engine was missed reach its successor.
    newer = new_model(5)
    with pytest.raises(EngineError, match="engine 0 died"):
        pool.load_weights(newer.state_dict(), 2)
    assert pool.heal() == 1
    assert pool.heal() == 0
    assert pool.pids()[1] == before[1]
    assert pool.pids()[0] != before[0]
    generations = generate_all(pool.client(), REQUESTS)
    assert {each.weights_version for each in generations} == {2}
    assert generations[0].log_probs == pytest.approx(
        exact_log_probs(newer, REQUESTS[0], generations[0]), abs=1e-4
    )
    os.kill(pool.pids()[1], signal.SIGKILL)
    with pytest.raises(EngineError, match=r"1 engines were replaced and 1 more died.*max_restarts is 1"):
        pool.heal()
    pool.close()
    assert pool.pids() == []


def _outcomes(client: EngineClient, requests: list[GenerationRequest]) -> list[Any]:
    async def gather() -> list[Any]:
        return list(await asyncio.gather(*map(client.generate, requests), return_exceptions=True))

    return asyncio.run(gather())


@pytest.mark.slow
def test_vllm_in_an_actor_samples_from_new_weights(
    cluster: None, tiny_model: str, new_model: NewModel, exact_log_probs: LogProbs
) -> None:
    pool = EnginePool(tiny_model, VLLMSettings(cache_size=0.1, num_threads=1))
    model = new_model(6)
    generate_all(pool.client(), REQUESTS)
    pool.load_weights(model.state_dict(), 1)
    for request, generation in zip(REQUESTS, generate_all(pool.client(), REQUESTS), strict=True):
        assert generation.log_probs == pytest.approx(exact_log_probs(model, request, generation), abs=1e-4)
    pool.close()
