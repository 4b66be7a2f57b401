"""The commands, the options they share, and `main`."""

from __future__ import annotations

from typing import Annotated

import typer

from .compare import compare
from .configs import configs_app
from .data import data_app
from .demo import demo
from .evaluate import evaluate
from .listings import baselines, designs, envs, list_kind, streams, sweeps
from .models import merge, model_app, serve
from .purge import purge
from .report import report
from .rescore import rescore
from .running import command
from .search import search
from .serve_memory import serve_memory
from .sweep import sweep
from .train import train
from .tune import tune

HELP = """Train and evaluate policies that manage the memory of language-model agents.

memdojo train quickstart                    train a small policy, evaluate it, print the table

memdojo configs list                        see what else can be trained

memdojo eval runs/quickstart sum_idf        evaluate it again, beside a baseline

memdojo report runs/quickstart              see what its memory did, in a browser

memdojo streams synthetic:test              look at the data
"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from memdojo import __version__

        typer.echo(f"memdojo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of memdojo itself; the help text is that of the app."""


command(app, "demo")(demo)
command(app, "train")(train)
command(app, "tune")(tune)
command(app, "search")(search)
command(app, "eval")(evaluate)
command(app, "compare")(compare)
command(app, "rescore")(rescore)
command(app, "report")(report)
command(app, "sweep")(sweep)
command(app, "envs")(envs)
command(app, "streams")(streams)
command(app, "baselines")(baselines)
command(app, "designs")(designs)
command(app, "sweeps")(sweeps)
command(app, "list")(list_kind)
command(app, "merge")(merge)
command(app, "serve")(serve)
command(app, "serve-memory")(serve_memory)
command(app, "purge")(purge)
app.add_typer(configs_app, name="configs")
app.add_typer(data_app, name="data")
app.add_typer(model_app, name="model")


def main() -> None:
    """Run the command line and exit.

    Exit codes: 0 done, 1 a fault of memdojo, 2 a mistake in what was given, 130 interrupted; a training that
    another signal has ended has 128 more than its number, such as 143 for SIGTERM.
    """
    app()
