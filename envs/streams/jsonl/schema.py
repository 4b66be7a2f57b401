"""The JSON Lines format, one stream per line: the schema of each object, and its conversion to a record.

Unknown fields are refused, and no value is converted: `"3"` is not a number and `3` is not a text. What the
values must be to one another (evidence names turns, and so on) is in `rules`.
"""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from ...memory.operations import planned_kinds
from ...types import Chunk, Feedback, PlannedOperation, Poison, Question, Stream, Turn


def _parse_time(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a time is a text")
    return datetime.fromisoformat(value)


def _refuse_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("the text is blank")
    return value


def _refuse_unplanned(value: str) -> str:
    if value not in planned_kinds():
        raise PydanticCustomError("unplanned", "the operation cannot be planned")
    return value


def _refuse_surrogates(value: str) -> str:
    # JSON can escape half of a surrogate pair, which no file, hash or tokeniser takes.
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("the text holds half of a surrogate pair") from None
    return value


Label = Annotated[str, AfterValidator(_refuse_surrogates)]
"""A text that may be empty."""
Text = Annotated[Label, AfterValidator(_refuse_blank)]
"""A text that says something."""
Time = Annotated[datetime, BeforeValidator(_parse_time)]


class Row(BaseModel):
    """An object whose fields are all known, and whose values nobody converts."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TurnRow(Row):
    """One utterance; see `memdojo.envs.types.Turn`. Without the field `time` it has its chunk's."""

    id: Text
    speaker: Text
    text: Text
    time: Time | None = None
    reports: Label = ""

    def record(self, chunk_time: datetime | None) -> Turn:
        """Return the frozen record; an explicit null says that the turn's time is not known."""
        time = self.time if "time" in self.model_fields_set else chunk_time
        return Turn(self.id, self.speaker, self.text, time, self.reports)


class ChunkRow(Row):
    """What one step shows. `index` may be left out; where it is given it is the chunk's position."""

    index: int | None = None
    session: Label = ""
    time: Time | None = None
    turns: Annotated[list[TurnRow], Field(min_length=1)]

    def record(self, index: int) -> Chunk:
        """Return the frozen record at position `index`."""
        return Chunk(index, tuple(turn.record(self.time) for turn in self.turns), self.session, self.time)


class FeedbackRow(Row):
    """What is revealed of a task; see `memdojo.envs.types.Feedback`."""

    reveals: Label = ""
    tells_success: bool = True
    is_false: bool = False

    def record(self) -> Feedback:
        """Return the frozen record."""
        return Feedback(self.reveals, self.tells_success, self.is_false)


class QuestionRow(Row):
    """A question or a task; see `memdojo.envs.types.Question`."""

    id: Text
    text: Text
    answers: list[Text] = []
    category: Label = ""
    evidence: list[Text] = []
    ask_after: int | None = None
    unanswerable: bool = False
    time: Time | None = None
    metric: Label = ""
    nuggets: list[Text] = []
    options: list[Text] | None = None
    feedback: FeedbackRow | None = None

    def record(self) -> Question:
        """Return the frozen record."""
        return Question(
            self.id,
            self.text,
            tuple(self.answers),
            self.category,
            frozenset(self.evidence),
            self.ask_after,
            self.unanswerable,
            self.time,
            self.metric,
            tuple(self.nuggets),
            None if self.options is None else tuple(self.options),
            None if self.feedback is None else self.feedback.record(),
        )


class OperationRow(Row):
    """What an all-knowing manager does; see `memdojo.envs.types.PlannedOperation`."""

    kind: Annotated[str, AfterValidator(_refuse_unplanned)]
    text: Label = ""
    target: Text | None = None

    def record(self) -> PlannedOperation:
        """Return the frozen record."""
        return PlannedOperation(self.kind, self.text, self.target)


class PoisonRow(Row):
    """What an adversary did; see `memdojo.envs.types.Poison`."""

    adversary: Text
    seed: int
    turns: list[Text] = []
    targets: dict[Label, list[Text]] = {}
    corrections: dict[Label, Text] = {}

    def record(self) -> Poison:
        """Return the frozen record."""
        return Poison(
            self.adversary,
            self.seed,
            frozenset(self.turns),
            MappingProxyType({question: tuple(answers) for question, answers in self.targets.items()}),
            MappingProxyType(self.corrections),
        )


class StreamRow(Row):
    """One line of the file; see `memdojo.envs.types.Stream`."""

    id: Text
    group: Text
    chunks: Annotated[list[ChunkRow], Field(min_length=1)]
    questions: Annotated[list[QuestionRow], Field(min_length=1)]
    oracle: dict[Label, list[OperationRow]] = {}
    poison: PoisonRow | None = None

    def record(self, source: str) -> Stream:
        """Return the frozen record; `source` is the spec that names the file."""
        return Stream(
            self.id,
            self.group,
            tuple(chunk.record(index) for index, chunk in enumerate(self.chunks)),
            tuple(question.record() for question in self.questions),
            source,
            MappingProxyType(
                {turn: tuple(row.record() for row in rows) for turn, rows in self.oracle.items()}
            ),
            None if self.poison is None else self.poison.record(),
        )


def stream_to_dict(stream: Stream) -> dict[str, Any]:
    """Return the stream as the JSON object of its line; fields at their default are left out.

    `stream.source` is not part of it: a stream that is read gets the spec of the file it was read from.
    """
    position = {turn.id: place for place, turn in enumerate(stream.turns)}
    record: dict[str, Any] = {
        "id": stream.id,
        "group": stream.group,
        "chunks": [
            _compact(
                index=chunk.index,
                session=chunk.session,
                time=_time(chunk.time),
                turns=[_turn_to_dict(turn, chunk.time) for turn in chunk.turns],
            )
            for chunk in stream.chunks
        ],
        "questions": [
            _compact(
                id=question.id,
                text=question.text,
                answers=list(question.answers),
                category=question.category,
                # In the order of the dialogue, so that the same stream always gives the same bytes.
                evidence=sorted(question.evidence, key=lambda id: (position.get(id, -1), id)),
                ask_after=question.ask_after,
                unanswerable=question.unanswerable,
                time=_time(question.time),
                metric=question.metric,
                nuggets=list(question.nuggets),
            )
            | _task_fields(question)
            for question in stream.questions
        ],
    }
    if stream.oracle:
        record["oracle"] = {
            turn: [_compact(kind=str(plan.kind), text=plan.text, target=plan.target) for plan in plans]
            for turn, plans in stream.oracle.items()
        }
    if (poison := stream.poison) is not None:
        record["poison"] = {
            "adversary": poison.adversary,
            "seed": poison.seed,
            "turns": sorted(poison.turns, key=lambda id: (position.get(id, -1), id)),
            "targets": {question: list(answers) for question, answers in poison.targets.items()},
        }
        if poison.corrections:
            record["poison"]["corrections"] = dict(poison.corrections)
    return record


def _task_fields(question: Question) -> dict[str, object]:
    """Return the fields that only a task has; that it has no options says something."""
    fields: dict[str, object] = {}
    if question.options is not None:
        fields["options"] = list(question.options)
    if (feedback := question.feedback) is not None:
        fields["feedback"] = {
            "reveals": feedback.reveals,
            "tells_success": feedback.tells_success,
            "is_false": feedback.is_false,
        }
    return fields


def _turn_to_dict(turn: Turn, chunk_time: datetime | None) -> dict[str, object]:
    record: dict[str, object] = {"id": turn.id, "speaker": turn.speaker, "text": turn.text}
    if _time(turn.time) != _time(chunk_time):
        record["time"] = _time(turn.time)
    if turn.reports:
        record["reports"] = turn.reports
    return record


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _compact(**fields: object) -> dict[str, object]:
    """Return the fields without those that equal their default: None, False, an empty text or list."""
    return {
        name: value
        for name, value in fields.items()
        if not (value is None or value is False or value == "" or value == [])
    }
