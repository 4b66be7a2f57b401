"""Memory-R1's format of a manager: one JSON object with the entries that are added, changed and removed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from memdojo.rewards.metrics import NO_INFORMATION

from ..quoting import one_line
from ..streams.rendering import render_entry
from ..types import Add, Delete, MemoryEntry, Noop, Operation, Update
from .brief import number_shown
from .json_values import JSONReader
from .pieces import END, cut_thought, news, provenance, without_surrogates
from .protocol import (
    AnswerDecision,
    AnswerView,
    ManagerView,
    Message,
    Parsed,
    ParseError,
    ParseErrorKind,
    parse_error,
)
from .thoughts import split_thoughts

_ID = re.compile(r"[0-9]{1,9}")


class MemoryR1Format:
    """Operations as JSON, in the form that Memory-R1 (arXiv:2508.19828, section 3) takes over from Mem0.

    ```json
    {"memory": [
        {"event": "ADD", "text": "Caroline moved to Boston"},
        {"id": 7, "event": "UPDATE", "text": "Caroline has two cats", "old_memory": "Caroline has a cat"},
        {"id": 3, "event": "DELETE"},
        {"id": 5, "event": "NONE"}
    ]}
    ```

    Ids are those of the store; the one that an ADD names is ignored, for the store gives its own, and so is
    `old_memory`. NONE says that an entry stays as it is: beside other events it is no operation, and a list
    of nothing else, or an empty one, is one NOOP. Texts are one line and get their sources and time as in the
    plain format.

    Thoughts are passed over. The first JSON object that has a list `memory` counts, and what stands around
    it, such as a code fence, is ignored. Nothing else is repaired: without such an object, as where it was
    cut off, the completion is one error. An element that means nothing is one error, and the others still
    count. UPDATE and DELETE of an id that is not shown are errors, whether or not the store has it: what a
    policy has not read it cannot judge.

    There are no words for who leaves a full store, so ADD to one is refused; the format is made for stores
    without a limit.

    Args:
        adds_unknown: Take an UPDATE of an id that is not shown for an ADD, as code does that was published
            for the paper by others.
        max_operations: Elements that are read; what follows is one error.
    """

    name = "memory_r1"
    instructions = (
        "You keep the memory of a conversation. You see the entries of the memory that are related to what "
        "was newly said, then the new lines. Later, questions about the conversation are answered from the "
        "memory alone. Decide what to remember, correct or forget. Reply with one JSON object and nothing "
        'else. Its only key is "memory", a list with an object for each change:\n'
        '{"event": "ADD", "text": "..."} remembers a new fact\n'
        '{"id": 12, "event": "UPDATE", "text": "..."} lets entry 12 read as the text; keep what is still '
        "true of it\n"
        '{"id": 12, "event": "DELETE"} forgets entry 12, because it is no longer true\n'
        '{"id": 12, "event": "NONE"} leaves entry 12 as it is\n'
        'If nothing is to be changed, reply {"memory": []}.'
    )
    examples = (
        '{"memory": []}',
        '{"memory": [{"event": "ADD", "text": "Caroline moved to Boston"}]}',
        '{"memory": [{"id": 1, "event": "NONE"}, {"event": "ADD", "text": "Melanie paints"}]}',
    )

    def __init__(self, *, adds_unknown: bool = False, max_operations: int = 64) -> None:
        if max_operations < 1:
            raise ValueError(f"max_operations is {max_operations}; at least one element must be read.")
        self.adds_unknown = adds_unknown
        self.max_operations = max_operations

    def render(self, view: ManagerView) -> str:
        """Return the entries, a JSON object a line, and what was newly said, a turn a line."""
        return "\n".join(["MEMORY", *map(_entry_line, view.entries), *news(view)])

    def messages(self, view: ManagerView) -> tuple[Message, ...]:
        """Return the instructions as the system's message and the view as the user's."""
        return Message("system", self.instructions), Message("user", self.render(view))

    def parse(self, completion: str, view: ManagerView) -> Parsed[tuple[Operation, ...]]:
        """Return the operations of the well-formed elements, and an error for each other one."""
        elements = _elements(completion)
        if isinstance(elements, ParseError):
            return Parsed((), (elements,))
        operations: list[Operation] = []
        errors: list[ParseError] = []
        for element in elements[: self.max_operations]:
            parsed = self._parse_element(element, view)
            if isinstance(parsed, ParseError):
                errors.append(parsed)
            elif not isinstance(parsed, Noop):
                operations.append(parsed)
        if len(elements) > self.max_operations:
            why = f"more than {self.max_operations} elements; the rest was not read."
            errors.append(parse_error(ParseErrorKind.TOO_MANY, "", why))
        if not operations and not errors:
            operations.append(Noop())
        return Parsed(tuple(operations), tuple(errors))

    def write(self, operations: Sequence[Operation], view: ManagerView) -> str:
        """Return a completion that parses to these operations, their texts as one line each.

        Sources, times, kinds and utilities have no words in this format, and neither has a NOOP beside other
        operations.

        Raises:
            ValueError: If an operation names an entry that is not shown, or one that leaves a full store.
        """
        shown = {entry.id for entry in view.entries}
        changes = [operation for operation in operations if not isinstance(operation, Noop)]
        return json.dumps(
            {"memory": [_element(operation, shown) for operation in changes]}, ensure_ascii=False
        )

    def _parse_element(self, element: object, view: ManagerView) -> Operation | ParseError:
        if not isinstance(element, dict):
            return _error(ParseErrorKind.BAD_JSON, element, "an element of the list is a JSON object.")
        event = element.get("event")
        if event == "NONE":
            return Noop()
        if event == "ADD":
            text = _text(element)
            return text if isinstance(text, ParseError) else Add(*provenance(text, view.chunk))
        if event not in ("UPDATE", "DELETE"):
            why = 'its "event" is ADD, UPDATE, DELETE or NONE.'
            return _error(ParseErrorKind.UNKNOWN_VERB, element, why)
        id = _id(element.get("id"))
        if id is None:
            return _error(ParseErrorKind.BAD_ID, element, f'{event} needs the "id" of an entry.')
        is_shown = any(entry.id == id for entry in view.entries)
        if not is_shown and not (event == "UPDATE" and self.adds_unknown):
            why = f"none of the {len(view.entries)} entries shown has this id."
            return _error(ParseErrorKind.OUT_OF_RANGE, element, why)
        if event == "DELETE":
            return Delete(id)
        text = _text(element)
        if isinstance(text, ParseError):
            return text
        written = provenance(text, view.chunk)
        return Update(id, *written) if is_shown else Add(*written)


def _elements(completion: str) -> list[Any] | ParseError:
    """Return the list of the first JSON object behind the thoughts that has one."""
    why = 'reply with one JSON object whose "memory" is a list.'
    if not completion.strip():
        return parse_error(ParseErrorKind.EMPTY, "", f"the completion is empty; {why}")
    reply = split_thoughts(completion)
    reader = JSONReader(reply.text)
    start = reply.text.find("{")
    while start >= 0:
        found = reader.read(start)
        elements = found.value.get("memory") if found is not None else None
        if isinstance(elements, list):
            return elements
        start = reply.text.find("{", start + 1 if found is None else found.end)
    error = cut_thought(reply) or parse_error(ParseErrorKind.BAD_JSON, reply.text, why)
    return without_surrogates(reply.text) or error


def _text(element: Mapping[str, Any]) -> str | ParseError:
    text = element.get("text")
    if not isinstance(text, str) or not text.strip():
        return _error(ParseErrorKind.MISSING_TEXT, element, f'{element["event"]} needs a "text".')
    return without_surrogates(text) or text


def _id(value: object) -> int | None:
    """Return the id that a number, or a text of digits, stands for."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _error(kind: ParseErrorKind, element: object, why: str) -> ParseError:
    try:
        # Escaped, because an element may have lone surrogates, which are in no file.
        fragment = json.dumps(element)
    except RecursionError:
        fragment = ""
    return parse_error(kind, fragment, why)


def _entry_line(entry: MemoryEntry) -> str:
    time = {} if entry.time is None else {"time": entry.time.date().isoformat()}
    return json.dumps({"id": entry.id, **time, "text": one_line(entry.text)}, ensure_ascii=False)


def _element(operation: Operation, shown: set[int]) -> dict[str, Any]:
    if isinstance(operation, Update | Delete) and operation.id not in shown:
        raise ValueError(f"entry {operation.id} is not among the {len(shown)} entries shown.")
    match operation:
        case Add(text=text, evicts=()):
            return {"event": "ADD", "text": one_line(text)}
        case Update(id=id, text=text):
            return {"id": id, "event": "UPDATE", "text": one_line(text)}
        case Delete(id=id):
            return {"id": id, "event": "DELETE"}
    raise ValueError(f"the format memory_r1 cannot express {operation!r}.")


SELECTED, ANSWER = "**Memories:**", "**Answer:**"
_ANSWER_LINE = re.compile(rf"{re.escape(ANSWER)}[ \t]")

_NONE = "none"

_NUMBERS = re.compile(r"[1-9][0-9]{0,3}(?:\s*,\s*[1-9][0-9]{0,3})*")


class MemoryR1AnswerFormat:
    """The answer agent's form in Memory-R1 (arXiv:2508.19828): selected memories, then a short answer.

    ```text
    **Memories:** 3, 17
    **Answer:** Boston
    ```

    Memories are numbered from 1 as they are shown, best first; `none` says that none of them helps. What
    stands before `**Memories:**` is the model's thinking and is worth nothing, and so are thoughts that a
    model marks as such. Each of the two stands once, and nothing follows the line of the answer. Anything
    else is an error, and then there are no selected memories and no answer. Paper: memories are selected by
    their text; by numbers they cost fewer tokens.
    """

    name = "memory_r1"
    instructions = (
        "Two people talked over a long time, and notes were taken. You are given a question and the notes "
        "that a search found for it, each with its date where that is known. Many of them have nothing to do "
        "with the question. First choose the notes from which the answer follows. If notes contradict each "
        "other, the latest is right. Work out a date from the date of its note where the note says "
        "yesterday, last week and the like. Then answer in at most five words, with the name, place, date or "
        "thing itself and no sentence around it. You may think before, but end with these two lines and "
        "nothing after them:\n"
        f"{SELECTED} 3, 17\n"
        f"{ANSWER} Boston\n"
        f"If no note helps, choose {_NONE} and answer as well as you can."
    )
    examples = (
        f"{SELECTED} 1\n{ANSWER} Boston",
        f"{SELECTED} 2, 1\n{ANSWER} two cats",
        f"{SELECTED} {_NONE}\n{ANSWER} {NO_INFORMATION}",
    )

    def render(self, view: AnswerView) -> str:
        """Return the memories, one a line under their numbers, then the question."""
        if view.question is None:
            return END
        notes = [f"{number}. {one_line(render_entry(entry))}" for number, entry in enumerate(view.entries, 1)]
        asked = "" if view.time is None else f" (asked on {view.time.date().isoformat()})"
        return "\n".join(
            ["Notes:", *(notes or ["(none)"]), "", f"Question{asked}: {one_line(view.question)}"]
        )

    def messages(self, view: AnswerView) -> tuple[Message, ...]:
        """Return the instructions as the system's message and the view as the user's."""
        return Message("system", self.instructions), Message("user", self.render(view))

    def parse(self, completion: str, view: AnswerView) -> Parsed[AnswerDecision]:
        """Return the selected entries and the answer; neither if anything is wrong."""
        parsed = _parse(completion, view)
        if isinstance(parsed, ParseError):
            return Parsed(AnswerDecision((), ""), (parsed,))
        return Parsed(parsed)

    def write(self, decision: AnswerDecision, view: AnswerView) -> str:
        """Return a completion that parses to this decision, the answer as one line.

        Raises:
            ValueError: If the answer is empty or an entry is not shown.
        """
        if not decision.answer.strip():
            raise ValueError("the answer is empty, which Memory-R1's format cannot express.")
        numbers = ", ".join(str(number_shown(id, view)) for id in decision.useful)
        return f"{SELECTED} {numbers or _NONE}\n{ANSWER} {one_line(decision.answer)}"


def _parse(completion: str, view: AnswerView) -> AnswerDecision | ParseError:
    if not completion.strip():
        return parse_error(ParseErrorKind.EMPTY, "", "the completion is empty; answer the question.")
    reply = split_thoughts(completion, _ANSWER_LINE)
    completion = reply.text
    if (error := cut_thought(reply) or without_surrogates(completion)) is not None:
        return error
    for mark in (SELECTED, ANSWER):
        count = completion.count(mark)
        if count != 1:
            kind = ParseErrorKind.DUPLICATE if count else ParseErrorKind.MISSING_LINE
            return parse_error(kind, "", f"{mark} stands {count} times; write it once.")
    before, _, answer = completion.partition(ANSWER)
    _, found, selected = before.partition(SELECTED)
    if not found:
        return parse_error(ParseErrorKind.MISSING_LINE, "", f"{SELECTED} must come before {ANSWER}.")
    numbers = _parse_selected(selected.strip(), view)
    if isinstance(numbers, ParseError):
        return numbers
    answer, _, more = answer.strip().partition("\n")
    if not answer:
        return parse_error(ParseErrorKind.MISSING_TEXT, ANSWER, "the answer is empty.")
    if more.strip():
        return parse_error(ParseErrorKind.EXTRA_TEXT, more.strip(), "nothing may follow the answer.")
    return AnswerDecision(tuple(view.entries[number - 1].id for number in numbers), one_line(answer))


def _parse_selected(text: str, view: AnswerView) -> list[int] | ParseError:
    if text == _NONE:
        return []
    if not _NUMBERS.fullmatch(text):
        why = f"write the numbers of notes separated by commas, or {_NONE}."
        return parse_error(ParseErrorKind.NOT_A_NUMBER, text, why)
    numbers = [int(number) for number in text.split(",")]
    if max(numbers) > len(view.entries):
        why = f"none of the {len(view.entries)} notes has this number."
        return parse_error(ParseErrorKind.OUT_OF_RANGE, text, why)
    if len(set(numbers)) < len(numbers):
        return parse_error(ParseErrorKind.DUPLICATE, text, "a note is chosen twice.")
    return numbers
