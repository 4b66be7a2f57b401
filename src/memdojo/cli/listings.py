"""The commands that list: `memdojo envs`, `streams`, `baselines`, `designs`, `sweeps` and `list`."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .running import DebugOption, parse_options
from .tables import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from gymnasium.envs.registration import EnvSpec

    from memdojo.agents.designs.registry import DesignInfo
    from memdojo.envs.streams.registry import SourceInfo
    from memdojo.envs.types import Question, Stream
    from memdojo.registry import Registry

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "adversaries": "memdojo.envs.streams.attacks.registry:ADVERSARIES",
        "algorithms": "memdojo.train.algorithms.registry:ALGORITHMS",
        "answerers": "memdojo.train.config.language:ANSWERERS",
        "baselines": "memdojo.agents.baselines.registry:BASELINES",
        "designs": "memdojo.agents.designs.registry:DESIGNS",
        "embedders": "memdojo.envs.memory.embedders:EMBEDDERS",
        "engines": "memdojo.agents.engines.registry:ENGINES",
        "formats": "memdojo.envs.prompts.registry:FORMATS",
        "judges": "memdojo.agents.graders.registry:JUDGES",
        "metrics": "memdojo.rewards:METRICS",
        "operations": "memdojo.envs.memory.operations:OPERATIONS",
        "policies": "memdojo.train.config.policies:POLICY_KINDS",
        "retriever-baselines": "memdojo.agents.baselines.registry:RETRIEVER_BASELINES",
        "retrievers": "memdojo.envs.memory.retrieval.retrievers:RETRIEVERS",
        "reward-parts": "memdojo.rewards:PARTS",
        "sweeps": "memdojo.eval.sweeps.registry:SWEEPS",
    }
)
"""Where the registry of each kind is, or its registries by task; imported when they are listed."""


def envs(as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the environments that `gymnasium.make` knows through memdojo."""
    import gymnasium

    import memdojo  # noqa: F401  # Registers them.

    specs = [spec for spec in gymnasium.registry.values() if not _is_gymnasiums_own(spec)]
    print_table(["id", "what it is"], [[spec.id, _first_line(spec)] for spec in specs], as_json=as_json)


def baselines(as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the hand-made policies that any evaluation can include."""
    from memdojo.agents.baselines.registry import list_baselines, list_retriever_baselines

    rows = [
        [name, task, description]
        for task, known in (("manager", list_baselines()), ("retriever", list_retriever_baselines()))
        for name, description in known.items()
    ]
    print_table(["baseline", "task", "what it does"], rows, as_json=as_json)


def designs(as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the memory designs: what each is, its decisions, which can be learned, and its parameters.

    memdojo designs

    memdojo train design_sirllm 'design.learn=["leave"]' design.parameters.num_recent=4

    memdojo eval designs --streams synthetic:test --capacity-share 0.2
    """
    from memdojo.agents.designs.registry import describe_designs

    if as_json:
        print_json([_as_json(info) for info in describe_designs()])
        return
    for info in describe_designs():
        typer.echo(f"{info.name}\n    {info.description}")
        parameters = ", ".join(f"{name}={value!r}" for name, value in info.parameters.items())
        lines = [f"decision {kind.name}: {kind.description}" for kind in info.decisions]
        for line in (*lines, f"parameters: {parameters or 'none'}"):
            typer.echo(textwrap.indent(textwrap.fill(line, 100, break_on_hyphens=False), "    "))
        typer.echo()


def _as_json(info: DesignInfo) -> dict[str, Any]:
    decisions = [
        {"name": kind.name, "description": kind.description, "options": list(kind.options)}
        for kind in info.decisions
    ]
    return {
        "name": info.name,
        "description": info.description,
        "parameters": dict(info.parameters),
        "decisions": decisions,
    }


def sweeps(as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the sweeps of `memdojo sweep`: what each varies, and what that tests."""
    from memdojo.eval.sweeps.registry import find_sweeps

    rows = [
        [sweep.name, sweep.option, ", ".join(f"{value:g}" for value in sweep.values), sweep.tests]
        for sweep in find_sweeps()
    ]
    print_table(["sweep", "option", "values", "what it tests"], rows, as_json=as_json)


def list_kind(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List what is registered of one kind, by memdojo and by installed packages.

    memdojo list metrics

    memdojo list formats
    """
    rows = [
        [name, registry.kind, description]
        for registry in registries(kind)
        for name, description in registry.describe().items()
    ]
    print_table(["name", "kind", "what it is"], rows, as_json=as_json)


def registries(kind: str) -> tuple[Registry[Any], ...]:
    """Return the registries of a kind, one of `KINDS`.

    Raises:
        UnknownNameError: If there is no such kind.
    """
    from memdojo.errors import unknown_name

    if kind not in KINDS:
        raise unknown_name("kind of thing", kind, KINDS)
    module, _, name = KINDS[kind].partition(":")
    found = getattr(importlib.import_module(module), name)
    return tuple(found.values()) if isinstance(found, Mapping) else (found,)


def streams(
    spec: Annotated[
        str | None, typer.Argument(help="A source, such as synthetic:test; without one, all are listed.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="An option of the source.")
    ] = None,
    turns: Annotated[int, typer.Option(min=0, help="Turns of the sample.")] = 12,
    long: Annotated[bool, typer.Option("--long", help="List the splits and options of all sources.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the sources of streams, or show one: its splits and options, a sample and statistics.

    memdojo streams

    memdojo streams synthetic

    memdojo streams synthetic:test --option num_facts=40

    memdojo streams jsonl:my_data.jsonl

    As JSON there are the sources, or the statistics, and no sample.
    """
    from memdojo.envs.streams.attacks import ATTACK_OPTIONS
    from memdojo.envs.streams.registry import list_sources, load_streams

    if spec is None:
        if as_json:
            print_json([dataclasses.asdict(source) for source in list_sources()])
            return
        if long:
            for source in list_sources():
                _print_source(source)
            return
        rows = [[source.usage, source.error or source.description] for source in list_sources()]
        print_table(["source", "what it is"], rows)
        typer.echo("`memdojo streams NAME` shows the splits and options of one, and a sample; --long of all.")
        typer.echo(f"All of them take {', '.join(ATTACK_OPTIONS)} as well (`memdojo list adversaries`).")
        return
    if not as_json:
        # Before anything is loaded, which published data may have to be fetched for.
        name = spec.partition(":")[0]
        for source in list_sources():
            if source.name == name:
                _print_source(source)
    loaded = load_streams(spec, **parse_options(option))
    if not as_json:
        _print_sample(loaded[0], turns)
    print_table(["what", "how many"], _statistics(loaded), as_json=as_json)


def _print_source(source: SourceInfo) -> None:
    typer.echo(f"{source.usage}\n    {source.error or source.description}")
    for what, names in (("splits", source.splits), ("options", source.options)):
        if names:
            lines = textwrap.wrap(f"{what}: {', '.join(names)}", 100, break_on_hyphens=False)
            typer.echo(textwrap.indent("\n".join(lines), "    "))
    typer.echo()


def _is_gymnasiums_own(spec: EnvSpec) -> bool:
    module = (
        spec.entry_point if isinstance(spec.entry_point, str) else getattr(spec.entry_point, "__module__", "")
    )
    return module.startswith("gymnasium.")


def _first_line(spec: EnvSpec) -> str:
    entry_point: Any = spec.entry_point
    if isinstance(entry_point, str):
        module, _, name = entry_point.partition(":")
        entry_point = getattr(importlib.import_module(module), name)
    return (inspect.getdoc(entry_point) or "").partition("\n")[0]


def _print_sample(stream: Stream, num_turns: int) -> None:
    from memdojo.envs.quoting import on_a_terminal
    from memdojo.envs.streams.rendering import render_turn

    typer.echo(on_a_terminal(f"{stream.id} of group {stream.group}:"))
    shown, session = 0, None
    for chunk in stream.chunks:
        for turn in chunk.turns[: num_turns - shown]:
            if chunk.session != session:
                session = chunk.session
                name = on_a_terminal(session or "session")
                typer.echo(f"  -- {name}{f', {chunk.time:%d %B %Y}' if chunk.time else ''}")
            typer.echo(f"  {on_a_terminal(render_turn(turn))}")
            shown += 1
    if shown < len(stream.turns):
        typer.echo(f"  ... {len(stream.turns) - shown} more turns")
    for question in stream.questions[:5]:
        typer.echo(f"  ? {on_a_terminal(f'{question.text} -> {_answer(question)}')}")
    if len(stream.questions) > 5:
        typer.echo(f"  ... {len(stream.questions) - 5} more questions")
    typer.echo()


def _answer(question: Question) -> str:
    return "(not told)" if question.unanswerable else " | ".join(question.answers)


def _statistics(streams: Sequence[Stream]) -> list[list[str]]:
    from memdojo.envs.memory.analysis import count_tokens
    from memdojo.envs.streams.rendering import render_turn

    questions = [question for stream in streams for question in stream.questions]
    per_stream = {
        "turns": [len(stream.turns) for stream in streams],
        "tokens": [sum(count_tokens(render_turn(turn)) for turn in stream.turns) for stream in streams],
        "questions": [len(stream.questions) for stream in streams],
    }
    rows = [["streams", str(len(streams))], ["groups", str(len({stream.group for stream in streams}))]]
    rows += [
        [f"{name} per stream", f"{sum(counts) / len(counts):,.1f} ({min(counts):,} to {max(counts):,})"]
        for name, counts in per_stream.items()
    ]
    in_middle = sum(question.ask_after is not None for question in questions)
    with_evidence = sum(bool(question.evidence) for question in questions)
    rows += [
        ["questions asked in mid-stream", str(in_middle)],
        ["questions with evidence", str(with_evidence)],
    ]
    by_category = Counter(question.category or "(none)" for question in questions)
    if poisons := [stream.poison for stream in streams if stream.poison is not None]:
        rows += [
            ["poisoned turns", str(sum(len(poison.turns) for poison in poisons))],
            ["questions at which the adversary aims", str(sum(len(poison.targets) for poison in poisons))],
        ]
    return rows + [
        [f"questions of category {name}", str(count)] for name, count in sorted(by_category.items())
    ]
