"""`StreamSource`: the record of something that makes streams, as the registry and listings take it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..types import Stream
from .problems import Problem

ATTACK = "attack"
ATTACK_OPTIONS = (
    ATTACK,
    *(f"{ATTACK}_{name}" for name in ("records", "share", "by", "seed", "corrected_after")),
)
"""Options that every source of streams takes; `memdojo.envs.streams.attacks.Attack` says what they mean."""

StreamLoader = Callable[..., Iterable[Stream]]
"""Called with the split (or path) as its only positional argument, and with the options as keyword
arguments. The split is the source's `default_split` if the spec has none."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Something that makes streams.

    Attributes:
        name: The word that a spec begins with.
        load: Makes the streams; see `StreamLoader`.
        splits: The splits that a spec may name; empty where there are none.
        description: One sentence for listings.
        options: Names of the keyword arguments that `load` takes; None reads them from its signature.
        takes_path: True if a path stands in the spec in place of a split, as in `jsonl:PATH`.
        default_split: What `load` is called with where a spec names no split.
        check: Returns everything that is wrong with the file at a path, where a source reads line by line;
            None where streams are checked as they come.
    """

    name: str
    load: StreamLoader
    splits: tuple[str, ...] = ()
    description: str = ""
    options: tuple[str, ...] | None = None
    takes_path: bool = False
    default_split: str = ""
    check: Callable[[str], list[Problem]] | None = None

    @property
    def usage(self) -> str:
        """The form of the source's specs, such as `locomo[:SPLIT]`."""
        return (
            f"{self.name}:PATH" if self.takes_path else f"{self.name}[:SPLIT]" if self.splits else self.name
        )

    @property
    def option_names(self) -> tuple[str, ...] | None:
        """The names of the options; None if the loader takes any and checks them itself."""
        if self.options is not None:
            return self.options
        # The first parameter takes the split.
        parameters: list[Any] = list(inspect.signature(self.load).parameters.values())
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return None
        keywords = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return tuple(parameter.name for parameter in parameters[1:] if parameter.kind in keywords)
