from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from memdojo.agents.engines.engine import Generation, GenerationRequest, StopReason, generate_all
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.errors import EngineError

REQUEST = GenerationRequest((1, 2), 4)


def test_completions_come_in_order_with_log_probs_and_reasons() -> None:
    engine = ScriptedEngine([(5, 6), (5, 6, 7, 8, 9)], log_prob=-0.5)
    assert generate_all(engine, [REQUEST, REQUEST]) == [
        Generation((5, 6), (-0.5, -0.5), StopReason.END, 0),
        Generation((5, 6, 7, 8), (-0.5,) * 4, StopReason.LENGTH, 0),
    ]
    assert engine.requests == [REQUEST, REQUEST]
    with pytest.raises(EngineError, match="no more completions"):
        generate_all(engine, [REQUEST])


def test_a_script_may_depend_on_the_prompt() -> None:
    engine = ScriptedEngine(lambda prompt_ids: (sum(prompt_ids),))
    assert generate_all(engine, [REQUEST])[0].token_ids == (3,)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prompt_ids": ()}, "prompt_ids is empty"),
        ({"prompt_ids": (1, -2)}, "holds -2"),
        ({"prompt_ids": (1, True)}, "holds True"),
        ({"prompt_ids": (1, "a")}, "holds 'a'"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_p": 0.0}, r"top_p is 0\.0"),
        ({"top_p": 1.1}, r"top_p is 1\.1"),
    ],
)
def test_what_no_engine_can_serve_is_refused(wrong: dict[str, Any], message: str) -> None:
    engine = ScriptedEngine(lambda prompt_ids: (5,))
    with pytest.raises(ValueError, match=message):
        generate_all(engine, [replace(REQUEST, **wrong)])
    assert engine.requests == []


def test_a_request_that_is_told_to_fails() -> None:
    engine = ScriptedEngine(lambda prompt_ids: (5,), failing={1: EngineError("died.")})
    assert len(generate_all(engine, [REQUEST])) == 1
    with pytest.raises(EngineError, match="died"):
        generate_all(engine, [REQUEST])
    assert len(generate_all(engine, [REQUEST])) == 1


def test_a_delayed_request_comes_later_than_those_after_it() -> None:
    engine = ScriptedEngine(lambda prompt_ids: (5,), delays_s={0: 0.05})
    order: list[str] = []

    async def ask(name: str) -> None:
        await engine.generate(REQUEST)
        order.append(name)

    async def both() -> None:
        await asyncio.gather(ask("delayed"), ask("prompt"))

    asyncio.run(both())
    assert order == ["prompt", "delayed"]


def test_a_prompt_that_is_too_long_is_refused_as_by_a_model() -> None:
    engine = ScriptedEngine(lambda prompt_ids: (5,), max_context_tokens=2)
    with pytest.raises(EngineError, match="2 tokens"):
        generate_all(engine, [REQUEST])


def test_weights_are_remembered_and_versions_rise() -> None:
    engine = ScriptedEngine(lambda prompt_ids: (5,), delays_s={0: 0.02})

    async def load_while_running() -> None:
        running = asyncio.ensure_future(engine.generate(REQUEST))
        await asyncio.sleep(0)
        with pytest.raises(EngineError, match="while 1 generations ran"):
            engine.load_weights({}, 1)
        await running

    asyncio.run(load_while_running())
    engine.load_weights({}, 2)
    with pytest.raises(EngineError, match="after version 2"):
        engine.load_weights({}, 2)
    assert (list(engine.loaded), engine.weights_version, engine.fingerprint) == (
        [2],
        2,
        "scripted(weights=2)",
    )
    assert generate_all(engine, [REQUEST])[0].weights_version == 2


def test_a_closed_engine_refuses() -> None:
    engine = ScriptedEngine(lambda prompt_ids: (5,))
    engine.close()
    with pytest.raises(EngineError, match="was closed"):
        generate_all(engine, [REQUEST])
