"""`memdojo search`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memdojo.errors import ConfigError, MissingDependencyError

from .progress import progress_bar
from .running import FAULT, DebugOption, QuietOption, exit_code_of, parse_options
from .searching import require_packages, trial_progress
from .tables import JsonOption, print_json, print_table

if TYPE_CHECKING:
    import pandas as pd

    from memdojo.envs.types import Stream
    from memdojo.train.design_search.outcome import SearchOutcome
    from memdojo.train.design_search.settings import SearchSettings
    from memdojo.train.design_search.space import DesignSpace
    from memdojo.train.tuning.trials import Trial

ALL_DESIGNS = "designs"
"""Names all memory designs."""


def search(
    streams: Annotated[
        str, typer.Option(help="Validation streams, which choose among designs: synthetic:validation.")
    ],
    name: Annotated[str, typer.Option(help="Name of the folder of the search.")],
    designs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,NAME", help="Memory designs whose parts are tried; by default all. May be repeated."
        ),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(help="Test streams, on which the front is evaluated once; without them it is not."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the source of both."),
    ] = None,
    num_trials: Annotated[
        int, typer.Option(help="Designs to try, of which the first are those that were named, as they are.")
    ] = 40,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            metavar="KEY=RANGE",
            help="What to try of DESIGN.PARAMETER, max_read_entries or max_read_tokens, in place of its "
            "range: LOW..HIGH, LOW..HIGH:log or VALUE,VALUE. May be repeated.",
        ),
    ] = None,
    max_entries: Annotated[int | None, typer.Option(help="Entries that a store holds at most.")] = None,
    capacity_share: Annotated[
        float | None, typer.Option(help="The same as a share of the stream's turns, and of its tokens.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="Entries from which a question is answered at most.")] = 10,
    metric: Annotated[str, typer.Option(help="Score, one of answers or kept_evidence.")] = "token_f1",
    seed: Annotated[int, typer.Option(help="Seeds what is proposed, and the episodes.")] = 0,
    concurrent: Annotated[
        int | None, typer.Option(help="Trials at a time; by default one for each core.")
    ] = None,
    run_dir: Annotated[Path, typer.Option(help="Folder to make the folder of the search in.")] = Path("runs"),
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a search; trials that are over are not repeated."),
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Search for memory designs that score higher and hand fewer tokens to the answerer.

    memdojo search --streams synthetic:validation --test synthetic:test --capacity-share 0.2 --name first

    memdojo search --streams synthetic:validation --designs sirllm,scm,karma --num-trials 20 --name three

    memdojo search --streams synthetic:validation --designs karma --range karma.near=0.1..0.6 --name karma

    A trial is a design that writes, one that reads, their parameters, and a limit to the entries and tokens
    that are read. The validation streams choose; the front, the best design as it is, and recency are played
    on the test streams once. All is written to RUN_DIR/NAME; the same command with --resume goes on.
    """
    require_packages()
    from memdojo.envs.streams.folder_lock import FolderLock
    from memdojo.train.design_search.folder import create_folder, resume_folder
    from memdojo.train.design_search.settings import SearchSettings
    from memdojo.train.design_search.space import DesignSpace
    from memdojo.train.runs.interrupts import interrupting
    from memdojo.train.tuning.space import parse_range

    settings = SearchSettings(
        streams=streams,
        stream_options=parse_options(option),
        designs=_names(designs or [ALL_DESIGNS]),
        ranges=dict(map(parse_range, ranges or ())),
        metric=metric,
        max_entries=max_entries,
        capacity_share=capacity_share,
        top_k=top_k,
        seed=seed,
    )
    space = DesignSpace(settings)
    _require_enough(num_trials, space, concurrent)
    with interrupting():
        held_out = _load(settings, test)
        make_folder = resume_folder if resume else create_folder
        folder = make_folder(run_dir, name, settings)
        with FolderLock(folder):
            outcome = _search(space, num_trials, folder, concurrent, quiet=quiet)
            tested = None if held_out is None else _test(outcome, held_out, folder, quiet=quiet)
            _write(outcome, folder, tested)
        _show(outcome, tested, as_json=as_json)
    typer.echo(f"written to {folder}", err=as_json)


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """Return the names of designs, each once; `designs` stands for all of them."""
    from memdojo.agents.designs.registry import DESIGNS

    names = [name.strip() for each in given for name in each.split(",") if name.strip()]
    return tuple(
        dict.fromkeys(
            known for name in names for known in (sorted(DESIGNS) if name == ALL_DESIGNS else (name,))
        )
    )


def _require_enough(num_trials: int, space: DesignSpace, concurrent: int | None) -> None:
    if num_trials < len(space.given):
        raise ConfigError(
            f"--num-trials is {num_trials}, and the number of designs that are tried as they are first is "
            f"{len(space.given)}; give at least as many trials, or name fewer --designs."
        )
    if concurrent is not None and concurrent < 1:
        raise ConfigError(f"--concurrent is {concurrent}; give at least 1.")


def _load(settings: SearchSettings, test: str | None) -> list[Stream] | None:
    """Return the test streams, if there are to be some, and see that all streams are of use."""
    from memdojo.envs.streams.registry import load_streams
    from memdojo.train.design_search.testing import require_apart

    loaded = {
        spec: load_streams(spec, **settings.stream_options) for spec in (settings.streams, test) if spec
    }
    for spec, streams in loaded.items():
        if not any(stream.questions for stream in streams):
            raise ConfigError(f"the streams {spec} have no question to score by; name others.")
    if test is None:
        return None
    require_apart(loaded[settings.streams], loaded[test])
    return loaded[test]


def _search(
    space: DesignSpace, num_trials: int, folder: Path, concurrent: int | None, *, quiet: bool
) -> SearchOutcome:
    from memdojo.train.design_search.outcome import SearchOutcome
    from memdojo.train.design_search.search import search_designs

    def describe(trial: Trial) -> str:
        return space.name_of(trial.values)

    at_a_time = concurrent or len(os.sched_getaffinity(0))
    try:
        with trial_progress("search", describe, quiet=quiet) as on_trial:
            trials = search_designs(space, num_trials, folder, on_trial, concurrent=at_a_time)
    except KeyboardInterrupt as interrupt:
        typer.echo("interrupted; the same command with --resume goes on", err=True)
        raise typer.Exit(exit_code_of(interrupt)) from None
    outcome = SearchOutcome.of(space, trials)
    if outcome is None:
        typer.echo(f"error: no trial came to a score; the first one failed with: {trials[0].error}", err=True)
        raise typer.Exit(FAULT)
    return outcome


def _test(outcome: SearchOutcome, streams: Sequence[Stream], folder: Path, *, quiet: bool) -> pd.DataFrame:
    from memdojo.train.design_search.folder import TEST
    from memdojo.train.design_search.testing import run_test

    with progress_bar("test", quiet=quiet) as progress:
        return run_test(outcome, streams, folder / TEST, progress)


def _write(outcome: SearchOutcome, folder: Path, tested: pd.DataFrame | None) -> None:
    from memdojo.train.design_search.figure import write_front
    from memdojo.train.design_search.writing import write_outcome

    write_outcome(outcome, folder, tested)
    try:
        write_front(outcome, folder)
    except MissingDependencyError as error:
        typer.echo(f"note: {error}", err=True)


def _show(outcome: SearchOutcome, tested: pd.DataFrame | None, *, as_json: bool) -> None:
    from memdojo.train.design_search.outcome import shown
    from memdojo.train.design_search.testing import shown_test
    from memdojo.train.design_search.writing import rows_of

    if as_json:
        print_json(rows_of(outcome.front_table() if tested is None else tested))
        return
    score = outcome.space.settings.metric
    failed = sum(trial.outcome == "failed" for trial in outcome.trials)
    typer.echo(f"{len(outcome.trials)} trials, {failed} failed; on the front, chosen on validation:")
    print_table(*shown(outcome.front_table(), score))
    typer.echo("The best of many scores is too high by chance, and its interval knows nothing of that.")
    if tested is not None:
        typer.echo("\non the test streams:")
        print_table(*shown_test(tested, score))
