"""Stream sources by name, so that `locomo:test` names the same data in code, configurations and commands."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from memdojo.errors import ConfigError, DataError, unknown_name

from ..types import Stream

ENTRY_POINT_GROUP = "memdojo.streams"

StreamLoader = Callable[..., Iterable[Stream]]
"""Called with the split (or path) as its only positional argument, "" if the spec has none, and with the
options as keyword arguments."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Something that makes streams.

    Attributes:
        name: What a spec begins with.
        load: Makes the streams; see `StreamLoader`.
        splits: The splits that a spec may name; empty where there are none.
        description: One sentence for listings.
        options: Names of the keyword arguments that `load` takes; None reads them from its signature.
        takes_path: True if a path stands in the spec in place of a split, as in `jsonl:PATH`.
    """

    name: str
    load: StreamLoader
    splits: tuple[str, ...] = ()
    description: str = ""
    options: tuple[str, ...] | None = None
    takes_path: bool = False


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a listing tells about a source.

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


_registered: dict[str, StreamSource] = {}


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
        name: What specs begin with; letters, digits, `-`, `_` and `.`.
        loader: Called as `loader(split, **options)`; its keyword arguments are the options.
        splits: Splits that a spec may name. The loader gets "" where a spec names none.
        description: One sentence for listings.
        replace: Take the place of a source that was registered, or installed, under the name before.

    Raises:
        ConfigError: If the name is taken or malformed.
    """
    if not name or not all(char.isalnum() or char in "-_." for char in name):
        raise ConfigError(f"{name!r} cannot name a stream source; use letters, digits, '-', '_' and '.'.")
    taken = name in _registered or name in entry_points(group=ENTRY_POINT_GROUP).names
    if name in _BUILT_IN or (taken and not replace):
        remedy = "choose another name" + ("" if name in _BUILT_IN else " or pass replace=True")
        raise ConfigError(f"a stream source named {name!r} is registered already; {remedy}.")
    _registered[name] = StreamSource(name, loader, tuple(splits), description)
    return _registered[name]


def load_streams(spec: str, **options: Any) -> list[Stream]:
    """Return the streams that a spec names.

    Args:
        spec: `NAME`, `NAME:SPLIT` or `jsonl:PATH`, such as `synthetic:test` or `locomo:memory_r1/train`.
        **options: What the source takes; `list_sources` tells.

    Raises:
        UnknownNameError: If source, split or option is unknown, with the near matches.
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
    known = _options(source)
    for name in options:
        if known is not None and name not in known:
            raise unknown_name(f"option of stream source {source.name!r}", name, known)
    streams = source.load(selector, **options)
    return (stream if stream.source else dataclasses.replace(stream, source=spec) for stream in streams)


def takes_option(spec: str, name: str) -> bool:
    """Return whether the source of a spec has an option of that name.

    Raises:
        UnknownNameError: If there is no such source.
        ConfigError: If the spec is malformed.
    """
    known = _options(_resolve(spec)[0])
    return known is None or name in known


def list_sources() -> tuple[SourceInfo, ...]:
    """Return all sources, sorted by name: built in, registered, and of installed packages."""
    infos = []
    for name in sorted({*_BUILT_IN, *_registered, *entry_points(group=ENTRY_POINT_GROUP).names}):
        try:
            source = _find(name)
        except ConfigError as error:
            infos.append(SourceInfo(name, name, "", error=str(error)))
            continue
        usage = f"{name}:PATH" if source.takes_path else f"{name}[:SPLIT]" if source.splits else name
        infos.append(
            SourceInfo(name, usage, source.description, source.splits, tuple(_options(source) or ()))
        )
    return tuple(infos)


def _resolve(spec: str) -> tuple[StreamSource, str]:
    """Return the source of a spec and what follows the colon, checked against the source's splits."""
    name, colon, selector = spec.partition(":")
    source = _find(name)
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


def _find(name: str) -> StreamSource:
    """Return the source of that name; only this one is imported."""
    if name in _registered:
        return _registered[name]
    installed = entry_points(group=ENTRY_POINT_GROUP)
    points = [point for point in installed if point.name == name]
    if len(points) + (name in _BUILT_IN) > 1:
        values = ", ".join(point.value for point in points)
        built_in = ", and by memdojo itself" if name in _BUILT_IN else ""
        raise ConfigError(
            f"the stream source {name!r} is provided more than once ({values}{built_in}); "
            "uninstall all but one of them."
        )
    if name in _BUILT_IN:
        return _BUILT_IN[name]()
    if not points:
        raise unknown_name("stream source", name, {*_BUILT_IN, *_registered, *installed.names})
    return _load_entry_point(points[0])


def _load_entry_point(point: EntryPoint) -> StreamSource:
    origin = f"entry point {point.name!r} of {point.dist.name if point.dist else 'an unknown package'}"
    try:
        source = point.load()
    except Exception as error:
        # Whatever a foreign package raises on import must not take the listing of all others with it.
        raise ConfigError(f"{origin} ({point.value}) cannot be loaded: {error!r}.") from error
    if not isinstance(source, StreamSource):
        raise ConfigError(f"{origin} ({point.value}) is {source!r}; it must be a StreamSource.")
    return dataclasses.replace(source, name=point.name)


def _options(source: StreamSource) -> tuple[str, ...] | None:
    """Return the names of the source's options; None if its loader takes any."""
    if source.options is not None:
        return source.options
    parameters = inspect.signature(source.load).parameters.values()
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    return None if takes_any else _keywords(source.load)


def _keywords(load: StreamLoader) -> tuple[str, ...]:
    """Return the names of the keyword arguments of a loader, whose first parameter takes the split."""
    keywords = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(inspect.signature(load).parameters.values())
    return tuple(parameter.name for parameter in parameters[1:] if parameter.kind in keywords)


def _synthetic() -> StreamSource:
    from .synthetic import SyntheticSettings, synthetic_streams

    fields = tuple(field.name for field in dataclasses.fields(SyntheticSettings))

    def load(
        split: str,
        *,
        settings: SyntheticSettings | None = None,
        seed: int = 0,
        num_streams: int = 16,
        **changes: Any,
    ) -> Iterable[Stream]:
        base = SyntheticSettings() if settings is None else settings
        return synthetic_streams(dataclasses.replace(base, **changes), split or "train", seed, num_streams)

    description = (
        "Generated dialogues of people with a life; any length, difficulty by option. No split is train."
    )
    options = ("settings", "seed", "num_streams", *fields)
    return StreamSource("synthetic", load, ("train", "validation", "test"), description, options)


def _locomo() -> StreamSource:
    from .benchmarks.locomo import SPLITS, load_locomo

    def load(split: str, **options: Any) -> Iterable[Stream]:
        return load_locomo(split or "all", **options)

    description = "LoCoMo: ten long dialogues between two people. By default all splits; fetch it first."
    options = ("path", "turns_per_chunk", "categories", "audited")
    return StreamSource("locomo", load, tuple(SPLITS), description, options)


def _factconsolidation() -> StreamSource:
    from .benchmarks.factconsolidation import SPLITS, load_factconsolidation

    def load(split: str, **options: Any) -> Iterable[Stream]:
        return load_factconsolidation(split or "all", **options)

    description = (
        "FactConsolidation: numbered facts, later ones override. By default all splits; fetch it first."
    )
    return StreamSource("factconsolidation", load, SPLITS, description, _keywords(load_factconsolidation))


def _haystack() -> StreamSource:
    from .benchmarks.haystack import SPLITS, load_haystack

    def load(split: str, **options: Any) -> Iterable[Stream]:
        return load_haystack(split or "all", **options)

    description = (
        "Paragraphs of HotpotQA (or a file like it, or like SQuAD) around what a few questions need."
    )
    return StreamSource("haystack", load, SPLITS, description, _keywords(load_haystack))


def _mem_alpha() -> StreamSource:
    from .benchmarks.mem_alpha import SPLITS, load_mem_alpha

    def load(split: str, **options: Any) -> Iterable[Stream]:
        return load_mem_alpha(split or "train", **options)

    description = (
        "Mem-alpha's training data: eight data sets. By default the split train; fetch the files first."
    )
    return StreamSource("mem_alpha", load, SPLITS, description, _keywords(load_mem_alpha))


def _memoryagentbench() -> StreamSource:
    from .benchmarks.memoryagentbench import SPLITS, load_memoryagentbench

    description = "The contexts of MemoryAgentBench, or any file of its schema; fetch the files first."
    return StreamSource("memoryagentbench", load_memoryagentbench, tuple(SPLITS), description)


def _longmemeval() -> StreamSource:
    from .benchmarks.longmemeval import SPLITS, load_longmemeval

    def load(split: str, **options: Any) -> Iterable[Stream]:
        return load_longmemeval(split or "all", **options)

    description = "LongMemEval: questions about 50 or 500 chats. By default all splits; fetch it first."
    return StreamSource("longmemeval", load, SPLITS, description, ("variant", "path", "turns_per_chunk"))


def _realmem() -> StreamSource:
    from .benchmarks.realmem import SPLITS, load_realmem

    def load(split: str, **options: Any) -> Iterable[Stream]:
        return load_realmem(split or "all", **options)

    description = (
        "RealMem: months of chats with an assistant, labelled. By default all splits; fetch it first."
    )
    return StreamSource("realmem", load, tuple(SPLITS), description, ("path", "turns_per_chunk"))


def _jsonl() -> StreamSource:
    from .jsonl.reading import read_jsonl

    description = "A file of your own in memdojo's JSON Lines format."
    return StreamSource("jsonl", read_jsonl, (), description, options=(), takes_path=True)


# Made when they are asked for, so that a source costs nothing to those who use another.
_BUILT_IN: dict[str, Callable[[], StreamSource]] = {
    "factconsolidation": _factconsolidation,
    "haystack": _haystack,
    "jsonl": _jsonl,
    "locomo": _locomo,
    "longmemeval": _longmemeval,
    "mem_alpha": _mem_alpha,
    "memoryagentbench": _memoryagentbench,
    "realmem": _realmem,
    "synthetic": _synthetic,
}


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
