"""`memdojo train`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memdojo.errors import ConfigError, MissingDependencyError

from .running import DebugOption, QuietOption, exit_code_of
from .tables import print_table

if TYPE_CHECKING:
    from memdojo.train.config.run import TrainConfig
    from memdojo.train.config.run_kinds import LanguageConfig
    from memdojo.train.runs.folder import RunFolder
    from memdojo.train.runs.progress import Progress

TRAINING_PACKAGES = ("torch", "ray", "safetensors", "tensorboard")


ConfigArgument = Annotated[
    str, typer.Argument(help="A packaged configuration, such as quickstart, or a file that ends in .toml.")
]


def train(
    config: ConfigArgument,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Changes, such as algorithm.name=ppo seed=1.", show_default=False
        ),
    ] = None,
    run_dir: Annotated[Path, typer.Option(help="Folder to make the run's folder in.")] = Path("runs"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the last checkpoint of the run.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove an earlier run of that name.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the configuration with all defaults and what would be played, and end."
        ),
    ] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train a policy, evaluate it against the baselines on held-out streams, and print the table.

    memdojo train quickstart

    memdojo train quickstart algorithm.name=ppo seed=1 name=ppo-1

    memdojo train my_config.toml streams.train=jsonl:my_data.jsonl --run-dir /tmp/runs

    memdojo train quickstart --resume

    memdojo train quickstart --dry-run

    An empty value removes a key of the file: streams.window_turns=
    """
    from memdojo.train.config.files import load_config
    from memdojo.train.runs.interrupts import interrupting
    from memdojo.train.runs.trackers import require_trackers

    if resume and overwrite:
        raise ConfigError("--resume continues a run and --overwrite removes it; give one of the two.")
    resolved = load_config(config, overrides or ())
    trainer = _import_trainer()
    if dry_run:
        _show_what_would_be_done(resolved)
        return
    require_trackers(resolved.logging.report_to)
    how_to_resume = _resume_command(config, overrides, run_dir)
    with interrupting():
        require_streams(resolved)
        _train_and_evaluate(trainer, resolved, run_dir, how_to_resume, resume, overwrite, quiet)


def _show_what_would_be_done(config: TrainConfig) -> None:
    from memdojo.train.config.files import dump_config
    from memdojo.train.forecast import forecast

    typer.echo(dump_config(config))
    print_table(["what it comes to", "number"], forecast(config).rows())


def _train_and_evaluate(
    trainer: ModuleType,
    resolved: TrainConfig,
    run_dir: Path,
    how_to_resume: str,
    resume: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    from memdojo.envs.streams.folder_lock import FolderLock
    from memdojo.train.config.run_kinds import LanguageConfig
    from memdojo.train.runs.folder import RunFolder
    from memdojo.train.runs.progress import make_progress

    if resume:
        run = RunFolder.resume(run_dir, resolved)
    else:
        run = RunFolder.create(run_dir, resolved, overwrite=overwrite)
    # Held to the end of the evaluation, which writes into the run's folder as well.
    with FolderLock(run.path), run:
        if isinstance(resolved, LanguageConfig) and resolved.has_rounds:
            _train_in_rounds(trainer, resolved, run, quiet, how_to_resume)
            return
        with make_progress(quiet=quiet) as progress:
            train_it = partial(trainer.train, resolved, run, resume=resume, progress=progress)
            result = _train(train_it, run, progress, how_to_resume)
        typer.echo(f"{run.path}: {result.updates} updates, best checkpoint {result.best}")
        before = [run.warm_start] if run.warm_start.is_dir() else []
        _evaluate(resolved, result.best, before, run.path, quiet=quiet)


def _train_in_rounds(
    trainer: ModuleType, config: LanguageConfig, run: RunFolder, quiet: bool, how_to_resume: str
) -> None:
    """Train round by round, and evaluate the result of the last round beside those before it."""
    from memdojo.train.language.rounds import train_in_rounds
    from memdojo.train.runs.progress import make_progress

    with make_progress(quiet=quiet) as progress:
        train_them = partial(train_in_rounds, config, run, trainer.train, progress=progress)
        result = _train(train_them, run, progress, how_to_resume)
    for runs, out in ((result.runs, run.path), (result.partner_runs, None)):
        if runs:
            *earlier, last = runs
            started = [runs[0].warm_start] if runs[0].warm_start.is_dir() else []
            best = _best(last)
            typer.echo(f"{last.path}: best checkpoint {best}")
            before = [*map(_best, reversed(earlier)), *started]
            _evaluate(last.config, best, before, out or last.path, quiet=quiet)


def _best(run: RunFolder) -> Path:
    """Return the best checkpoint of a run that is trained, by the path that the run itself was given by."""
    from memdojo.train.runs.checkpoint_folders import update_of

    assert run.best is not None  # It is trained.
    return run.checkpoint_folder(update_of(run.best))


def _evaluate(config: TrainConfig, best: Path, before: list[Path], run: Path, *, quiet: bool) -> None:
    if config.streams.test is None:
        typer.echo("streams.test is not set, so there is no final evaluation; run memdojo eval at any time.")
        return
    from memdojo.train.runs.folder import EVALUATION

    from .evaluate import evaluate_trained

    evaluate_trained(config, best, before, run / EVALUATION, quiet=quiet)


def _train(train: Callable[[], Any], run: RunFolder, progress: Progress, how_to_resume: str) -> Any:
    try:
        return train()
    except KeyboardInterrupt as interrupt:
        progress.close()
        if run.remove_if_untrained():
            typer.echo("interrupted before the first update; nothing was left behind", err=True)
        else:
            typer.echo(f"interrupted; continue with: {how_to_resume}", err=True)
        raise typer.Exit(exit_code_of(interrupt)) from None
    except BaseException:
        # A run that never began would stand in the way of the next attempt under its name.
        run.remove_if_untrained()
        raise


def _import_trainer() -> ModuleType:
    try:
        import memdojo.train.dispatch as trainer
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] not in TRAINING_PACKAGES:
            raise
        raise MissingDependencyError(
            f"training needs {error.name}, which is not installed: pip install 'memdojo[train]'"
        ) from error
    return trainer


def require_streams(config: TrainConfig) -> None:
    """Read one stream of each split, so that a wrong spec is reported before an earlier run is touched."""
    from memdojo.envs.streams.registry import iter_streams
    from memdojo.train.config.tables import SPLITS

    for split in SPLITS:
        for spec in config.streams.specs(split):
            next(iter(iter_streams(spec, **config.streams.load_options(split, spec))), None)


def _resume_command(config: str, overrides: list[str] | None, run_dir: Path) -> str:
    where = [] if run_dir == Path("runs") else ["--run-dir", str(run_dir)]
    return shlex.join(["memdojo", "train", config, *(overrides or ()), *where, "--resume"])
