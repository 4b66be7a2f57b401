"""The training loop of every policy: play, learn, validate, save."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from pydantic import TypeAdapter

from memdojo.envs.types import Stream
from memdojo.errors import EngineError
from memdojo.rewards.reward import Reward

from .checkpoints.compact import TrainedOn, read_state, reading_state
from .config.run import TrainConfig
from .rollouts.memory_figures import mean_figures
from .rollouts.recorded_episodes import RecordedEpisodes, records_are_due
from .rollouts.unscored import bound_unscored
from .runs.folder import RunFolder
from .runs.interrupts import GracefulStop
from .runs.progress import Progress, Report
from .runs.trackers import require_trackers


class AnyTrajectory(Protocol):
    """The part of an episode that the loop looks at, for either kind of policy."""

    @property
    def scored(self) -> bool: ...  # noqa: D102

    @property
    def episode_return(self) -> float: ...  # noqa: D102

    @property
    def parts(self) -> Mapping[str, float]: ...  # noqa: D102

    @property
    def counts(self) -> Mapping[str, int]: ...  # noqa: D102

    @property
    def memory(self) -> Mapping[str, float]: ...  # noqa: D102


Groups = Sequence[Sequence[Any]]
OPERATIONS = "operations/"
"""How the names of the metrics of operations begin."""


class Played(NamedTuple):
    """The trajectory groups of an update, with figures about how they were played."""

    groups: Groups
    metrics: dict[str, float]


class Trainee(Protocol):
    """A policy in training, with all that it takes to play and to learn.

    Attributes:
        is_main: True in the process that writes the run's folder; the others only learn with it.
    """

    is_main: bool

    def play(self, update: int) -> Played:
        """Play the episodes of update `update` with the present weights."""
        ...

    def learn(self, groups: Groups, update: int) -> dict[str, float]:
        """Learn from them and return metrics."""
        ...

    def validate(self, num_recorded: int = 0) -> Groups:
        """Play the validation episodes greedily, and record all that is done in the first `num_recorded`."""
        ...

    def save(self, folder: Path, training: TrainedOn, state: Mapping[str, Any]) -> None:
        """Write a checkpoint with the policy, the learner and the loop's `state`."""
        ...

    def agree(self, flag: bool) -> bool:
        """Return the main process's flag in every process."""
        ...

    def close(self) -> None:
        """Release workers and engines."""
        ...


@dataclass(frozen=True, slots=True)
class TrainResult:
    """How a run ended.

    Attributes:
        best: The checkpoint with the best validation score; the last one where nothing was validated.
        best_score: That score; None where nothing was validated.
        updates: Updates done in all.
    """

    best: Path
    best_score: float | None
    updates: int


@dataclass(slots=True)
class RunState:
    """What a run must remember from one update to the next, beside weights and optimiser.

    Attributes:
        ranking: Update and validation score of the best ones, best first, as many as `rounds.merge_best`.
    """

    updates: int = 0
    last_score: float | None = None
    best_score: float | None = None
    best_update: int = 0
    ranking: list[tuple[int, float]] = field(default_factory=list)

    @classmethod
    def saved_in(cls, checkpoint: Path) -> Self:
        """Return where the run stood when a checkpoint was written.

        Raises:
            CheckpointError: If the checkpoint is damaged.
        """
        standing = read_state(checkpoint).get("standing")
        with reading_state(checkpoint):
            return TypeAdapter(cls).validate_python(standing)

    @property
    def chosen_update(self) -> int:
        """The update whose policy is the run's result: without validation the last one is the best."""
        return self.best_update or self.updates

    def rank(self, num: int) -> None:
        """Put the last score into the ranking of the `num` best; of equal ones the earlier comes first."""
        assert self.last_score is not None  # Something was validated.
        ranked = [*self.ranking, (self.updates, self.last_score)]
        self.ranking = sorted(ranked, key=lambda each: -each[1])[:num]

    @property
    def ranked_updates(self) -> list[int]:
        """The updates of the ranking, best first."""
        return [update for update, _ in self.ranking]


class TrainLoop:
    """One update after the other.

    Args:
        config: The run.
        run: Its folder.
        trainee: Who plays and learns.
        record: How the policy was trained, for its checkpoints.
        run_state: Where the run stands.
        held_out: The validation streams.
    """

    def __init__(
        self,
        config: TrainConfig,
        run: RunFolder,
        trainee: Trainee,
        record: TrainedOn,
        run_state: RunState,
        held_out: Sequence[Stream] = (),
    ) -> None:
        self._episodes = RecordedEpisodes(config, run, held_out)
        self._config = config
        self._run = run
        self._trainee = trainee
        self._record = record
        self._run_state = run_state
        self._saved_update = run_state.updates

    def run_to_end(self, progress: Progress) -> TrainResult:
        """Train until all updates are done.

        Raises:
            DivergenceError: If the loss or a weight is no longer finite.
            Interrupted: After Ctrl-C or another signal that asks it to end, once the update is done and its
                checkpoint saved.
        """
        run_state, num_updates = self._run_state, self._config.algorithm.num_updates
        progress.start(num_updates, done=run_state.updates)
        with GracefulStop() as stop:
            while run_state.updates < num_updates:
                try:
                    report = self.update()
                except EngineError:
                    # What ends a job or a terminal ends the processes that play as well.
                    if stop.requested:
                        raise stop.interrupt from None
                    raise
                progress.report(report)
                if self._trainee.agree(stop.requested):
                    self.save()
                    raise stop.interrupt
        best = self._run.checkpoint_folder(run_state.chosen_update)
        return TrainResult(best, run_state.best_score, run_state.updates)

    def update(self) -> Report:
        """Play, learn, validate and save where it is due.

        Raises:
            EngineError: If the episodes cannot be played; what was trained until then is saved.
        """
        started = time.perf_counter()
        try:
            groups, metrics = self._trainee.play(self._run_state.updates)
        except EngineError:
            # Nothing was learned yet from what could not be played.
            self.save()
            raise
        groups = bound_unscored(groups, self._config.evaluation.max_unscored)
        played = time.perf_counter()
        metrics |= self._trainee.learn(groups, self._run_state.updates)
        metrics |= {"seconds/rollouts": played - started, "seconds/learner": time.perf_counter() - played}
        report, is_due = self.finish(groups, metrics)
        if is_due:
            self.save()
        return report

    def finish(self, groups: Groups, metrics: dict[str, float]) -> tuple[Report, bool]:
        """Validate and log an update that was played and learned from.

        Returns:
            What to report, and whether a checkpoint is due.
        """
        config, run_state = self._config, self._run_state
        metrics |= rollout_metrics(groups)
        weights = Reward(config.reward, config.reward_decay).at(run_state.updates).weights
        metrics |= {f"reward_weight/{part}": weights.get(part, 0.0) for part in config.reward_decay}
        run_state.updates += 1
        is_last = run_state.updates == config.algorithm.num_updates
        validates = config.streams.validation is not None
        is_validated = validates and (is_last or run_state.updates % config.evaluation.every == 0)
        is_best = is_validated and self._validate(metrics)
        if self._trainee.is_main:
            self._run.log(run_state.updates, metrics)
        report = Report(
            run_state.updates,
            metrics["rollouts/return"],
            run_state.last_score,
            metrics["rollouts/steps_per_s"],
            is_validated,
            is_best,
            metrics.get("memory/entries"),
            {
                name.removeprefix(OPERATIONS): share
                for name, share in metrics.items()
                if name.startswith(OPERATIONS)
            },
            int(metrics["rollouts/unscored"]),
        )
        is_kept = is_validated and run_state.updates in run_state.ranked_updates
        return report, is_kept or is_last or run_state.updates % config.checkpoints.every == 0

    def save(self) -> None:
        """Write a checkpoint of where the run stands, unless that was done already."""
        run_state = self._run_state
        if self._saved_update == run_state.updates:
            return
        record = dataclasses.replace(self._record, update=run_state.updates)
        folder = self._run.checkpoint_folder(run_state.updates)
        self._trainee.save(folder, record, {"standing": dataclasses.asdict(run_state)})
        self._saved_update = run_state.updates
        if self._trainee.is_main:
            if run_state.chosen_update == run_state.updates:
                self._run.mark_best(run_state.updates)
            self._run.prune(self._config.checkpoints.keep, run_state.ranked_updates)

    def _validate(self, metrics: dict[str, float]) -> bool:
        run_state = self._run_state
        started = time.perf_counter()
        due = records_are_due(self._config, run_state.updates)
        groups = self._trainee.validate(self._config.logging.num_trajectories if due else 0)
        groups = bound_unscored(groups, self._config.evaluation.max_unscored)
        scores = [each.episode_return for group in groups for each in group if each.scored]
        if due and self._trainee.is_main:
            records = [each.record for group in groups for each in group if each.record is not None]
            self._episodes.add(run_state.updates, records)
        metrics["validation/score"] = run_state.last_score = float(np.mean(scores)) if scores else math.nan
        metrics["seconds/validation"] = time.perf_counter() - started
        is_best = run_state.best_score is None or run_state.last_score > run_state.best_score
        # What could not be scored is no score that any other must beat.
        is_scored = not math.isnan(run_state.last_score)
        if is_scored:
            run_state.rank(self._config.rounds.merge_best)
        is_best = is_best and is_scored
        if is_best:
            run_state.best_score, run_state.best_update = run_state.last_score, run_state.updates
        return is_best


class Start(NamedTuple):
    """Where training starts.

    Attributes:
        run_state: Where the run stands.
        checkpoint: The one to go on from; None at the beginning of the run.
    """

    run_state: RunState
    checkpoint: Path | None


def find_start(run: RunFolder, *, resume: bool) -> Start:
    """Return where training starts: at the run's last checkpoint if it is resumed and has one.

    Raises:
        CheckpointError: If the checkpoint is damaged.
    """
    checkpoint = run.latest if resume else None
    return Start(RunState() if checkpoint is None else RunState.saved_in(checkpoint), checkpoint)


def prepare_run(run: RunFolder, run_state: RunState) -> None:
    """Bring the run's folder to where the run stands: forget later metrics, mark the best checkpoint.

    Raises:
        MissingDependencyError: If what a tracker needs is not installed.
    """
    require_trackers(run.config.logging.report_to)
    run.rewind(run_state.updates)
    if run_state.updates and run.checkpoint_folder(run_state.chosen_update).is_dir():
        # A run that was killed may have saved its best checkpoint without marking it.
        run.mark_best(run_state.chosen_update)


def rollout_metrics(groups: Sequence[Sequence[AnyTrajectory]]) -> dict[str, float]:
    """Return the mean figures of the episodes that could be scored, and how many could not."""
    trajectories = [trajectory for group in groups for trajectory in group]
    scored = [trajectory for trajectory in trajectories if trajectory.scored]
    returns = [trajectory.episode_return for trajectory in scored]
    metrics = {
        "rollouts/return": float(np.mean(returns)),
        "rollouts/return_std": float(np.std(returns)),
        # Those that count as failed have no score of their own either.
        "rollouts/unscored": float(
            sum(not each.scored or getattr(each, "counted_failed", False) for each in trajectories)
        ),
    }
    parts: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for trajectory in scored:
        parts.update(trajectory.parts)
        counts.update(trajectory.counts)
    metrics |= {f"reward/{name}": total / len(scored) for name, total in parts.items()}
    metrics |= {f"{OPERATIONS}{kind}": count / max(counts.total(), 1) for kind, count in counts.items()}
    memory = mean_figures(trajectory.memory for trajectory in scored)
    metrics |= {f"memory/{name}": value for name, value in memory.items()}
    return metrics
