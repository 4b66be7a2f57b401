"""`memdojo eval --capacities` and `--lengths`: the same policies at several points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from memdojo.errors import ConfigError

if TYPE_CHECKING:
    from memdojo.envs.types import Stream
    from memdojo.eval.playing.settings import EvalSettings
    from memdojo.evaluation.targets import Targets

Number = TypeVar("Number", int, float)


def print_capacities(
    found: Targets,
    streams: Sequence[Stream],
    settings: EvalSettings,
    capacities: str,
    out: Path | None,
    **how: Any,
) -> None:
    """Evaluate managers at several capacities, print the curve and its front, and keep it in `out`.

    Raises:
        ConfigError: If the targets are retrievers, or the capacities are no numbers.
    """
    from memdojo.eval.sweeps.curves import curve_grid, evaluate_capacities, front_grid
    from memdojo.eval.tables.render import print_grids

    if found.task != "manager":
        raise ConfigError("--capacities is for managers: retrievers have no store to fill.")
    shares = _numbers("--capacities", capacities, float)
    table = evaluate_capacities(found.managers(), streams, settings, shares, folder=out, **how)
    score = settings.chosen_score(streams)
    print_grids([curve_grid(table, score), front_grid(table, score)])
    _say_where(out)


def print_lengths(
    found: Targets,
    spec: str,
    options: dict[str, Any],
    settings: EvalSettings,
    lengths: str,
    out: Path | None,
    **how: Any,
) -> None:
    """Evaluate policies on ever longer synthetic streams, print the curve, and keep it in `out`.

    Raises:
        ConfigError: If the streams are not synthetic, or the lengths are no whole numbers.
    """
    from memdojo.envs.streams.registry import load_streams
    from memdojo.envs.streams.synthetic import SyntheticSettings
    from memdojo.eval.sweeps.curves import curve_grid, evaluate_lengths
    from memdojo.eval.tables.render import print_grids

    if spec.partition(":")[0] != "synthetic":
        raise ConfigError(
            f"--lengths makes longer streams and {spec!r} are not synthetic; use synthetic:test."
        )
    num_sessions = options.get("num_sessions", SyntheticSettings().num_sessions)

    def load(factor: int) -> list[Stream]:
        return load_streams(spec, **options | {"num_sessions": factor * num_sessions})

    factors = _numbers("--lengths", lengths, int)
    table = evaluate_lengths(found.policies(), load, settings, factors, folder=out, **how)
    print_grids([curve_grid(table, settings.chosen_score(load(1)))])
    _say_where(out)


def _say_where(out: Path | None) -> None:
    if out is not None:
        typer.echo(f"written to {out}")


def _numbers(option: str, text: str, kind: Callable[[str], Number]) -> list[Number]:
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"{option} is {text!r}; give numbers separated by commas, such as 1,2,4.") from None
