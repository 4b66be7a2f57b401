"""Rounds: several trainings in turn, each starting from the result of the one before.

With a partner two policies are trained in turn, each against the other as it is by then: a manager, whose
questions the answer agent answers, and an answer agent, which is asked over what the manager has written (as
in Memory-R1, arXiv:2508.19828). Alone, a policy goes on from its own result, such as the mean of its best
checkpoints (as in MemSifter).

round-1/            the run of the first round
round-1-PARTNER/    the partner's run of the first round, from which the second one begins
round-2/            ...
best                link to the best checkpoint of the last round that is done

Every training is a run like any other: one that is finished is not repeated, one that is not is resumed.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from memdojo.agents.engines.settings import ServingSettings
from memdojo.errors import ConfigError, RunFolderError
from memdojo.settings import LARGEST_SEED

from ..config.files import load_config
from ..config.run_kinds import LanguageConfig
from ..loop import TrainResult
from ..run_state import RunState
from ..runs.checkpoint_folders import update_of
from ..runs.folder import CONFIG, ROUND, RunFolder
from ..runs.progress import Progress

MERGED = "merged"
"""Folder of a run with the mean of its best checkpoints."""
SEEDS_APART = 1000
"""How far the seeds of two rounds lie apart, so that a round does not play what the one before has played."""

_MODEL = "model"

Train = Callable[..., TrainResult]
"""`memdojo.train.dispatch.train`, or what stands in for it."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training of one policy.

    Attributes:
        number: Of the round, from 1.
        is_partner: True if it is the partner's.
        folder: Name of its folder within that of the rounds.
        config: What it does.
    """

    number: int
    is_partner: bool
    folder: str
    config: LanguageConfig


@dataclass(frozen=True, slots=True)
class RoundsResult:
    """What the rounds have left.

    Attributes:
        runs: The policy's runs, one for each round.
        partner_runs: The partner's; empty without one.
    """

    runs: tuple[RunFolder, ...]
    partner_runs: tuple[RunFolder, ...] = ()


def load_partner(config: LanguageConfig) -> LanguageConfig | None:
    """Return the partner's configuration; None if a policy is trained alone.

    Raises:
        ConfigError: If there is no such configuration, or the two cannot be trained in turn.
    """
    if not config.rounds.partner:
        return None
    partner = load_config(config.rounds.partner)
    tasks = {"manager": "answer_agent", "answer_agent": "manager"}
    if partner.task != tasks.get(config.task):
        raise ConfigError(
            f"rounds.partner is {config.rounds.partner!r}, whose task is {partner.task!r}, and this one's is "
            f"{config.task!r}; a manager and an answer agent are trained in turn."
        )
    if not isinstance(partner, LanguageConfig):
        raise ConfigError(
            f"rounds.partner is {config.rounds.partner!r}, whose policy.kind is {partner.policy.kind!r}; "
            "rounds are for language policies."
        )
    if partner.has_rounds:
        raise ConfigError(
            f"rounds.partner is {config.rounds.partner!r}, which has rounds itself; remove rounds.num_rounds "
            "and rounds.partner from it."
        )
    return partner


def train_in_rounds(
    config: LanguageConfig, run: RunFolder, train: Train, *, progress: Progress
) -> RoundsResult:
    """Train what is not trained yet, round by round.

    Args:
        config: With the table `[rounds]`.
        run: Holds the runs of the rounds; its `best` is that of the policy's last round.
        train: Trains one run.
        progress: Shows one training after the other.

    Raises:
        ConfigError: As `load_partner`, or if a training that goes on was begun otherwise.
        KeyboardInterrupt: After the checkpoint of the training under way was saved.
    """
    partner = load_partner(config)
    policies = (config,) if partner is None else (config, partner)
    done: dict[bool, list[RunFolder]] = {False: [], True: []}
    newest: dict[bool, Path | None] = {False: None, True: None}
    for number in range(1, config.rounds.num_rounds + 1):
        for is_partner, policy in enumerate(policies):
            training = next_training(
                config,
                policy,
                number,
                own=newest[bool(is_partner)],
                other=newest[not is_partner],
                other_config=policies[not is_partner] if partner is not None else None,
            )
            trained = _train(training, run, train, progress)
            done[training.is_partner].append(trained)
            if not is_partner:
                assert trained.best is not None  # It is trained.
                run.point_best(trained.best)
            # Where nothing follows, no mean is wanted.
            if number < config.rounds.num_rounds or (partner is not None and not is_partner):
                newest[training.is_partner] = round_result(trained, policy.rounds.merge_best, progress)
    return RoundsResult(tuple(done[False]), tuple(done[True]))


def next_training(
    config: LanguageConfig,
    policy: LanguageConfig,
    number: int,
    *,
    own: Path | None,
    other: Path | None,
    other_config: LanguageConfig | None,
) -> Training:
    """Return the training of a policy in a round.

    Args:
        config: With the table `[rounds]`.
        policy: The policy's own configuration: `config`, or the partner's.
        number: Of the round, from 1.
        own: The policy's result of the round before; None in the first round.
        other: The other policy's newest result; None where it was not trained yet.
        other_config: Of the other policy, whose engine serves it.
    """
    is_partner = policy is not config
    tree = policy.model_dump(mode="python", exclude_unset=True)
    tree["seed"] = (policy.seed + SEEDS_APART * (number - 1)) % (LARGEST_SEED + 1)
    # A run of its own that keeps its best checkpoints, and knows nothing of the others.
    tree["rounds"] = {"merge_best": policy.rounds.merge_best}
    if own is not None:
        tree.pop("warm_start", None)
        # What a reward pays for a warm-up alone belongs to the first round as well.
        faded = tree.pop("reward_decay", {})
        tree["reward"] = {part: weight for part, weight in tree["reward"].items() if part not in faded}
        tree["policy"] = tree["policy"] | {"model": str(own / _MODEL)}
        if stages := policy.streams.session_stages:
            # It has been through all of them.
            tree["streams"] = tree["streams"] | {"session_stages": stages[-1:]}
    if other is not None:
        assert other_config is not None  # A policy that was trained has a configuration.
        tree |= _with_partner(tree, policy, other, other_config)
    folder = f"{ROUND}{number}{f'-{policy.name}' if is_partner else ''}"
    return Training(number, is_partner, folder, LanguageConfig.model_validate(tree))


def _with_partner(
    tree: Mapping[str, Any], policy: LanguageConfig, other: Path, other_config: LanguageConfig
) -> dict[str, Any]:
    """Return the tables with which a policy meets the other one, frozen."""
    if policy.task == "manager":
        own = {
            key: value
            for key, value in tree.get("answerer", {}).items()
            if key in ServingSettings.model_fields
        }
        # It needs what it had in its own training, unless the manager's configuration says otherwise.
        needed = {"num_gpus", "dtype", "cache_size"}
        served = other_config.engine.model_dump(include=needed, exclude_none=True)
        return {"answerer": {**served, **own, "kind": "policy", "checkpoint": str(other)}}
    # The manager that writes has limits of its own.
    limits = ("max_entries", "capacity_share", "token_share", "tokenizer", "max_core_tokens")
    episode = {key: value for key, value in tree.get("episode", {}).items() if key not in limits}
    return {"episode": {**episode, "written_by": str(other)}}


def is_finished(path: Path) -> bool:
    """Return whether the run in a folder has all the updates that it was begun with, or has ended early."""
    if not (path / CONFIG).is_file():
        return False
    run = RunFolder.open(path)
    if run.latest is None:
        return False
    if update_of(run.latest) >= run.config.algorithm.num_updates:
        return True
    return RunState.saved_in(run.latest).has_stopped(run.config.evaluation.patience)


def best_checkpoints(run: RunFolder, num: int) -> list[Path]:
    """Return the `num` best validated checkpoints of a run, best first; the last one without validation.

    Raises:
        RunFolderError: If the run has no checkpoint.
    """
    if run.latest is None:
        raise RunFolderError(f"the run {run.path} has no checkpoint yet; continue its training.")
    run_state = RunState.saved_in(run.latest)
    ranked = [run.checkpoint_folder(update) for update in run_state.ranked_updates[:num]]
    return [folder for folder in ranked if folder.is_dir()] or [run.latest]


def round_result(run: RunFolder, merge_best: int, progress: Progress) -> Path:
    """Return the checkpoint that a round has come to: its best, or the mean of its best, which is then made.

    Raises:
        MemdojoError: If a checkpoint is damaged or the mean cannot be written.
    """
    best = best_checkpoints(run, merge_best)
    if len(best) == 1:
        return best[0]
    merged = run.path / MERGED
    if not merged.is_dir():
        from .merging import average_models

        progress.message(f"{merged}: the mean of {', '.join(folder.name for folder in best)}")
        average_models(best, merged)
    return merged


def _train(training: Training, rounds: RunFolder, train: Train, progress: Progress) -> RunFolder:
    """Return the run of a training, trained to its end."""
    path = rounds.path / training.folder
    if is_finished(path):
        progress.message(f"{path} is done")
        return _marked(RunFolder.open(path))
    resume = path.exists()
    begin = RunFolder.resume if resume else RunFolder.create
    run = begin(rounds.path, training.config, folder=training.folder)
    progress.message(f"{path}: {training.config.name}, round {training.number}")
    try:
        train(training.config, run, resume=resume, progress=progress)
    except BaseException:
        run.remove_if_untrained()
        raise
    _give_memory_back()
    return run


def _marked(run: RunFolder) -> RunFolder:
    """Return a finished run, its best checkpoint marked: one that was killed may not have come to that."""
    assert run.latest is not None  # It is finished.
    run.mark_best(RunState.saved_in(run.latest).chosen_update)
    return run


def _give_memory_back() -> None:
    """Let go of what the training that is over held on a GPU, before the next one needs it."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
