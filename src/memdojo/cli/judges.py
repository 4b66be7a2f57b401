"""Judges and answerers from command-line options and configurations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from memdojo.envs.answering import Answerer, ExtractiveAnswerer
from memdojo.errors import ConfigError

from .running import parse_options

if TYPE_CHECKING:
    from memdojo.agents.graders.judging import Judging
    from memdojo.train.config.language import AnswererConfig, JudgeConfig
    from memdojo.train.config.run import TrainConfig


def judge_from_options(options: list[str] | None) -> Judging | None:
    """Return the judge that `--judge key=value ...` names; None without any.

    Raises:
        ConfigError: If the options name no model or are no keys of the table `[judge]`.
    """
    if not options:
        return None
    from memdojo.train.config.language import JudgeConfig

    judge = _judging(table_from_options("judge", JudgeConfig, options))
    if judge is None:
        raise ConfigError("--judge names no model; give its kind, such as --judge kind=endpoint.")
    return judge


def judge_of_runs(configs: Sequence[TrainConfig]) -> Judging | None:
    """Return the judge of runs; None if they had none.

    Raises:
        ConfigError: If the runs have different judges.
    """
    judges = {repr(config.judge): config.judge for config in configs}
    if len(judges) > 1:
        raise ConfigError("the runs have different judges; choose one by --judge.")
    return _judging(next(iter(judges.values()))) if judges else None


def answerer_of(config: AnswererConfig) -> Answerer:
    """Return who answers by a table `[answerer]`; a model is loaded when it is first asked."""
    if config.kind == "extractive":
        # It needs none of the libraries that the other kinds do.
        return ExtractiveAnswerer()
    from memdojo.train.language.setup import make_answerer

    return make_answerer(config)


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


def _judging(config: JudgeConfig) -> Judging | None:
    """Return a judge of all answers; a model is loaded when it is first asked."""
    if config.kind == "none":
        return None
    from memdojo.agents.graders.judging import Judging
    from memdojo.train.language.setup import make_judge_chat

    chat = make_judge_chat(config)
    assert chat is not None  # There is a kind.
    return Judging(chat)
