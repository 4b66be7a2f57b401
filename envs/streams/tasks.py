"""`stream_of_tasks`: tasks in their order as a stream, in which each is asked before its report comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memdojo.errors import DataError, unknown_name

from ..types import Chunk, Question, Stream, Task, Turn
from .cases import Case, Verdict, case_text

TASK_METRIC = "exact_match"
FEEDBACKS = ("answer", "success")
"""What generated streams reveal of a task: the right answer, or only whether what was answered is right."""
START = "start"
REPORTER = "Report"
"""Who says what came of a task."""


def stream_of_tasks(
    id: str,
    tasks: Sequence[Task],
    *,
    group: str = "",
    source: str = "",
    others: Iterable[tuple[int, Turn]] = (),
) -> Stream:
    """Return the stream in which tasks come one after the other.

    Chunk 0 says that tasks begin, and the first task is asked behind it. Each further chunk is the report of
    the task before, a turn with the task's id, behind which the next one is asked: so a policy writes what
    has been learned from a task before the next one is handed anything. What was answered is not known here;
    an episode completes the reports. Behind the last task there is no report.

    Args:
        id: Of the stream.
        tasks: In order, at least one.
        group: What must not be split between training and held-out data; by default the stream itself.
        source: The spec that made it.
        others: Further turns, each with the index of the chunk that begins with it, such as what a colleague
            says.

    Raises:
        DataError: If there is no task, two have one id, or one is helped by one that does not come before.
    """
    if not tasks:
        raise DataError(f"the stream {id!r} has no task; give at least one.")
    known: set[str] = set()
    for task in tasks:
        if task.id in known or task.id == START:
            raise DataError(f"the stream {id!r} has the task id {task.id!r} twice, or it is {START!r}.")
        if not task.helped_by <= known:
            late = ", ".join(sorted(task.helped_by - known))
            raise DataError(f"task {task.id!r} of stream {id!r} is helped by {late}, not before it.")
        known.add(task.id)
    turns: list[list[Turn]] = [[Turn(START, REPORTER, f"{len(tasks)} tasks begin.")]]
    turns += [[report_turn(task)] for task in tasks[:-1]]
    for index, turn in others:
        turns[index].insert(len(turns[index]) - 1, turn)
    chunks = tuple(Chunk(index, tuple(each)) for index, each in enumerate(turns))
    questions = tuple(task_question(task, index) for index, task in enumerate(tasks))
    return Stream(id, group or id, chunks, questions, source)


def check_feedback(feedback: str) -> None:
    """Refuse what is none of `FEEDBACKS`.

    Raises:
        UnknownNameError: If it is none.
    """
    if feedback not in FEEDBACKS:
        raise unknown_name("feedback of tasks", feedback, FEEDBACKS)


def report_turn(task: Task) -> Turn:
    """Return the report of a task, as far as it is known beforehand."""
    text, feedback = task.text, task.feedback
    if feedback.reveals:
        text = case_text(Case(text, feedback.reveals, Verdict.GIVEN))
    return Turn(task.id, REPORTER, text, reports=task.id)


def task_question(task: Task, ask_after: int) -> Question:
    """Return a task as the question that is asked after a chunk."""
    return Question(
        task.id,
        task.text,
        task.answers,
        task.family,
        task.helped_by,
        ask_after,
        metric=TASK_METRIC,
        options=task.options,
        feedback=task.feedback,
    )
