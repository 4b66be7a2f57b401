"""`memdojo data`: data files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .fetch import fetch
from .running import INPUT_ERROR, DebugOption, command, parse_options

data_app = typer.Typer(help="Fetch and check data files.", no_args_is_help=True)


def check(
    target: Annotated[
        str, typer.Argument(help="A JSON Lines file of streams, or the spec of published data.")
    ],
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the spec's source."),
    ] = None,
    max_problems: Annotated[int, typer.Option(min=1, help="Problems to print at most.")] = 50,
    debug: DebugOption = False,
) -> None:
    """Report every problem of a file with its line and what to do about it.

    memdojo data check my_data.jsonl

    memdojo data check longmemeval:test --option variant=oracle
    """
    from memdojo.envs.streams import load_streams
    from memdojo.envs.streams.jsonl.reading import check_file
    from memdojo.envs.streams.registry import SOURCES, check_spec
    from memdojo.envs.streams.searchable import without_terms

    is_spec = target.partition(":")[0] in SOURCES and not Path(target).exists()
    problems = check_spec(target, **parse_options(option)) if is_spec else check_file(target)
    if not problems:
        name = target if is_spec else f"jsonl:{target}"
        for note in filter(None, map(without_terms, load_streams(name, **parse_options(option)))):
            typer.echo(f"Note: {note}")
        typer.echo(f"{target}: no problems. Use it as {name}")
        return
    for problem in problems[:max_problems]:
        typer.echo(str(problem))
    if len(problems) > max_problems:
        typer.echo(f"... and {len(problems) - max_problems} more")
    typer.echo(f"{target}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)
    raise typer.Exit(INPUT_ERROR)


command(data_app, "check")(check)
command(data_app, "fetch")(fetch)
