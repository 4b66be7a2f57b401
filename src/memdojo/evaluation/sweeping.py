"""A sweep of whatever can be named: one difficulty of synthetic streams at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from memdojo.envs.streams.registry import load_streams
from memdojo.eval.sweeps.points import Job, Mapper, Measured, PointMeasure, SweepSettings, one_after_the_other
from memdojo.eval.sweeps.registry import Sweep, find_sweeps
from memdojo.eval.sweeps.report import OnPoint, SweepReport, run_sweeps
from memdojo.train.checkpoints.loading import Task
from memdojo.train.checkpoints.trust import require_trust, root_of

from .choices import under_managers
from .targets import Targets, find_targets, reached_by_training, require_held_out


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecipe:
    """What is swept, and how; it measures a point in any process, which finds the policies by what was named.

    Attributes:
        policies: Names of baselines, or `all`; folders of runs and checkpoints.
        task: `manager` or `retriever`, where only names are given.
        retriever: Finds the entries under managers: a name or a folder; None takes that of the training, else
            BM25.
        metric: Score of all points.
        num_streams: Streams of a point.
        split: Split of the synthetic streams.
        num_seeds: Episodes per stream of a policy that draws.
        seed: Seeds streams, episodes and intervals.
        trust_run: As for `memdojo.evaluate`.
    """

    policies: tuple[str, ...]
    task: Task | None = None
    retriever: str | None = None
    metric: str = "token_f1"
    num_streams: int = 16
    split: str = "test"
    num_seeds: int = 3
    seed: int = 0
    trust_run: bool = False

    def __call__(self, job: Job) -> Measured:
        """Return what was measured of each policy of the job."""
        return _measure(self)(job)

    def settings(self, targets: Targets) -> SweepSettings:
        """Return what is the same at all points.

        Raises:
            ConfigError: If a retriever is to stand under retrievers.
        """
        settings = SweepSettings(self.split, self.num_streams, self.seed)
        evaluation = dataclasses.replace(
            settings.evaluation,
            score=self.metric,
            num_seeds=self.num_seeds,
            **under_managers(targets, self.retriever, trust_run=self.trust_run),
        )
        return dataclasses.replace(settings, evaluation=evaluation)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSweep:
    """What `prepare_sweep` returns.

    Attributes:
        recipe: What was asked for.
        targets: What is swept.
        settings: What is the same at all points.
        sweeps: The sweeps.
        notes: Sentences about what a reader of the scores should know.
    """

    recipe: SweepRecipe
    targets: Targets
    settings: SweepSettings
    sweeps: tuple[Sweep, ...]
    notes: tuple[str, ...]

    def run(
        self,
        out: Path | None = None,
        *,
        mapper: Mapper = one_after_the_other,
        progress: OnPoint | None = None,
    ) -> SweepReport:
        """Measure all points.

        Args:
            out: Folder of the points; what it has is not measured again.
            mapper: Does the measuring, here or elsewhere.
            progress: Called after each point.

        Raises:
            ConfigError: If the folder has points of another sweep.
        """
        return run_sweeps(
            self.targets.policies(),
            self.sweeps,
            self.settings,
            folder=out,
            mapper=mapper,
            measure=self.recipe,
            fingerprints=self.targets.fingerprints(),
            progress=progress,
        )


def prepare_sweep(recipe: SweepRecipe, sweeps: Sequence[str] = ()) -> PreparedSweep:
    """Find out what is swept and how.

    Args:
        recipe: What is asked for.
        sweeps: Names of sweeps; none takes all that there are for the task.

    Raises:
        UnknownNameError: If a policy is neither a name nor a folder, or there is no such sweep.
        CheckpointError: If a folder holds no usable checkpoint.
        LeakError: If a policy was trained on the streams.
        ConfigError: If policies are of different tasks, a sweep is not for them, or a run that is not trusted
            reaches outside of itself.
    """
    targets = find_targets(recipe.policies, recipe.task, trust_run=recipe.trust_run)
    if not recipe.trust_run:
        for each in targets.learned:
            # A sweep asks over what was said, and the reader without a model.
            reached = reached_by_training(
                [each], retriever=recipe.retriever is None, memory=False, tokenizer=False
            )
            require_trust(root_of(each.path), reached, instead="choose another retriever (--retriever)")
    settings = recipe.settings(targets)
    found = find_sweeps(tuple(sweeps), for_retrievers=targets.task == "retriever")
    base = load_streams(f"synthetic:{recipe.split}", num_streams=recipe.num_streams, seed=recipe.seed)
    notes = require_held_out(targets.learned, base)
    return PreparedSweep(recipe, targets, settings, found, tuple(notes))


@cache
def _measure(recipe: SweepRecipe) -> PointMeasure:
    """Load the policies; once in each process."""
    targets = find_targets(recipe.policies, recipe.task, trust_run=recipe.trust_run)
    groups = {group for each in targets.learned for group in each.training.groups}
    return PointMeasure(targets.policies(), recipe.settings(targets), groups)
