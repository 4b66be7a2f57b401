"""Test-time learning of MemoryAgentBench (Hu et al., arXiv:2507.05257) as streams of tasks.

Its five classification sets hold a context of examples, each a text and `label: N` on the next line, and
questions. Here the examples are tasks whose answers are revealed, and the questions tasks behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from memdojo.errors import ConfigError, DataError, unknown_name

from ...types import Stream, Task
from ..source import StreamSource
from ..tasks import stream_of_tasks
from .labelled_texts import helped_by_their_label, with_feedback
from .memoryagentbench import OBTAIN, Instance, read_instances, require_positive

SETS = {
    "banking77": "icl_banking77",
    "clinc150": "icl_clinic150",
    "nlu": "icl_nlu",
    "trec_coarse": "icl_trec_coarse",
    "trec_fine": "icl_trec_fine",
}
"""How the data sets of the file begin, by the names that specs have for them."""

_EXAMPLE = re.compile(r"(?P<text>.+?)\nlabel: (?P<label>[^\n]+)(?:\n+|\Z)", re.DOTALL)


def load_test_time_learning(
    split: str = "",
    *,
    path: str | Path | None = None,
    num_examples: int | None = None,
    num_questions: int | None = None,
    noise: float = 0.0,
    order_seed: int | None = None,
) -> Iterator[Stream]:
    """Yield one stream for each context: its examples with revealed answers, then its questions.

    Args:
        split: A key of `SETS`; without one all that the file has of them.
        path: A file of the benchmark's schema; None looks for `Test_Time_Learning` in the data folders.
        num_examples: Examples that a stream takes, drawn evenly from all; None takes them all.
        num_questions: Questions that it takes, from the first; None takes them all.
        noise: Share of the tasks of which a wrong answer is revealed.
        order_seed: Decides the order of the examples; None leaves them as the context has them.

    Raises:
        UnknownNameError: If there is no such set.
        ConfigError: If a number is out of range.
        DataError: If the file is missing or is not what it should be.
        MissingDependencyError: If it is a Parquet file and pyarrow is missing.
    """
    if split and split not in SETS:
        raise unknown_name("split of memoryagentbench_tasks", split, SETS)
    for name, value in (("num_examples", num_examples), ("num_questions", num_questions)):
        if value is not None:
            require_positive(name, value)
    if isinstance(noise, bool) or not 0.0 <= noise <= 1.0:
        raise ConfigError(f"noise is {noise!r}; give a number between 0 and 1.")
    beginnings = (SETS[split],) if split else tuple(SETS.values())
    instances = read_instances("Test_Time_Learning", path, lambda source: source.startswith(beginnings))
    if not instances:
        raise DataError(f"the file has no data set that begins with {' or '.join(beginnings)}. {OBTAIN}")
    for instance in instances:
        tasks = _tasks(instance, num_examples, num_questions, order_seed)
        tasks = with_feedback(tasks, "answer", noise, np.random.default_rng(0))
        name = f"memoryagentbench_tasks:{split}" if split else "memoryagentbench_tasks"
        yield stream_of_tasks(instance.id, helped_by_their_label(tasks), group=instance.source, source=name)


def _tasks(
    instance: Instance, num_examples: int | None, num_questions: int | None, order_seed: int | None
) -> list[Task]:
    examples = [
        (found["text"].strip(), found["label"].strip())
        for found in _EXAMPLE.finditer(instance.context.strip())
    ]
    if len({label for _, label in examples}) < 2:
        raise DataError(
            f"{instance.where}: the context has no examples of two labels, each a text and 'label: N' on the "
            f"next line. {OBTAIN}"
        )
    places = list(range(len(examples)))
    if order_seed is not None:
        places = np.random.default_rng(order_seed).permutation(len(examples)).tolist()
    if num_examples is not None and num_examples < len(places):
        # Evenly from all of them, because contexts may be sorted by label.
        places = [places[number * len(places) // num_examples] for number in range(num_examples)]
    questions = instance.questions[:num_questions]
    options = tuple(sorted({label for _, label in examples} | {each.answers[0] for each in questions}))
    return [
        *(Task(f"e{place}", *_one(examples[place]), options, instance.source) for place in places),
        *(Task(each.id, each.text, each.answers[:1], options, instance.source) for each in questions),
    ]


def _one(example: tuple[str, str]) -> tuple[str, tuple[str, ...]]:
    return example[0], (example[1],)


SOURCE = StreamSource(
    "memoryagentbench_tasks",
    load_test_time_learning,
    tuple(SETS),
    "The classification sets of MemoryAgentBench as tasks; fetch memoryagentbench:test_time_learning first.",
)
