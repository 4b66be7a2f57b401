"""Prompt formats by name, for configurations: memdojo's own and other people's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from memdojo.errors import ConfigError, unknown_name

from .brief_format import BriefFormat
from .plain_format import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from .prompt_format import PromptFormat

_BUILDERS: dict[tuple[str, str], Callable[[], PromptFormat[Any, Any]]] = {
    ("manager", "plain"): PlainFormat,
    ("manager", "brief"): BriefFormat,
    ("retriever", "plain"): PlainRankingFormat,
    ("answer_agent", "plain"): PlainAnswerFormat,
}


def register_format(task: str, name: str, build: Callable[[], PromptFormat[Any, Any]]) -> None:
    """Make a prompt format known to `make_format`.

    Args:
        task: `manager`, `retriever` or `answer_agent`.
        name: What a configuration calls it.
        build: Makes the format.

    Raises:
        ConfigError: If the task has a format of that name already.
    """
    if (task, name) in _BUILDERS:
        raise ConfigError(f"the {task} has a format {name!r} already; choose another name.")
    _BUILDERS[task, name] = build


def make_format(task: str, name: str) -> PromptFormat[Any, Any]:
    """Build the format of that name for a task.

    Raises:
        UnknownNameError: If the task has none; the message has the near matches.
    """
    if (task, name) not in _BUILDERS:
        raise unknown_name(f"{task} format", name, list_formats(task))
    return _BUILDERS[task, name]()


def list_formats(task: str) -> tuple[str, ...]:
    """Return the names of a task's formats, sorted."""
    return tuple(sorted(name for of_task, name in _BUILDERS if of_task == task))
