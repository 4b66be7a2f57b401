"""`memdojo serve-memory`, spoken to by the library's own client."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters

from builders import MCP_HELLO, call_tool, tool_error
from memdojo.deploy.memory_agent import MemoryAgent

SAID = {
    "turns": [
        {"speaker": "Ann", "text": "My dog is called Rex.", "time": "2024-05-01T09:00:00Z"},
        {"speaker": "Bob", "text": "I live in Boston.", "time": "2024-05-01T09:01:00Z"},
    ]
}


def server(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "memdojo", "serve-memory", *arguments]


@pytest.mark.slow
def test_the_command_serves_over_standard_input_and_output(tmp_path: Path) -> None:
    command = server(str(tmp_path / "m"), "--manager", "similarity", "--max-entries", "50")
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))

    async def run(expected: int) -> None:
        async with Client(parameters) as client:
            assert (await call_tool(client, "memory_status"))["num_memories"] == expected
            await call_tool(client, "remember", **SAID)
            assert (await call_tool(client, "ask", question="Where does Bob live?"))["answer"] == "Boston"
            assert "query is blank" in await tool_error(client, "recall", query=" ")

    anyio.run(run, 0)
    # Another process, the same memory; what was said again is merged.
    anyio.run(run, 2)
    with MemoryAgent(tmp_path / "m") as agent:
        assert len(agent.entries) == 2
        assert agent.num_turns == 4


@pytest.mark.slow
def test_nothing_but_the_protocol_is_on_standard_output(tmp_path: Path) -> None:
    process = subprocess.run(
        server(str(tmp_path / "m")),
        input=json.dumps(MCP_HELLO) + "\n",
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
    process = subprocess.Popen(server(str(tmp_path / "m"), "--http", "--no-token", "--port", str(port)))
    try:
        for _ in range(300):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)

        async def run() -> None:
            async with Client(f"http://127.0.0.1:{port}/mcp") as client:
                await call_tool(client, "remember", **SAID)
                assert (await call_tool(client, "ask", question="Where does Bob live?"))["answer"] == "Boston"

        anyio.run(run)
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _is_served(port: int) -> None:
    for _ in range(300):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def _knock(port: int, token: str | None) -> int:
    headers = {"Accept": "application/json, text/event-stream"}
    headers |= {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx2.post(f"http://127.0.0.1:{port}/mcp", json=MCP_HELLO, headers=headers).status_code


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_token_is_made_shown_and_asked_for_on_every_address(host: str, tmp_path: Path) -> None:
    port = _free_port()
    command = server(str(tmp_path / "m"), "--http", "--host", host, "--port", str(port))
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        shown = process.stderr.readline()
        assert "Authorization: Bearer TOKEN" in shown
        token = shown.split()[-1]
        assert len(token) >= 32
        for_client = json.loads("{" + process.stderr.readline().partition(": ")[2] + "}")
        called = "127.0.0.1" if host == "127.0.0.1" else socket.gethostname()
        assert for_client == {
            "memory": {
                "type": "http",
                "url": f"http://{called}:{port}/mcp",
                "headers": {"Authorization": f"Bearer {token}"},
            }
        }
        _is_served(port)
        assert [_knock(port, each) for each in (None, "wrong", token)] == [401, 401, 200]
    finally:
        process.terminate()
        process.wait(30)
        process.stderr.close()


@pytest.mark.slow
def test_users_of_one_server_have_memories_of_their_own(tmp_path: Path) -> None:
    port, users = _free_port(), tmp_path / "users.toml"
    users.write_text('ann = "token-of-ann"\nbob = "token-of-bob"\n')
    users.chmod(0o600)
    process = subprocess.Popen(
        server(str(tmp_path / "m"), "--http", "--users", str(users), "--port", str(port)),
        stderr=subprocess.DEVNULL,
    )
    try:
        _is_served(port)
        found = [_knock(port, each) for each in (None, "token-of-ann", "token-of-bob", "ann")]
        assert found == [401, 200, 200, 401]
    finally:
        process.terminate()
        process.wait(30)
    assert {path.name for path in (tmp_path / "m").glob("*.sqlite")} == {"ann.sqlite", "bob.sqlite"}


@pytest.mark.slow
def test_a_token_is_asked_for_on_this_machine_too_where_one_is_given(tmp_path: Path) -> None:
    port = _free_port()
    process = subprocess.Popen(
        server(str(tmp_path / "m"), "--http", "--port", str(port)),
        env=dict(os.environ, MEMDOJO_TOKEN="of-the-user"),
        stderr=subprocess.DEVNULL,
    )
    try:
        _is_served(port)
        assert [_knock(port, each) for each in (None, "of-the-user")] == [401, 200]
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--users", "users.toml"], "pass --http"),
        (["--users", "users.toml", "--http", "--token", "x"], "leave --token"),
        (["--users", "nowhere.toml", "--http"], "nowhere.toml cannot be read"),
        (["--http", "--token", "a b"], "no header takes"),
        (["--http", "--token", ""], "a token is empty"),
        (["--no-token"], "--no-token is for --http"),
        (["--http", "--no-token", "--token", "x"], "leave one of the two out"),
        (["--http", "--no-token", "--users", "users.toml"], "leave one of the two out"),
        (["--http", "--no-token", "--host", "0.0.0.0"], "everybody who reaches 0.0.0.0"),
        (["--http", "--no-token", "--host", "::"], "everybody who reaches ::"),
        (["--http", "--no-token", "--host", "192.168.1.7"], "everybody who reaches 192.168.1.7"),
        (["--http", "--no-token", "--host", "localhost.example.org"], "everybody who reaches localhost."),
        (["--http", "--no-token", "--host", ""], "--no-token would let everybody"),
        (["--manager", "recncy"], "unknown manager 'recncy', and there is no folder of that name"),
        (["--manager", "runs/nowhere"], "'runs/nowhere', and there is no folder of that name"),
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
