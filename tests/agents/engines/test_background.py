from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping

import pytest
from torch import Tensor

from memdojo.agents.engines.background import BackgroundEngine, Sampled, describe_failure
from memdojo.agents.engines.engine import GenerationRequest, StopReason, generate_all
from memdojo.errors import EngineError


class FakeBackend:
    """Finishes a request after as many steps as it may sample tokens, all of them 7."""

    max_context_tokens = 10
    vocab_size = 100
    gather_s = 0.0

    def __init__(self) -> None:
        self.left: dict[int, int] = {}
        self.total: dict[int, int] = {}
        self.aborted: list[int] = []
        self.is_closed = False
        self.may_step = threading.Event()
        self.may_step.set()
        self.step_error: Exception | None = None
        self.load_error: Exception | None = None

    def add(self, key: int, request: GenerationRequest) -> None:
        if request.prompt_ids[0] == 13:
            raise EngineError("13 is refused.")
        self.left[key] = self.total[key] = request.max_tokens

    def step(self) -> list[tuple[int, Sampled]]:
        self.may_step.wait()
        if self.step_error is not None:
            raise self.step_error
        self.left = {key: count - 1 for key, count in self.left.items()}
        done = [key for key, count in self.left.items() if not count]
        for key in done:
            del self.left[key]
        return [
            (key, Sampled((7,) * self.total[key], (-1.0,) * self.total[key], StopReason.LENGTH))
            for key in done
        ]

    def abort(self, key: int) -> None:
        self.aborted.append(key)
        self.left.pop(key, None)

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        if self.load_error is not None:
            raise self.load_error

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def engine(backend: FakeBackend) -> Iterator[BackgroundEngine]:
    made = BackgroundEngine(lambda: backend, lambda version: f"fake(weights={version})")
    yield made
    backend.may_step.set()
    made.close()


def _ask(*lengths: int) -> list[GenerationRequest]:
    return [GenerationRequest((1, 2), length) for length in lengths]


def test_every_request_gets_its_own_generation(engine: BackgroundEngine) -> None:
    generations = generate_all(engine, _ask(3, 1, 2))
    assert [each.token_ids for each in generations] == [(7, 7, 7), (7,), (7, 7)]
    assert engine.fingerprint == "fake(weights=0)"


def test_one_request_that_is_refused_harms_no_other(engine: BackgroundEngine) -> None:
    async def both() -> list[object]:
        requests = [GenerationRequest((13,), 1), *_ask(1)]
        return list(await asyncio.gather(*map(engine.generate, requests), return_exceptions=True))

    refused, served = asyncio.run(both())
    assert isinstance(refused, EngineError)
    assert not isinstance(served, Exception)


def test_a_prompt_that_fills_the_context_is_refused_with_what_to_change(engine: BackgroundEngine) -> None:
    with pytest.raises(EngineError, match=r"has 10 tokens .* engine 10.*lower policy\.max_prompt_tokens"):
        generate_all(engine, [GenerationRequest((1,) * 10, 1)])
    assert len(generate_all(engine, [GenerationRequest((1,) * 9, 1)])) == 1


def test_an_error_in_the_backend_fails_what_waits_and_what_comes_later(
    engine: BackgroundEngine, backend: FakeBackend
) -> None:
    backend.step_error = RuntimeError("the kernel broke\nat some line")

    async def two() -> list[object]:
        return list(await asyncio.gather(*map(engine.generate, _ask(1, 2)), return_exceptions=True))

    for error in asyncio.run(two()):
        assert isinstance(error, EngineError)
        assert str(error) == "the engine failed with RuntimeError: the kernel broke"
    with pytest.raises(EngineError, match="the kernel broke"):
        generate_all(engine, _ask(1))
    with pytest.raises(EngineError, match="the kernel broke"):
        engine.load_weights({}, 1)
    assert engine.failure is not None
    engine.close()  # The thread, which closes the backend last of all, may not have come to it yet.
    assert backend.is_closed


def test_running_out_of_memory_says_what_to_lower() -> None:
    class OutOfMemoryError(RuntimeError):
        pass

    for error in (OutOfMemoryError("tried to allocate 2 GiB"), RuntimeError("CUDA out of memory.")):
        message = describe_failure(error)
        for key in (
            "engine.cache_size",
            "engine.max_sequences",
            "policy.max_prompt_tokens",
            "learner.micro_batch_tokens",
        ):
            assert key in message


def test_an_error_while_the_backend_is_made_is_raised_as_it_is() -> None:
    def make() -> FakeBackend:
        raise EngineError("there is no such GPU.")

    with pytest.raises(EngineError, match="no such GPU"):
        BackgroundEngine(make, str)


def test_a_request_whose_task_is_cancelled_is_aborted(engine: BackgroundEngine, backend: FakeBackend) -> None:
    async def cancel_one() -> None:
        backend.may_step.clear()
        cancelled, kept = (asyncio.ensure_future(engine.generate(each)) for each in _ask(9, 3))
        await asyncio.sleep(0.02)
        cancelled.cancel()
        await asyncio.sleep(0)
        backend.may_step.set()
        assert (await kept).token_ids == (7, 7, 7)

    asyncio.run(cancel_one())
    assert backend.aborted == [0]


def test_weights_wait_for_no_generation_and_versions_rise(
    engine: BackgroundEngine, backend: FakeBackend
) -> None:
    async def load_while_running() -> None:
        backend.may_step.clear()
        running = asyncio.ensure_future(engine.generate(_ask(3)[0]))
        await asyncio.sleep(0.02)
        load = asyncio.get_running_loop().run_in_executor(None, engine.load_weights, {}, 1)
        await asyncio.sleep(0.02)
        backend.may_step.set()
        with pytest.raises(EngineError, match="came while 1 generations were under way"):
            await load
        await running

    asyncio.run(load_while_running())
    engine.load_weights({}, 2)
    with pytest.raises(EngineError, match="version 2 came after version 2"):
        engine.load_weights({}, 2)
    assert generate_all(engine, _ask(1))[0].weights_version == 2


def test_an_engine_that_broke_while_loading_serves_no_more(
    engine: BackgroundEngine, backend: FakeBackend
) -> None:
    backend.load_error = EngineError("the weights do not fit.")
    with pytest.raises(EngineError, match="do not fit"):
        engine.load_weights({}, 1)
    assert len(generate_all(engine, _ask(1))) == 1
    backend.load_error = RuntimeError("half of them are new")
    with pytest.raises(EngineError, match="half of them are new"):
        engine.load_weights({}, 1)
    with pytest.raises(EngineError, match="half of them are new"):
        generate_all(engine, _ask(1))


def test_closing_fails_what_waits_and_may_be_done_twice(
    engine: BackgroundEngine, backend: FakeBackend
) -> None:
    async def close_while_waiting() -> None:
        running = asyncio.ensure_future(engine.generate(_ask(10**6)[0]))
        await asyncio.sleep(0.02)
        await asyncio.to_thread(engine.close)
        with pytest.raises(EngineError, match="was closed"):
            await running

    asyncio.run(close_while_waiting())
    engine.close()
    assert backend.is_closed


def test_requests_of_several_threads_and_loops_share_an_engine(engine: BackgroundEngine) -> None:
    results: list[int] = []

    def work() -> None:
        results.extend(len(each.token_ids) for each in generate_all(engine, _ask(1, 2, 3)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [1] * 4 + [2] * 4 + [3] * 4
