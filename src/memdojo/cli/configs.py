"""`memdojo configs`: the packaged configurations, and copies of them to edit."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from memdojo.errors import ConfigError, unknown_name

from .running import DebugOption, command
from .tables import JsonOption, print_table

configs_app = typer.Typer(help="List, show and copy the packaged configurations.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A packaged configuration.")]


@command(configs_app, "list")
def list_configs(as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the packaged configurations: what each trains, and on what.

    memdojo configs list
    """
    from memdojo.configs import config_names, describe_config, read_config

    rows = []
    for name in config_names():
        text = read_config(name)
        tree = tomllib.loads(text)
        kind = tree.get("policy", {}).get("kind", "compact")
        rows.append([name, tree["task"], kind, describe_config(text)])
    print_table(["config", "task", "policy", "what it is"], rows, as_json=as_json)


@command(configs_app, "show")
def show(name: NameArgument, debug: DebugOption = False) -> None:
    """Print a packaged configuration as it was written, with its comments.

    memdojo configs show quickstart

    With all defaults: memdojo train quickstart --dry-run
    """
    typer.echo(_read(name), nl=False)


@command(configs_app, "copy")
def copy(
    name: NameArgument,
    path: Annotated[
        Path | None, typer.Argument(help="The file to write; by default NAME.toml.", show_default=False)
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of that name.")] = False,
    debug: DebugOption = False,
) -> None:
    """Copy a packaged configuration into a file of your own, to edit it and train on it.

    memdojo configs copy quickstart mine.toml
    """
    text = _read(name)
    target = path or Path(f"{name}.toml")
    if target.is_dir():
        target /= f"{name}.toml"
    if target.suffix != ".toml":
        raise ConfigError(f"{target} does not end in .toml, by which memdojo train knows a file; name it so.")
    try:
        with target.open("w" if overwrite else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{target} exists; name another file, or pass --overwrite to replace it.") from None
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}.") from None
    typer.echo(f"written to {target}; train on it with: memdojo train {target}")


def _read(name: str) -> str:
    from memdojo.configs import config_names, read_config

    if name not in config_names():
        raise unknown_name("configuration", name, config_names())
    return read_config(name)
