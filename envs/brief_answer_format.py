"""An answer agent's format for tiny models: it marks entries, from which a reader without a model answers."""

from __future__ import annotations

from .answering import AnswerRequest, ExtractiveAnswerer
from .plain_format import END, one_line
from .prompt_format import (
    AnswerDecision,
    AnswerView,
    Message,
    Parsed,
    ParseErrorKind,
    parse_error,
)
from .streams.rendering import render_entry

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
        marks = completion.strip()
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
