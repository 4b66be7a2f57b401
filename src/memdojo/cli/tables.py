"""Tables for people: framed on a terminal, aligned and uncut anywhere else."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to standard output."""
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
