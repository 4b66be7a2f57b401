"""`memdojo data`: data files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .fetch import fetch
from .running import INPUT_ERROR, DebugOption, command

data_app = typer.Typer(help="Fetch and check data files.", no_args_is_help=True)


def check(
    path: Annotated[Path, typer.Argument(help="A JSON Lines file of streams.")],
    max_problems: Annotated[int, typer.Option(min=1, help="Problems to print at most.")] = 50,
    debug: DebugOption = False,
) -> None:
    """Report every problem of a file with its line and what to do about it.

    memdojo data check my_data.jsonl
    """
    from memdojo.envs.streams.jsonl.reading import check_file

    problems = check_file(path)
    if not problems:
        typer.echo(f"{path}: no problems. Use it as jsonl:{path}")
        return
    for problem in problems[:max_problems]:
        typer.echo(str(problem))
    if len(problems) > max_problems:
        typer.echo(f"... and {len(problems) - max_problems} more")
    typer.echo(f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)
    raise typer.Exit(INPUT_ERROR)


command(data_app, "check")(check)
command(data_app, "fetch")(fetch)
