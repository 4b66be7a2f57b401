"""The training loop of every policy: play, learn, validate, save."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from memdojo.envs.types import Stream
from memdojo.errors import EngineError
from memdojo.rewards.reward import Reward

from .algorithms.advantages import EQUAL_REWARDS
from .checkpoints.compact import TrainedOn
from .collapse import EQUAL_GROUPS, OPERATIONS, WINDOW, Signs
from .config.run import TrainConfig
from .episodes.schedule import validation_tasks
from .rollouts.memory_figures import mean_figures
from .rollouts.recorded_episodes import RecordedEpisodes, records_are_due
from .rollouts.unscored import bound_unscored
from .rollouts.validation_scores import ValidationScores, task_scores
from .run_state import RunState
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


class TrainLoop:
    """One update after the other.

    Args:
        config: The run.
        run: Its folder.
        trainee: Who plays and learns.
        record: How the policy was trained, for its checkpoints.
        run_state: Where the run stands.
        held_out: The validation streams; without them validation scores have no intervals.
        validates_start: Whether the policy is validated before the first update as well, and may then be the
            run's best. A trainee that has no policy before it has learned leaves it out.
    """

    def __init__(
        self,
        config: TrainConfig,
        run: RunFolder,
        trainee: Trainee,
        record: TrainedOn,
        run_state: RunState,
        held_out: Sequence[Stream] = (),
        validates_start: bool = False,
    ) -> None:
        self._episodes = RecordedEpisodes(config, run, held_out)
        self._config = config
        self._run = run
        self._trainee = trainee
        self._record = record
        self._run_state = run_state
        self._saved_update = run_state.updates
        self._validates_start = validates_start
        self._tasks = validation_tasks(config, held_out)
        self._scores = ValidationScores(
            held_out, self._tasks, config.evaluation.num_resamples, config.streams.specs("validation")
        )

    @property
    def is_done(self) -> bool:
        """True if all updates are done, or validation has ended them early."""
        run_state, config = self._run_state, self._config
        is_last = run_state.updates >= config.algorithm.num_updates
        return is_last or run_state.has_stopped(config.evaluation.patience)

    @property
    def start_is_due(self) -> bool:
        """True if the policy that training begins with is still to be validated."""
        run_state, validates = self._run_state, self._config.streams.validation is not None
        return self._validates_start and validates and run_state == RunState()

    def run_to_end(self, progress: Progress) -> TrainResult:
        """Train until all updates are done.

        Raises:
            DivergenceError: If the loss or a weight is no longer finite.
            Interrupted: After Ctrl-C or another signal that asks it to end, once the update is done and its
                checkpoint saved.
        """
        progress.start(self._config.algorithm.num_updates, done=self._run_state.updates)
        with GracefulStop() as stop:
            try:
                for report in self._reports():
                    self.show(report, progress)
                    if self._trainee.agree(stop.requested):
                        self.save()
                        raise stop.interrupt
            except EngineError:
                # What ends a job or a terminal ends the processes that play as well.
                if stop.requested:
                    raise stop.interrupt from None
                raise
        return self.result(progress)

    def _reports(self) -> Iterator[Report]:
        """Yield the report of the start, where it is validated, and of one update after the other."""
        if self.start_is_due:
            yield self.validate_start()
        while not self.is_done:
            yield self.update()

    def show(self, report: Report, progress: Progress) -> None:
        """Show how far the run is, and what was found to be wrong with it."""
        progress.report(report)
        if report.warning:
            progress.message(report.warning)

    def result(self, progress: Progress) -> TrainResult:
        """Return how the run ended, and say what it has come to where that is not plain."""
        run_state = self._run_state
        if run_state.updates < self._config.algorithm.num_updates:
            why = (
                "its validation score is surely below the best"
                if run_state.is_surely_below
                else f"{run_state.validations_since_best} validations brought nothing above the best"
            )
            progress.message(
                f"stopped early after update {run_state.updates}: {why}, which is {run_state.best_score:.3f} "
                f"after update {run_state.best_update}"
            )
        if run_state.is_start_best:
            progress.message(
                f"the best validation score, {run_state.best_score:.3f}, is that of the policy that training "
                "began with: no update has a higher one"
            )
        elif 0 < run_state.best_update <= self._config.supervised_updates < run_state.updates:
            progress.message(
                f"the best validation score, {run_state.best_score:.3f}, is that of update "
                f"{run_state.best_update}, from the imitation: reinforcement learning brought no higher one"
            )
        best = self._run.checkpoint_folder(run_state.chosen_update)
        return TrainResult(best, run_state.best_score, run_state.updates)

    def validate_start(self) -> Report:
        """Validate the policy that training begins with, the first that may be the best, and save it."""
        run_state = self._run_state
        metrics: dict[str, float] = {}
        is_best = self._validate(metrics)
        if self._trainee.is_main:
            self._run.log(run_state.updates, metrics)
        if is_best:
            self._write()
        return Report(
            run_state.updates,
            None,
            run_state.last_score,
            is_validated=True,
            is_best=is_best,
            interval=_interval(metrics),
        )

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
        signs = run_state.see(Signs.of(metrics, is_manager=config.task == "manager"))
        metrics["collapsed"] = float(bool(signs))
        is_validated = config.validates_after(run_state.updates)
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
            _interval(metrics),
            self._warning(signs),
        )
        is_kept = is_validated and run_state.updates in run_state.ranked_updates
        return report, is_kept or self.is_done or run_state.updates % config.checkpoints.every == 0

    def _warning(self, signs: Sequence[str]) -> str:
        """Return the sentence about a collapse, once in a run."""
        if not signs or self._run_state.is_warned:
            return ""
        self._run_state.is_warned = True
        return (
            f"update {self._run_state.updates}: the policy may have collapsed: in each of the last {WINDOW} "
            f"updates {'; '.join(signs)}; a higher algorithm.entropy_coefficient, a lower "
            "algorithm.learning_rate or another reward may help"
        )

    def save(self) -> None:
        """Write a checkpoint of where the run stands, unless that was done already."""
        if self._saved_update != self._run_state.updates:
            self._write()

    def _write(self) -> None:
        run_state = self._run_state
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
        if due and self._trainee.is_main:
            records = [each.record for group in groups for each in group if each.record is not None]
            self._episodes.add(run_state.updates, records)
        scores = [each.episode_return for group in groups for each in group if each.scored]
        run_state.last_score = float(np.mean(scores)) if scores else math.nan
        scores_of_tasks = task_scores(groups)
        metrics |= self._compare(scores_of_tasks)
        metrics["validation/score"] = run_state.last_score
        # What could not be scored is no score that any other must beat.
        is_best = not math.isnan(run_state.last_score) and run_state.score(
            run_state.last_score, scores_of_tasks, self._config.rounds.merge_best
        )
        metrics["seconds/validation"] = time.perf_counter() - started
        return is_best

    def _compare(self, scores: list[float | None]) -> dict[str, float]:
        """Return the intervals of a validation's score and of its difference from the best so far."""
        best = self._run_state.best_scores
        self._run_state.is_surely_below = False
        # A trainee of another package may play something else than these tasks.
        if len(scores) != len(self._tasks):
            return {}
        score = self._scores.score(scores)
        self._run_state.last_score = score.mean
        metrics = {"validation/low": score.low, "validation/high": score.high}
        parts = self._scores.of_parts(scores)
        metrics |= {f"validation/score/{part}": of_part for part, of_part in parts.items()}
        if len(best) == len(scores):
            difference = self._scores.difference(scores, best)
            metrics |= {
                "validation/difference": difference.mean,
                "validation/difference_low": difference.low,
                "validation/difference_high": difference.high,
            }
            self._run_state.is_surely_below = bool(difference.excludes_zero) and difference.high < 0
        return metrics


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
    # At the beginning of a run all that an attempt before has left is forgotten, its start included.
    run.rewind(-1 if run_state == RunState() else run_state.updates)
    if run.checkpoint_folder(run_state.chosen_update).is_dir():
        # A run that was killed may have saved its best checkpoint without marking it.
        run.mark_best(run_state.chosen_update)


def _interval(metrics: Mapping[str, float]) -> tuple[float, float] | None:
    """Return the ends of the interval of a validation score; None where there is none."""
    low, high = metrics.get("validation/low", math.nan), metrics.get("validation/high", math.nan)
    return None if math.isnan(low) else (low, high)


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
    groups_scored = [[each.episode_return for each in group if each.scored] for group in groups]
    compared = [np.ptp(returns) <= EQUAL_REWARDS for returns in groups_scored if len(returns) > 1]
    if compared:
        metrics[EQUAL_GROUPS] = float(np.mean(compared))
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
