"""`memdojo eval`, and the evaluation at the end of `memdojo train`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from memdojo.errors import ConfigError

from .judges import answerer_from_options, judge_from_options, roles_from_options
from .progress import progress_bar
from .running import DebugOption, QuietOption, TrustRunOption, parse_options

if TYPE_CHECKING:
    from memdojo.evaluation import PreparedEvaluation
    from memdojo.train.config.run import TrainConfig

Number = TypeVar("Number", int, float)


def evaluate(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="Checkpoints, runs, names of baselines, 'all' for all of these but the memory designs, or "
            "'designs' for those.",
        ),
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
        float | None, typer.Option(help="The same as a share of the stream's turns, and of its tokens.")
    ] = None,
    token_share: Annotated[
        float | None,
        typer.Option(
            help="Tokens that the store holds at most, as a share of the stream's; by default the share that "
            "the entries are of the turns."
        ),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Count tokens by this tokenizer: the folder of a language model, or its hub id; by default "
            "as in training, else by rule."
        ),
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
    answerer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Ask an answerer: keys of the table answerer, such as kind=endpoint; by default that of the "
            "runs.",
        ),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Ask a judge: keys of the table judge, such as kind=endpoint; by default that of the runs.",
        ),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Have a model do the work that memory designs give to one: keys of the table design.roles, "
            "such as kind=endpoint; by default as in training, for designs by name rules.",
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
        str | None,
        typer.Option(
            help="Policy to take paired differences from: a name or a folder; by default the best baseline."
        ),
    ] = None,
    clean: Annotated[
        Path | None,
        typer.Option(
            help="Folder of an evaluation of these streams before they were poisoned (--option attack=...)."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Episodes per stream of a policy that samples.")] = 3,
    seed: Annotated[int, typer.Option(help="Seeds the episodes.")] = 0,
    capacities: Annotated[
        str, typer.Option(metavar="SHARES", help="Evaluate at each of these shares, such as 0.1,0.25,0.5.")
    ] = "",
    lengths: Annotated[
        str,
        typer.Option(
            metavar="FACTORS", help="Make generated streams this many times as long, such as 1,2,4,8,16."
        ),
    ] = "",
    failed_below: Annotated[
        float, typer.Option(help="Questions with a lower score count as failed and are diagnosed.")
    ] = 0.5,
    max_unscored: Annotated[
        float,
        typer.Option(help="Share of a policy's answers that may be missing; of more, all of them score 0."),
    ] = 0.05,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for tables and episodes; episodes that it holds are not played again."),
    ] = None,
    trust_run: TrustRunOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Evaluate policies on held-out streams and print scores with intervals and paired differences.

    memdojo eval runs/quickstart all

    memdojo eval runs/a runs/b sum_idf --streams locomo:memory_r1/test --capacity-share 0.25

    memdojo eval runs/design_sirllm designs

    memdojo eval mem_agent --streams synthetic:test --roles kind=endpoint --roles model=qwen3-4b \
    --roles url=http://localhost:8000/v1

    memdojo eval all --task retriever --streams jsonl:my_data.jsonl --out tables

    memdojo eval runs/quickstart all --capacities 0.1,0.2,0.4 --out curve

    memdojo eval runs/quickstart all --lengths 1,2,4,8,16

    memdojo eval recency --streams synthetic:test --option attack=contradiction --clean clean --out attacked

    Store, top_k and metric are by default those of the checkpoints and runs.
    """
    from memdojo.evaluation import EvalChoices, prepare

    choices = EvalChoices(
        task=task,
        max_entries=max_entries,
        capacity_share=capacity_share,
        token_share=token_share,
        tokenizer=tokenizer,
        top_k=top_k,
        granularity=granularity,
        retriever=retriever,
        memory=memory,
        answerer=answerer_from_options(answerer),
        judge=judge_from_options(judge),
        roles=roles_from_options(roles),
        metric=metric,
        reference=reference,
        clean=clean,
        num_seeds=seeds,
        seed=seed,
        failed_below=failed_below,
        max_unscored=max_unscored,
    )
    prepared = prepare(targets, streams, choices, stream_options=parse_options(option), trust_run=trust_run)
    for note in prepared.notes:
        typer.echo(f"note: {note}", err=True)
    if capacities or lengths:
        _print_curve(prepared, capacities, lengths, out, quiet=quiet)
    else:
        _print_scores(prepared, out, quiet=quiet)
    if out is not None:
        typer.echo(f"written to {out}")


def evaluate_trained(
    config: TrainConfig, checkpoint: Path, before: Sequence[Path], out: Path, *, quiet: bool
) -> None:
    """Evaluate what a run trained on its test streams beside the baselines, print it and keep it.

    Args:
        config: The run.
        checkpoint: What it trained.
        before: Checkpoints that it began with, to be compared with.
        out: Folder for the tables.
        quiet: Show no bar.

    Raises:
        ConfigError: If the run has no test streams.
    """
    from memdojo.evaluation import prepare_run

    _print_scores(prepare_run(config, checkpoint, before), out, quiet=quiet, replace_others=True)
    typer.echo(f"written to {out}")


def _print_scores(
    prepared: PreparedEvaluation, out: Path | None, *, quiet: bool, replace_others: bool = False
) -> None:
    typer.echo(prepared.heading())
    with progress_bar("evaluate", quiet=quiet) as progress:
        report = prepared.run(out, progress=progress, replace_others=replace_others)
    report.print()


def _print_curve(
    prepared: PreparedEvaluation, capacities: str, lengths: str, out: Path | None, *, quiet: bool
) -> None:
    if capacities and lengths:
        raise ConfigError("--capacities and --lengths are both given; measure one difficulty at a time.")
    shares = _numbers("--capacities", capacities, float) if capacities else []
    factors = _numbers("--lengths", lengths, int) if lengths else []
    typer.echo(prepared.heading(shares))
    with progress_bar("evaluate", quiet=quiet) as progress:
        if shares:
            curve = prepared.over_capacities(shares, out, progress=progress)
        else:
            curve = prepared.over_lengths(factors, out, progress=progress)
    curve.print()


def _numbers(option: str, text: str, kind: Callable[[str], Number]) -> list[Number]:
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"{option} is {text!r}; give numbers separated by commas, such as 1,2,4.") from None
