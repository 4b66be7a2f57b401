"""`evaluate`, curves of it, and the evaluation of a run as training ends."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memdojo.agents.baselines.registry import list_baselines
from memdojo.agents.designs.roles.protocol import Roles
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.agents.designs.running.policy import DEFAULT_EMBEDDER, DesignManager
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError
from memdojo.eval.playing.evaluate import Progress
from memdojo.eval.report import EvalReport
from memdojo.train.checkpoints.loading import load_learned
from memdojo.train.checkpoints.trust import (
    Trust,
    reached_by_name,
    reached_by_table,
    require_trust,
    root_of,
)
from memdojo.train.config.run import TrainConfig
from memdojo.train.runs.folder import EVALUATION, RunFolder

from .choices import EvalChoices
from .graders_of_runs import roles_of_run
from .prepared import Curve, PreparedEvaluation, load_test_streams, prepare, prepare_found
from .targets import ALL, Target, Targets, find_targets


def evaluate(
    targets: Target | Sequence[Target],
    streams: str | Sequence[Stream] | None = None,
    choices: EvalChoices | None = None,
    *,
    stream_options: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    trust_run: bool = False,
) -> EvalReport:
    """Evaluate policies on held-out streams: scores, their intervals and differences, and why questions fail.

    What `memdojo eval` does:

        report = memdojo.evaluate(
            ["recency", "sum_idf"],
            "synthetic:test",
            memdojo.EvalChoices(capacity_share=0.2),
            stream_options={"num_streams": 4},
        )
        report.print()
        report.summary  # a pandas DataFrame; so are report.paired and report.evaluation.questions

    Limits, retriever, answerer, judge, memory and score are those with which the checkpoints among the
    targets were trained, unless the choices say something else. Doing nothing and the oracle join as bounds.

    Args:
        targets: One or several: names of baselines (`all` for every one but the memory
            designs, `designs` for those), folders of runs or checkpoints, and
            policies as objects: managers, retrievers, or answer agents. A registered name wins; a folder that
            has the name of a baseline is written `./recency`.
        streams: Held-out streams, as a spec such as `locomo:test` or as objects; None takes the test streams
            of the run among the targets.
        choices: How they are evaluated.
        stream_options: Options of the source that the spec names.
        out: Folder for the tables and for every episode as soon as it was played. What is recorded there
            already is not played again, so the same call continues an interrupted evaluation.
            Checkpoints are identified by their weights, objects by their names alone.
        progress: Called after each batch with the policy's name, the episodes played so far and all of them.
        trust_run: Whether the runs among the targets may have asked what they name outside of themselves:
            endpoints, models, other runs. A run is data, perhaps from somebody else. Even then its endpoints
            get a key only if they are that of OPENAI_BASE_URL; an answerer or judge of the choices gets it.

    Warns:
        UserWarning: If a checkpoint was chosen by its score on some of the streams' groups, or the test data
            of a run is not what it was when the run was trained.

    Raises:
        UnknownNameError: If something is neither a name nor a folder.
        CheckpointError: If a folder holds no usable checkpoint.
        LeakError: If a stream is of a group that a policy was trained on.
        ConfigError: If targets are of different tasks, choices contradict each other, the trainings differ in
            what was not chosen, a run that is not trusted reaches outside of itself, or `out` has episodes
            that were played under other conditions.
    """
    prepared = prepare(targets, streams, choices, stream_options=stream_options, trust_run=trust_run)
    _warn(prepared)
    return prepared.run(out, progress=progress)


def capacity_curve(
    targets: Target | Sequence[Target],
    shares: Sequence[float],
    streams: str | Sequence[Stream] | None = None,
    choices: EvalChoices | None = None,
    *,
    stream_options: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    trust_run: bool = False,
) -> Curve:
    """Evaluate managers at several sizes of the store: the score that a budget buys.

    What `memdojo eval --capacities` does. All but `shares` is as for `evaluate`.

    Args:
        targets: Managers.
        shares: Entries of the store, as shares of each stream's turns.
        streams: As for `evaluate`, like all that follow.
        choices: As there; a size of the store plays no part.
        stream_options: As there.
        out: Keeps each point's evaluation in a folder of its own, `capacity-SHARE`, and `capacities.csv`.
        progress: As there.
        trust_run: As there.

    Raises:
        ConfigError: If the targets are retrievers, or there is no share.
        MemdojoError: What `evaluate` raises.
    """
    prepared = prepare(targets, streams, choices, stream_options=stream_options, trust_run=trust_run)
    _warn(prepared)
    return prepared.over_capacities(shares, out, progress=progress)


def length_curve(
    targets: Target | Sequence[Target],
    factors: Sequence[int],
    streams: str,
    choices: EvalChoices | None = None,
    *,
    stream_options: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    trust_run: bool = False,
) -> Curve:
    """Evaluate policies on ever longer generated streams, under a store that does not grow.

    What `memdojo eval --lengths` does. All but `factors` is as for `evaluate`.

    Args:
        targets: Managers or retrievers.
        factors: How many times as long the streams are.
        streams: Spec of generated streams, such as synthetic:test.
        choices: As for `evaluate`, like all that follow.
        stream_options: As there.
        out: Keeps each point's evaluation in a folder of its own, `length-FACTOR`, and `lengths.csv`.
        progress: As there.
        trust_run: As there.

    Raises:
        ConfigError: If the streams are not generated, or there is no factor.
        MemdojoError: What `evaluate` raises.
    """
    prepared = prepare(targets, streams, choices, stream_options=stream_options, trust_run=trust_run)
    _warn(prepared)
    return prepared.over_lengths(factors, out, progress=progress)


def prepare_run(
    config: TrainConfig, checkpoint: Path, before: Sequence[Path] = (), *, trust: Trust = Trust.OWN
) -> PreparedEvaluation:
    """Prepare what `memdojo train` does at its end: a run's checkpoint on its test streams beside baselines.

    Args:
        config: The run.
        checkpoint: What it trained.
        before: Checkpoints that it began with, to be compared with.
        trust: Whose the configuration is.

    Raises:
        ConfigError: If the run has no test streams, or reaches outside of itself and is not trusted.
        LeakError: If a test stream is of a training group.
    """
    if trust is Trust.NONE:
        _require_trust(config, checkpoint)
    roles = roles_of_run(config, trust)
    learned = tuple(
        load_learned(folder, trust_run=trust is not Trust.NONE, roles=roles)
        for folder in (checkpoint, *before)
    )
    task, episode = learned[0].task, config.episode
    rule = _rule_of(config, roles)
    given = config.evaluation.baselines or (ALL,)
    found = find_targets(given if rule is None else (rule, *given), task)
    choices = EvalChoices(
        max_entries=episode.max_entries,
        capacity_share=episode.capacity_share,
        token_share=episode.token_share,
        tokenizer=episode.tokenizer,
        top_k=episode.top_k,
        granularity=episode.granularity,
        retriever=episode.retriever if task == "manager" else None,
        memory=episode.written_by,
        metric=config.evaluation.score(episode.top_k),
        seed=config.seed,
        num_resamples=config.evaluation.num_resamples,
        max_unscored=config.evaluation.max_unscored,
    )
    targets = Targets(task, learned, found.baselines, found.objects)
    return prepare_found(targets, [config], load_test_streams(config), choices, trust)


def _rule_of(config: TrainConfig, roles: Roles | None) -> str | ManagerPolicy | None:
    """Return the rule of the design whose decisions a run has learned; None of what is no design.

    It is the baseline of the design's name, unless that is the design with other parameters or roles.
    """
    if config.design.name is None:
        return None
    chosen, name = config.design, config.design.name
    if not chosen.parameters and chosen.embedder == DEFAULT_EMBEDDER and isinstance(roles, RuleRoles):
        return name
    as_configured = f"{name}, as configured"
    return DesignManager(chosen.design, roles=roles, embedder=chosen.embedder, name=as_configured)


def _require_trust(config: TrainConfig, checkpoint: Path) -> None:
    """Refuse a run that reaches outside of itself in what its evaluation uses."""
    root = root_of(checkpoint)
    reached = [
        *reached_by_table("answerer", config.answerer, root),
        *reached_by_table("judge", config.judge, root),
        *reached_by_table("design.roles", config.design.roles, root),
        *reached_by_name("episode.tokenizer", config.episode.tokenizer, (), root),
        *reached_by_name("episode.written_by", config.episode.written_by, list_baselines(), root),
    ]
    require_trust(root, reached, instead="evaluate it by memdojo eval with --answerer or --judge")


def evaluate_run(run: RunFolder, *, progress: Progress | None = None, trust_run: bool = False) -> EvalReport:
    """Evaluate a run as `memdojo train` does at its end, and keep it in the run's folder.

    Args:
        run: The run.
        progress: As for `evaluate`, like `trust_run`.

    Warns:
        UserWarning: What a reader of the scores should know, such as that the run's data has changed.

    Raises:
        ConfigError: If the run has no checkpoint or no test streams, or reaches outside of itself.
    """
    checkpoint = run.best or run.latest
    if checkpoint is None:
        raise ConfigError(f"the run {run.path} has no checkpoint yet; train it first.")
    prepared = prepare_run(run.config, checkpoint, trust=Trust.of_run(trust_run))
    _warn(prepared)
    return prepared.run(run.path / EVALUATION, progress=progress, replace_others=True)


def _warn(prepared: PreparedEvaluation) -> None:
    for note in prepared.notes:
        # Reported where the caller of this module's function stands.
        warnings.warn(note, stacklevel=3)
