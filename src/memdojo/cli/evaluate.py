"""`memdojo eval`, and the evaluation at the end of `memdojo train`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from memdojo.envs.answering import Answerer, CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.types import DEFAULT_CORE_TOKENS
from memdojo.errors import ConfigError
from memdojo.rewards.grading import needs_judge

from .judges import answerer_of, judge_from_options, judge_of_runs
from .progress import progress_bar
from .running import DebugOption, QuietOption, parse_options

if TYPE_CHECKING:
    from memdojo.envs.types import Stream
    from memdojo.eval.playing.settings import EvalSettings
    from memdojo.eval.report import EvalReport
    from memdojo.evaluation.targets import Targets
    from memdojo.train.checkpoints.loading import Learned
    from memdojo.train.config.run import TrainConfig


def evaluate(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="TARGET...", help="Checkpoints, runs, names of baselines, or 'all'."),
    ],
    streams: Annotated[
        str | None,
        typer.Option(
            help="Held-out streams, such as synthetic:test; by default the test streams of the run."
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the streams' source."),
    ] = None,
    max_entries: Annotated[
        int | None, typer.Option(help="Entries that a manager's store holds at most.")
    ] = None,
    capacity_share: Annotated[
        float | None, typer.Option(help="The same as a share of the stream's turns.")
    ] = None,
    top_k: Annotated[int | None, typer.Option(help="Entries retrieved for each question.")] = None,
    granularity: Annotated[
        Literal["turn", "session"] | None,
        typer.Option(help="What a retriever ranks; by default as in the checkpoints' training, else turns."),
    ] = None,
    task: Annotated[
        Literal["manager", "retriever"] | None,
        typer.Option(help="Task, where only baselines are named; manager by default."),
    ] = None,
    retriever: Annotated[
        str | None,
        typer.Option(
            help="Retriever of the managers: a name or a checkpoint; by default the one of their training."
        ),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Ask a judge: keys of the table judge, such as kind=endpoint; by default that of the runs.",
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="Writer of the memory over which retrievers and answer agents are asked: a manager "
            "baseline, or a manager's run or checkpoint; by default as in training."
        ),
    ] = None,
    metric: Annotated[str, typer.Option(help="Score to report, such as recall@10 or token_f1.")] = "",
    reference: Annotated[
        str | None, typer.Option(help="Policy to take paired differences from; by default the best baseline.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Episodes per stream of a policy that samples.")] = 3,
    seed: Annotated[int, typer.Option(help="Seeds the episodes.")] = 0,
    capacities: Annotated[
        str, typer.Option(metavar="SHARES", help="Evaluate at each of these shares, such as 0.1,0.25,0.5.")
    ] = "",
    lengths: Annotated[
        str,
        typer.Option(
            metavar="FACTORS", help="Make synthetic streams this many times as long, such as 1,2,4,8,16."
        ),
    ] = "",
    failed_below: Annotated[
        float, typer.Option(help="Questions with a lower score count as failed and are diagnosed.")
    ] = 0.5,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for tables and episodes; episodes that it holds are not played again."),
    ] = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Evaluate policies on held-out streams and print scores with intervals and paired differences.

    memdojo eval runs/quickstart all

    memdojo eval runs/a runs/b sum_idf --streams locomo:memory_r1/test --capacity-share 0.25

    memdojo eval all --task retriever --streams jsonl:my_data.jsonl --out tables

    memdojo eval runs/quickstart all --capacities 0.1,0.2,0.4 --out curve

    memdojo eval runs/quickstart all --lengths 1,2,4,8,16

    Store, top_k and metric are by default those of the checkpoints and runs.
    """
    from memdojo.envs.streams.registry import load_streams
    from memdojo.evaluation.targets import find_targets, require_held_out

    found = find_targets(targets, task)
    configs = [each.config for each in found.learned if each.config is not None]
    spec, options = _choose_streams(configs, streams, parse_options(option))
    limits = _choose_limits(found.learned, max_entries, capacity_share, top_k, granularity)
    answerer = _answerer_of_runs(configs)
    settings = _settings(limits, metric or _score_of_runs(configs), answerer, num_seeds=seeds)
    if found.task == "manager":
        settings = settings_of_managers(settings, found.learned, retriever)
    written = _choose_memory(found, memory, limits)
    loaded = load_streams(spec, **options)
    settings = dataclasses.replace(settings, judge=judge_from_options(judge) or judge_of_runs(configs))
    if settings.judge is None and needs_judge(settings.score):
        raise ConfigError(f"--metric is {settings.score}, a judge's verdict; name a judge by --judge.")
    for note in require_held_out((*found.learned, *_frozen(configs, written)), loaded):
        typer.echo(f"note: {note}", err=True)
    settings = dataclasses.replace(_with_memories(settings, written, loaded), failed_below=failed_below)
    _print_heading(found.task, spec, loaded, settings, capacities)
    if capacities or lengths:
        how: dict[str, Any] = {"seed": seed, "reference": reference, "quiet": quiet}
        _print_curve(found, (spec, options), loaded, settings, (capacities, lengths), out, **how)
        return
    report = _run(found, loaded, settings, quiet=quiet, seed=seed, reference=reference, folder=out)
    report.print()
    if out is not None:
        report.write(out)
        typer.echo(f"written to {out}")


def evaluate_run(
    config: TrainConfig,
    checkpoint: Path,
    before: Sequence[Path],
    out: Path,
    *,
    quiet: bool,
    shown: bool = True,
) -> None:
    """Evaluate a run's checkpoint on its test streams beside the baselines, print it and keep it in `out`.

    Args:
        config: The run.
        checkpoint: What it trained.
        before: Checkpoints that it began with, to be compared with.
        out: Folder for the tables.
        quiet: Show no bar.
        shown: Print heading and tables; without it they are only kept.

    Raises:
        ConfigError: If the run has no test streams.
    """
    from memdojo.envs.streams.registry import load_streams
    from memdojo.evaluation.targets import ALL, Targets, find_retriever, find_targets, require_held_out
    from memdojo.train.checkpoints.loading import load_learned

    spec = _test_spec(config)
    learned = (load_learned(checkpoint), *map(load_learned, before))
    baselines = find_targets(config.evaluation.baselines or (ALL,), learned[0].task).baselines
    found = Targets(learned[0].task, learned, baselines)
    streams = load_streams(spec, **config.streams.load_options("test"))
    episode = config.episode
    written = None
    if episode.memory is not None:
        written = _Written(episode.memory, episode.max_entries, episode.capacity_share)
    require_held_out((*found.learned, *_frozen([config], written)), streams)
    limits = _Limits(episode.max_entries, episode.capacity_share, episode.top_k, episode.granularity)
    score = config.evaluation.score(episode.top_k)
    settings = dataclasses.replace(
        _settings(limits, score, answerer_of(config.answerer), num_seeds=3),
        retriever=find_retriever(episode.retriever),
        max_core_tokens=episode.max_core_tokens,
        judge=judge_of_runs([config]),
    )
    settings = _with_memories(settings, written, streams)
    if shown:
        _print_heading(found.task, spec, streams, settings)
    num_resamples = config.evaluation.num_resamples
    report = _run(
        found,
        streams,
        settings,
        quiet=quiet,
        seed=config.seed,
        num_resamples=num_resamples,
        folder=out,
        replace_others=True,
    )
    report.write(out)
    if shown:
        report.print()
        typer.echo(f"written to {out}")


@dataclass(frozen=True, slots=True)
class _Limits:
    max_entries: int | None
    capacity_share: float | None
    top_k: int
    granularity: str


@dataclass(frozen=True, slots=True)
class _Written:
    """Who wrote a memory, and with what limits; none given means its own."""

    name: str
    max_entries: int | None
    capacity_share: float | None


def _choose_memory(found: Targets, name: str | None, limits: _Limits) -> _Written | None:
    """Return whose memory was asked for, else the one that the checkpoints were trained over."""
    if name is not None and found.task == "manager":
        raise ConfigError(f"--memory is {name!r}, but managers write their own; leave it out.")
    if name is not None:
        return _Written(name, limits.max_entries, limits.capacity_share)
    if found.task == "manager":
        return None
    known = {
        _Written(each.training.memory, each.training.max_entries, each.training.capacity_share)
        for each in found.learned
    }
    if len(known) > 1:
        raise ConfigError("the checkpoints were trained over different memories; choose one by --memory.")
    written = known.pop() if known else None
    if written is None or not written.name:
        return None
    if limits.max_entries is None and limits.capacity_share is None:
        return written
    return _Written(written.name, limits.max_entries, limits.capacity_share)


def _with_memories(
    settings: EvalSettings, written: _Written | None, streams: Sequence[Stream]
) -> EvalSettings:
    """Return the settings with what a manager leaves of the streams, which it plays now."""
    if written is None:
        return settings
    from memdojo.envs.episodes.written_memory import WrittenMemories
    from memdojo.train.config.tables import EpisodeConfig
    from memdojo.train.episodes.memories import load_writer, write_memories

    limits = EpisodeConfig(max_entries=written.max_entries, capacity_share=written.capacity_share)
    memories = write_memories(load_writer(written.name, limits), streams)
    of_stream = {stream.id: memory for stream, memory in zip(streams, memories, strict=True)}
    return dataclasses.replace(settings, memories=WrittenMemories(written.name, of_stream))


def _frozen(configs: Sequence[TrainConfig], written: _Written | None) -> list[Learned]:
    """Return the checkpoints that have a part in an evaluation without being what is evaluated."""
    from memdojo.agents.baselines.registry import list_baselines
    from memdojo.train.checkpoints.loading import load_learned
    from memdojo.train.config.name_or_path import is_name

    folders = {each.answerer.checkpoint for each in configs if each.answerer.checkpoint is not None}
    if written is not None and not is_name(written.name, list_baselines()):
        folders.add(written.name)
    return [load_learned(Path(folder)) for folder in sorted(folders)]


def _choose_streams(
    configs: Sequence[TrainConfig], spec: str | None, options: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return spec and options: those asked for, else the test streams of the only run."""
    if spec is not None:
        return spec, options
    chosen = {(config.streams.test, repr(config.streams.load_options("test"))) for config in configs}
    if len(chosen) != 1:
        why = "the runs have different test streams" if chosen else "no run is among the targets"
        raise ConfigError(
            f"--streams is missing and {why}; name the streams, such as --streams synthetic:test."
        )
    return _test_spec(configs[0]), configs[0].streams.load_options("test") | options


def settings_of_managers(
    settings: EvalSettings, learned: Sequence[Learned], retriever: str | None
) -> EvalSettings:
    """Return the settings with what stands under managers: as in their training, but the retriever asked for.

    Raises:
        ConfigError: If they were trained with different retrievers and none is asked for.
    """
    from memdojo.evaluation.targets import find_retriever

    under = find_retriever(retriever or _retriever_of(learned))
    return dataclasses.replace(settings, retriever=under, max_core_tokens=_core_tokens_of(learned))


def _retriever_of(learned: Sequence[Learned]) -> str:
    """Return the retriever under which managers were trained, or BM25 where there are none."""
    names = {each.training.retriever for each in learned} or {"bm25"}
    if len(names) > 1:
        raise ConfigError(
            f"the checkpoints were trained with the retrievers {sorted(names)}; choose one by --retriever."
        )
    return names.pop()


def _core_tokens_of(learned: Sequence[Learned]) -> int:
    """Return the largest core block that any of the managers was trained with."""
    return max((each.training.max_core_tokens for each in learned), default=DEFAULT_CORE_TOKENS)


def _score_of_runs(configs: Sequence[TrainConfig]) -> str:
    """Return the column that the runs were judged by; "" (the evaluation's own choice) where they differ."""
    scores = {config.evaluation.score(config.episode.top_k) for config in configs}
    return scores.pop() if len(scores) == 1 else ""


def _test_spec(config: TrainConfig) -> str:
    if config.streams.test is None:
        raise ConfigError(
            f"the run {config.name} has no streams.test; name streams, such as --streams locomo:test."
        )
    return config.streams.test


def _choose_limits(
    learned: Sequence[Learned],
    max_entries: int | None,
    capacity_share: float | None,
    top_k: int | None,
    granularity: str | None,
) -> _Limits:
    """Return the limits asked for, else those that the checkpoints were trained with."""
    if max_entries is not None and capacity_share is not None:
        raise ConfigError(
            f"--max-entries is {max_entries} and --capacity-share is {capacity_share}; give one of the two."
        )
    managers = [each.training for each in learned if each.task == "manager"]
    if max_entries is None and capacity_share is None and managers:
        stores = {(training.max_entries, training.capacity_share) for training in managers}
        if len(stores) > 1:
            raise ConfigError(
                "the checkpoints were trained with stores of different sizes; choose one by --max-entries or "
                "--capacity-share."
            )
        max_entries, capacity_share = stores.pop()
    if top_k is None:
        depths = {each.training.top_k for each in learned} or {10}
        if len(depths) > 1:
            raise ConfigError(
                f"the checkpoints were trained with top_k {sorted(depths)}; choose one by --top-k."
            )
        top_k = depths.pop()
    if granularity is None:
        kinds = {each.training.granularity for each in learned if each.task == "retriever"} or {"turn"}
        if len(kinds) > 1:
            raise ConfigError(
                "some of the checkpoints rank turns and some rank sessions; choose one by --granularity."
            )
        granularity = kinds.pop()
    return _Limits(max_entries, capacity_share, top_k, granularity)


def _answerer_of_runs(configs: Sequence[TrainConfig]) -> Answerer:
    """Return who answered in the runs, or the extractive reader where no run is among the targets."""
    if len({repr(config.answerer) for config in configs}) > 1:
        raise ConfigError("the runs have different answerers; evaluate them one at a time.")
    if not configs:
        return ExtractiveAnswerer()
    return answerer_of(configs[0].answerer)


def _settings(limits: _Limits, score: str, answerer: Answerer, *, num_seeds: int) -> EvalSettings:
    from memdojo.envs.episodes.archive import Granularity
    from memdojo.eval.playing.settings import EvalSettings

    return EvalSettings(
        max_entries=limits.max_entries,
        capacity_share=limits.capacity_share,
        top_k=limits.top_k,
        granularity=Granularity(limits.granularity),
        ranks=tuple(sorted({min(5, limits.top_k), limits.top_k})),
        answerer=CachedAnswerer(answerer),
        score=score,
        num_seeds=num_seeds,
    )


def _print_heading(
    task: str, spec: str, streams: Sequence[Stream], settings: EvalSettings, capacities: str = ""
) -> None:
    num_questions = sum(len(stream.questions) for stream in streams)
    store = "a store without limit"
    if settings.max_entries is not None:
        store = f"a store of {settings.max_entries} entries"
    elif settings.capacity_share is not None:
        store = f"a store of {settings.capacity_share:.0%} of the turns"
    if capacities:
        store = f"stores of {capacities} of the turns"
    under = f", {store}" if task == "manager" else ""
    if settings.memories is not None:
        under = f", over what {settings.memories.name} wrote"
    typer.echo(
        f"{task}s on {spec}: {len(streams)} streams of {len({stream.group for stream in streams})} groups, "
        f"{num_questions} questions{under}, answers from {settings.top_k} {_entries(task, settings)}"
    )


def _entries(task: str, settings: EvalSettings) -> str:
    return "sessions" if task == "retriever" and settings.granularity == "session" else "entries"


def _run(
    targets: Targets, streams: Sequence[Stream], settings: EvalSettings, *, quiet: bool, **how: Any
) -> EvalReport:
    from memdojo.eval.report import run_evaluation

    how["fingerprints"] = targets.fingerprints()
    with progress_bar("evaluate", quiet=quiet) as progress:
        return run_evaluation(targets.policies(), streams, settings, progress=progress, **how)


def _print_curve(
    found: Targets,
    source: tuple[str, dict[str, Any]],
    streams: Sequence[Stream],
    settings: EvalSettings,
    points: tuple[str, str],
    out: Path | None,
    *,
    quiet: bool,
    **how: Any,
) -> None:
    from .curves import print_capacities, print_lengths

    capacities, lengths = points
    if capacities and lengths:
        raise ConfigError("--capacities and --lengths are both given; measure one difficulty at a time.")
    how["fingerprints"] = found.fingerprints()
    with progress_bar("evaluate", quiet=quiet) as progress:
        how["progress"] = progress
        if capacities:
            print_capacities(found, streams, settings, capacities, out, **how)
        else:
            print_lengths(found, *source, settings, lengths, out, **how)
