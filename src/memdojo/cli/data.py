"""`memdojo data`: data files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .fetch import fetch
from .running import INPUT_ERROR, DebugOption, command, parse_options

if TYPE_CHECKING:
    from memdojo.envs.streams.problems import Problem

EXAMPLES = 3
"""Problems of a kind that are printed by default."""

data_app = typer.Typer(help="Fetch and check data files.", no_args_is_help=True)


def check(
    target: Annotated[
        str, typer.Argument(help="A JSON Lines file of streams, or the spec of published data.")
    ],
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the spec's source."),
    ] = None,
    max_problems: Annotated[
        int, typer.Option(min=1, help="Problems of each kind to print at most.")
    ] = EXAMPLES,
    show_all: Annotated[
        bool, typer.Option("--all", help="Print every problem, in the file's order.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Report what is wrong with a file: each kind of problem, how often it occurs, where, and what to do.

    memdojo data check my_data.jsonl

    memdojo data check my_data.jsonl --all

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
    kinds = _by_kind(problems)
    if show_all:
        for problem in problems:
            typer.echo(str(problem))
    else:
        _print_kinds(kinds, max_problems)
    of_kinds = f" of {len(kinds)} kinds" if len(kinds) > 1 else ""
    typer.echo(f"{target}: {len(problems):,} problem{'s' if len(problems) > 1 else ''}{of_kinds}", err=True)
    raise typer.Exit(INPUT_ERROR)


_OF_STREAM = re.compile(r"^stream [^:]*(?:: |$)")
_OF_TURN = re.compile(r"^oracle\..*?(?=\[\d+\]|$)")
_PLACES = re.compile(r"\[\d+\]")
_VALUES = re.compile(r"(?P<quote>['\"]).*?(?P=quote)|(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")


def kind_of(problem: Problem) -> str:
    """Return what problems of one kind have in common: the field and the rule, without places and values."""
    field = _OF_TURN.sub("oracle.TURN", _OF_STREAM.sub("", problem.where))
    field = _PLACES.sub("[]", field)
    what = _VALUES.sub("...", problem.what)
    return f"{field}: {what}" if field else what


def _by_kind(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """Return the problems by their kind, each kind where its first problem is."""
    kinds: dict[str, list[Problem]] = {}
    for problem in problems:
        kinds.setdefault(kind_of(problem), []).append(problem)
    return kinds


def _print_kinds(kinds: Mapping[str, Sequence[Problem]], most: int) -> None:
    """Print the first problems of each kind; those of one that has more stand under its name and count."""
    hidden = 0
    for kind, problems in kinds.items():
        if len(problems) > 1:
            typer.echo(f"{len(problems):,} times: {kind}")
        for problem in problems[:most]:
            typer.echo(f"{'  ' if len(problems) > 1 else ''}{problem}")
        if len(problems) > most:
            hidden += len(problems) - most
            typer.echo(f"  ... and {len(problems) - most:,} more of this kind")
    if hidden:
        typer.echo(f"{hidden:,} problems are not shown; --all prints every one")


command(data_app, "check")(check)
command(data_app, "fetch")(fetch)
