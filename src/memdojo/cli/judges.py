"""Judges, answerers and who does the work of roles, from command-line options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memdojo.errors import ConfigError

from .running import parse_options

if TYPE_CHECKING:
    from memdojo.agents.designs.roles.protocol import Roles
    from memdojo.agents.graders.judging import Judging
    from memdojo.envs.answering import Answerer


def answerer_from_options(options: list[str] | None) -> Answerer | None:
    """Return the answerer that `--answerer key=value ...` names, behind a cache; None without any.

    Raises:
        ConfigError: If the options are no keys of the table `[answerer]`.
    """
    if not options:
        return None
    from memdojo.agents.graders.registry import make_answerer
    from memdojo.envs.answering import CachedAnswerer

    return CachedAnswerer(make_answerer(table_from_options("answerer", options)))


def judge_from_options(options: list[str] | None) -> Judging | None:
    """Return the judge that `--judge key=value ...` names; None without any.

    Raises:
        ConfigError: If the options name no model or are no keys of the table `[judge]`.
    """
    if not options:
        return None
    from memdojo.evaluation.graders_of_runs import judge_of

    judge = judge_of(table_from_options("judge", options))
    if judge is None:
        raise ConfigError("--judge names no model; give its kind, such as --judge kind=endpoint.")
    return judge


def roles_from_options(options: list[str] | None) -> Roles | None:
    """Return who `--roles key=value ...` lets do the work of designs' roles; None without any.

    Raises:
        ConfigError: If the options are no keys of the table `[design.roles]`.
    """
    if not options:
        return None
    from memdojo.agents.designs.roles.registry import make_roles

    return make_roles(table_from_options("design.roles", options))


def table_from_options(name: str, options: list[str]) -> Any:
    """Return the settings that `key=value` options mean as a table of the configuration.

    Args:
        name: Of the table; the option is called as the last part of it.
        options: Its values.

    Raises:
        ConfigError: If the table refuses them.
    """
    from memdojo.train.config.files import parse_table

    try:
        return parse_table(name, parse_options(options))
    except ConfigError as error:
        raise ConfigError(f"--{name.rpartition('.')[2]}: {error}") from error
