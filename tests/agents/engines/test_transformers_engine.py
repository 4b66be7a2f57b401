from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from memdojo.agents.engines.engine import Generation, GenerationRequest, StopReason, generate_all
from memdojo.agents.engines.registry import make_engine
from memdojo.agents.engines.settings import TransformersSettings
from memdojo.agents.engines.transformers_engine import TransformersEngine, sample
from memdojo.errors import EngineError, ModelError

END = 2
CONTEXT_TOKENS = 128
SETTINGS = TransformersSettings(max_sequences=4)

LogProbs = Callable[[LlamaForCausalLM, GenerationRequest, Generation], list[float]]
NewModel = Callable[..., LlamaForCausalLM]


@pytest.fixture(scope="module")
def engine(tiny_model: str) -> Iterator[TransformersEngine]:
    made = make_engine(tiny_model, SETTINGS)
    assert isinstance(made, TransformersEngine)
    yield made
    made.close()


def _requests(temperature: float = 1.0) -> list[GenerationRequest]:
    """Prompts and replies of several lengths, more than fit into one batch."""
    return [
        GenerationRequest(tuple(range(1, 3 + 4 * i)), 5 + 3 * i, temperature=temperature, seed=i)
        for i in range(6)
    ]


@pytest.mark.parametrize("temperature", [1.0, 0.5, 0.0])
def test_log_probs_are_those_of_the_distribution_that_was_sampled_from(
    engine: TransformersEngine, new_model: NewModel, exact_log_probs: LogProbs, temperature: float
) -> None:
    model = new_model(engine.weights_version)
    requests = _requests(temperature)
    for request, generation in zip(requests, generate_all(engine, requests), strict=True):
        assert generation.log_probs == pytest.approx(exact_log_probs(model, request, generation), abs=1e-4)


def test_a_seed_gives_the_same_sample_in_whatever_batch(engine: TransformersEngine) -> None:
    together = [each.token_ids for each in generate_all(engine, _requests())]
    alone = [generate_all(engine, [request])[0].token_ids for request in _requests()]
    assert together == alone


def test_requests_without_a_seed_differ(engine: TransformersEngine) -> None:
    request = GenerationRequest((1, 5, 6), 20)
    first, second = generate_all(engine, [request, request])
    assert first.token_ids != second.token_ids


def test_the_end_token_is_the_last_of_a_generation_that_ended(engine: TransformersEngine) -> None:
    # At this temperature the 300 tokens are nearly equally likely: 100 of them hold an end with 28 %.
    generations = generate_all(engine, [GenerationRequest((1, 5), 100, 50.0, seed=i) for i in range(12)])
    ended = [each for each in generations if each.stop_reason is StopReason.END]
    cut = [each for each in generations if each.stop_reason is StopReason.LENGTH]
    assert ended
    assert cut
    assert all(each.token_ids[-1] == END and END not in each.token_ids[:-1] for each in ended)
    assert all(len(each.token_ids) == 100 and END not in each.token_ids for each in cut)


def test_a_generation_ends_where_the_context_does(engine: TransformersEngine) -> None:
    request = GenerationRequest((5,) * (CONTEXT_TOKENS - 3), 50, temperature=0.0)
    assert len(generate_all(engine, [request])[0].token_ids) <= 3
    with pytest.raises(EngineError, match=r"128 tokens .* context of the engine 128"):
        generate_all(engine, [GenerationRequest((5,) * CONTEXT_TOKENS, 1)])


def test_a_short_request_does_not_wait_for_a_long_one(engine: TransformersEngine) -> None:
    order: list[str] = []

    async def ask(name: str, max_tokens: int) -> None:
        await engine.generate(GenerationRequest((1, 5, 6), max_tokens, temperature=0.0))
        order.append(name)

    async def both() -> None:
        await asyncio.gather(ask("long", 100), ask("short", 1))

    asyncio.run(both())
    assert order == ["short", "long"]


def test_a_cancelled_request_leaves_the_batch(engine: TransformersEngine) -> None:
    async def cancel_one() -> tuple[int, ...]:
        cancelled, kept = (
            asyncio.ensure_future(engine.generate(GenerationRequest((1, 5, token), 60, temperature=0.0)))
            for token in (6, 7)
        )
        await asyncio.sleep(0.03)
        cancelled.cancel()
        return (await kept).token_ids

    kept = asyncio.run(cancel_one())
    assert kept == generate_all(engine, [GenerationRequest((1, 5, 7), 60, temperature=0.0)])[0].token_ids


def test_new_weights_sample(
    engine: TransformersEngine, new_model: NewModel, exact_log_probs: LogProbs
) -> None:
    model = new_model(1)
    engine.load_weights(model.state_dict(), 1)
    request = GenerationRequest((1, 5, 6), 20, seed=0)
    (generation,) = generate_all(engine, [request])
    assert generation.weights_version == 1
    assert generation.log_probs == pytest.approx(exact_log_probs(model, request, generation), abs=1e-4)
    with pytest.raises(EngineError, match=r"missing: lm_head\.weight"):
        engine.load_weights({k: v for k, v in model.state_dict().items() if k != "lm_head.weight"}, 2)


def test_top_p_leaves_the_likeliest_tokens_that_hold_the_share() -> None:
    # 0.5 + 0.3 hold 0.75, so that 0.2 is out and the others are 5/8 and 3/8.
    logits = torch.tensor([[0.5, 0.2, 0.3]]).log()
    generator = torch.Generator().manual_seed(0)
    request = GenerationRequest((1,), 1, top_p=0.75)
    drawn = {
        token: log_prob
        for (token,), (log_prob,) in (sample(logits, [request], [generator]) for _ in range(50))
    }
    assert drawn == pytest.approx({0: math.log(5 / 8), 2: math.log(3 / 8)})


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    # Logits of 0.9, 0.1 at temperature 0.5: squared and normalised, 0.81 / 0.82.
    logits = torch.tensor([[0.9, 0.1]]).log().repeat(4000, 1)
    generator = torch.Generator().manual_seed(0)
    tokens, log_probs = sample(logits, [GenerationRequest((1,), 1, 0.5)] * 4000, [generator] * 4000)
    # Three standard errors are 0.0052.
    assert tokens.count(0) / 4000 == pytest.approx(0.81 / 0.82, abs=0.0052)
    assert log_probs[tokens.index(0)] == pytest.approx(math.log(0.81 / 0.82))


def test_more_than_one_gpu_is_refused(tiny_model: str) -> None:
    with pytest.raises(EngineError, match=r"num_gpus is 2, but the transformers engine runs on one device"):
        make_engine(tiny_model, TransformersSettings(num_gpus=2))


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is not a language model that can be loaded"):
        make_engine(str(tmp_path), SETTINGS)


def test_a_model_without_an_end_token_is_refused(tiny_model: str, tmp_path: Path) -> None:
    for path in Path(tiny_model).iterdir():
        if path.suffix == ".json" and path.name != "tokenizer.json":
            content = {key: each for key, each in json.loads(path.read_text()).items() if "eos" not in key}
            # Left out, it would be the default of the kind of model.
            content |= {"eos_token_id": None} if path.name == "config.json" else {}
            (tmp_path / path.name).write_text(json.dumps(content))
        else:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ModelError, match="names no end token"):
        make_engine(str(tmp_path), SETTINGS)
