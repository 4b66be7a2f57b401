import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from memdojo.agents.baselines.registry import make_baseline, make_fallback_rule
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.agents.compact.fallback import FallbackManager
from memdojo.agents.compact.familiarity import Familiarity, summary
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import (
    LanguageAnswerAgent,
    LanguageManager,
    LanguageRetriever,
    PromptEncoder,
)
from memdojo.agents.language.tiny import train_tokenizer
from memdojo.agents.play import play_manager
from memdojo.agents.policy import ManagerPolicy
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.deploy.open_memory import open_memory
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.memory import BM25Retriever, load_store, save_store
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainRankingFormat
from memdojo.envs.streams import load_streams, rechunk
from memdojo.envs.streams.turn_features import TURN_FEATURES
from memdojo.envs.types import Add, Capacity, Delete, Operation, OperationResult, Stream, Update
from memdojo.errors import AgentError, ConfigError, DataError, StoreFileError, UnknownNameError
from memdojo.eval.records.recording import WatchedPolicy

MAY_1 = datetime(2024, 5, 1, 9)


class Clock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.time = MAY_1

    def __call__(self) -> datetime:
        return self.time


class Chunks:
    """A manager that stores every chunk as one entry, and fails on what it is told to fail on."""

    name = "chunks"
    stochastic = False

    def __init__(self, turns_per_chunk: int | None) -> None:
        self.turns_per_chunk = turns_per_chunk
        self.fails_on: str | None = None

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        (episode,) = episodes
        assert episode.chunk is not None
        text = " | ".join(turn.text for turn in episode.chunk.turns)
        if self.fails_on is not None and self.fails_on in text:
            raise RuntimeError("the engine\nis gone")
        return [(Add(text, tuple(turn.id for turn in episode.chunk.turns), episode.chunk.time),)]


def compact_manager(seed: int, **settings: Any) -> CompactManager:
    """Return a manager with weights that make it do everything now and then."""
    features = ManagerFeatures(FeatureSettings(**settings))
    network = new_manager_network(features, 16, seed)
    with torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
        edit_output = network.edit[-1]
        assert isinstance(edit_output, torch.nn.Linear)
        edit_output.bias.copy_(torch.tensor([-2.0, -3.0]))
    return CompactManager(network, features)


def stream_of(number: int) -> Stream:
    """Return the first 60 turns of a stream."""
    stream = rechunk(load_streams("synthetic:train", num_streams=number + 1)[number], 1)
    return dataclasses.replace(stream, chunks=stream.chunks[:60], questions=())


def played(stream: Stream, policy: ManagerPolicy, capacity: Capacity, seed: int) -> list[OperationResult]:
    """Return what the manager's operations do in an episode of the stream."""
    size = policy.turns_per_chunk
    cut = stream if size is None else rechunk(stream, size)
    episode = ManagerEpisode(StreamContext(cut), capacity, seed=seed)
    results: list[OperationResult] = []
    while not episode.ended:
        (operations,) = policy.act([episode])
        episode.step(operations)
        results += episode.results
    return results


def renamed(result: OperationResult, number_of: dict[str, int]) -> tuple[Any, ...]:
    """Return the result with numbers for turn ids, which differ between a stream and an agent."""
    touched = (result.before, result.after, *result.evicted)
    return type(result.operation), result.status, [
        (
            entry.id, entry.text, entry.time, entry.created_step, entry.updated_step, entry.utility,
            tuple(number_of[id] for id in entry.sources),
        )
        for entry in touched
        if entry is not None
    ]  # fmt: skip


def assert_same_as_in_an_episode(
    path: Path, stream: Stream, policy: ManagerPolicy, capacity: Capacity, reopen_every: int
) -> set[type[Operation]]:
    agent = MemoryAgent(path, manager=policy, capacity=capacity, seed=3)
    results: list[OperationResult] = []
    for first in range(0, len(stream.turns), reopen_every):
        turns = stream.turns[first : first + reopen_every]
        results += agent.observe_many([(turn.speaker, turn.text, turn.time) for turn in turns])
        agent.close()
        agent = MemoryAgent(path, manager=policy)
    results += agent.flush()
    agent.close()
    expected = played(stream, policy, capacity, seed=3)
    number_of = {turn.id: number for number, turn in enumerate(stream.turns, start=1)}
    own_number_of = {f"t{number}": number for number in number_of.values()}
    assert [renamed(each, own_number_of) for each in results] == [
        renamed(each, number_of) for each in expected
    ]
    return {type(result.operation) for result in results}


@pytest.mark.parametrize("seed", [0, 2, 6])
@pytest.mark.parametrize(
    "capacity", [Capacity(max_entries=10), Capacity(max_tokens=200), Capacity()], ids=["10", "tokens", "all"]
)
def test_a_compact_manager_does_what_it_does_in_an_episode(
    tmp_path: Path, seed: int, capacity: Capacity
) -> None:
    policy = compact_manager(seed, embedding_inputs=seed == 2)
    assert_same_as_in_an_episode(tmp_path / "m", stream_of(seed % 3), policy, capacity, reopen_every=13)


@pytest.mark.parametrize("rule", ["similarity", "recency"])
def test_a_manager_falls_back_on_its_rule_where_it_does_in_an_episode(tmp_path: Path, rule: str) -> None:
    stream, capacity = stream_of(0), Capacity(10)
    whole = ManagerEpisode(StreamContext(stream), capacity, seed=3)
    play_manager(make_baseline("recency"), [whole], until_step=59)
    spread = np.full(len(TURN_FEATURES), 0.1, np.float32)
    # At this distance from the end of the dialogue some of it is familiar, and some is not.
    familiarity = Familiarity(summary(whole)[None], spread, 0.9)
    policy = FallbackManager(compact_manager(0), familiarity, make_fallback_rule(rule))
    assert_same_as_in_an_episode(tmp_path / "m", stream, policy, capacity, reopen_every=13)
    watched, episode = WatchedPolicy(policy), ManagerEpisode(StreamContext(stream), capacity, seed=3)
    play_manager(watched, [episode])
    deciders = [step.decided_by for step in watched.steps(episode)]
    assert {*deciders} == {"", rule}
    with MemoryAgent(tmp_path / "told", manager=policy, capacity=capacity, seed=3) as agent:
        results = agent.observe_many([(turn.speaker, turn.text, turn.time) for turn in stream.turns])
    told = f"was left to the rule '{rule}': the dialogue looks like none that the manager was trained on."
    assert [each.why.partition(" ")[2] for each in results] == [told if each else "" for each in deciders]


def test_the_managers_of_these_tests_do_everything(tmp_path: Path) -> None:
    done = {type(each.operation) for each in played(stream_of(0), compact_manager(0), Capacity(10), 0)}
    assert done >= {Add, Update, Delete}


@pytest.mark.parametrize(
    "name",
    ["hand_priority", "keep_first", "longest_first", "no_op", "random", "recency", "similarity", "sum_idf"],
)
def test_a_rule_does_what_it_does_in_an_episode(tmp_path: Path, name: str) -> None:
    assert_same_as_in_an_episode(
        tmp_path / "m", stream_of(1), make_baseline(name), Capacity(10), reopen_every=17
    )


@pytest.mark.parametrize("size", [2, 5])
def test_chunks_are_cut_as_in_an_episode(tmp_path: Path, size: int) -> None:
    assert_same_as_in_an_episode(tmp_path / "m", stream_of(0), Chunks(size), Capacity(), reopen_every=3)


def test_the_work_of_a_step_does_not_grow_with_what_was_said(tmp_path: Path) -> None:
    agent = MemoryAgent(tmp_path / "m", manager=compact_manager(0), capacity=Capacity(10))
    turns = [("Ann", f"Today I did thing number {number}.", MAY_1) for number in range(600)]
    agent.observe_many(turns)
    assert len(agent._dialogue._context.turns) <= 2 * 11 + 65
    (num_turns,) = agent._file.database.execute("SELECT count(*) FROM turns").fetchone()
    named = {source for entry in agent.entries for source in entry.sources}
    assert num_turns <= len(named | {"t600"})


def test_a_question_before_any_turn_has_no_answer_in_memory(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        answer = agent.ask("Where does Ann live?")
        assert (answer.text, answer.hits) == ("No information available", ())
        assert agent.search("anything") == ()
        assert (agent.entries, agent.num_turns, agent.num_sessions) == ((), 0, 0)


@pytest.mark.parametrize(
    "retriever", ["bm25", "dense", "fusion", "hybrid", "recency", "per_speaker", "pools"]
)
def test_an_answer_comes_with_the_entries_it_was_given_from(tmp_path: Path, retriever: str) -> None:
    with MemoryAgent(tmp_path / "m", retriever=retriever, top_k=2) as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        agent.observe("Bob", "I live in Boston.", MAY_1)
        answer = agent.ask("What is Ann's dog called?")
        assert answer.text == "Rex"
        best = answer.hits[0] if retriever != "recency" else answer.hits[1]
        assert (best.entry.text, best.entry.time) == ("Ann: My dog is called Rex.", MAY_1)
        assert len(answer.hits) <= 2
        assert [turn.text for turn in agent.sources(best.entry)] == ["My dog is called Rex."]


def test_a_later_process_goes_on_with_ids_steps_and_provenance(tmp_path: Path) -> None:
    program = """
        import sys
        from memdojo import MemoryAgent

        with MemoryAgent(sys.argv[1], manager="recency") as agent:
            agent.observe_many([("Ann", text) for text in sys.argv[2:]])
    """
    for texts in (("first", "second"), ("third",)):
        command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "m"), *texts]
        subprocess.run(command, check=True)
    with MemoryAgent(tmp_path / "m") as agent:
        (result,) = agent.observe("Bob", "fourth")
        assert [entry.text for entry in agent.entries] == [
            "Ann: first", "Ann: second", "Ann: third", "Bob: fourth"
        ]  # fmt: skip
        assert result.after is not None
        assert (result.after.id, result.after.created_step, result.after.sources) == (4, 3, ("t4",))
        assert [agent.sources(entry)[0].text for entry in agent.entries] == [
            "first", "second", "third", "fourth"
        ]  # fmt: skip


def test_a_process_that_is_killed_loses_nothing_that_observe_returned_for(tmp_path: Path) -> None:
    program = """
        import sys
        from memdojo import MemoryAgent

        agent = MemoryAgent(sys.argv[1], manager="similarity")
        for number in range(100_000):
            agent.observe("Ann", f"Today I did thing {number}.")
            print(number, flush=True)
    """
    path = tmp_path / "m"
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 40:
                os.kill(process.pid, signal.SIGKILL)
                break
        said = [40, *map(int, process.stdout)]
    with MemoryAgent(path, manager="similarity") as agent:
        # The last one may be in the file without having been told.
        assert agent.num_turns in (said[-1] + 1, said[-1] + 2)
        remembered = {source for entry in agent.entries for source in entry.sources}
        assert remembered == {f"t{number}" for number in range(1, agent.num_turns + 1)}
        (result,) = agent.observe("Ann", "Something quite different happened.")
        assert result.after is not None
        assert result.after.sources == (f"t{agent.num_turns}",)


def test_two_agents_on_one_file_take_turns(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as first, MemoryAgent(tmp_path / "m") as second:
        first.observe("Ann", "one")
        second.observe("Bob", "two")
        (result,) = first.observe("Ann", "three")
        assert result.after is not None
        assert (result.after.id, result.after.sources) == (3, ("t3",))
        assert second.entries == first.entries
        assert len(second.search("three")) == 1


def test_threads_take_turns(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        work = [
            threading.Thread(target=agent.observe_many, args=([("Ann", f"{name} {n}") for n in range(20)],))
            for name in "abc"
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        assert sorted(entry.text for entry in agent.entries) == sorted(
            f"Ann: {name} {n}" for name in "abc" for n in range(20)
        )


def test_a_session_ends_with_a_silence_or_when_told_and_every_turn_has_its_time(tmp_path: Path) -> None:
    clock = Clock()
    with MemoryAgent(tmp_path / "m", clock=clock) as agent:
        agent.observe("Ann", "one")
        clock.time += timedelta(minutes=30)
        agent.observe("Bob", "two")
        clock.time += timedelta(minutes=31)
        agent.observe("Ann", "three")
        agent.end_session()
        clock.time += timedelta(seconds=1)
        agent.observe("Bob", "four")
        assert [entry.time for entry in agent.entries] == [
            MAY_1, MAY_1 + timedelta(minutes=30), MAY_1 + timedelta(minutes=61),
            MAY_1 + timedelta(minutes=61, seconds=1),
        ]  # fmt: skip
        assert agent.num_sessions == 3


def test_a_time_zone_is_left_out(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        agent.observe("Ann", "one", MAY_1.replace(tzinfo=UTC))
        agent.observe("Ann", "two", MAY_1)
        assert [entry.time for entry in agent.entries] == [MAY_1, MAY_1]


def test_turns_wait_for_a_full_chunk_also_in_the_file(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m", manager=Chunks(3)) as agent:
        assert agent.observe_many([("Ann", "1", MAY_1), ("Bob", "2", MAY_1)]) == ()
    with MemoryAgent(tmp_path / "m", manager=Chunks(3)) as agent:
        assert [turn.text for turn in agent.waiting] == ["1", "2"]
        results = agent.observe_many([("Ann", str(number), MAY_1) for number in range(3, 9)])
        assert [each.after.text for each in results if each.after is not None] == ["1 | 2 | 3", "4 | 5 | 6"]
        assert [entry.text for entry in agent.entries] == ["1 | 2 | 3", "4 | 5 | 6"]
        assert [turn.text for turn in agent.waiting] == ["7", "8"]
        assert agent.search("7")[0].entry.text == "7 | 8"
        assert agent.waiting == ()
        agent.observe("Ann", "9", MAY_1)
        later = MAY_1 + timedelta(hours=2)
        (result,) = agent.observe("Ann", "10", later)
        assert result.after is not None
        assert (result.after.text, result.after.time) == ("9", MAY_1)
        (result,) = agent.end_session()
        assert result.after is not None
        assert (result.after.text, result.after.time) == ("10", later)


def test_a_manager_without_a_chunk_size_gets_each_call_as_a_chunk(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m", manager=Chunks(None)) as agent:
        agent.observe_many([("Ann", "1"), ("Bob", "2")])
        agent.observe("Ann", "3")
        assert [entry.text for entry in agent.entries] == ["1 | 2", "3"]


def test_what_was_said_is_kept_when_the_manager_fails(tmp_path: Path) -> None:
    manager = Chunks(1)
    manager.fails_on = "two"
    turns = [("Ann", "one"), ("Ann", "two"), ("Ann", "three")]
    with MemoryAgent(tmp_path / "m", manager=manager) as agent:
        with pytest.raises(AgentError, match=r"'chunks' failed on t2: the engine is gone \(.*flush"):
            agent.observe_many(turns)
        assert [entry.text for entry in agent.entries] == ["one"]
        assert [turn.text for turn in agent.waiting] == ["two", "three"]
        # What is there can be read all the same.
        assert [hit.entry.text for hit in agent.search("one")] == ["one"]
        assert agent.failure is not None
        assert "failed on t2" in str(agent.failure)
        assert [turn.text for turn in agent.waiting] == ["two", "three"]
    manager.fails_on = None
    with MemoryAgent(tmp_path / "m", manager=manager) as agent:
        assert len(agent.flush()) == 2
        assert [entry.text for entry in agent.entries] == ["one", "two", "three"]
        assert [entry.sources for entry in agent.entries] == [("t1",), ("t2",), ("t3",)]
        # What failed was not counted.
        words = dict(agent._file.database.execute("SELECT word, turns FROM words"))
        assert words["ann"] == 3


def test_turns_on_which_a_manager_fails_for_ever_can_be_dropped(tmp_path: Path) -> None:
    manager = Chunks(1)
    manager.fails_on = "poison"
    with MemoryAgent(tmp_path / "m", manager=manager) as agent:
        with pytest.raises(AgentError):
            agent.observe("Ann", "poison")
        assert [turn.text for turn in agent.discard_waiting()] == ["poison"]
        agent.observe("Ann", "fine")
        assert [entry.text for entry in agent.entries] == ["fine"]


def test_blank_turns_and_questions_are_refused_and_nothing_is_taken(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        with pytest.raises(DataError, match="the text of a turn is blank"):
            agent.observe_many([("Ann", "fine"), ("Ann", " \n")])
        with pytest.raises(DataError, match="the speaker"):
            agent.observe("", "hello")
        with pytest.raises(DataError, match="query is blank"):
            agent.ask("  ")
        assert agent.num_turns == 0
        assert agent.observe_many([]) == ()


def test_any_text_comes_back(tmp_path: Path) -> None:
    texts = ["“Grüße” 🐕 \0 end", "half a pair \ud83d", "多言語", "a'b\"c; DROP TABLE turns"]
    with MemoryAgent(tmp_path / "m", manager=compact_manager(0)) as agent:
        agent.observe_many([("Zoë 🐈", text) for text in texts])
    with MemoryAgent(tmp_path / "m", manager=make_baseline("recency")) as agent:
        agent.observe_many([("Zoë 🐈", text) for text in texts])
    with MemoryAgent(tmp_path / "m") as agent:
        assert [entry.text for entry in agent.entries[-4:]] == [f"Zoë 🐈: {text}" for text in texts]
        assert agent.sources(agent.entries[-3])[0].text == texts[1]


def test_a_text_longer_than_an_entry_is_refused_and_said_so(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m", manager=ScriptedRule([[Add("word " * 5000)]])) as agent:
        (result,) = agent.observe("Ann", "word " * 5000)
        assert not result.applied
        assert "2048" in result.why
        assert agent.entries == ()


def test_what_is_forgotten_is_gone_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with MemoryAgent(path) as agent:
        agent.observe_many([("Ann", "my secret is xylophone"), ("Bob", "my dog is Rex")])
        assert agent.forget(1).text == "Ann: my secret is xylophone"
        with pytest.raises(UnknownNameError, match="no entry 1"):
            agent.forget(1)
        with pytest.raises(UnknownNameError, match="no entry 1"):
            agent.sources(1)
        assert b"xylophon" not in path.read_bytes()
        # The last turn has to be known for the next one, unless it is to be forgotten.
        agent.forget(agent.entries[0])
        assert b"Rex" not in path.read_bytes()
        (result,) = agent.observe("Ann", "hello again")
        assert result.after is not None
        assert (result.after.id, result.after.sources) == (3, ("t3",))
    with MemoryAgent(path) as agent:
        words = {word for (word,) in agent._file.database.execute("SELECT word FROM words")}
        assert words == {"ann", "hello", "again"} & words
        assert len(words) == 2 + ("again" in words)


def test_a_forgotten_entry_leaves_the_turns_of_others(tmp_path: Path) -> None:
    both = [Add("a fact", ("t1",)), Add("another", ("t1",))]
    with MemoryAgent(tmp_path / "m", manager=ScriptedRule([both])) as agent:
        agent.observe("Ann", "two facts")
        agent.forget(1)
        assert [turn.text for turn in agent.sources(2)] == ["two facts"]


def test_a_saved_store_is_taken_over_by_any_manager(tmp_path: Path) -> None:
    store = MemoryStore(Capacity(3))
    for text in ("Ann lives in Boston", "Bob: My dog is Rex.", "Cy: hi"):
        store.apply(Add(text, ("D1:1",), MAY_1), 0)
    save_store(store, tmp_path / "m")
    with MemoryAgent(tmp_path / "m", manager=compact_manager(0)) as agent:
        assert agent.entries == store.entries
        assert agent.capacity == Capacity(3)
        agent.observe_many([(turn.speaker, turn.text, turn.time) for turn in stream_of(0).turns])
        entries = agent.entries
        assert len(entries) <= 3
    assert load_store(tmp_path / "m").entries == entries


def test_the_manager_may_change_from_one_process_to_the_next(tmp_path: Path) -> None:
    stream = stream_of(0)
    for manager in (Chunks(4), compact_manager(0), "similarity", compact_manager(2), Chunks(2)):
        with MemoryAgent(tmp_path / "m", manager=manager, capacity=Capacity(50)) as agent:
            agent.observe_many([(turn.speaker, turn.text, turn.time) for turn in stream.turns[:40]])
    with MemoryAgent(tmp_path / "m") as agent:
        assert agent.num_turns == 200
        assert len(agent.entries) <= 50


def test_the_capacity_is_the_file_s_unless_another_is_given(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m", capacity=Capacity(4)) as agent:
        agent.observe_many([("Ann", f"number {number}") for number in range(9)])
        assert [entry.id for entry in agent.entries] == [6, 7, 8, 9]
    with MemoryAgent(tmp_path / "m") as agent:
        assert agent.capacity == Capacity(4)
    with MemoryAgent(tmp_path / "m", capacity=Capacity(6)) as agent:
        assert agent.capacity == Capacity(6)
    with pytest.raises(ConfigError, match="max_entries=4, but the capacity allows 2"):
        MemoryAgent(tmp_path / "m", capacity=Capacity(2))
    with MemoryAgent(tmp_path / "m") as agent:
        assert agent.capacity == Capacity(6)


def test_what_is_not_what_it_is_given_as_is_refused(tmp_path: Path) -> None:
    class Silent:
        fingerprint = "silent"

        def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            return [Answer(None, "nobody is home") for _ in requests]

    path, anything = tmp_path / "m", np.zeros(3)
    wrong: Any
    for wrong in (BM25Retriever(), Silent(), anything):
        with pytest.raises(ConfigError, match="was given as the manager"):
            MemoryAgent(path, manager=wrong)
    for wrong in (make_baseline("recency"), Silent()):
        with pytest.raises(ConfigError, match="was given as the retriever"):
            MemoryAgent(path, retriever=wrong)
    for wrong in (make_baseline("recency"), BM25Retriever()):
        with pytest.raises(ConfigError, match="was given as the answerer"):
            MemoryAgent(path, answerer=wrong)
    for name in ("oracle", "labelled"):
        with pytest.raises(ConfigError, match="a live dialogue does not say"):
            MemoryAgent(path, manager=name)
    with pytest.raises(ConfigError, match="oracle retriever"):
        MemoryAgent(path, retriever="oracle")
    with pytest.raises(UnknownNameError, match="recency"):
        MemoryAgent(path, manager="recncy")
    with pytest.raises(ConfigError, match="top_k"):
        MemoryAgent(path, top_k=0)
    assert not path.exists()
    with MemoryAgent(path, answerer=Silent()) as agent, pytest.raises(AgentError, match="nobody is home"):
        agent.ask("Anyone?")


def test_files_that_are_no_memory_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello " * 1000)
    with pytest.raises(StoreFileError, match="not a whole memory file"):
        MemoryAgent(tmp_path / "text")
    MemoryAgent(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreFileError, match="newer memdojo"):
        MemoryAgent(tmp_path / "newer")
    MemoryAgent(tmp_path / "m").close()
    agent = MemoryAgent(tmp_path / "m")
    agent.close()
    with pytest.raises(StoreFileError, match="closed"):
        agent.observe("Ann", "hello")


def test_language_policies_manage_find_and_answer(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(load_streams("synthetic:train", num_streams=20), 1024)

    def engine(reply: str) -> ScriptedEngine:
        ids = tokenizer.encode(reply, add_special_tokens=False)
        return ScriptedEngine(lambda prompt: (*ids, tokenizer.eos_token_id))

    writer = PromptEncoder(tokenizer, BriefFormat(), 500)
    manager = LanguageManager(engine("KEEP a"), writer, max_response_tokens=9, turns_per_chunk=2)
    finder = PromptEncoder(tokenizer, PlainRankingFormat(), 900)
    retriever = LanguageRetriever(engine("1"), finder, max_response_tokens=9, max_candidates=5)
    reader = PromptEncoder(tokenizer, PlainAnswerFormat(), 900)
    answerer = LanguageAnswerAgent(engine("USE 1\nANSWER Rex"), reader, max_response_tokens=9)
    with MemoryAgent(tmp_path / "m", manager=manager, retriever=retriever, answerer=answerer) as agent:
        agent.observe_many([("Ann", "My dog is Rex."), ("Bob", "Nice.")])
        assert [entry.sources for entry in agent.entries] == [("t1",)]
        answer = agent.ask("What is the dog called?")
        assert answer.text == "Rex"
        assert [hit.entry.id for hit in answer.hits] == [1]


@pytest.mark.parametrize("open_agent", [MemoryAgent, open_memory])
def test_a_misspelt_option_is_named_with_those_that_are_near(open_agent: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'timout_s'\. Did you mean 'timeout_s'"):
        open_agent(tmp_path / "m", timout_s=3.0)
    assert not (tmp_path / "m").exists()


def test_the_context_for_a_prompt_tells_who_said_what(tmp_path: Path) -> None:
    rewritten = ScriptedRule([[Add("Ann owns a dog called Rex.", ("turn-1",), MAY_1)], []])
    with MemoryAgent(tmp_path / "memory", manager="recency") as agent:
        assert agent.context("dog") == ""
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        assert agent.context("dog").splitlines()[1:] == ["- [2024-05-01] Ann: My dog is called Rex."]
    with MemoryAgent(tmp_path / "other", manager=rewritten) as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
        assert agent.context("dog").splitlines()[1:] == [
            "- [2024-05-01] Ann owns a dog called Rex. (told by Ann)"
        ]
