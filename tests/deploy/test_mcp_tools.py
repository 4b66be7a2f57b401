"""The tools of a memory's server, called by the library's own client in this process."""

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from builders import call_tool, tool_error
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.deploy.mcp_tools import make_server
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.types import Add, Capacity
from memdojo.errors import PromptTooLongError

SAID = {
    "turns": [
        {"speaker": "Ann", "text": "My dog is called Rex.", "time": "2024-05-01T09:00:00Z"},
        {"speaker": "Bob", "text": "I live in Boston.", "time": "2024-05-01T09:01:00Z"},
    ]
}


def talk(agent: MemoryAgent, conversation: Callable[[Client], Awaitable[None]]) -> None:
    """Let a client in this process talk to the server of an agent."""

    async def run() -> None:
        async with Client(make_server(agent)) as client:
            await conversation(client)

    anyio.run(run)


def test_every_tool_says_what_it_does_and_what_it_takes(tmp_path: Path) -> None:
    async def look(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == [
            "ask", "discard_waiting", "end_session", "find_said", "forget", "list_memories", "memory_status",
            "origin", "purge", "recall", "remember",
        ]  # fmt: skip
        for tool in tools.values():
            assert tool.description is not None
            assert len(tool.description) > 30
            properties: dict[str, Any] = tool.input_schema["properties"]
            for name, schema in properties.items():
                assert "description" in schema, f"{tool.name}: {name}"
        readers = {
            name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint
        }
        assert readers == {"ask", "find_said", "list_memories", "memory_status", "origin", "recall"}

    with MemoryAgent(tmp_path / "m") as agent:
        talk(agent, look)


def test_an_assistant_remembers_recalls_asks_and_forgets(tmp_path: Path) -> None:
    async def converse(client: Client) -> None:
        remembered = await call_tool(client, "remember", **SAID)
        rest = {"operation": "ADD", "replaced": [], "related": [], "failed": None, "why": None}
        changes = [
            {"id": 1, "text": "Ann: My dog is called Rex.", **rest},
            {"id": 2, "text": "Bob: I live in Boston.", **rest},
        ]
        assert remembered == {"changes": changes, "num_waiting": 0, "num_memories": 2}
        recalled = await call_tool(client, "recall", query="dog", limit=1)
        (memory,) = recalled["memories"]
        assert (memory["id"], memory["time"]) == (1, "2024-05-01T09:00:00")
        assert memory["score"] > 0
        reply = await call_tool(client, "ask", question="Where does Bob live?")
        assert reply["answer"] == "Boston"
        assert reply["sources"][0]["id"] == 2
        listed = await call_tool(client, "list_memories", limit=1)
        assert [each["id"] for each in listed["memories"]] == [2]
        assert listed["num_memories"] == 2
        origin = await call_tool(client, "origin", id=1)
        assert origin["turns"] == [
            {"id": "t1", "speaker": "Ann", "text": "My dog is called Rex.", "time": "2024-05-01T09:00:00"}
        ]
        forgotten = await call_tool(client, "forget", ids=[1, 1])
        assert [each["id"] for each in forgotten["memories"]] == [1]
        status = await call_tool(client, "memory_status")
        assert status == {
            "file": str(agent.path),
            "manager": "recency",
            "num_memories": 1,
            "max_memories": 9,
            "num_turns": 2,
            "num_sessions": 1,
            "num_waiting": 0,
        }
        assert await call_tool(client, "end_session") == {"changes": [], "num_waiting": 0, "num_memories": 1}
        assert await call_tool(client, "discard_waiting") == {"turns": []}

    with MemoryAgent(tmp_path / "m", capacity=Capacity(9)) as agent:
        talk(agent, converse)


def test_mistakes_come_back_as_errors_of_the_tool(tmp_path: Path) -> None:
    async def err(client: Client) -> None:
        assert "has no entry 7" in await tool_error(client, "forget", ids=[7])
        assert "text of a turn is blank" in await tool_error(
            client, "remember", turns=[{"speaker": "Ann", "text": " "}]
        )
        assert "query is blank" in await tool_error(client, "recall", query="")
        assert "limit" in await tool_error(client, "recall", query="x", limit=0)
        await call_tool(client, "remember", **SAID)
        assert "has no entry 7" in await tool_error(client, "forget", ids=[1, 7])
        assert "has no turn 't7'" in await tool_error(client, "forget", ids=[1], turns=["t2", "t7"])
        assert "nothing to forget was named" in await tool_error(client, "forget")
        assert "blank" in await tool_error(client, "find_said", words=" ")
        # Nothing is forgotten where one is unknown.
        assert (await call_tool(client, "memory_status"))["num_memories"] == 2

    with MemoryAgent(tmp_path / "m") as agent:
        talk(agent, err)


def test_what_was_said_is_found_forgotten_and_gone_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m"

    def num_found(word: bytes) -> int:
        return path.read_bytes().count(word)

    async def erase(client: Client) -> None:
        said = [
            ("Ann", "My PIN is 4711."),
            ("Ann", "It opens xylophone."),
            ("Bob", "Old swordfish."),
            ("Cy", "Hi."),
        ]
        await call_tool(client, "remember", turns=[{"speaker": who, "text": text} for who, text in said])
        found = await call_tool(client, "find_said", words="XYLO")
        assert [(turn["id"], turn["text"]) for turn in found["turns"]] == [("t2", "It opens xylophone.")]
        gone = await call_tool(client, "forget", ids=[1], turns=["t2", "t2"])
        assert [memory["id"] for memory in gone["memories"]] == [1, 2]
        assert num_found(b"4711") == num_found(b"xylophon") == 0
        # It has left the full store, and its words are still counted.
        await call_tool(client, "remember", turns=[{"speaker": "Cy", "text": f"More {n}."} for n in range(4)])
        assert num_found(b"swordfish") > 0
        assert (await call_tool(client, "purge"))["num_memories"] == 4
        assert num_found(b"swordfish") == 0

    with MemoryAgent(path, capacity=Capacity(4)) as agent:
        talk(agent, erase)


def test_an_entry_and_its_turn_may_be_forgotten_together(tmp_path: Path) -> None:
    async def erase(client: Client) -> None:
        await call_tool(client, "remember", **SAID)
        gone = await call_tool(client, "forget", ids=[1], turns=["t1", "t2"])
        assert [memory["id"] for memory in gone["memories"]] == [1, 2]
        assert gone["num_memories"] == 0

    with MemoryAgent(tmp_path / "m") as agent:
        talk(agent, erase)


def test_a_result_says_why_a_turn_was_stored_by_the_rule(tmp_path: Path) -> None:
    class ShortSighted(ScriptedRule):
        """Cannot read anything."""

        def act(self, episodes: Any) -> Any:
            raise PromptTooLongError("a prompt has 900 tokens")

    async def remember(client: Client) -> None:
        remembered = await call_tool(client, "remember", turns=SAID["turns"][:1])
        (change,) = remembered["changes"]
        assert change["operation"] == "ADD"
        assert change["failed"] is None
        assert change["why"] == "t1 was stored as it was said, unread by the manager: a prompt has 900 tokens"

    with MemoryAgent(tmp_path / "m", manager=ShortSighted([])) as agent:
        talk(agent, remember)


def test_reading_tools_return_while_any_number_of_changes_is_under_way(tmp_path: Path) -> None:
    may_go_on = threading.Event()

    class Slow(ScriptedRule):
        """Keeps every turn once it may."""

        def act(self, episodes: Any) -> Any:
            (episode,) = episodes
            assert may_go_on.wait(30), "it was waited for"
            return [(Add(episode.chunk.turns[0].text, (episode.chunk.turns[0].id,)),)]

    async def converse(client: Client) -> None:
        async with anyio.create_task_group() as group:
            # More than there are threads for tools.
            for number in range(45):
                turns = [{"speaker": "Ann", "text": f"dog {number}"}]
                group.start_soon(lambda turns=turns: call_tool(client, "remember", turns=turns))
            for _ in range(3):
                await anyio.sleep(0.01)
                assert (await call_tool(client, "recall", query="dog"))["memories"] == []
                assert (await call_tool(client, "memory_status"))["num_turns"] == 0
                assert (await call_tool(client, "find_said", words="dog"))["turns"] == []
                await call_tool(client, "ask", question="Which dog?")
            may_go_on.set()
        assert (await call_tool(client, "memory_status"))["num_memories"] == 45

    with MemoryAgent(tmp_path / "m", manager=Slow([])) as agent:
        talk(agent, converse)
