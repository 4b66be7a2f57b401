"""`memdojo tune`."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memdojo.errors import ConfigError, MissingDependencyError

from .running import FAULT, DebugOption, QuietOption, exit_code_of
from .searching import require_packages, trial_progress
from .tables import print_table
from .train import ConfigArgument, require_streams

if TYPE_CHECKING:
    from memdojo.train.runs.folder import RunFolder
    from memdojo.train.tuning.outcome import Outcome
    from memdojo.train.tuning.space import Space
    from memdojo.train.tuning.trials import Trial


def tune(
    config: ConfigArgument,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Changes for all trials, such as algorithm.num_updates=10.",
            show_default=False,
        ),
    ] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            metavar="KEY=RANGE",
            help="What to try: LOW..HIGH, LOW..HIGH:log or VALUE,VALUE; beside the ranges of the "
            "configuration. May be repeated.",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="Configurations to try, the given one included; else tune.trials.")
    ] = None,
    concurrent: Annotated[
        int | None,
        typer.Option(
            help="Trials at a time; else tune.concurrent, and by default one for each core, of language "
            "policies one."
        ),
    ] = None,
    run_dir: Annotated[Path, typer.Option(help="Folder to make the folder of the search in.")] = Path("runs"),
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a search; trials that are over are not repeated."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove an earlier search of that name.")
    ] = False,
    test: Annotated[
        bool, typer.Option("--test/--no-test", help="Evaluate the best trial on the test streams at the end.")
    ] = True,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Search for better values of a configuration's keys, by the scores of trainings on validation streams.

    memdojo tune quickstart --trials 20

    memdojo tune my_config.toml --range algorithm.learning_rate=1e-4..1e-2:log --range policy.hidden_dim=16,32

    memdojo tune quickstart algorithm.num_updates=10 tune.seeds=3 --concurrent 2

    memdojo tune quickstart --resume

    Each trial is a run in runs/NAME-tune/trials; memdojo train takes runs/NAME-tune/best.toml.
    """
    from memdojo.train.config.files import load_config
    from memdojo.train.runs.interrupts import interrupting
    from memdojo.train.runs.trackers import require_trackers
    from memdojo.train.tuning.folder import num_trials_before
    from memdojo.train.tuning.space import Space

    if resume and overwrite:
        raise ConfigError("--resume goes on with a search and --overwrite removes it; give one of the two.")
    changes = list(overrides or ())
    if resume and trials is None and not any(each.startswith("tune.trials") for each in changes):
        trials = num_trials_before(run_dir, load_config(config, changes))
    given = {"tune.trials": trials, "tune.concurrent": concurrent}
    changes += [f"{key}={value}" for key, value in given.items() if value is not None]
    space = Space.load(config, changes, ranges or ())
    require_packages()
    require_trackers(space.config.logging.report_to)
    with interrupting():
        require_streams(space.config)
        with _open(space, run_dir, resume=resume, overwrite=overwrite) as run:
            how_to_resume = _resume_command(config, changes, ranges or (), run_dir, test=test)
            outcome = _search(space, run, how_to_resume, quiet=quiet)
            _show(outcome)
            _write(outcome, run)
            if test:
                _evaluate(outcome, run, quiet=quiet)


@contextlib.contextmanager
def _open(space: Space, run_dir: Path, *, resume: bool, overwrite: bool) -> Iterator[RunFolder]:
    """Give the folder of the search, which no other process may use meanwhile."""
    from memdojo.envs.streams.folder_lock import FolderLock
    from memdojo.train.tuning.folder import create_search, resume_search

    if resume:
        run = resume_search(run_dir, space.config)
    else:
        run = create_search(run_dir, space.config, overwrite=overwrite)
    with FolderLock(run.path), run:
        yield run


def _search(space: Space, run: RunFolder, how_to_resume: str, *, quiet: bool) -> Outcome:
    from memdojo.train.tuning.outcome import Outcome
    from memdojo.train.tuning.search import run_search

    try:
        with trial_progress("tune", partial(_describe, space), quiet=quiet) as on_trial:
            trials = run_search(space, run.path, on_trial)
    except KeyboardInterrupt as interrupt:
        typer.echo(f"interrupted; continue with: {how_to_resume}", err=True)
        raise typer.Exit(exit_code_of(interrupt)) from None
    outcome = Outcome.of(space, trials)
    if outcome is None:
        typer.echo(f"error: no trial came to a score; the first one failed with: {trials[0].error}", err=True)
        raise typer.Exit(FAULT)
    return outcome


def _show(outcome: Outcome) -> None:
    print_table(*outcome.table())
    typer.echo()
    for sentence in outcome.sentences():
        typer.echo(sentence)


def _write(outcome: Outcome, run: RunFolder) -> None:
    from memdojo.train.tuning.outcome import BEST_CONFIG

    try:
        outcome.write(run)
    except MissingDependencyError as error:
        typer.echo(f"note: {error}", err=True)
    typer.echo(f"train the best configuration with: memdojo train {shlex.quote(str(run.path / BEST_CONFIG))}")


def _evaluate(outcome: Outcome, run: RunFolder, *, quiet: bool) -> None:
    """Evaluate the runs of the best trial alone: the test streams must choose nothing."""
    from memdojo.train.runs.folder import EVALUATION

    from .evaluate import evaluate_trained

    if outcome.config.streams.test is None:
        typer.echo("streams.test is not set, so there is no final evaluation; run memdojo eval at any time.")
        return
    best, *others = outcome.checkpoints(run)
    evaluate_trained(outcome.config, best, others, run.path / EVALUATION, quiet=quiet)


def _describe(space: Space, trial: Trial) -> str:
    from memdojo.train.tuning.outcome import show

    return " ".join(f"{key}={show(trial.values[key])}" for key in space.ranges)


def _resume_command(
    config: str, changes: Sequence[str], ranges: Sequence[str], run_dir: Path, *, test: bool
) -> str:
    where = [] if run_dir == Path("runs") else ["--run-dir", str(run_dir)]
    options: list[Any] = [word for each in ranges for word in ("--range", each)]
    options += where if test else [*where, "--no-test"]
    return shlex.join(["memdojo", "tune", config, *changes, *options, "--resume"])
