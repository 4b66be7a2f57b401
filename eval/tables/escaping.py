"""Names and texts of others in tables: nothing in them becomes a formula, markup or the end of a row."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import IO, Literal

import pandas as pd

# A spreadsheet computes what begins so, in its full-width forms too.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")

# C0 and C1 controls, line and paragraph separators, marks that turn the direction of writing, halves of
# surrogate pairs, and what no XML may hold.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

# Figures and intervals as tables print them, which mean nothing in Markdown.
_FIGURE = re.compile(r"[-+*\[\]., %\d]*|yes|no")
_MARKDOWN = re.compile(
    r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])|(?<=:)//|(?<=www)\.|@(?=[\w-]+\.)", re.IGNORECASE
)

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
} | {character: f"\\{character}" for character in "&%$#_{}"}


def one_line(text: str) -> str:
    """Return a text with signs in place of what moves a cursor, ends a line or cannot be shown."""
    return _CONTROLS.sub(_sign, text)


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    # Unicode has a picture of each of the first controls.
    return chr(0x2400 + code) if code < 0x20 else "\N{REPLACEMENT CHARACTER}"


def markdown(text: str) -> str:
    """Return a text of one line as it reads in Markdown, figures as they are."""
    if _FIGURE.fullmatch(text):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(lambda match: f"\\{match[0]}", text)


def latex(text: str) -> str:
    """Return a text of one line as it reads in LaTeX."""
    escaped = "".join(_LATEX.get(character, character) for character in text)
    # After the end of a row these two would be its options.
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped[:1] in ("[", "*") else escaped


def write_csv(table: pd.DataFrame, file: IO[str]) -> None:
    """Write a table; `read_texts` undoes the apostrophe before texts that a spreadsheet would compute."""
    file.write(csv_text(table))


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as `write_csv` writes it."""
    guarded = _mapped(table, _guarded)
    # The writer quotes line feeds alone, and readers take a carriage return for the end of the row.
    has_returns = any(
        isinstance(value, str) and "\r" in value for name in _texts(guarded) for value in guarded[name]
    )
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if has_returns else csv.QUOTE_MINIMAL
    text: str = guarded.to_csv(index=False, lineterminator="\n", quoting=quoting)
    return text


def read_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was read from a file of `write_csv`, with its texts as they were."""
    return _mapped(table, _unguarded)


def _guarded(value: object) -> object:
    is_formula = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if is_formula else value


def _unguarded(value: object) -> object:
    is_guarded = isinstance(value, str) and value.startswith("'") and _FORMULA.match(value)
    return value[1:] if is_guarded and isinstance(value, str) else value


def _mapped(table: pd.DataFrame, change: Callable[[object], object]) -> pd.DataFrame:
    return table.assign(**{column: table[column].map(change) for column in _texts(table)})


def _texts(table: pd.DataFrame) -> list[str]:
    return [str(column) for column in table if not pd.api.types.is_numeric_dtype(table[column])]
