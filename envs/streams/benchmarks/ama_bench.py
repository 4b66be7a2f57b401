"""AMA-Bench (arXiv:2602.22769): trajectories of agents, and questions about what happened on the way.

The file is not part of memdojo (MIT); docs/data.md says where it comes from and where it goes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from memdojo.errors import ConfigError, DataError, cut_short, unknown_name
from memdojo.rewards.grading import JUDGE

from ...types import Chunk, Question, Stream, Turn
from ..chunking import rechunk
from ..files import find_data_file
from ..source import StreamSource
from .data_rows import Row, checked, field_of, read_rows
from .longmemeval import tenth_of

_TENTHS = {"all": range(10), "train": range(6), "validation": range(6, 7), "test": range(7, 10)}
SPLITS = tuple(_TENTHS)
"""`train`, `validation` and `test` are memdojo's own; the release has none."""

AGENT, ENVIRONMENT, TASK = "Agent", "Environment", "Task"

_OBTAIN = (
    "Run `memdojo data fetch ama_bench`, or download test/open_end_qa_set.jsonl from "
    "https://huggingface.co/datasets/AMA-bench/AMA-bench (MIT)."
)
_get = partial(field_of, obtain=_OBTAIN)


def load_ama_bench(
    split: str = "all", *, path: str | Path | None = None, turns_per_chunk: int | None = None
) -> Iterator[Stream]:
    """Yield the episodes of a split as streams: the task, then a chunk for every step of the agent.

    A step is what the agent did and what the environment then showed, two turns whose texts begin with the
    number of the step, as questions name steps by it. The evidence is the steps in `relevant_turn_indices`,
    which the benchmark's own tools find by the numbers of steps in a question and its answer; a number that
    is no step is left out, and questions without the field have none. Episodes of one task are one group.

    Args:
        split: One of `SPLITS`, by the group's name as in LongMemEval.
        path: The file; None looks for it in the data folders.
        turns_per_chunk: Most turns in a chunk; None leaves a chunk a step.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If `turns_per_chunk` is not positive.
        DataError: If the file is missing or is not what it should be.
    """
    if split not in _TENTHS:
        raise unknown_name("split of ama_bench", split, SPLITS)
    if turns_per_chunk is not None and (type(turns_per_chunk) is not int or turns_per_chunk < 1):
        raise ConfigError(f"turns_per_chunk is {turns_per_chunk!r}; give a positive whole number.")
    file = find_data_file("ama_bench/open_end_qa_set.jsonl", path, _OBTAIN)
    rows = read_rows(file, _OBTAIN)

    def streams() -> Iterator[Stream]:
        seen: set[str] = set()
        for number, row in enumerate(rows):
            where = f"{file}: episode {number}"
            stream = _stream(row, f"ama_bench:{split}", where)
            if stream.id in seen:
                raise DataError(f"{where}: two episodes have the episode_id {stream.id!r}. {_OBTAIN}")
            seen.add(stream.id)
            if tenth_of(stream.group) in _TENTHS[split]:
                checked(stream, where, _OBTAIN)
                yield stream if turns_per_chunk is None else rechunk(stream, turns_per_chunk)

    return streams()


def _stream(row: Row, source: str, where: str) -> Stream:
    episode = row.get("episode_id")
    if isinstance(episode, bool) or not isinstance(episode, str | int) or not str(episode).strip():
        raise DataError(f"{where}: episode_id is {cut_short(repr(episode))}, no text or number. {_OBTAIN}")
    id, task = str(episode), _get(row, "task", str, where).strip()
    chunks = [Chunk(0, (Turn("task", TASK, task),), "task")] if task else []
    turns_of_step: dict[int, tuple[str, ...]] = {}
    for step in _get(row, "trajectory", list, where):
        number = _get(step, "turn_idx", int, f"{where}: a step")
        if number in turns_of_step:
            raise DataError(f"{where}: two steps have the turn_idx {number}. {_OBTAIN}")
        said = ((AGENT, "action"), (ENVIRONMENT, "observation"))
        turns = tuple(
            Turn(f"step{number}:{name}", speaker, f"Step {number}: {text}")
            for speaker, name in said
            if (text := _text(step.get(name)))
        )
        turns_of_step[number] = tuple(turn.id for turn in turns)
        if turns:
            chunks.append(Chunk(len(chunks), turns, "trajectory"))
    if not any(turns_of_step.values()):
        raise DataError(f"{where}: trajectory has no step that says something. {_OBTAIN}")
    questions = tuple(
        _question(f"{id}/q{number}", item, turns_of_step, f"{where}: question {number}")
        for number, item in enumerate(_get(row, "qa_pairs", list, where))
    )
    digest = hashlib.sha256(task.encode()).hexdigest()[:16]
    return Stream(id, f"ama_bench-{digest}" if task else f"ama_bench-{id}", tuple(chunks), questions, source)


def _text(value: object) -> str:
    """Return an action or an observation as text; one that is an object of JSON as JSON."""
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _question(id: str, item: object, turns_of_step: dict[int, tuple[str, ...]], where: str) -> Question:
    answer = item.get("answer") if isinstance(item, dict) else None
    if isinstance(answer, bool) or not isinstance(answer, str | int | float) or not str(answer).strip():
        raise DataError(f"{where}: answer is {cut_short(repr(answer))}, no text or number. {_OBTAIN}")
    steps = item.get("relevant_turn_indices", []) if isinstance(item, dict) else []
    if not isinstance(steps, list) or not all(type(step) is int for step in steps):
        raise DataError(
            f"{where}: relevant_turn_indices is {cut_short(repr(steps))}, no list of numbers. {_OBTAIN}"
        )
    evidence = frozenset(turn for step in steps for turn in turns_of_step.get(step, ()))
    return Question(
        id,
        _get(item, "question", str, where).strip(),
        (str(answer).strip(),),
        str((item.get("type") if isinstance(item, dict) else None) or ""),
        evidence,
        metric=JUDGE,
    )


SOURCE = StreamSource(
    "ama_bench",
    load_ama_bench,
    SPLITS,
    "AMA-Bench: trajectories of agents with questions. By default all splits; fetch it first.",
    default_split="all",
)
