"""Streams of tasks as JSON Lines, one stream a line: reading and checking. docs/data.md has the format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ...types import Stream, Task
from ..problems import Problem
from ..source import StreamSource
from ..tasks import START, stream_of_tasks
from .reading import scan_jsonl, sound_records
from .rules import type_problems
from .schema import FeedbackRow, Label, Row, Text


class TaskRow(Row):
    """A task; see `memdojo.envs.types.Task`."""

    id: Text
    text: Text
    answers: Annotated[list[Text], Field(min_length=1)]
    options: Annotated[list[Text], Field(default_factory=list)]
    family: Label = ""
    feedback: FeedbackRow = FeedbackRow()
    helped_by: Annotated[list[Text], Field(default_factory=list)]

    def record(self) -> Task:
        """Return the frozen record."""
        return Task(
            self.id,
            self.text,
            tuple(self.answers),
            tuple(self.options),
            self.family,
            self.feedback.record(),
            frozenset(self.helped_by),
        )


class TaskStreamRow(Row):
    """One line of the file; see `stream_of_tasks`. Without a group the stream is one of its own."""

    id: Text
    group: Label = ""
    tasks: Annotated[list[TaskRow], Field(min_length=1)]

    def record(self, source: str) -> Stream:
        """Return the stream; `source` is the spec that names the file."""
        tasks = [task.record() for task in self.tasks]
        return stream_of_tasks(self.id, tasks, group=self.group, source=source)


def read_task_streams(path: str | Path) -> Iterator[Stream]:
    """Yield the streams of a file, one line in memory at a time; `source` is `tasks:PATH`.

    Raises:
        DataError: At once if the file cannot be opened, and at its turn for a line that breaks a rule, with
            file, line, field, rule and remedy.
    """
    records = sound_records(path, find_task_problems)
    return (TaskStreamRow.model_validate(record).record(f"tasks:{path}") for record in records)


def check_task_file(path: str | Path) -> list[Problem]:
    """Return every problem of a file of tasks in the order of its lines; an empty list if it is usable."""
    return [problem for _, problems in scan_jsonl(path, find_task_problems) for problem in problems]


def find_task_problems(record: object, line: int | None = None) -> list[Problem]:
    """Return everything that is wrong with the parsed JSON of one line."""
    problems = list(type_problems(TaskStreamRow, record, line))
    tasks = record.get("tasks") if isinstance(record, Mapping) else None
    known: dict[str, str] = {}
    for number, task in enumerate(tasks if isinstance(tasks, list) else ()):
        if isinstance(task, Mapping):
            place = f"tasks[{number}]"
            problems += [Problem(line, *finding) for finding in _findings(task, place, known)]
            if isinstance(task.get("id"), str):
                known.setdefault(task["id"], place)
    return problems


def _findings(
    task: Mapping[str, Any], place: str, known: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yield where, what and remedy of what a task must be to itself and to those before it."""
    id = task.get("id")
    if id == START:
        yield f"{place}.id", f"{START!r} is the id of the turn that begins the stream", "give it another"
    elif isinstance(id, str) and id in known:
        yield (
            f"{place}.id",
            f"the task id {id!r} is also that of {known[id]}",
            "give every task of the stream an id of its own",
        )
    answers, options = task.get("answers"), task.get("options")
    if isinstance(answers, list) and isinstance(options, list) and options:
        for answer in answers:
            if answer not in options:
                remedy = "add it to options, or leave them out where any text is an answer"
                yield f"{place}.answers", f"{answer!r} is none of the options", remedy
    helped_by = task.get("helped_by")
    for other in helped_by if isinstance(helped_by, list) else ():
        if isinstance(other, str) and other not in known:
            yield f"{place}.helped_by", f"{other!r} names no task before it", "correct or remove it"


SOURCE = StreamSource(
    "tasks",
    read_task_streams,
    description="A file of your own tasks, with their feedback, as JSON Lines.",
    options=(),
    takes_path=True,
    check=check_task_file,
)
