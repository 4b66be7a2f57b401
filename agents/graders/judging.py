"""Judges as part of an episode: a model's grades of answers and of operations, filled into its outcomes."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from itertools import chain

from memdojo.envs.answering import Answer
from memdojo.envs.episodes.base import AnsweredEpisode
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.prompts.protocol import Message
from memdojo.envs.quoting import in_quotes, one_line
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import CORE_KIND, Add, Chunk, OperationResult
from memdojo.rewards.grading import needs_judge
from memdojo.rewards.metrics import says_no_information
from memdojo.rewards.outcomes import QuestionOutcome, StepOutcome

from ..engines.chat import ChatModel, Reply
from .answerer import ChatJudge
from .caching import AsyncCache
from .judge_formats import JUDGE_MAX_TOKENS, NO_INSTRUCTIONS, JudgeTask
from .nugget_formats import judge_tasks, verdict_of

_OPERATION_INSTRUCTIONS = (
    "You check how somebody keeps notes of a conversation. The notes have three parts. core: one short text "
    "on who the people are and what holds for them in general. semantic: facts that stay true, one a "
    "note. episodic: things that happened or will happen, one a note, with the time where it is known. You "
    "see what was newly said and one change of the notes. Reply yes if the change is right: what it writes "
    "was said, is worth keeping and belongs into that part; what it takes away is wrong, out of date, or "
    f"kept elsewhere. Reply no otherwise. Reply with one word. {NO_INSTRUCTIONS}"
)
_LABELS = (
    *("Newly said", "Write a new", "Write the", "Change the", "Delete the", "It read:", "It now reads:"),
    "yes or no",
)
"""What the lines of the conversation consist of."""


class Judging:
    """Has a chat model grade answers, operations, or both: 1 for yes, 0 for no.

    What is put to the model in the same words is asked once, so the rollouts of a group that agree are judged
    together. A missing grade stays None, which leaves the step unscored, and is asked for anew
    the next time.

    Args:
        chat: The model.
        all_answers: Whether all answers are graded (`QuestionOutcome.verdict`), or only those to questions
            whose own metric is a judge's verdict.
        operations: Whether operations that were applied are graded (`OperationOutcome.valid`).
        max_entries: Most grades to remember.
    """

    def __init__(
        self,
        chat: ChatModel,
        *,
        all_answers: bool = True,
        operations: bool = False,
        max_entries: int = 100_000,
    ) -> None:
        self._chat = chat
        self._all_answers = all_answers
        self._operations = operations
        self._cache: AsyncCache[JudgeTask, float | None] = AsyncCache(
            self._ask, lambda grade: grade is not None, max_entries
        )
        self._known: dict[JudgeTask, float] = {}

    @property
    def fingerprint(self) -> str:
        """Names the model and the version of the prompts."""
        return ChatJudge(self._chat).fingerprint

    @property
    def counts(self) -> tuple[int, int]:
        """How many grades of steps came from the cache so far, and how many were asked for."""
        return self._cache.hits, self._cache.misses

    def changes(self, episode: object) -> tuple[JudgeTask | None, ...]:
        """Return what there is to ask about each operation of a step that was begun; empty if nothing is."""
        if not self._operations or not isinstance(episode, ManagerEpisode) or episode.chunk is None:
            return ()
        chunk = episode.chunk
        return tuple(
            JudgeTask(operation_messages(result, chunk)) if result.is_gradable else None
            for result in episode.results
        )

    async def judge(self, outcome: StepOutcome, changes: Sequence[JudgeTask | None] = ()) -> StepOutcome:
        """Return the outcome of a step with its grades.

        Args:
            outcome: Of the step.
            changes: What `changes` returned before the step was finished.
        """
        answers = [self._tasks(question) for question in outcome.questions]
        asked = [task for task in (*chain.from_iterable(answers), *changes) if task is not None]
        grades = dict(zip(asked, await self._cache.get(asked), strict=True)) if asked else {}
        questions = tuple(
            dataclasses.replace(question, verdict=self._verdict(question, tasks, grades))
            for question, tasks in zip(outcome.questions, answers, strict=True)
        )
        operations = outcome.operations
        if changes:
            operations = tuple(
                dataclasses.replace(operation, valid=None if task is None else grades[task])
                for operation, task in zip(operations, changes, strict=True)
            )
        return dataclasses.replace(outcome, questions=questions, operations=operations)

    async def finish_step(self, episode: AnsweredEpisode, answers: Sequence[Answer]) -> StepOutcome:
        """Finish a step that was begun, and return its outcome with its grades; see `StepJudge`."""
        changes = self.changes(episode)
        return await self.judge(episode.finish_step(answers), changes)

    def grade(self, questions: Sequence[QuestionOutcome]) -> list[float | None]:
        """Return the verdict on each answer, from code that is not asynchronous; None where there is none."""
        answers = [self._tasks(question) for question in questions]
        fresh = [task for task in dict.fromkeys(chain.from_iterable(answers)) if task not in self._known]
        replies = self._chat.reply([task.messages for task in fresh], JUDGE_MAX_TOKENS) if fresh else []
        for task, reply in zip(fresh, replies, strict=True):
            grade = task.read(reply.text, is_cut=reply.is_cut)
            if grade is not None:
                self._known[task] = grade
        return [
            self._verdict(question, tasks, self._known)
            for question, tasks in zip(questions, answers, strict=True)
        ]

    def _is_graded(self, question: QuestionOutcome) -> bool:
        return question.answer is not None and (self._all_answers or needs_judge(question.metric))

    def _tasks(self, question: QuestionOutcome) -> tuple[JudgeTask, ...]:
        return judge_tasks(question) if self._is_graded(question) else ()

    def _verdict(
        self,
        question: QuestionOutcome,
        tasks: Sequence[JudgeTask],
        grades: Mapping[JudgeTask, float | None],
    ) -> float | None:
        if question.answer is None or not self._is_graded(question):
            return None
        # Where there is nothing to compare with, an answer is right if it says so.
        if not tasks:
            return float(says_no_information(question.answer))
        return verdict_of(question, [grades.get(task) for task in tasks])

    async def _ask(self, tasks: list[JudgeTask]) -> list[float | None]:
        replies: list[Reply] = await asyncio.gather(
            *(self._chat.reply_one(task.messages, JUDGE_MAX_TOKENS) for task in tasks)
        )
        return [
            task.read(reply.text, is_cut=reply.is_cut) for task, reply in zip(tasks, replies, strict=True)
        ]


def operation_messages(result: OperationResult, chunk: Chunk) -> tuple[Message, ...]:
    """Return the conversation that asks whether an operation that was applied is right."""
    said = "\n".join(f"- {one_line(render_turn(turn))}" for turn in chunk.turns)
    entry = result.after or result.before
    assert entry is not None  # It wrote or removed a text.
    part = "core" if entry.kind == CORE_KIND else f"{one_line(entry.kind)} note"
    if result.after is None:
        change = f"Delete the {part}: {in_quotes(entry.text, _LABELS)}"
    elif result.before is None:
        verb = "Write a new" if isinstance(result.operation, Add) else "Write the"
        change = f"{verb} {part}: {in_quotes(entry.text, _LABELS)}"
    else:
        before, after = (in_quotes(text, _LABELS) for text in (result.before.text, entry.text))
        change = f"Change the {part}.\nIt read: {before}\nIt now reads: {after}"
    when = "" if chunk.time is None else f" on {chunk.time.date().isoformat()}"
    task = f"Newly said{when}:\n{said}\n\n{change}\n\nRight (yes or no)?"
    return Message("system", _OPERATION_INSTRUCTIONS), Message("user", task)
