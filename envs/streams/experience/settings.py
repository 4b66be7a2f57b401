"""The difficulty knobs of streams of tasks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from memdojo.errors import ConfigError

from ..setting_checks import check_count, check_order_seed
from ..tasks import check_feedback

MAX_FAMILIES = 16
"""So many families each split has at least."""


@dataclass(frozen=True, slots=True)
class ExperienceSettings:
    """How long and how hard a stream of tasks is; one knob per difficulty.

    Attributes:
        num_tasks: Tasks of the stream, dealt evenly to its families.
        num_families: Families of the stream, as many of each kind as possible.
        drift: Share of the families whose rule changes at a random point between a third and two thirds of
            the stream.
        look_alikes: Share of the tasks that repeat an earlier one of their family to the letter, but for
            something that decides; fewer where there are not so many earlier ones.
        noise: Share of the tasks whose feedback is false: another answer is revealed, or the opposite said.
        misleading: Things that a colleague tells, as a share of `num_tasks`: cases of the same families with
            a wrong answer that is called right.
        feedback: One of `memdojo.envs.streams.tasks.FEEDBACKS`. Where only success is told, every task has
            options: those of procedures and tools are the answers of all their rules.
        order_seed: Decides the order of the tasks; None leaves them as drawn. Tasks and their answers stay
            the same: those before and after a rule's change stay on their side of it.

    Raises:
        UnknownNameError: If there is no such feedback.
        ConfigError: If another value makes no stream.
    """

    num_tasks: int = 60
    num_families: int = 6
    drift: float = 0.25
    look_alikes: float = 0.25
    noise: float = 0.05
    misleading: float = 0.1
    feedback: str = "answer"
    order_seed: int | None = None

    def __post_init__(self) -> None:
        self._check_counts()
        for name in ("drift", "look_alikes", "noise", "misleading"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ConfigError(f"{name} is {value!r}; give a number between 0 and 1.")
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"{name} is {value!r}; it lies between 0 and 1.")
        check_feedback(self.feedback)

    def _check_counts(self) -> None:
        for name in ("num_tasks", "num_families"):
            check_count(name, getattr(self, name), 1)
        if self.num_families > min(MAX_FAMILIES, self.num_tasks):
            raise ConfigError(
                f"num_families is {self.num_families} for num_tasks = {self.num_tasks}; give at most "
                f"{MAX_FAMILIES}, and no more than there are tasks."
            )
        check_order_seed(self.order_seed)
