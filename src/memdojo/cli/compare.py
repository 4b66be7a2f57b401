"""`memdojo compare`: runs, evaluations and baselines side by side, over the same questions."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from .progress import progress_bar
from .running import DebugOption, QuietOption, TrustRunOption, parse_options

Format = Literal["table", "markdown", "latex", "csv"]


def compare(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...", help="Runs, folders that memdojo eval --out wrote, names of baselines."
        ),
    ],
    reference: Annotated[
        str | None, typer.Option(help="Method to take differences from; by default the best baseline.")
    ] = None,
    metric: Annotated[str, typer.Option(help="Column of eval.csv to compare; by default its score.")] = "",
    format: Annotated[Format, typer.Option(help="How the table is printed.")] = "table",
    streams: Annotated[
        str | None, typer.Option(help="Held-out streams, where only baselines are named.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the streams' source."),
    ] = None,
    capacity_share: Annotated[
        float | None,
        typer.Option(
            help="Share of the turns and tokens that a store holds, where baselines alone are named."
        ),
    ] = None,
    task: Annotated[
        Literal["manager", "retriever"], typer.Option(help="Only where baselines alone are named.")
    ] = "manager",
    seed: Annotated[int, typer.Option(help="Seeds the resampling.")] = 0,
    trust_run: TrustRunOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare methods on the same questions: paired differences, IQM and probability of improvement.

    memdojo compare runs/x-0 runs/x-1 runs/x-2 sum_idf

    memdojo compare tables-a tables-b --reference recency --format latex

    memdojo compare sum_idf recency --streams synthetic:test --capacity-share 0.2 --format markdown

    Runs whose names differ only in a number at the end are seeds of one method.
    """
    from memdojo.evaluation import EvalChoices
    from memdojo.evaluation.comparing import compare as compare_methods

    choices = EvalChoices(
        task=task, capacity_share=capacity_share, metric=metric, reference=reference, seed=seed
    )
    with progress_bar("evaluate", quiet=quiet) as progress:
        comparison = compare_methods(
            targets,
            streams,
            choices,
            stream_options=parse_options(option),
            tell=lambda sentence: typer.echo(sentence, err=True),
            progress=progress,
            trust_run=trust_run,
        )
    if format == "table":
        comparison.print()
    else:
        typer.echo(comparison.text(format))
