"""`memdojo rescore`: recorded episodes with another metric, answerer or judge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .judges import answerer_from_options, judge_from_options
from .running import DebugOption


def rescore(
    folder: Annotated[Path, typer.Argument(help="A folder that memdojo eval --out wrote.")],
    metric: Annotated[str, typer.Option(help="Score to report, such as token_f1 or recall@5.")] = "",
    answerer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Ask another answerer: keys of the table answerer, such as kind=extractive.",
        ),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="Ask a judge: keys of the table judge, such as kind=endpoint."
        ),
    ] = None,
    failed_below: Annotated[
        float | None, typer.Option(help="Questions with a lower score count as failed and are diagnosed.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="Policy to take paired differences from; by default the best baseline.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables and the new answers.")] = None,
    debug: DebugOption = False,
) -> None:
    """Score recorded episodes again, without running the policies.

    memdojo rescore tables --metric token_f1

    memdojo rescore tables --answerer kind=endpoint --answerer model=NAME --answerer url=http://HOST:8000/v1 \
    --out tables-model
    """
    from memdojo.eval.rescoring import rescore as rescore_folder

    changes: dict[str, Any] = {} if failed_below is None else {"failed_below": failed_below}
    report = rescore_folder(
        folder,
        score=metric,
        answerer=answerer_from_options(answerer),
        judge=judge_from_options(judge),
        out=out,
        reference=reference,
        **changes,
    )
    report.print()
    if out is not None:
        report.write(out)
        typer.echo(f"written to {out}")
