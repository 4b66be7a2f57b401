"""Memory-R1's form of an answer: the memories that it rests on, then the answer."""

from __future__ import annotations

import re

from .brief_answer_format import number_shown
from .plain_format import END, one_line, without_surrogates
from .prompt_format import (
    AnswerDecision,
    AnswerView,
    Message,
    Parsed,
    ParseError,
    ParseErrorKind,
    parse_error,
)
from .streams.rendering import render_entry

SELECTED, ANSWER = "**Memories:**", "**Answer:**"
_NONE = "none"
_NUMBERS = re.compile(r"[1-9][0-9]{0,3}(?:\s*,\s*[1-9][0-9]{0,3})*")


class MemoryR1AnswerFormat:
    """The answer agent's form in Memory-R1 (arXiv:2508.19828): selected memories, then a short answer.

    ```text
    **Memories:** 3, 17
    **Answer:** Boston
    ```

    Memories are numbered from 1 as they are shown, best first; `none` says that none of them helps. What
    stands before `**Memories:**` is the model's thinking and counts for nothing. Each of the two stands once,
    and nothing follows the line of the answer. Anything else is an error, and then there are no selected
    memories and no answer. Paper: memories are selected by their text; by numbers they cost fewer tokens.
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
        f"{SELECTED} {_NONE}\n{ANSWER} No information available",
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
            raise ValueError("the answer is empty, and Memory-R1's form has no words for that.")
        numbers = ", ".join(str(number_shown(id, view)) for id in decision.useful)
        return f"{SELECTED} {numbers or _NONE}\n{ANSWER} {one_line(decision.answer)}"


def _parse(completion: str, view: AnswerView) -> AnswerDecision | ParseError:
    if not completion.strip():
        return parse_error(ParseErrorKind.EMPTY, "", "the completion is empty; answer the question.")
    if (error := without_surrogates(completion)) is not None:
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
