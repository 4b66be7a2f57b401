"""Prompt formats by name, for configurations: memdojo's own and other people's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from memdojo.errors import ConfigError, unknown_name

from .brief import BriefAnswerFormat, BriefFormat
from .mem_alpha import MemAlphaFormat
from .mem_alpha_brief import MemAlphaBriefFormat
from .memory_r1 import MemoryR1AnswerFormat, MemoryR1Format
from .memsifter import BriefRankingFormat, MemSifterFormat
from .plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from .protocol import PromptFormat

_BUILDERS: dict[tuple[str, str], Callable[[], PromptFormat[Any, Any]]] = {
    ("manager", "plain"): PlainFormat,
    ("manager", "brief"): BriefFormat,
    ("manager", "mem_alpha"): MemAlphaFormat,
    ("manager", "mem_alpha_brief"): MemAlphaBriefFormat,
    ("manager", "memory_r1"): MemoryR1Format,
    ("manager", "memory_r1_add_unknown"): partial(MemoryR1Format, adds_unknown=True),
    ("retriever", "plain"): PlainRankingFormat,
    ("retriever", "brief"): BriefRankingFormat,
    ("retriever", "memsifter"): MemSifterFormat,
    ("answer_agent", "plain"): PlainAnswerFormat,
    ("answer_agent", "brief"): BriefAnswerFormat,
    ("answer_agent", "memory_r1"): MemoryR1AnswerFormat,
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
