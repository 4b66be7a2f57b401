import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import LanguageManager, PromptEncoder
from memdojo.agents.language.tiny import train_tokenizer
from memdojo.deploy.episode import LiveEpisode
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.features.manager import ManagerFeatures
from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.streams import load_streams
from memdojo.envs.types import Add, Capacity, Operation
from memdojo.errors import AgentError, StoreFileError

MAY_1 = datetime(2024, 5, 1, 9)
LONG = " ".join(f"word{number}" for number in range(400))


def compact_manager() -> CompactManager:
    features = ManagerFeatures()
    return CompactManager(new_manager_network(features, 8, 0), features)


def language_manager(turns_per_chunk: int = 2) -> LanguageManager:
    """Return a manager that keeps the first turn of its chunk, with room for a prompt of 300 tokens."""
    tokenizer = train_tokenizer(load_streams("synthetic:train", num_streams=20), 1024)
    ids = tokenizer.encode("KEEP a", add_special_tokens=False)
    engine = ScriptedEngine(lambda prompt: (*ids, tokenizer.eos_token_id))
    encoder = PromptEncoder(tokenizer, BriefFormat(), 300)
    return LanguageManager(engine, encoder, max_response_tokens=9, turns_per_chunk=turns_per_chunk)


def test_a_message_longer_than_a_prompt_does_not_stop_a_memory(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m", manager=language_manager()) as agent:
        agent.observe_many([("Ann", "My dog is Rex.", MAY_1), ("Bob", "ok", MAY_1)])
        (stored,) = agent.observe_many([("Eve", LONG, MAY_1), ("Bob", "My cat is Tom.", MAY_1)])
        assert stored.applied
        assert stored.why.startswith("t3 was stored as it was said, unread by the manager: a prompt has")
        (kept,) = agent.observe("Ann", "I moved to Rome.", MAY_1)
        assert kept.after is not None
        assert (kept.after.text, kept.why) == ("Bob: My cat is Tom.", "")
        assert [entry.sources for entry in agent.entries] == [("t1",), ("t3",), ("t4",)]
        assert agent.search("dog")[0].entry.sources == ("t1",)
        assert (agent.waiting, agent.failure) == ((), None)
    with MemoryAgent(tmp_path / "m") as agent:
        assert [turn.text for turn in agent.sources(agent.entries[1])] == [LONG]


def test_what_fits_into_no_prompt_together_goes_to_the_manager_in_parts(tmp_path: Path) -> None:
    said = [("Ann", f"{number} {'one more word ' * 30}", MAY_1) for number in range(6)]
    with MemoryAgent(tmp_path / "m", manager=language_manager(turns_per_chunk=6)) as agent:
        results = [*agent.observe_many(said), *agent.flush()]
        assert len(results) > 1
        assert all(result.applied and not result.why for result in results)
        assert (agent.waiting, agent.num_turns) == ((), 6)


def test_a_turn_that_a_manager_adds_is_kept_in_pieces_where_it_is_too_long(tmp_path: Path) -> None:
    said = f"secretword {'long text ' * 1500}".strip()
    for manager in ("recency", compact_manager(), language_manager(turns_per_chunk=1)):
        path = tmp_path / str(type(manager).__name__)
        with MemoryAgent(path, manager=manager) as agent:
            results = agent.observe("Ann", said, MAY_1)
            assert len(results) > 1
            assert all(result.applied for result in results)
            assert all(count_tokens(entry.text) <= 2048 for entry in agent.entries)
            assert " ".join(entry.text.removeprefix("Ann: ") for entry in agent.entries) == said
            assert agent.search("secretword")[0].entry.id == 1
            assert [turn.text for turn in agent.sources(agent.entries[-1])] == [said]


def test_a_long_turn_is_one_entry_where_entries_have_no_limit(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m", capacity=Capacity(max_entry_tokens=None)) as agent:
        agent.observe("Ann", LONG * 9, MAY_1)
        assert [entry.text for entry in agent.entries] == [f"Ann: {LONG * 9}"]


class Fails:
    """A manager that fails on everything, for a reason of its own."""

    name = "fails"
    stochastic = False
    turns_per_chunk = 1

    def act(self, episodes: Sequence[LiveEpisode]) -> list[tuple[Operation, ...]]:
        raise RuntimeError("the engine is gone")


def test_reading_goes_on_where_writing_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        agent.observe("Ann", "My dog is called Rex.", MAY_1)
    with MemoryAgent(tmp_path / "m", manager=Fails()) as agent:
        with pytest.raises(AgentError, match="the engine is gone"):
            agent.observe("Ann", "My cat is called Tom.", MAY_1)
        assert agent.ask("What is Ann's dog called?", MAY_1).text == "Rex"
        assert "the engine is gone" in str(agent.failure)
        assert "the engine is gone" in caplog.text
        assert len(agent.waiting) == 1


def test_reading_does_not_wait_for_another_process_that_writes(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m", manager=language_manager(), timeout_s=60) as agent:
        agent.observe_many([("Ann", "My dog is Rex.", MAY_1), ("Bob", "ok", MAY_1), ("Bob", "waits", MAY_1)])
        other = sqlite3.connect(tmp_path / "m", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE store SET next_id = next_id")
        assert len(agent.search("dog")) == 1
        assert isinstance(agent.failure, StoreFileError)
        other.execute("ROLLBACK")
        other.close()
        agent.search("dog")
        assert (agent.waiting, agent.failure) == ((), None)


def test_what_a_policy_writes_is_refused_where_it_is_too_long(tmp_path: Path) -> None:
    class Writes(Fails):
        """Writes more than was said."""

        def act(self, episodes: Sequence[LiveEpisode]) -> list[tuple[Operation, ...]]:
            return [(Add(LONG * 9),)]

    with MemoryAgent(tmp_path / "m", manager=Writes()) as agent:
        (result,) = agent.observe("Ann", "hello", MAY_1)
        assert not result.applied
        assert "2048" in result.why
