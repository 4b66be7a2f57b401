"""`memdojo serve-memory`: a memory file as an MCP server, for assistants."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from memdojo.agents.graders.registry import make_answerer
from memdojo.agents.graders.settings import EndpointAnswererSettings, ServedAnswererSettings
from memdojo.envs.answering import Answerer
from memdojo.errors import ConfigError, MissingDependencyError

from .running import DebugOption

LOCAL = ("127.0.0.1", "localhost", "::1")


def serve_memory(
    memory_file: Annotated[Path, typer.Argument(help="The memory file, made if it does not exist.")],
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
    max_entries: Annotated[
        int | None, typer.Option(min=1, help="Entries that the memory holds at most.")
    ] = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="Entries retrieved for each question.")] = None,
    http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP instead of standard input and output.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on with --http.")] = 8765,
    debug: DebugOption = False,
) -> None:
    """Serve a memory to an assistant over the Model Context Protocol, run by trained policies.

    memdojo serve-memory memory.sqlite

    memdojo serve-memory memory.sqlite --manager runs/quickstart --max-entries 500

    memdojo serve-memory memory.sqlite --manager runs/m --retriever runs/r --answerer runs/a --http

    By default the assistant starts this command itself and speaks to it over standard input and output. With
    --http it listens at http://HOST:PORT/mcp, without passwords: keep it on this machine. Without an answerer
    the extractive reader answers. The library that this needs comes with the extra `mcp`.
    """
    if importlib.util.find_spec("mcp") is None:
        raise MissingDependencyError(
            "serve-memory needs mcp, which is not installed: pip install 'memdojo[mcp]'"
        )
    from memdojo.deploy.mcp_tools import make_server
    from memdojo.deploy.open_memory import open_memory

    chosen = _choose_answerer(answerer, answerer_model, answerer_url)
    with open_memory(
        memory_file,
        manager=manager,
        retriever=retriever,
        answerer=chosen,
        max_entries=max_entries,
        top_k=top_k,
    ) as agent:
        server = make_server(agent)
        if not http:
            server.run("stdio")
            return
        if host not in LOCAL:
            typer.echo(f"anyone who reaches {host}:{port} can read and change this memory", err=True)
        typer.echo(f"serving {agent.path} at http://{host}:{port}/mcp; Ctrl-C stops it", err=True)
        server.run("streamable-http", host=host, port=port)


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
    if url is None:
        return make_answerer(ServedAnswererSettings(model=model))
    return make_answerer(EndpointAnswererSettings(model=model, url=url))
