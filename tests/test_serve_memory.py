"""`memdojo serve-memory`, spoken to by the library's own client."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

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


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """Return what a tool replied."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


async def fail(client: Client, tool: str, **arguments: Any) -> str:
    """Return the error of a tool."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    (content,) = result.content
    return str(getattr(content, "text", ""))


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
        remembered = await call(client, "remember", **SAID)
        rest = {"operation": "ADD", "replaced": [], "failed": None}
        changes = [
            {"id": 1, "text": "Ann: My dog is called Rex.", **rest},
            {"id": 2, "text": "Bob: I live in Boston.", **rest},
        ]
        assert remembered == {"changes": changes, "num_waiting": 0, "num_memories": 2}
        recalled = await call(client, "recall", query="dog", limit=1)
        (memory,) = recalled["memories"]
        assert (memory["id"], memory["time"]) == (1, "2024-05-01T09:00:00")
        assert memory["score"] > 0
        reply = await call(client, "ask", question="Where does Bob live?")
        assert reply["answer"] == "Boston"
        assert reply["sources"][0]["id"] == 2
        listed = await call(client, "list_memories", limit=1)
        assert [each["id"] for each in listed["memories"]] == [2]
        assert listed["num_memories"] == 2
        origin = await call(client, "origin", id=1)
        assert origin["turns"] == [
            {"speaker": "Ann", "text": "My dog is called Rex.", "time": "2024-05-01T09:00:00"}
        ]
        forgotten = await call(client, "forget", ids=[1, 1])
        assert [each["id"] for each in forgotten["memories"]] == [1]
        status = await call(client, "memory_status")
        assert status == {
            "file": str(agent.path),
            "manager": "recency",
            "num_memories": 1,
            "max_memories": 9,
            "num_turns": 2,
            "num_sessions": 1,
            "num_waiting": 0,
        }
        assert await call(client, "end_session") == {"changes": [], "num_waiting": 0, "num_memories": 1}
        assert await call(client, "discard_waiting") == {"turns": []}

    with MemoryAgent(tmp_path / "m", capacity=Capacity(9)) as agent:
        talk(agent, converse)


def test_mistakes_come_back_as_errors_of_the_tool(tmp_path: Path) -> None:
    async def err(client: Client) -> None:
        assert "has no entry 7" in await fail(client, "forget", ids=[7])
        assert "text of a turn is blank" in await fail(
            client, "remember", turns=[{"speaker": "Ann", "text": " "}]
        )
        assert "query is blank" in await fail(client, "recall", query="")
        assert "limit" in await fail(client, "recall", query="x", limit=0)
        await call(client, "remember", **SAID)
        assert "has no entry 7" in await fail(client, "forget", ids=[1, 7])
        # Nothing is forgotten where one is unknown.
        assert (await call(client, "memory_status"))["num_memories"] == 2

    with MemoryAgent(tmp_path / "m") as agent:
        talk(agent, err)


def server(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "memdojo.cli", "serve-memory", *arguments]


@pytest.mark.slow
def test_the_command_serves_over_standard_input_and_output(tmp_path: Path) -> None:
    command = server(str(tmp_path / "m"), "--manager", "similarity", "--max-entries", "50")
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))

    async def run(expected: int) -> None:
        async with Client(parameters) as client:
            assert (await call(client, "memory_status"))["num_memories"] == expected
            await call(client, "remember", **SAID)
            assert (await call(client, "ask", question="Where does Bob live?"))["answer"] == "Boston"
            assert "query is blank" in await fail(client, "recall", query=" ")

    anyio.run(run, 0)
    # Another process, the same memory; what was said again is merged.
    anyio.run(run, 2)
    with MemoryAgent(tmp_path / "m") as agent:
        assert len(agent.entries) == 2
        assert agent.num_turns == 4


@pytest.mark.slow
def test_nothing_but_the_protocol_is_on_standard_output(tmp_path: Path) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    process = subprocess.run(
        server(str(tmp_path / "m")),
        input=json.dumps(hello) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 0, process.stderr
    (said,) = process.stdout.splitlines()
    reply = json.loads(said)
    assert reply["result"]["serverInfo"]["name"] == "memdojo"
    assert "long-term memory" in reply["result"]["instructions"]


@pytest.mark.slow
def test_the_command_serves_over_http(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(server(str(tmp_path / "m"), "--http", "--port", str(port)))
    try:
        for _ in range(300):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)

        async def run() -> None:
            async with Client(f"http://127.0.0.1:{port}/mcp") as client:
                await call(client, "remember", **SAID)
                assert (await call(client, "ask", question="Where does Bob live?"))["answer"] == "Boston"

        anyio.run(run)
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--manager", "recncy"], "unknown manager or folder 'recncy'"),
        (["--manager", "runs/nowhere"], "runs/nowhere does not exist"),
        (["--answerer", "runs/a", "--answerer-model", "m"], "give one of them"),
        (["--answerer-url", "http://localhost:1/v1"], "without --answerer-model"),
    ],
)
def test_a_mistake_is_one_sentence_on_standard_error(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from typer.testing import CliRunner

    from memdojo.cli import app

    result = CliRunner().invoke(app, ["serve-memory", str(tmp_path / "m"), *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "m").exists()


def test_the_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from memdojo.cli import app

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["serve-memory", str(tmp_path / "m")])
    assert result.exit_code == 2
    assert "pip install 'memdojo[mcp]'" in result.stderr
