"""Texts with labels as streams of tasks: each text is a task, and its options are labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from memdojo.errors import ConfigError

from ...types import Feedback, Stream, Task
from ..setting_checks import check_count, check_from_zero, check_order_seed
from ..tasks import check_feedback, stream_of_tasks


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text of a data set, and the name of its label."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """What a stream takes of a data set.

    Attributes:
        num_tasks: Texts of a stream, at most; none stands in it twice.
        num_labels: Labels of a stream, at most; every task has all of them as its options.
        noise: Share of the tasks whose feedback is false: another label is revealed, or the opposite said.
        feedback: One of `memdojo.envs.streams.tasks.FEEDBACKS`.
        named: Options are the names of the labels, by which a model that knows them answers without any
            experience; else numbers that every stream deals anew.
        order_seed: Decides the order of the tasks; None leaves them as drawn.

    Raises:
        UnknownNameError: If there is no such feedback.
        ConfigError: If another value makes no stream.
    """

    num_tasks: int = 100
    num_labels: int = 10
    noise: float = 0.0
    feedback: str = "answer"
    named: bool = False
    order_seed: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("num_tasks", 1), ("num_labels", 2)):
            check_count(name, getattr(self, name), least)
        noise = self.noise
        if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0.0 <= noise <= 1.0:
            raise ConfigError(f"noise is {noise!r}; give a number between 0 and 1.")
        check_feedback(self.feedback)
        check_order_seed(self.order_seed)


def streams_of_labelled(
    texts: Sequence[LabelledText], settings: LabelSettings, name: str, *, seed: int, num_streams: int
) -> Iterator[Stream]:
    """Yield streams of tasks, each of some labels and some of their texts.

    Earlier tasks of the same label help, unless their feedback is false. Streams of named labels are one
    group.

    Args:
        texts: Of the data set, at least two labels.
        name: Of data set and split: it begins ids and groups, and is the family of all tasks.
        seed: What is drawn follows from it and the stream's place.
        num_streams: How many there are.

    Raises:
        ConfigError: If `seed` or `num_streams` is negative.
    """
    for option, value in (("seed", seed), ("num_streams", num_streams)):
        check_from_zero(option, value)
    labels = sorted({each.label for each in texts})
    return (_stream(texts, labels, settings, name, (seed, index)) for index in range(num_streams))


def _stream(
    texts: Sequence[LabelledText],
    labels: Sequence[str],
    settings: LabelSettings,
    name: str,
    seeds: tuple[int, int],
) -> Stream:
    of_texts, of_noise = np.random.default_rng(seeds).spawn(2)
    chosen = [labels[place] for place in of_texts.permutation(len(labels))[: settings.num_labels]]
    options = {label: label if settings.named else f"class-{number}" for number, label in enumerate(chosen)}
    pool = [each for each in texts if each.label in options]
    drawn = [pool[place] for place in of_texts.permutation(len(pool))[: settings.num_tasks]]
    tasks = [
        Task(f"t{number}", each.text, (options[each.label],), tuple(sorted(options.values())), name)
        for number, each in enumerate(drawn)
    ]
    tasks = with_feedback(tasks, settings.feedback, settings.noise, of_noise)
    stream_id = own = ":".join((name, *map(str, seeds)))
    if settings.order_seed is not None:
        order = np.random.default_rng([settings.order_seed, *seeds]).permutation(len(tasks))
        tasks, stream_id = [tasks[place] for place in order], f"{stream_id}:order{settings.order_seed}"
    # Where labels are numbers of their own, nothing that is learned on one stream is right on another.
    group = name if settings.named else own
    return stream_of_tasks(stream_id, helped_by_their_label(tasks), group=group)


def with_feedback(tasks: Sequence[Task], feedback: str, noise: float, rng: np.random.Generator) -> list[Task]:
    """Return tasks of one answer each with their feedback, false in a share of them."""
    told = []
    false = set(rng.permutation(len(tasks))[: round(noise * len(tasks))].tolist())
    for place, task in enumerate(tasks):
        others = [option for option in task.options if option not in task.answers]
        lie = others[int(rng.integers(len(others)))]
        reveals = "" if feedback == "success" else lie if place in false else task.answers[0]
        told.append(dataclasses.replace(task, feedback=Feedback(reveals, is_false=place in false)))
    return told


def helped_by_their_label(tasks: Sequence[Task]) -> list[Task]:
    """Return tasks in their order, each helped by all earlier ones of its answer whose feedback is true."""
    return [
        dataclasses.replace(
            task,
            helped_by=frozenset(
                each.id
                for each in tasks[:place]
                if each.answers == task.answers and not each.feedback.is_false
            ),
        )
        for place, task in enumerate(tasks)
    ]
