"""Configurations that ship with memdojo, by name: `memdojo train quickstart`."""

from __future__ import annotations

from importlib import resources


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
