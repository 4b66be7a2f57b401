"""The memory server over a real socket, spoken to by the library's own client and by strangers."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from builders import MCP_HELLO, call_tool
from memdojo.deploy.mcp_http import (
    Access,
    check_token,
    make_app,
    memory_files,
    new_token,
    read_users,
)
from memdojo.deploy.open_memory import open_memories
from memdojo.errors import ConfigError

TOKENS = {"ann": "token-of-ann", "bob": "token-of-bob"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@contextlib.contextmanager
def served(folder: Path, tokens: dict[str, str], access: Access | None = None) -> Iterator[str]:
    """Serve the memories of the users, and give the URL."""
    files = memory_files(folder, tokens or {"only": ""})
    agents = dict(zip(files, open_memories(list(files.values())), strict=True))
    app = make_app(agents, tokens, access or Access())
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            thread.join(30)
            for agent in agents.values():
                agent.close()


def talk(url: str, token: str, conversation: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            await conversation(client)

    anyio.run(run)


def knock(url: str, **headers: str) -> int:
    return httpx2.post(url, json=MCP_HELLO, headers=ACCEPT | headers).status_code


def test_each_token_opens_its_own_memory_and_no_other(tmp_path: Path) -> None:
    async def ann(client: Client) -> None:
        await call_tool(client, "remember", turns=[{"speaker": "Ann", "text": "My PIN is 4711."}])
        assert (await call_tool(client, "memory_status"))["num_memories"] == 1

    async def bob(client: Client) -> None:
        assert (await call_tool(client, "memory_status"))["num_memories"] == 0
        assert (await call_tool(client, "recall", query="PIN"))["memories"] == []
        assert "4711" not in (await call_tool(client, "ask", question="What is Ann's PIN?"))["answer"]
        result = await client.call_tool("origin", {"id": 1})
        assert result.is_error

    with served(tmp_path / "m", TOKENS) as url:
        talk(url, "token-of-ann", ann)
        talk(url, "token-of-bob", bob)
    assert sorted(path.name for path in (tmp_path / "m").glob("*.sqlite")) == ["ann.sqlite", "bob.sqlite"]
    assert b"4711" not in (tmp_path / "m" / "bob.sqlite").read_bytes()
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "m").glob("*.sqlite")} == {0o600}
    assert (tmp_path / "m").stat().st_mode & 0o777 == 0o700


def test_a_session_of_one_is_nothing_to_another(tmp_path: Path) -> None:
    with served(tmp_path / "m", TOKENS) as url:
        begun = httpx2.post(url, json=MCP_HELLO, headers=ACCEPT | {"Authorization": "Bearer token-of-ann"})
        session = begun.headers["mcp-session-id"]
        asked = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "memory_status"}}
        stolen = {"Authorization": "Bearer token-of-bob", "mcp-session-id": session}
        assert httpx2.post(url, json=asked, headers=ACCEPT | stolen).status_code == 404
        nobody = {"mcp-session-id": session}
        assert httpx2.post(url, json=asked, headers=ACCEPT | nobody).status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        "Bearer token-of-an",
        "Bearer token-of-annn",
        "Bearer TOKEN-OF-ANN",
        "Basic token-of-ann",
        "token-of-ann",
        "Bearer token-of-ann token-of-bob",
        "Bearer ann",
    ],
)
def test_without_a_right_token_nobody_comes_in(authorization: str | None, tmp_path: Path) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    with served(tmp_path / "m", TOKENS) as url:
        answer = httpx2.post(url, json=MCP_HELLO, headers=ACCEPT | headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        for other in ("/", "/sse", "/mcp/", "/mcp/../mcp"):
            assert httpx2.get(url.removesuffix("/mcp") + other, headers=headers).status_code == 401
        assert knock(url, Authorization="bearer  token-of-ann") == 200


def test_two_tokens_in_one_request_are_none(tmp_path: Path) -> None:
    both = [("Authorization", "Bearer wrong"), ("Authorization", "Bearer token-of-ann"), *ACCEPT.items()]
    with served(tmp_path / "m", TOKENS) as url:
        assert httpx2.post(url, json=MCP_HELLO, headers=both).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "@", ""]
)
@pytest.mark.parametrize("tokens", [TOKENS, {}], ids=["tokens", "none"])
def test_a_name_that_somebody_points_here_is_refused(
    host: str, tokens: dict[str, str], tmp_path: Path
) -> None:
    with served(tmp_path / "m", tokens) as url:
        assert knock(url, Host=host, Authorization="Bearer token-of-ann") in (400, 421)
        assert knock(url, Host="localhost:1", Authorization="Bearer token-of-ann") == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1.evil.example", "file://", "x"]
)
def test_pages_of_others_may_not_speak_to_it(origin: str, tmp_path: Path) -> None:
    with served(tmp_path / "m", {}) as url:
        assert knock(url, Origin=origin) == 403
        assert knock(url, Origin=url.removesuffix("/mcp")) == 200


def test_without_a_token_there_is_one_memory_on_this_machine(tmp_path: Path) -> None:
    async def look(client: Client) -> None:
        assert (await call_tool(client, "memory_status"))["num_memories"] == 0

    with served(tmp_path / "m", {}) as url:
        talk(url, "", look)
    agents: Any = {"a": None, "b": None}
    for given, access in ((agents, Access()), ({"a": None}, Access("0.0.0.0"))):
        with pytest.raises(ConfigError, match="without a token"):
            make_app(given, {}, access)


@pytest.mark.parametrize(
    ("access", "authority", "address", "expected"),
    [
        (Access(), "127.0.0.1:8765", "127.0.0.1", True),
        (Access(), "LOCALHOST", "127.0.0.1", True),
        (Access("::1"), "[::1]:8765", "::1", True),
        (Access(), "10.0.0.5", "127.0.0.1", False),
        (Access("10.0.0.5"), "10.0.0.5:8765", "10.0.0.5", True),
        (Access("10.0.0.5"), "localhost", "10.0.0.5", False),
        (Access("10.0.0.5"), "memory.example.org", "10.0.0.5", False),
        (Access("10.0.0.5", ("memory.example.org",)), "Memory.Example.org:443", "10.0.0.5", True),
        (Access("0.0.0.0"), "192.168.1.7:8765", "192.168.1.7", True),
        (Access("0.0.0.0"), "192.168.1.8", "192.168.1.7", False),
        (Access("0.0.0.0"), "localhost", "127.0.0.1", True),
        (Access("0.0.0.0"), "localhost", "192.168.1.7", False),
        (Access("::"), "[fd00::1]:1", "fd00::1", True),
        (Access("0.0.0.0"), socket.gethostname(), "192.168.1.7", True),
        (Access("0.0.0.0"), "evil.example", None, False),
        (Access(), "localhost:port", "127.0.0.1", False),
        (Access(), "localhost/x", "127.0.0.1", False),
        (Access(), "user@localhost", "127.0.0.1", False),
        (Access(), "", "127.0.0.1", False),
    ],
)
def test_hosts_are_those_of_the_address_and_those_named(
    access: Access, authority: str, address: str | None, expected: bool
) -> None:
    assert access.allows(authority, address) is expected


def _users(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "users.toml"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_users_have_tokens(tmp_path: Path) -> None:
    assert read_users(_users(tmp_path, 'ann = "a"\n"bob.2" = "b"\n')) == {"ann": "a", "bob.2": "b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no users"),
        ("ann", "is not TOML"),
        ("ann = 3", "the token of ann"),
        ('ann = ""', "a token is empty"),
        ('ann = "a b"', "characters that no header takes"),
        ('ann = "ä"', "characters that no header takes"),
        ('ann = "a"\nbob = "a"', "two users with the same token"),
        ('ann = "a"\nAnn = "b"', "two users with the same name"),
        ('"../ann" = "a"', "the name"),
        ('"" = "a"', "the user ''"),
        ('".." = "a"', "the user '..'"),
        ('"a/b" = "a"', "the user 'a/b'"),
        ('"a\\u0000" = "a"', "the user"),
        (f'"{"x" * 65}" = "a"', "at most 64"),
    ],
)
def test_users_that_cannot_be_are_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message if message != "the name" else r"the user '\.\./ann'"):
        read_users(_users(tmp_path, text))


def test_a_file_of_tokens_is_its_owners_alone(tmp_path: Path) -> None:
    for mode in (0o640, 0o604, 0o644):
        with pytest.raises(ConfigError, match="chmod 600"):
            read_users(_users(tmp_path, 'ann = "a"', mode))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_users(tmp_path / "nowhere")


def test_memories_of_users_lie_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file"):
        memory_files(tmp_path / "file", ["ann"])


def test_new_tokens_differ_and_can_be_sent() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(check_token(token) == token and len(token) >= 32 for token in made)
