"""`DESIGNS`: memory designs by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from memdojo.errors import ConfigError
from memdojo.registry import Registry

from .a_mem import AMem
from .ada_mem import AdaMem
from .adapt_llm import AdaptLLM
from .ama import AMA
from .case_selector import CaseSelector
from .evolver import Evolver
from .exp_rag import ExpRAG
from .flat import Flat
from .himem import HiMem
from .hymem import HyMem
from .karma import Karma
from .mem_agent import MemAgent
from .mem_os import MemOS
from .mem_rl import MemRL
from .memento import Memento
from .memgas import MemGAS
from .nemori import Nemori
from .parts.decisions import DecisionKind
from .parts.protocol import MemoryDesign
from .plug_mem import PlugMem
from .re_me import ReMe
from .re_mem import ReMem
from .running.policy import DesignManager
from .scm import SCM
from .sirllm import SirLLM
from .three_pools import ThreePools
from .wrappers.combined import PLUS, Combined
from .wrappers.registry import WRAPPING, wrapped

BuildDesign = Callable[..., MemoryDesign]

DESIGNS: Registry[BuildDesign] = Registry("memory design")
"""What makes a design, by its name. Its keyword arguments are its parameters, and all have defaults."""

MEMORY_DESIGNS: tuple[type[MemoryDesign], ...] = (
    SirLLM,
    SCM,
    AdaptLLM,
    AMem,
    Karma,
    MemOS,
    PlugMem,
    AdaMem,
    ReMe,
    Evolver,
    MemAgent,
    ThreePools,
    Flat,
    Nemori,
    HyMem,
    HiMem,
    MemGAS,
    AMA,
    ExpRAG,
    ReMem,
    MemRL,
    Memento,
    CaseSelector,
)
"""Those that come with memdojo."""

for _design in MEMORY_DESIGNS:
    DESIGNS.add(_design.name, _design)


def list_designs() -> Mapping[str, str]:
    """Return one line about each design, by name."""
    return DESIGNS.describe()


@dataclass(frozen=True, slots=True)
class DesignInfo:
    """What there is to say about a design.

    Attributes:
        name: Of the design.
        description: One line.
        parameters: The defaults of its parameters, by name.
        decisions: The choices that it has, with these parameters.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    decisions: tuple[DecisionKind, ...]


def describe_designs() -> tuple[DesignInfo, ...]:
    """Return what there is to say about all designs, by name."""
    infos = []
    for name, description in DESIGNS.describe().items():
        named = inspect.signature(DESIGNS.get(name)).parameters.values()
        defaults = {each.name: each.default for each in named if each.default is not each.empty}
        infos.append(DesignInfo(name, description, defaults, make_design(name).decisions))
    return tuple(infos)


def make_design(name: str, **parameters: Any) -> MemoryDesign:
    """Build the design `name`.

    Args:
        name: Which; `WRITER+READER` is one that writes as the first does and reads as the second.
        parameters: The design's own, and those of `wrapped`. Of two designs together, tables: `write` has
            the parameters of the first, `read` those of the second.

    Raises:
        UnknownNameError: If there is none; the message has the near matches.
        ConfigError: If it does not take one of the parameters, or not that value; or if the second finds
            nothing of what the first writes.
    """
    build = partial(_combined, *name.split(PLUS, 1)) if PLUS in name else DESIGNS.get(name)
    wrapping = {name: parameters[name] for name in WRAPPING if name in parameters}
    own = {name: value for name, value in parameters.items() if name not in WRAPPING}
    try:
        return wrapped(build(**own), **wrapping)
    except TypeError as error:
        raise ConfigError(f"the memory design {name!r} does not take {parameters}: {error}.") from error


def is_combination(name: str) -> bool:
    """Return whether a text names a design that writes as one and reads as another."""
    return PLUS in name and all(part in DESIGNS for part in name.split(PLUS, 1))


def _combined(
    writer: str,
    reader: str,
    *,
    write: Mapping[str, Any] = MappingProxyType({}),
    read: Mapping[str, Any] = MappingProxyType({}),
) -> MemoryDesign:
    return Combined(make_design(writer, **write), make_design(reader, **read))


def design_manager(name: str, **parameters: Any) -> DesignManager:
    """Build the design `name` as a manager that decides by the design's own rule; see `make_design`."""
    return DesignManager(make_design(name, **parameters))
