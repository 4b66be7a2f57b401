"""`memdojo serve-memory`: a memory file as an MCP server, for assistants."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memdojo.errors import ConfigError, MissingDependencyError

from .judges import roles_from_options
from .running import DebugOption, TrustRunOption

if TYPE_CHECKING:
    from memdojo.deploy.mcp_http import Access
    from memdojo.deploy.memory_agent import MemoryAgent
    from memdojo.envs.answering import Answerer


def serve_memory(
    memory_file: Annotated[
        Path,
        typer.Argument(help="The memory file, made if it does not exist; with --users a folder of them."),
    ],
    manager: Annotated[
        str,
        typer.Option(
            help="The manager, which decides what is kept: a run, a checkpoint, or the name of a baseline."
        ),
    ] = "recency",
    retriever: Annotated[
        str | None,
        typer.Option(
            help="The retriever: a run, a checkpoint or a name; by default as in training, else bm25."
        ),
    ] = None,
    answerer: Annotated[
        str | None, typer.Option(help="The answerer: the run or checkpoint of an answer agent.")
    ] = None,
    answerer_model: Annotated[
        str | None,
        typer.Option(help="A model that answers: folder or hub id, or its name at --answerer-url."),
    ] = None,
    answerer_url: Annotated[
        str | None,
        typer.Option(help="OpenAI-compatible endpoint of that model, such as http://HOST:8000/v1."),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Who does the work that a memory design gives to a language model: keys of the table "
            "design.roles, such as kind=endpoint; by default as in training, else rules.",
        ),
    ] = None,
    max_entries: Annotated[
        int | None, typer.Option(min=1, help="Entries that the memory holds at most.")
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Count tokens by this tokenizer: the folder of a language model, or its hub id; by default "
            "as the file says, else by rule."
        ),
    ] = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="Entries retrieved for each question.")] = None,
    http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP instead of standard input and output.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="MEMDOJO_TOKEN",
            help="Bearer token that clients of --http must send; by default one is made and shown.",
        ),
    ] = None,
    no_token: Annotated[
        bool,
        typer.Option(
            "--no-token",
            help="Ask for no token with --http, on the loopback address alone: every user and every program "
            "of this machine may then read and change the memory.",
        ),
    ] = False,
    users: Annotated[
        Path | None,
        typer.Option(
            help='File with the token of each user, a line name = "token" for each; MEMORY_FILE is then a '
            "folder with a memory for each."
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name by which clients call the server. May be repeated."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on with --http.")] = 8765,
    trust_run: TrustRunOption = False,
    debug: DebugOption = False,
) -> None:
    """Serve a memory to an assistant over the Model Context Protocol, run by trained policies.

    memdojo serve-memory memory.sqlite

    memdojo serve-memory memory.sqlite --manager runs/quickstart --max-entries 500

    memdojo serve-memory memory.sqlite --manager runs/m --retriever runs/r --answerer runs/a --http

    memdojo serve-memory memories --users users.toml --http --host 0.0.0.0 --allowed-host memory.example.org

    By default the assistant starts this command itself and speaks to it over standard input and output. With
    --http it listens at http://HOST:PORT/mcp, and clients must send a bearer token: that of --token or of the
    environment variable MEMDOJO_TOKEN, else a new one, which is shown with the line for a client's
    configuration. Without an answerer the extractive reader answers. The library that this needs comes with
    the extra `mcp`.
    """
    if importlib.util.find_spec("mcp") is None:
        raise MissingDependencyError(
            "serve-memory needs mcp, which is not installed: pip install 'memdojo[mcp]'"
        )
    from memdojo.deploy.mcp_http import Access, memory_files
    from memdojo.deploy.mcp_tools import make_server
    from memdojo.deploy.open_memory import open_memories

    access = Access(host, tuple(allowed_host or ()))
    tokens = _tokens(access, port, http=http, token=token, no_token=no_token, users=users)
    chosen = _choose_answerer(answerer, answerer_model, answerer_url)
    files = {"": memory_file} if users is None else memory_files(memory_file, tokens)
    agents = open_memories(
        list(files.values()),
        manager=manager,
        retriever=retriever,
        answerer=chosen,
        roles=roles_from_options(roles),
        max_entries=max_entries,
        top_k=top_k,
        trust_run=trust_run,
        tokenizer=tokenizer,
    )
    with contextlib.ExitStack() as opened:
        for agent in agents:
            opened.enter_context(agent)
        if http:
            is_one = users is None
            what = str(agents[0].path) if is_one else f"the memories of {len(agents)} users in {memory_file}"
            _serve_over_http(dict(zip(files, agents, strict=True)), tokens, access, port, what)
        else:
            make_server(agents[0]).run("stdio")


def _tokens(
    access: Access, port: int, *, http: bool, token: str | None, no_token: bool, users: Path | None
) -> dict[str, str]:
    """Return the token of each user, or that of the one memory under ""; none where none is asked for.

    Raises:
        ConfigError: If the options contradict each other, or a token or the file of users is not usable.
    """
    from memdojo.deploy.mcp_http import read_users, url_at

    if users is not None and (not http or token is not None):
        raise ConfigError(
            "--users has a token for each user of --http; pass --http, and leave --token (MEMDOJO_TOKEN) out."
        )
    if no_token:
        _require_no_token_needed(access, http=http, is_given=token is not None or users is not None)
    if users is not None:
        return read_users(users)
    return {"": _token(token, url_at(access, port))} if http and not no_token else {}


def _serve_over_http(
    agents: Mapping[str, MemoryAgent], tokens: Mapping[str, str], access: Access, port: int, what: str
) -> None:
    """Serve the memories of users, by their names, until somebody ends it."""
    from memdojo.deploy.mcp_http import make_app, serve_http, url_at

    app = make_app(agents, tokens, access)
    typer.echo(f"serving {what} at {url_at(access, port)}; Ctrl-C stops it", err=True)
    serve_http(app, access, port)


def _require_no_token_needed(access: Access, *, http: bool, is_given: bool) -> None:
    """Refuse to ask for no token where that makes no sense or opens a memory to other machines.

    Raises:
        ConfigError: If it does.
    """
    if not http:
        raise ConfigError("--no-token is for --http; over standard input and output there is no token.")
    if is_given:
        raise ConfigError(
            "--no-token asks for no token, and there is one of --token (MEMDOJO_TOKEN) or --users; leave one "
            "of the two out."
        )
    if not access.is_local:
        raise ConfigError(
            f"--no-token would let everybody who reaches {access.host} read and change the memory; leave it "
            "out, or --host, which is then the loopback address."
        )


def _token(given: str | None, url: str) -> str:
    """Return the token of the only memory: the one that is given, else a new one, which is shown.

    Raises:
        ConfigError: If no header takes it.
    """
    from memdojo.deploy.mcp_http import check_token, client_line, new_token

    if given is not None:
        return check_token(given)
    made = new_token()
    typer.echo(f"clients must send this token (Authorization: Bearer TOKEN): {made}", err=True)
    typer.echo(f'in "mcpServers" of a client: {client_line(url, made)}', err=True)
    return made


def _choose_answerer(run: str | None, model: str | None, url: str | None) -> Answerer | str | None:
    """Return the answerer as `open_memory` takes it.

    Raises:
        ConfigError: If the options contradict each other.
    """
    if run is not None and (model is not None or url is not None):
        raise ConfigError("--answerer names an answer agent and --answerer-model another; give one of them.")
    if url is not None and model is None:
        raise ConfigError(f"--answerer-url is {url!r} without --answerer-model; name the model there.")
    if model is None:
        return run
    from memdojo.agents.graders.registry import make_answerer
    from memdojo.agents.graders.settings import EndpointAnswererSettings, ServedAnswererSettings

    if url is None:
        return make_answerer(ServedAnswererSettings(model=model))
    return make_answerer(EndpointAnswererSettings(model=model, url=url))
