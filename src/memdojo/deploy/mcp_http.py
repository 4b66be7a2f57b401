"""The memory server over HTTP: who may speak to it, and whose memory it answers from.

    request ─▶ host and origin ─▶ bearer token ─▶ the memory of the token

Each namespace has a token, a memory file, and a protocol server with sessions of its own, so nothing of one
is ever reached with the token of another.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import json
import re
import secrets
import socket
import tomllib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memdojo.errors import ConfigError

from .mcp_tools import make_server
from .memory_agent import MemoryAgent

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOKEN = re.compile(r"[!-~]+")
_EVERYWHERE = ("0.0.0.0", "::", "")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may speak to the server.

    Attributes:
        host: The address that it listens on.
        allowed_hosts: Further names by which clients may call it, such as that of a proxy.
    """

    host: str = LOOPBACK[0]
    allowed_hosts: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK

    def allows(self, authority: str, address: str | None) -> bool:
        """Return whether a client may call the server so.

        A page in a browser can have a name of its own point to any address, but not call it by another name.

        Args:
            authority: Name or address, perhaps with a port, as the headers Host and Origin have it.
            address: The server's own, at which the request came in.
        """
        name = _host_of(authority)
        if name is None:
            return False
        known = {each.casefold() for each in self.allowed_hosts}
        if self.is_local or (address is not None and _is_loopback(address)):
            known.update(LOOPBACK)
        if self.host in _EVERYWHERE:
            known.add(socket.gethostname().casefold())
            known.update(() if address is None else (address,))
        else:
            known.add(self.host.casefold())
        return name in known


def url_at(access: Access, port: int) -> str:
    """Return the URL by which clients call a server, of this machine where it listens on all addresses."""
    host = socket.gethostname() if access.host in _EVERYWHERE else access.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


def client_line(url: str, token: str) -> str:
    """Return the line of a client's configuration that names the server, as most of them read it."""
    memory = {"type": "http", "url": url, "headers": {"Authorization": f"Bearer {token}"}}
    return f'"memory": {json.dumps(memory)}'


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def check_token(token: str) -> str:
    """Return a token if it can stand in a header.

    Raises:
        ConfigError: If it is empty, or has anything but printable ASCII characters without blanks.
    """
    if not _TOKEN.fullmatch(token):
        raise ConfigError(
            "a token is empty or has characters that no header takes; use printable ASCII characters without "
            f"blanks, such as {new_token()}"
        )
    return token


def read_users(path: Path) -> dict[str, str]:
    """Return the tokens of users by name, from a TOML file with a line `name = "token"` for each.

    Raises:
        ConfigError: If the file cannot be read, is open to others than its owner, names nobody, or has a name
            that makes no file name, a token twice or one that no header takes.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path} has tokens and can be read by others; run chmod 600 {path}")
        users = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path} is not TOML with lines name = "token": {error}.') from error
    if not users:
        raise ConfigError(f'{path} names no users; write a line name = "token" for each.')
    for name, token in users.items():
        if not _NAMESPACE.fullmatch(name):
            raise ConfigError(
                f"{path} has the user {name!r}, whose name is that of a file; use letters, digits, '.', '_' "
                "and '-', beginning with a letter or digit, at most 64."
            )
        if not isinstance(token, str):
            raise ConfigError(f"{path} has {token!r} as the token of {name}; write a text in quotes.")
        check_token(token)
    for what, found in (
        ("name, but for upper and lower case", [name.casefold() for name in users]),
        ("token", list(users.values())),
    ):
        if len(set(found)) < len(found):
            raise ConfigError(f"{path} has two users with the same {what}; give each its own.")
    return users


def memory_files(folder: Path, names: Collection[str]) -> dict[str, Path]:
    """Return the memory file of each user in a folder; what is missing is made for its owner alone.

    Raises:
        ConfigError: If there is a file in its place.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(
            f"{folder} is a file; with several users name a folder, which gets a file for each."
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {name: folder / f"{name}.sqlite" for name in names}
    for path in files.values():
        path.touch(mode=0o600)
    return files


def make_app(agents: Mapping[str, MemoryAgent], tokens: Mapping[str, str], access: Access) -> ASGIApp:
    """Return the server of several memories as an ASGI application; needs the library `mcp`.

    Args:
        agents: The memory of each namespace.
        tokens: The token of each namespace; none at all lets everybody in, to the one memory that there is.
        access: Who may speak to it.

    Raises:
        ConfigError: If there is no token and more than one memory, or the server is not local.
    """
    from anyio import CapacityLimiter
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.applications import Starlette
    from starlette.routing import Mount

    if not tokens and (len(agents) > 1 or not access.is_local):
        raise ConfigError(f"the server listens on {access.host} without a token; give one.")
    # Host and origin are checked here, by rules that fit any address.
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    changes = CapacityLimiter(1)
    apps = {
        name: make_server(agent, changes).streamable_http_app(transport_security=unchecked, host=access.host)
        for name, agent in agents.items()
    }

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as running:
            for app in apps.values():
                await running.enter_async_context(app.router.lifespan_context(app))
            yield

    return Starlette(routes=[Mount("", _Door(apps, tokens, access))], lifespan=lifespan)


def serve_http(app: ASGIApp, access: Access, port: int) -> None:
    """Serve until the process is asked to end."""
    import uvicorn

    uvicorn.run(app, host=access.host, port=port, log_level="warning", server_header=False)


class _Door:
    """Lets requests through to the memory of their token."""

    def __init__(self, apps: Mapping[str, ASGIApp], tokens: Mapping[str, str], access: Access) -> None:
        self._apps = apps
        self._digests = {name: _digest(token) for name, token in tokens.items()}
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        from starlette.responses import PlainTextResponse

        if scope["type"] != "http":
            return
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        refusal = self._refusal(headers, (scope.get("server") or (None,))[0])
        if refusal is not None:
            await PlainTextResponse(refusal[1], refusal[0])(scope, receive, send)
            return
        namespace = self._namespace(_values(headers, "authorization"))
        if namespace is None:
            challenge = {"WWW-Authenticate": "Bearer"}
            await PlainTextResponse("a bearer token is needed", 401, challenge)(scope, receive, send)
            return
        # Behind this door nobody needs the token any more.
        inner = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
        await self._apps[namespace]({**scope, "headers": inner}, receive, send)

    def _refusal(self, headers: Sequence[tuple[str, str]], address: str | None) -> tuple[int, str] | None:
        hosts, origins = _values(headers, "host"), _values(headers, "origin")
        if len(hosts) != 1 or not self._access.allows(hosts[0], address):
            return 421, "this server is not called so; --allowed-host names further hosts"
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not self._access.allows(parts.netloc, address):
                return 403, "pages of other servers may not speak to this one"
        return None

    def _namespace(self, authorizations: Sequence[str]) -> str | None:
        """Return the namespace of a token, compared in a time that tells nothing of it."""
        if not self._digests:
            return next(iter(self._apps))
        scheme, _, token = (authorizations[0] if len(authorizations) == 1 else "").partition(" ")
        given, found = _digest(token.strip()), None
        for name, digest in self._digests.items():
            if hmac.compare_digest(digest, given):
                found = name
        return found if scheme.casefold() == "bearer" else None


def _values(headers: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [value for each, value in headers if each == name]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _host_of(authority: str) -> str | None:
    """Return name or address of `host:port`, in lower case; None for what is neither."""
    if "@" in authority or any(letter.isspace() or letter in "/?#\\," for letter in authority):
        return None
    try:
        parts: Any = urlsplit(f"//{authority}")
        parts.port  # noqa: B018  # Raises for what is no number.
    except ValueError:
        return None
    name: str | None = parts.hostname
    return name


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
