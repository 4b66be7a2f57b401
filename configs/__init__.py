"""Configurations that ship with memdojo, by name: `memdojo train quickstart`."""

from __future__ import annotations

from importlib import resources
from itertools import takewhile

_COMMAND = "#   "
"""How a line of the comment in front begins that says what to run."""


def config_names() -> tuple[str, ...]:
    """Return the names of the packaged configurations, sorted."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def read_config(name: str) -> str:
    """Return the TOML text of a packaged configuration.

    Raises:
        FileNotFoundError: If there is none of that name; `config_names` tells which there are.
    """
    return resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")


def describe_config(text: str) -> str:
    """Return the first sentence of the comment that a configuration begins with."""
    comment = takewhile(lambda line: line.startswith("#"), text.splitlines())
    words = " ".join(line[1:].strip() for line in comment if not line.startswith(_COMMAND))
    return words.partition(". ")[0].removesuffix(".")
