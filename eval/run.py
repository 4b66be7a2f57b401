"""`run_evaluation`: from policies and held-out streams to a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from memdojo.agents.baselines.registry import LOWER_BOUND, UPPER_BOUND, NamedRetriever
from memdojo.agents.policy import ManagerPolicy, ReadsItself
from memdojo.envs.streams.splits import check_no_leak
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from .playing.evaluate import Evaluation, Progress, evaluate_manager, evaluate_retriever
from .playing.settings import EvalSettings
from .records.files import EpisodeFile, EpisodeFolder
from .report import EvalReport, make_report
from .statistics.bootstrap import NUM_RESAMPLES
from .tables.results import check_reference


def run_evaluation(
    targets: Sequence[ManagerPolicy] | Sequence[NamedRetriever],
    streams: Iterable[Stream],
    settings: EvalSettings | None = None,
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    reference: str | None = None,
    progress: Progress | None = None,
    folder: str | Path | EpisodeFolder | None = None,
) -> EvalReport:
    """Evaluate managers, or retrievers, on held-out streams and sum it up.

    `check_unseen` refuses streams that are not held out; `memdojo.evaluate` calls it.

    Args:
        targets: All managers or all `NamedRetriever`; the bounds join where they are missing.
        streams: Held-out streams.
        settings: What is the same for all.
        seed: Seeds episodes and intervals.
        num_resamples: How many resamples an interval takes.
        reference: What the paired table subtracts; None takes the best baseline beside the oracle.
        progress: Called after each batch of episodes.
        folder: Where every episode is recorded as soon as it was played. What is recorded there already is
            not played again. `EvalReport.write` takes the same folder. An `EpisodeFolder` also says which of
            the recorded episodes count.

    Raises:
        ConfigError: If managers and retrievers are mixed, or for the reasons of `evaluate_manager`.
        UnknownNameError: If no target is called `reference`; nothing has been played then.
    """
    streams, settings = list(streams), settings or EvalSettings()
    if reference is not None:
        check_reference(reference, {*(target.name for target in targets), LOWER_BOUND, UPPER_BOUND})
    file = None
    if folder is not None:
        if not isinstance(folder, EpisodeFolder):
            folder = EpisodeFolder(folder)
        conditions = settings.conditions | {"seed": seed}
        file = EpisodeFile(folder.path, conditions, streams, folder.fingerprints, folder.replace_others)
    evaluation = _evaluate(targets, streams, settings, seed, progress, file)
    return make_report(
        evaluation,
        settings,
        streams,
        seed=seed,
        num_resamples=num_resamples,
        reference=reference,
        embedders=embedders_of(targets, settings),
        readers={target.name: target.reads_by for target in targets if isinstance(target, ReadsItself)},
    )


def embedders_of(
    targets: Sequence[ManagerPolicy] | Sequence[NamedRetriever], settings: EvalSettings
) -> dict[str, str]:
    """Return the embedders by which retrievers rank, by the retriever's name; "" for those that have none."""
    retrievers = [target for target in targets if isinstance(target, NamedRetriever)]
    return {retriever.name: retriever.embedder for retriever in retrievers or [settings.retriever]}


def check_unseen(training_groups: Iterable[str], streams: Iterable[Stream]) -> None:
    """Refuse streams of groups that training has seen.

    Raises:
        LeakError: With the names of the shared groups.
    """
    # Checkpoints keep the names of the groups alone, so empty streams stand for what they saw.
    check_no_leak((Stream("", group, (), ()) for group in training_groups), streams)


def _evaluate(
    targets: Sequence[ManagerPolicy] | Sequence[NamedRetriever],
    streams: Sequence[Stream],
    settings: EvalSettings,
    seed: int,
    progress: Progress | None,
    file: EpisodeFile | None,
) -> Evaluation:
    retrievers = [target for target in targets if isinstance(target, NamedRetriever)]
    managers = [target for target in targets if not isinstance(target, NamedRetriever)]
    if retrievers and managers:
        raise ConfigError(
            f"{retrievers[0].name!r} is a retriever and {managers[0].name!r} a manager; "
            "evaluate one kind at a time (EvalSettings.retriever joins a retriever to managers)."
        )
    if retrievers:
        return evaluate_retriever(retrievers, streams, settings, seed, progress, file)
    return evaluate_manager(managers, streams, settings, seed, progress, file)
