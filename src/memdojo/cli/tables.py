"""Tables for people, framed on a terminal, aligned and uncut anywhere else, and for programs as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON: a list with an object for each row.")]


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, as_json: bool = False) -> None:
    """Print a table to standard output, or its rows as JSON with the headers as keys."""
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
        return
    console = Console()
    if not console.is_terminal:
        widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
        for row in (headers, *rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip())
        return
    table = Table()
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        # Names and texts may hold brackets, which rich would take for markup.
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    console.print(table)


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a list of objects to standard output, as other programs read it."""
    print(json.dumps(rows, indent=2, ensure_ascii=False))
