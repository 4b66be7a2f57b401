"""A manager's format for tiny models: turns are kept as they were said, so a completion is a few tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..answering import AnswerRequest, ExtractiveAnswerer
from ..quoting import one_line
from ..streams.rendering import render_entry, render_turn
from ..types import Add, Delete, Noop, Operation, Turn, Update
from .lettered import letter_of_turn, lettered_news, time_of, turn_of_letter
from .pieces import END, cut_thought, parse_lines
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

_PATTERNS = {
    "KEEP": re.compile(r"([a-z]{1,3})(?: ([0-9]{1,9}))?"),
    "UPDATE": re.compile(r"([0-9]{1,9}) ([a-z]{1,3})"),
    "DROP": re.compile(r"([0-9]{1,9})()"),
    "NOOP": re.compile(r"()()"),
}
_USAGE = {
    "KEEP": "write KEEP and the letter of a new line, then perhaps the number of the entry that leaves.",
    "UPDATE": "write UPDATE, the number of an entry and the letter of a new line.",
    "DROP": "write DROP and the number of an entry.",
    "NOOP": "nothing may follow NOOP.",
}


class BriefFormat:
    """The manager's brief format: one operation a line, texts named instead of written.

    ```text
    KEEP a
    KEEP b 3
    UPDATE 2 a
    DROP 1
    NOOP
    ```

    New turns have letters (`a` to `z`, then `aa` and so on), entries are numbered from 1 as they are shown.
    `KEEP b 3` stores turn b, and entry 3 leaves if there is no room; `UPDATE 2 a` replaces entry 2 by a. A
    number means the same entry throughout a completion. Dates are not shown. Each malformed line is one
    error, and the other lines still count; an empty completion is an error, and so is the last line of one
    that was cut off. Thoughts are passed over.

    Args:
        max_operations: Lines that are read; what follows is one error.
    """

    name = "brief"
    instructions = (
        "You keep the memory of a conversation: numbered entries. New lines have letters. Reply with one "
        "operation a line: KEEP a (remember line a), KEEP a 2 (the same, and entry 2 leaves if the memory is "
        "full), UPDATE 2 a (entry 2 now reads as line a), DROP 2 (forget entry 2), NOOP (change nothing)."
    )
    examples = ("NOOP", "KEEP a", "KEEP a 1", "UPDATE 1 a", "DROP 1", "DROP 1\nKEEP a")

    def __init__(self, max_operations: int = 16) -> None:
        if max_operations < 1:
            raise ValueError(f"max_operations is {max_operations}; at least one line must be read.")
        self.max_operations = max_operations

    def render(self, view: ManagerView) -> str:
        """Return the entries, one a line under their numbers, then the new turns under their letters."""
        most = view.capacity.max_entries
        size = f"{view.store_size}" if most is None else f"{view.store_size}/{most}"
        lines = [f"MEMORY {size}"]
        lines += [f"{number} {one_line(entry.text)}" for number, entry in enumerate(view.entries, 1)]
        return "\n".join([*lines, *lettered_news(view)])

    def messages(self, view: ManagerView) -> tuple[Message, ...]:
        """Return the view alone: the models that this format is for learn its few words by doing."""
        return (Message("user", self.render(view)),)

    def parse(self, completion: str, view: ManagerView) -> Parsed[tuple[Operation, ...]]:
        """Return the operations of the well-formed lines, and an error for each other one."""
        return self._parse(completion, view)

    def parse_cut(self, completion: str, view: ManagerView) -> Parsed[tuple[Operation, ...]]:
        """Return the same for a completion that was cut off: its last line is an error."""
        return self._parse(completion, view, is_cut=True)

    def write(self, operations: Sequence[Operation], view: ManagerView) -> str:
        """Return a completion that parses to these operations.

        Raises:
            ValueError: If an operation writes anything but a turn of the chunk, or names an entry that is not
                shown.
        """
        return "\n".join(_write_line(operation, view) for operation in operations)

    def _parse(
        self, completion: str, view: ManagerView, *, is_cut: bool = False
    ) -> Parsed[tuple[Operation, ...]]:
        return parse_lines(
            completion, self.max_operations, lambda line: _parse_line(line, view), is_cut=is_cut
        )


def _parse_line(line: str, view: ManagerView) -> Operation | ParseError:
    verb, _, argument = line.partition(" ")
    if verb not in _PATTERNS:
        why = "a line starts with KEEP, UPDATE, DROP or NOOP."
        return parse_error(ParseErrorKind.UNKNOWN_VERB, line, why)
    match = _PATTERNS[verb].fullmatch(argument)
    if match is None:
        kind = ParseErrorKind.EXTRA_TEXT if verb == "NOOP" else ParseErrorKind.BAD_ID
        return parse_error(kind, line, _USAGE[verb])
    if verb == "NOOP":
        return Noop()
    letter, number = (match[2], match[1]) if verb in ("UPDATE", "DROP") else (match[1], match[2])
    if number is not None and not 1 <= int(number) <= len(view.entries):
        why = f"none of the {len(view.entries)} entries shown has this number."
        return parse_error(ParseErrorKind.OUT_OF_RANGE, line, why)
    id = None if number is None else view.entries[int(number) - 1].id
    if verb == "DROP":
        assert id is not None  # The pattern asks for a number.
        return Delete(id)
    turn = turn_of_letter(letter, line, view)
    if isinstance(turn, ParseError):
        return turn
    return _keep(turn, view, id) if verb == "KEEP" else _update(turn, view, id)


def _keep(turn: Turn, view: ManagerView, leaves: int | None) -> Add:
    evicts = () if leaves is None else (leaves,)
    return Add(render_turn(turn), (turn.id,), time_of(turn, view), "turn", evicts=evicts)


def _update(turn: Turn, view: ManagerView, id: int | None) -> Update:
    assert id is not None  # The pattern asks for a number.
    return Update(id, render_turn(turn), (turn.id,), time_of(turn, view))


def _write_line(operation: Operation, view: ManagerView) -> str:
    match operation:
        case Add(sources=sources, evicts=()):
            return f"KEEP {_letter_of(sources, operation, view)}"
        case Add(sources=sources, evicts=(leaves,)):
            return f"KEEP {_letter_of(sources, operation, view)} {_number_of(leaves, view)}"
        case Update(id=id, sources=sources):
            return f"UPDATE {_number_of(id, view)} {_letter_of(sources, operation, view)}"
        case Delete(id=id):
            return f"DROP {_number_of(id, view)}"
        case Noop():
            return "NOOP"
    raise ValueError(f"the brief format cannot express {operation!r}.")


def _letter_of(sources: Sequence[str], operation: Add | Update, view: ManagerView) -> str:
    return letter_of_turn(
        lambda turn: sources == (turn.id,) and operation.text == render_turn(turn), operation, view
    )


def _number_of(id: int, view: ManagerView) -> int:
    for number, entry in enumerate(view.entries, 1):
        if entry.id == id:
            return number
    raise ValueError(f"entry {id} is not among the {len(view.entries)} entries shown.")


_READ, _LEAVE = "1", "0"


class BriefAnswerFormat:
    """The answer agent's brief format: a mark for each entry, `1` to read it and `0` to leave it out.

    ```text
    1001
    ```

    A tiny model can learn what is worth reading, but not to write. So the answer is what the extractive
    reader makes of the entries that are marked. Every entry has a mark of its own, so a policy that explores
    tries all numbers of entries, and not only those that it was taught.

    The question stands before the entries, so that a model knows what it looks for while it reads them.
    Entries are in the order in which they are shown, best first, without their dates. An entry whose mark is
    missing is left out, and marks behind the last entry count for nothing: tiny models cannot count. Anything
    but marks is an error, and then nothing is read and nothing answered.
    """

    name = "brief"
    instructions = (
        "You see a question and entries of a memory. Reply with one mark for each entry, in their order and "
        "without blanks: 1 if it helps to answer the question, 0 if it does not, as in 1001."
    )
    examples = ("10", "11", "00")

    def __init__(self) -> None:
        self._reader = ExtractiveAnswerer()

    def render(self, view: AnswerView) -> str:
        """Return the question, then the entries, one a line under their numbers."""
        if view.question is None:
            return END
        entries = (f"{number} {one_line(entry.text)}" for number, entry in enumerate(view.entries, 1))
        return "\n".join([f"QUESTION {one_line(view.question)}", "MEMORY", *entries])

    def messages(self, view: AnswerView) -> tuple[Message, ...]:
        """Return the view alone: the models that this format is for learn it by examples."""
        return (Message("user", self.render(view)),)

    def parse(self, completion: str, view: AnswerView) -> Parsed[AnswerDecision]:
        """Return the marked entries with the reader's answer; neither if anything is wrong."""
        return self._parse(completion, view)

    def parse_cut(self, completion: str, view: AnswerView) -> Parsed[AnswerDecision]:
        """Return the same for a completion that was cut off: an error where entries have no mark."""
        return self._parse(completion, view, is_cut=True)

    def _parse(self, completion: str, view: AnswerView, *, is_cut: bool = False) -> Parsed[AnswerDecision]:
        reply = split_thoughts(completion)
        marks = reply.text.strip()
        if (error := cut_thought(reply)) is not None:
            return Parsed(AnswerDecision((), ""), (error,))
        if is_cut and len(marks) < len(view.entries):
            why = f"the marks of {len(view.entries)} entries were cut off."
            return Parsed(AnswerDecision((), ""), (parse_error(ParseErrorKind.CUT_OFF, "", why),))
        if not marks:
            why = "the completion is empty; give each entry a mark."
            return Parsed(AnswerDecision((), ""), (parse_error(ParseErrorKind.EMPTY, "", why),))
        if set(marks) - {_READ, _LEAVE}:
            why = "a mark is 1 or 0, and nothing else is said."
            return Parsed(AnswerDecision((), ""), (parse_error(ParseErrorKind.NOT_A_NUMBER, marks, why),))
        useful = [entry for entry, mark in zip(view.entries, marks, strict=False) if mark == _READ]
        request = AnswerRequest(view.question or "", tuple(map(render_entry, useful)), view.time)
        (answer,) = self._reader.answer([request])
        return Parsed(AnswerDecision(tuple(entry.id for entry in useful), answer.text or ""))

    def write(self, decision: AnswerDecision, view: AnswerView) -> str:
        """Return a completion that marks the decision's entries; its answer is the reader's affair.

        Raises:
            ValueError: If an entry is not shown.
        """
        for id in decision.useful:
            number_shown(id, view)
        marks = (_READ if entry.id in decision.useful else _LEAVE for entry in view.entries)
        return "".join(marks) or _LEAVE


def number_shown(id: int, view: AnswerView) -> int:
    """Return the number, from 1, under which an entry is shown.

    Raises:
        ValueError: If it is not shown.
    """
    for number, entry in enumerate(view.entries, 1):
        if entry.id == id:
            return number
    raise ValueError(f"entry {id} is not among the {len(view.entries)} entries shown.")
