"""The tools of a memory's server, called by the library's own client in this process."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from builders import call_tool, tool_error
from memdojo.deploy.mcp_tools import make_server
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.types import Capacity

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
            "ask", "discard_waiting", "end_session", "forget", "list_memories", "memory_status", "origin",
            "recall", "remember",
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
        assert readers == {"ask", "list_memories", "memory_status", "origin", "recall"}

    with MemoryAgent(tmp_path / "m") as agent:
        talk(agent, look)


def test_an_assistant_remembers_recalls_asks_and_forgets(tmp_path: Path) -> None:
    async def converse(client: Client) -> None:
        remembered = await call_tool(client, "remember", **SAID)
        rest = {"operation": "ADD", "replaced": [], "related": [], "failed": None}
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
            {"speaker": "Ann", "text": "My dog is called Rex.", "time": "2024-05-01T09:00:00"}
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
        # Nothing is forgotten where one is unknown.
        assert (await call_tool(client, "memory_status"))["num_memories"] == 2

    with MemoryAgent(tmp_path / "m") as agent:
        talk(agent, err)
