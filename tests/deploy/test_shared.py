"""Threads that share a memory: those that read never wait for one that writes."""

import dataclasses
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Add, Capacity, Hit, Operation, StoreEditor
from memdojo.errors import AgentError, StoreFileError

MAY_1 = datetime(2024, 5, 1, 9)
LONG_S = 30.0


class Gate:
    """A place at which one thread stops until another one lets it go on."""

    def __init__(self) -> None:
        self._is_reached = threading.Event()
        self._is_open = threading.Event()

    def stop_here(self) -> None:
        self._is_reached.set()
        assert self._is_open.wait(LONG_S), "nobody let this thread go on: it was waited for"

    def wait_until_reached(self) -> None:
        assert self._is_reached.wait(LONG_S)

    def open(self) -> None:
        self._is_open.set()


class SlowManager:
    """Keeps every turn; stops at a gate where a turn says so, and fails where one says that."""

    name = "slow"
    stochastic = False

    def __init__(self, gate: Gate, turns_per_chunk: int | None = 1) -> None:
        self.turns_per_chunk = turns_per_chunk
        self._gate = gate

    def act(self, episodes: Sequence[Any]) -> list[tuple[Operation, ...]]:
        (episode,) = episodes
        text = " | ".join(turn.text for turn in episode.chunk.turns)
        if "slow" in text:
            self._gate.stop_here()
        if "fails" in text:
            raise RuntimeError("the engine is gone")
        sources = tuple(turn.id for turn in episode.chunk.turns)
        return [(Add(text, sources, MAY_1),)]


def in_thread(function: Callable[[], Any]) -> Future[Any]:
    """Run a function in a thread of its own."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(function)
    finally:
        pool.shutdown(wait=False)


def everything_read(agent: MemoryAgent) -> dict[str, Any]:
    """Return what each way of reading finds."""
    return {
        "search": [hit.entry.text for hit in agent.search("dog")],
        "ask": [hit.entry.text for hit in agent.ask("What is the dog called?").hits],
        "entries": [entry.text for entry in agent.entries],
        "waiting": [turn.text for turn in agent.waiting],
        "counts": (agent.num_turns, agent.num_sessions),
        "sources": [turn.text for turn in agent.sources(1)],
        "said": [turn.text for turn in agent.find_said("dog")],
    }


def test_who_reads_finds_what_was_committed_while_a_manager_thinks(tmp_path: Path) -> None:
    gate = Gate()
    with MemoryAgent(tmp_path / "m", manager=SlowManager(gate)) as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        before = everything_read(agent)
        writing = in_thread(lambda: agent.observe("Ann", "A slow dog.", MAY_1))
        gate.wait_until_reached()
        assert everything_read(agent) == before
        assert agent.failure is None
        gate.open()
        (result,) = writing.result(LONG_S)
        assert result.applied
        assert everything_read(agent) == {
            "search": ["A slow dog.", "My dog is called Rex."],
            "ask": ["My dog is called Rex.", "A slow dog."],
            "entries": ["My dog is called Rex.", "A slow dog."],
            "waiting": [],
            "counts": (2, 1),
            "sources": ["My dog is called Rex."],
            "said": ["My dog is called Rex.", "A slow dog."],
        }


def test_nobody_sees_half_of_a_change(tmp_path: Path) -> None:
    gate = Gate()

    @dataclasses.dataclass(frozen=True, slots=True)
    class SlowAdd(Add):
        def apply(self, store: StoreEditor) -> None:
            gate.stop_here()
            Add.apply(self, store)

    class TwoThings:
        name, stochastic, turns_per_chunk = "two things", False, 1

        def act(self, episodes: Sequence[Any]) -> list[tuple[Operation, ...]]:
            return [(Add("one dog"), SlowAdd("another dog"))]

    with MemoryAgent(tmp_path / "m", manager=TwoThings()) as agent:
        writing = in_thread(lambda: agent.observe("Ann", "Two dogs.", MAY_1))
        gate.wait_until_reached()
        assert agent.search("dog") == agent.entries == ()
        assert agent.num_turns == 0
        gate.open()
        writing.result(LONG_S)
        assert len(agent.search("dog")) == 2


def test_two_questions_are_answered_at_a_time(tmp_path: Path) -> None:
    both = threading.Barrier(2)

    class Together:
        fingerprint = "together"

        def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            both.wait(LONG_S)
            return [Answer(request.question) for request in requests]

    class TogetherRetriever:
        def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
            both.wait(LONG_S)
            return BM25Retriever().search(store, query, k)

    with MemoryAgent(tmp_path / "m", retriever=TogetherRetriever(), answerer=Together()) as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        asked = [in_thread(lambda question=question: agent.ask(question)) for question in ("dog?", "Rex?")]
        assert [each.result(LONG_S).text for each in asked] == ["dog?", "Rex?"]


def test_who_writes_does_not_wait_for_who_reads(tmp_path: Path) -> None:
    gate = Gate()

    class SlowRetriever:
        def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
            gate.stop_here()
            return BM25Retriever().search(store, query, k)

    with MemoryAgent(tmp_path / "m", retriever=SlowRetriever(), capacity=Capacity(2)) as agent:
        agent.observe("Ann", "A dog called Rex.", MAY_1)
        reading = in_thread(lambda: agent.search("dog"))
        gate.wait_until_reached()
        for number in range(3):
            agent.observe("Bob", f"Dog number {number}.", MAY_1)
        agent.purge()
        gate.open()
        # The state that it began with.
        assert [hit.entry.text for hit in reading.result(LONG_S)] == ["Ann: A dog called Rex."]
        assert [entry.id for entry in agent.entries] == [3, 4]


def test_what_waits_is_not_waited_for_and_that_is_said(tmp_path: Path) -> None:
    gate = Gate()
    with MemoryAgent(tmp_path / "m", manager=SlowManager(gate, turns_per_chunk=2)) as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        writing = in_thread(lambda: agent.observe("Ann", "A slow dog.", MAY_1))
        gate.wait_until_reached()
        assert [turn.text for turn in agent.waiting] == ["My dog is called Rex."]
        assert agent.search("dog") == ()
        assert "another thread is changing it" in str(agent.failure)
        gate.open()
        writing.result(LONG_S)
        assert len(agent.search("dog")) == 1
        assert agent.failure is None


def test_after_a_manager_failed_the_turn_waits_and_nothing_else_has_changed(tmp_path: Path) -> None:
    gate = Gate()
    with MemoryAgent(tmp_path / "m", manager=SlowManager(gate)) as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        writing = in_thread(lambda: agent.observe("Ann", "slow, and then it fails", MAY_1))
        gate.wait_until_reached()
        assert agent.waiting == ()
        gate.open()
        with pytest.raises(AgentError, match="the engine is gone"):
            writing.result(LONG_S)
        assert [turn.text for turn in agent.waiting] == ["slow, and then it fails"]
        assert [entry.text for entry in agent.entries] == ["My dog is called Rex."]
        assert agent.num_turns == 2


def test_who_waits_for_another_process_lets_others_read_what_that_has_written(tmp_path: Path) -> None:
    gate, path = Gate(), tmp_path / "m"
    with MemoryAgent(path) as agent, MemoryAgent(path, manager=SlowManager(gate)) as other:
        other_writes = in_thread(
            lambda: [other.observe("Cy", text, MAY_1) for text in ("A dog.", "A slow dog.")]
        )
        gate.wait_until_reached()
        writing = in_thread(lambda: agent.observe("Ann", "My dog is called Rex.", MAY_1))
        assert [entry.text for entry in agent.entries] == ["A dog."]
        assert len(agent.search("dog")) == 1
        assert not writing.done()
        gate.open()
        other_writes.result(LONG_S)
        writing.result(LONG_S)
        assert [entry.id for entry in agent.entries] == [entry.id for entry in other.entries] == [1, 2, 3]
        assert agent.entries[2].text == "Ann: My dog is called Rex."


@pytest.mark.parametrize("retriever", ["bm25", "fusion", "per_speaker:dense", "hybrid"])
def test_readers_of_all_kinds_meet_whole_states_while_turns_come_in(retriever: str, tmp_path: Path) -> None:
    num_turns, num_read, is_over = 25, [0], threading.Event()
    with MemoryAgent(tmp_path / "m", retriever=retriever, capacity=Capacity(9)) as agent:
        agent.observe("Ann", "dog number 0", MAY_1)

        def read() -> None:
            last = 0
            while not is_over.is_set():
                ids = [entry.id for entry in agent.entries]
                assert ids == list(range(ids[0], ids[-1] + 1))
                assert last <= ids[-1]
                last = ids[-1]
                found = agent.search("which dog has number 3", 20)
                assert 1 <= len(found) <= 9
                for hit in found:
                    assert hit.entry.text.endswith(f": dog number {hit.entry.id - 1}")
                num_read[0] += 1

        readers = [in_thread(read) for _ in range(3)]
        for number in range(1, num_turns):
            agent.observe(f"Speaker{number % 3}", f"dog number {number}", MAY_1)
        is_over.set()
        for reader in readers:
            reader.result(LONG_S)
        assert agent.num_turns == num_turns
    assert num_read[0] > 0


def test_several_writers_lose_nothing_and_each_keeps_its_order(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as agent:

        def say(name: str) -> None:
            for number in range(6):
                agent.observe(name, f"number {number}", MAY_1)

        for writer in [in_thread(lambda name=name: say(name)) for name in ("Ann", "Bob", "Cy")]:
            writer.result(LONG_S)
        assert [entry.id for entry in agent.entries] == list(range(1, 19))
        for name in ("Ann", "Bob", "Cy"):
            said = [entry.text for entry in agent.entries if entry.text.startswith(name)]
            assert said == [f"{name}: number {number}" for number in range(6)]


def test_agents_that_share_a_manager_let_it_act_once_at_a_time(tmp_path: Path) -> None:
    gate = Gate()
    manager = SlowManager(gate, turns_per_chunk=2)
    with (
        MemoryAgent(tmp_path / "a", manager=manager) as one,
        MemoryAgent(tmp_path / "b", manager=manager) as two,
    ):
        two.take_turns_with(one)
        two.observe("Bob", "A dog.", MAY_1)
        writing = in_thread(lambda: one.observe_many([("Ann", "A slow dog.", MAY_1)] * 2))
        gate.wait_until_reached()
        assert two.search("dog") == ()
        assert "another thread" in str(two.failure)
        gate.open()
        writing.result(LONG_S)
        assert len(two.search("dog")) == 1


def test_to_close_waits_for_a_change_and_ends_all_reading(tmp_path: Path) -> None:
    gate = Gate()
    agent = MemoryAgent(tmp_path / "m", manager=SlowManager(gate))
    writing = in_thread(lambda: agent.observe("Ann", "A slow dog.", MAY_1))
    gate.wait_until_reached()
    closing = in_thread(agent.close)
    assert agent.entries == ()
    gate.open()
    closing.result(LONG_S)
    assert writing.result(LONG_S)[0].applied
    for read in (lambda: agent.entries, lambda: agent.search("dog"), lambda: agent.find_said("dog")):
        with pytest.raises(StoreFileError, match="it was closed"):
            read()
    with MemoryAgent(tmp_path / "m") as again:
        assert len(again.entries) == 1
