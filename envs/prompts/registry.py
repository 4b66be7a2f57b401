"""Prompt formats by name, for configurations: memdojo's own and other people's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from memdojo.errors import unknown_name
from memdojo.registry import Registry

from .brief import BriefAnswerFormat, BriefFormat
from .decisions import BriefDecisionFormat, PlainDecisionFormat
from .experience import ExperienceFormat
from .hand_over import HandOverFormat
from .mem_alpha import MemAlphaFormat
from .mem_alpha_brief import MemAlphaBriefFormat
from .memory_r1 import MemoryR1AnswerFormat, MemoryR1Format
from .memsifter import BriefRankingFormat, MemSifterFormat
from .plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from .protocol import PromptFormat

BuildFormat = Callable[[], PromptFormat[Any, Any]]

FORMATS: Mapping[str, Registry[BuildFormat]] = MappingProxyType(
    {task: Registry(f"{task} format") for task in ("manager", "retriever", "answer_agent", "design")}
)
"""For each task, what makes a prompt format, by the name that a configuration gives it."""

_OF_MANAGERS: tuple[tuple[str, BuildFormat], ...] = (
    ("plain", PlainFormat),
    ("brief", BriefFormat),
    ("experience", ExperienceFormat),
    ("mem_alpha", MemAlphaFormat),
    ("mem_alpha_brief", MemAlphaBriefFormat),
    ("memory_r1", MemoryR1Format),
)
_OF_RETRIEVERS: tuple[tuple[str, BuildFormat], ...] = (
    ("plain", PlainRankingFormat),
    ("brief", BriefRankingFormat),
    ("hand_over", HandOverFormat),
    ("memsifter", MemSifterFormat),
)
_OF_ANSWER_AGENTS: tuple[tuple[str, BuildFormat], ...] = (
    ("plain", PlainAnswerFormat),
    ("brief", BriefAnswerFormat),
    ("memory_r1", MemoryR1AnswerFormat),
)
_OF_DESIGNS: tuple[tuple[str, BuildFormat], ...] = (
    ("plain", PlainDecisionFormat),
    ("brief", BriefDecisionFormat),
)
for _task, _formats in (
    ("manager", _OF_MANAGERS),
    ("retriever", _OF_RETRIEVERS),
    ("answer_agent", _OF_ANSWER_AGENTS),
    ("design", _OF_DESIGNS),
):
    for _name, _build in _formats:
        FORMATS[_task].add(_name, _build)
FORMATS["manager"].add(
    "memory_r1_add_unknown",
    partial(MemoryR1Format, adds_unknown=True),
    description="`memory_r1`, with an UPDATE of an unknown id taken for an ADD.",
)


def formats_of(task: str) -> Registry[BuildFormat]:
    """Return the registry of a task's formats.

    Raises:
        UnknownNameError: If there is no such task.
    """
    if task not in FORMATS:
        raise unknown_name("task", task, FORMATS)
    return FORMATS[task]


def make_format(task: str, name: str) -> PromptFormat[Any, Any]:
    """Build the format of that name for a task.

    Raises:
        UnknownNameError: If the task has none, with the near matches, or if there is no such task.
    """
    return formats_of(task).get(name)()


def list_formats(task: str) -> Mapping[str, str]:
    """Return one line about each of a task's formats, by name.

    Raises:
        UnknownNameError: If there is no such task.
    """
    return formats_of(task).describe()
