from __future__ import annotations

import asyncio
import contextvars
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from memdojo.agents.engines.engine import GenerationRequest, generate_all
from memdojo.agents.engines.event_loop import EventLoop, run_coroutine
from memdojo.agents.engines.scripted_engine import ScriptedEngine

NAME = contextvars.ContextVar("NAME", default="nobody")


async def _answer() -> str:
    await asyncio.sleep(0)
    return NAME.get()


async def _fail() -> str:
    raise KeyError("Rex")


def _in_a_notebook(cell: Callable[[], Any]) -> Any:
    async def notebook() -> Any:
        return cell()

    return asyncio.run(notebook())


def test_a_coroutine_runs_where_no_loop_runs_and_where_one_does() -> None:
    NAME.set("Ann")
    assert run_coroutine(_answer()) == "Ann"
    assert _in_a_notebook(lambda: run_coroutine(_answer())) == "Ann"
    with pytest.raises(KeyError, match="Rex"):
        run_coroutine(_fail())
    with pytest.raises(KeyError, match="Rex"):
        _in_a_notebook(lambda: run_coroutine(_fail()))


def test_calls_may_be_nested() -> None:
    async def outer() -> str:
        return run_coroutine(_answer())

    assert _in_a_notebook(lambda: run_coroutine(outer())) == run_coroutine(outer()) == NAME.get()


def test_a_loop_is_the_same_in_all_calls_wherever_they_come_from() -> None:
    async def current() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    loop = EventLoop()
    first = loop.run(current())
    assert _in_a_notebook(lambda: loop.run(current())) is first
    assert loop.run(current()) is first
    _in_a_notebook(loop.close)
    assert first.is_closed()


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    _in_a_notebook(lambda: run_coroutine(_answer()))
    assert threading.active_count() == before


@pytest.mark.parametrize("within", [lambda call: call(), _in_a_notebook])
def test_an_interrupt_cancels_what_is_waited_for(within: Callable[[Callable[[], Any]], Any]) -> None:
    ended: list[str] = []

    async def wait() -> None:
        main = threading.main_thread().ident
        assert main is not None
        threading.Timer(0.05, signal.pthread_kill, [main, signal.SIGINT]).start()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with pytest.raises(KeyboardInterrupt):
        within(lambda: run_coroutine(wait()))
    assert ended == ["cancelled"]


def test_engines_may_be_asked_in_a_notebook() -> None:
    engine = ScriptedEngine([[3], [4]])
    requests = [GenerationRequest((1,), 2), GenerationRequest((2,), 2)]
    generations = _in_a_notebook(lambda: generate_all(engine, requests))
    assert [generation.token_ids for generation in generations] == [(3,), (4,)]


def test_a_time_out_of_the_coroutine_is_its_own() -> None:
    async def late() -> None:
        raise TimeoutError("late")

    with pytest.raises(TimeoutError, match="late"):
        _in_a_notebook(lambda: run_coroutine(late()))
