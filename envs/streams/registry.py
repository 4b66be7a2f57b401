"""Stream sources by name, so that `locomo:test` names the same data in code, configurations and commands."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from memdojo.errors import ConfigError, DataError, unknown_name
from memdojo.registry import Registry, first_line

from ..types import Stream
from .jsonl.rules import check_stream
from .problems import Problem
from .source import ATTACK_OPTIONS, StreamLoader, StreamSource

ENTRY_POINT_GROUP = "memdojo.streams"
"""Entry points of this group, in other packages, are stream sources: `StreamSource` objects under their name.
`memdojo.plugins` is the group for things of any kind."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What listings say about a source.

    Attributes:
        usage: The form of its specs, such as `locomo[:SPLIT]`.
        error: Why the source, of an installed package, cannot be loaded; empty if it can.
    """

    name: str
    usage: str
    description: str
    splits: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    error: str = ""


SOURCES: Registry[StreamSource] = Registry("stream source")
"""Sources by name. Each is imported when it is used, so that it costs nothing to those who use another."""

for _name, _target in (
    ("ama_bench", "benchmarks.ama_bench:SOURCE"),
    ("assistant", "assistant.source:SOURCE"),
    ("beam", "benchmarks.beam:SOURCE"),
    ("experience", "experience.source:SOURCE"),
    ("factconsolidation", "benchmarks.factconsolidation:SOURCE"),
    ("haystack", "benchmarks.haystack:SOURCE"),
    ("intents", "benchmarks.intents:SOURCE"),
    ("jsonl", "jsonl.reading:SOURCE"),
    ("locomo", "benchmarks.locomo:SOURCE"),
    ("locomo_plus", "benchmarks.locomo_plus:SOURCE"),
    ("longmemeval", "benchmarks.longmemeval:SOURCE"),
    ("mem_alpha", "benchmarks.mem_alpha:SOURCE"),
    ("memoryagentbench", "benchmarks.memoryagentbench:SOURCE"),
    ("memoryagentbench_tasks", "benchmarks.memoryagentbench_tasks:SOURCE"),
    ("realmem", "benchmarks.realmem:SOURCE"),
    ("structmemeval", "benchmarks.structmemeval:SOURCE"),
    ("synthetic", "synthetic.source:SOURCE"),
    ("tasks", "jsonl.task_streams:SOURCE"),
):
    SOURCES.add_lazily(_name, f"memdojo.envs.streams.{_target}")


def register_source(
    name: str,
    loader: StreamLoader,
    *,
    splits: Iterable[str] = (),
    description: str = "",
    replace: bool = False,
) -> StreamSource:
    """Make `loader` known as `name` in this process and return its record.

    Args:
        name: The word that specs begin with; letters, digits, `-`, `_` and `.`.
        loader: Called as `loader(split, **options)`; its keyword arguments are the options.
        splits: Splits that a spec may name. The loader gets "" where a spec names none.
        description: One sentence for listings; if left out, the first line of the loader's docstring.
        replace: Take the place of the source that has the name, be it memdojo's own.

    Raises:
        ConfigError: If the name is taken or malformed.
    """
    source = StreamSource(name, loader, tuple(splits), description or first_line(loader))
    return SOURCES.add(name, source, description=source.description, replace=replace)


def load_streams(spec: str, **options: Any) -> list[Stream]:
    """Return the streams that a spec names.

    Args:
        spec: `NAME`, `NAME:SPLIT` or `jsonl:PATH`, such as `synthetic:test` or `locomo:memory_r1/train`.
        **options: Options of the source, as `list_sources` names them, and of an attack on its streams:
            `attack` (the adversary's name), `attack_records` or `attack_share`, `attack_by`, `attack_seed`
            and `attack_corrected_after`, as `memdojo.envs.streams.attacks.Attack` has them.

    Raises:
        UnknownNameError: If source, split, option or adversary is unknown, with the near matches.
        ConfigError: If the spec is malformed or an option has an impossible value.
        DataError: If the data is missing or damaged, or there is no stream.
    """
    streams = list(iter_streams(spec, **options))
    if not streams:
        raise DataError(f"{spec!r} with {options or 'no options'} holds no stream; check split and options.")
    return streams


def iter_streams(spec: str, **options: Any) -> Iterator[Stream]:
    """Return an iterator over the streams that a spec names; long ones need not be in memory together.

    Arguments and errors are those of `load_streams`, but an empty source is no error. The spec and the names
    of the options are checked at once.
    """
    source, selector = _resolve(spec)
    attack, own = None, options
    if not options.keys().isdisjoint(ATTACK_OPTIONS):
        # Adversaries know how people talk, which takes a while to load.
        from .attacks.poisoning import Attack, poison

        attack, own = Attack.of_options(options)
    known = source.option_names
    for name in own:
        if known is not None and name not in known:
            raise unknown_name(f"option of stream source {source.name!r}", name, (*known, *ATTACK_OPTIONS))
    streams: Iterable[Stream] = source.load(selector or source.default_split, **own)
    if attack is not None:
        streams = (poison(stream, attack) for stream in streams)
    return (stream if stream.source else dataclasses.replace(stream, source=spec) for stream in streams)


def check_spec(spec: str, **options: Any) -> list[Problem]:
    """Return everything that is wrong with the streams of a spec, and all that its loader warns of.

    Arguments and errors are those of `load_streams`, but what is wrong with the data is returned.
    """
    source, selector = _resolve(spec)
    if source.check is not None:
        return source.check(selector)
    problems: list[Problem] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            for stream in iter_streams(spec, **options):
                problems += [
                    dataclasses.replace(each, where=f"stream {stream.id}: {each.where}".removesuffix(": "))
                    for each in check_stream(stream)
                ]
        except DataError as error:
            problems.append(Problem(None, "", str(error).rstrip("."), "mend the file, or fetch it again"))
    return [*(Problem(None, "", str(each.message), "") for each in caught), *problems]


def takes_option(spec: str, name: str) -> bool:
    """Return whether the source of a spec has an option of that name.

    Raises:
        UnknownNameError: If there is no such source.
        ConfigError: If the spec is malformed.
    """
    known = _resolve(spec)[0].option_names
    return known is None or name in known or name in ATTACK_OPTIONS


def list_sources() -> tuple[SourceInfo, ...]:
    """Return all sources, sorted by name: built in, registered, and of installed packages."""
    infos = []
    for name in sorted(SOURCES):
        try:
            source = SOURCES.get(name)
        except ConfigError as error:
            infos.append(SourceInfo(name, name, "", error=str(error)))
            continue
        infos.append(
            SourceInfo(name, source.usage, source.description, source.splits, source.option_names or ())
        )
    return tuple(infos)


def _resolve(spec: str) -> tuple[StreamSource, str]:
    """Return the source of a spec and what follows the colon, checked against the source's splits."""
    name, colon, selector = spec.partition(":")
    source = SOURCES.get(name)
    if colon and not selector:
        raise ConfigError(f"{spec!r} ends with its colon; name a {'path' if source.takes_path else 'split'}.")
    if source.takes_path:
        if not selector:
            raise ConfigError(f"{spec!r} names no file; write {name}:PATH.")
    elif selector and not source.splits:
        raise ConfigError(f"stream source {name!r} has no splits; write {name!r} instead of {spec!r}.")
    elif selector and selector not in source.splits:
        raise unknown_name(f"split of stream source {name!r}", selector, source.splits)
    return source, selector


def load_mixture(specs: Mapping[str, float], options: Callable[[str], Mapping[str, Any]]) -> list[Stream]:
    """Return the streams of all parts, part by part; the `source` of each is the spec of its part.

    Args:
        specs: What the parts are named by. Weights say nothing here: every stream is there once.
        options: Returns the options of a spec.

    Raises:
        UnknownNameError: If a source, split or option is unknown.
        ConfigError: If a spec is malformed or an option has an impossible value.
        DataError: If data is missing or damaged, or a part has no stream.
    """
    return [
        dataclasses.replace(stream, source=spec)
        for spec in specs
        for stream in load_streams(spec, **options(spec))
    ]


def add_installed(points: Iterable[EntryPoint]) -> None:
    """Register the sources that entry points name, without loading them.

    A name that is taken is left to its owner, with a warning: one package must not change the data of
    another, nor keep memdojo from being imported.
    """
    for point in points:
        try:
            SOURCES.add_lazily(point.name, partial(_load, point))
        except ConfigError as error:
            message = f"{_origin(point)} is left out: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)


def _load(point: EntryPoint) -> StreamSource:
    try:
        source = point.load()
    except Exception as error:
        # Whatever a foreign package raises on import must not take the listing of all others with it.
        raise ConfigError(f"{_origin(point)} cannot be loaded: {error!r}.") from error
    if not isinstance(source, StreamSource):
        raise ConfigError(f"{_origin(point)} is {source!r}; it must be a StreamSource.")
    return dataclasses.replace(source, name=point.name)


def _origin(point: EntryPoint) -> str:
    package = point.dist.name if point.dist else "an unknown package"
    return f"entry point {point.name!r} of {package} ({point.value})"


add_installed(entry_points(group=ENTRY_POINT_GROUP))
