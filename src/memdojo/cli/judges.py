"""Judges and answerers from command-line options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memdojo.errors import ConfigError

from .running import parse_options

if TYPE_CHECKING:
    from memdojo.agents.graders.judging import Judging


def judge_from_options(options: list[str] | None) -> Judging | None:
    """Return the judge that `--judge key=value ...` names; None without any.

    Raises:
        ConfigError: If the options name no model or are no keys of the table `[judge]`.
    """
    if not options:
        return None
    from memdojo.evaluation.asked import judge_of
    from memdojo.train.config.language import JudgeConfig

    judge = judge_of(table_from_options("judge", JudgeConfig, options))
    if judge is None:
        raise ConfigError("--judge names no model; give its kind, such as --judge kind=endpoint.")
    return judge


def table_from_options(name: str, config: Any, options: list[str]) -> Any:
    """Return a table of the configuration, made of `key=value` options.

    Raises:
        ConfigError: If the table refuses them.
    """
    from pydantic import ValidationError

    try:
        return config.model_validate(parse_options(options))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"--{name} {place}: {first['msg']}; docs/training.md lists the keys.") from error
