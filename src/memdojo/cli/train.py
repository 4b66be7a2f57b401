"""`memdojo train`."""

from __future__ import annotations

import shlex
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memdojo.errors import ConfigError, MissingDependencyError

from .running import INTERRUPTED, DebugOption, QuietOption

if TYPE_CHECKING:
    from memdojo.train.config import TrainConfig
    from memdojo.train.progress import Progress
    from memdojo.train.runs import RunFolder

TRAINING_PACKAGES = ("torch", "ray", "safetensors", "tensorboard")


def train(
    config: Annotated[
        str,
        typer.Argument(help="A packaged configuration, such as quickstart, or a file that ends in .toml."),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Changes, such as algorithm.name=ppo seed=1.", show_default=False
        ),
    ] = None,
    run_dir: Annotated[Path, typer.Option(help="Where the run's folder is made.")] = Path("runs"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint of the run.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove an earlier run of that name.")
    ] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train a policy, evaluate it against the baselines on held-out streams, and print the table.

    memdojo train quickstart

    memdojo train quickstart algorithm.name=ppo seed=1 name=ppo-1

    memdojo train my_config.toml streams.train=jsonl:my_data.jsonl --run-dir /tmp/runs

    memdojo train quickstart --resume

    An empty value takes a key out of the file: streams.window_turns=
    """
    from memdojo.train.config_files import load_config
    from memdojo.train.progress import make_progress
    from memdojo.train.runs import RunFolder

    if resume and overwrite:
        raise ConfigError("--resume goes on with a run and --overwrite removes it; give one of the two.")
    resolved = load_config(config, overrides or ())
    trainer = _import_trainer()
    _require_streams(resolved)
    if resume:
        run = RunFolder.resume(run_dir, resolved)
    else:
        run = RunFolder.create(run_dir, resolved, overwrite=overwrite)
    with make_progress(quiet=quiet) as progress:
        result = _train(trainer, resolved, run, resume, progress, _resume_command(config, overrides, run_dir))
    typer.echo(f"{run.path}: {result.updates} updates, best checkpoint {result.best}")
    if resolved.streams.test is None:
        typer.echo("streams.test is not set, so there is no final evaluation; memdojo eval does it any time.")
        return
    from .evaluate import evaluate_run

    warm_start = run.warm_start if run.warm_start.is_dir() else None
    evaluate_run(resolved, result.best, warm_start, run.path / "evaluation", quiet=quiet)


def _train(
    trainer: ModuleType,
    config: TrainConfig,
    run: RunFolder,
    resume: bool,
    progress: Progress,
    how_to_resume: str,
) -> Any:
    try:
        return trainer.train(config, run, resume=resume, progress=progress)
    except KeyboardInterrupt:
        progress.close()
        if run.remove_if_untrained():
            typer.echo("interrupted before the first update; nothing was left behind", err=True)
        else:
            typer.echo(f"interrupted; go on with: {how_to_resume}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except BaseException:
        # A run that never began would stand in the way of the next attempt under its name.
        run.remove_if_untrained()
        raise


def _import_trainer() -> ModuleType:
    try:
        import memdojo.train.trainer as trainer
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] not in TRAINING_PACKAGES:
            raise
        raise MissingDependencyError(
            f"training needs {error.name}, which is not installed: pip install 'memdojo[train]'"
        ) from error
    return trainer


def _require_streams(config: TrainConfig) -> None:
    """Read one stream of each split, so that a wrong spec is told before an earlier run is touched."""
    from memdojo.envs.streams.registry import iter_streams

    for split in ("train", "validation", "test"):
        spec = getattr(config.streams, split)
        if spec is not None:
            next(iter(iter_streams(spec, **config.streams.load_options(split))), None)


def _resume_command(config: str, overrides: list[str] | None, run_dir: Path) -> str:
    where = [] if run_dir == Path("runs") else ["--run-dir", str(run_dir)]
    return shlex.join(["memdojo", "train", config, *(overrides or ()), *where, "--resume"])
