"""`memdojo demo`: a dialogue that is typed, and what a memory makes of it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memdojo.envs.quoting import on_a_terminal
from memdojo.errors import MemdojoError

from .running import DebugOption, TrustRunOption

if TYPE_CHECKING:
    from memdojo.deploy.memory_agent import MemoryAgent
    from memdojo.envs.types import OperationResult

HELP = """Type what is said: "Ann: My dog is called Rex.", or a text alone, which you say yourself.
A line that begins with ? asks: ? What is Ann's dog called?
:memory shows all entries, and an empty line ends."""
USER = "I"
"""Who says a line that names no speaker."""


def demo(
    manager: Annotated[
        str,
        typer.Option(help="Who decides what is kept: a run, a checkpoint, or the name of a baseline."),
    ] = "recency",
    max_entries: Annotated[int, typer.Option(min=1, help="Entries that the memory holds at most.")] = 5,
    memory: Annotated[
        Path | None,
        typer.Option(help="The memory file, which stays; by default one that is gone at the end."),
    ] = None,
    trust_run: TrustRunOption = False,
    debug: DebugOption = False,
) -> None:
    """Type a dialogue, see what a memory keeps of it and why, and ask it questions.

    memdojo demo

    memdojo demo --manager runs/quickstart --max-entries 4

    printf 'Ann: My dog is called Rex.\\n? What is the dog called?\\n' | memdojo demo
    """
    from memdojo.deploy.open_memory import open_memory

    with tempfile.TemporaryDirectory(prefix="memdojo-") as folder:
        path = memory or Path(folder) / "memory.sqlite"
        with open_memory(path, manager=manager, max_entries=max_entries, trust_run=trust_run) as agent:
            typer.echo(f"The memory holds {max_entries} entries at most; {manager} decides.\n{HELP}\n")
            for line in _lines():
                _take(agent, line)


def _lines() -> Iterator[str]:
    """Yield what is typed, up to an empty line or the end of the input."""
    typed = sys.stdin.isatty()
    while True:
        try:
            line = input("> " if typed else "").strip()
        except EOFError:
            return
        if not line:
            return
        if not typed:
            typer.echo(f"> {line}")
        yield line


def _take(agent: MemoryAgent, line: str) -> None:
    from memdojo.envs.streams.rendering import split_turn

    if line == ":memory":
        for entry in agent.entries:
            typer.echo(
                f"  #{entry.id} {on_a_terminal(entry.text)}{'' if entry.ended is None else ' (invalidated)'}"
            )
        typer.echo(f"  entries: {len(agent.entries)}")
        return
    try:
        if line.startswith("?"):
            _ask(agent, line.removeprefix("?").strip())
            return
        speaker, text = split_turn(line)
        for result in agent.observe(speaker or USER, text):
            typer.echo(f"  {_told(result)}")
    except MemdojoError as error:
        # What was typed before is worth more than a line that cannot be taken.
        typer.echo(f"  {error}", err=True)
    if agent.waiting:
        typer.echo(
            f"  waiting until the manager has as many turns as it was trained on: {len(agent.waiting)}"
        )


def _ask(agent: MemoryAgent, question: str) -> None:
    answer = agent.ask(question)
    typer.echo(f"  answer: {on_a_terminal(answer.text) or '(nothing that would answer it)'}")
    for hit in answer.hits[:3]:
        typer.echo(f"  {hit.score:6.2f}  #{hit.entry.id} {on_a_terminal(hit.entry.text)}")


def _told(result: OperationResult) -> str:
    """Return what an operation did, in a line for each entry that came or went."""
    lines = [result.operation.kind]
    if result.applied and result.after is not None:
        lines[0] += f" #{result.after.id} {on_a_terminal(result.after.text)}"
        if result.before is not None:
            lines.append(f"   in place of: {on_a_terminal(result.before.text)}")
    elif result.applied and result.before is not None:
        lines[0] += f" #{result.before.id} {on_a_terminal(result.before.text)}"
    lines += [f"   left to make room: #{entry.id} {on_a_terminal(entry.text)}" for entry in result.evicted]
    if result.why:
        lines.append(f"   {on_a_terminal(result.why)}")
    return "\n  ".join(lines)
