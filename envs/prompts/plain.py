"""memdojo's own compact prompt formats: one short line for each thing said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from memdojo.rewards.metrics import NO_INFORMATION

from ..quoting import ARE_DATA, one_line
from ..streams.rendering import render_entry
from ..types import Add, Chunk, Delete, MemoryEntry, Noop, Operation, Update
from .pieces import (
    END,
    SEPARATOR,
    cut_ranking,
    cut_thought,
    memory_header,
    news,
    options_lines,
    parse_lines,
    parse_numbers,
    provenance,
    question_line,
    without_surrogates,
)
from .protocol import (
    AnswerDecision,
    AnswerView,
    ManagerView,
    Message,
    Parsed,
    ParseError,
    ParseErrorKind,
    RankingView,
    parse_error,
)
from .thoughts import split_thoughts

_ID = r"[0-9]{1,9}"
_ID_AND_TEXT = re.compile(rf"({_ID})\s+(.*\S)\s*", re.DOTALL)
_IDS_AND_TEXT = re.compile(rf"({_ID}(?:,{_ID})*)\s+(.*\S)\s*", re.DOTALL)
_WRITING_LINE = re.compile(rf"[ \t]*+(?:ADD|(?:UPDATE|REPLACE)[ \t]{_ID}(?:,{_ID})*+)[ \t]")
_ANSWER_LINE = re.compile(r"[ \t]*+ANSWER[ \t]")
_MAX_CACHED_LINES = 1 << 16


class _Lines:
    """The line of each entry, rendered once: at 500 entries rendering anew is most of a step's time."""

    def __init__(self) -> None:
        self._lines: dict[int, tuple[MemoryEntry, str]] = {}

    def of(self, entries: Iterable[MemoryEntry]) -> list[str]:
        lines = self._lines
        if len(lines) > _MAX_CACHED_LINES:
            lines.clear()
        rendered = []
        for entry in entries:
            # The record is kept with its line, so that no other object can get its address meanwhile.
            known = lines.get(id(entry))
            if known is None:
                known = lines[id(entry)] = entry, f"[{entry.id}] {one_line(render_entry(entry))}"
            rendered.append(known[1])
        return rendered

    def __reduce__(self) -> tuple[Any, ...]:
        return _Lines, ()


class PlainFormat:
    """The manager's plain format: one operation a line.

    ```text
    ADD Caroline moved to Boston
    REPLACE 12 Caroline moved to Boston
    UPDATE 7 Caroline has two cats
    DELETE 3
    NOOP
    ```

    REPLACE is an ADD that names the entry that leaves if the store has no room; several are separated by
    commas without blanks (`REPLACE 12,15 text`). Verbs are upper case and start the line; blank lines count
    for nothing, and neither do thoughts. Each malformed line is one error, and the other lines still count;
    so is the last line of a completion that was cut off. To leave the memory as it is, say NOOP: an empty
    completion is an error.

    A text is one line, its white space collapsed. It gets the sources of `source_turns`, and the time of the
    latest of them.

    Args:
        max_operations: Lines that are read; what follows is one error, so that no completion can keep the
            store busy for long.
    """

    name = "plain"
    instructions = (
        "You keep the memory of a conversation. You see the memory and what was newly said. Later, questions "
        f"about the conversation are answered from the memory alone. {ARE_DATA} Reply with one operation a "
        "line and nothing else:\n"
        "ADD text (remember the text as a new entry)\n"
        "REPLACE 12 text (the same, and entry 12 leaves if the memory is full)\n"
        "UPDATE 12 text (entry 12 now reads as the text)\n"
        "DELETE 12 (forget entry 12)\n"
        "NOOP (leave the memory as it is)"
    )
    examples: tuple[str, ...] = (
        "NOOP",
        "ADD Caroline moved to Boston",
        "REPLACE 1 Caroline moved to Boston",
        "UPDATE 1 Caroline has two cats",
        "DELETE 1",
        "ADD Melanie paints\nDELETE 2",
    )
    writing_line: ClassVar[re.Pattern[str]] = _WRITING_LINE
    """How a line begins behind which a text stands."""

    def __init__(self, max_operations: int = 64) -> None:
        if max_operations < 1:
            raise ValueError(f"max_operations is {max_operations}; at least one line must be read.")
        self.max_operations = max_operations
        self._lines = _Lines()

    def render(self, view: ManagerView) -> str:
        """Return the memory, an entry a line, and what was newly said, a turn a line."""
        return "\n".join([memory_header(view), *self._lines.of(view.entries), *news(view)])

    def messages(self, view: ManagerView) -> tuple[Message, ...]:
        """Return the instructions as the system's message and the view as the user's."""
        return Message("system", self.instructions), Message("user", self.render(view))

    def parse(self, completion: str, view: ManagerView) -> Parsed[tuple[Operation, ...]]:
        """Return the operations of the well-formed lines, and an error for each other one."""
        return self._parse(completion, view)

    def parse_cut(self, completion: str, view: ManagerView) -> Parsed[tuple[Operation, ...]]:
        """Return the same for a completion that was cut off: its last line is an error."""
        return self._parse(completion, view, is_cut=True)

    def write(self, operations: Sequence[Operation], view: ManagerView) -> str:
        """Return a completion that parses to these operations, their texts as one line each.

        Sources, times, kinds and utilities have no words in this format: `parse` derives the first two.

        Raises:
            ValueError: If the format has no words for a class of operation.
        """
        return "\n".join(map(self.write_line, operations))

    def parse_line(self, line: str, chunk: Chunk | None) -> Operation | ParseError:
        """Return the operation of a line without blanks around it, or what is wrong with it."""
        return _parse_operation(line, chunk)

    def write_line(self, operation: Operation) -> str:
        """Return the line of an operation.

        Raises:
            ValueError: If the format has no words for it.
        """
        return _write_operation(operation)

    def _parse(
        self, completion: str, view: ManagerView, *, is_cut: bool = False
    ) -> Parsed[tuple[Operation, ...]]:
        return parse_lines(
            completion,
            self.max_operations,
            lambda line: self.parse_line(line, view.chunk),
            writes=self.writing_line,
            is_cut=is_cut,
        )


class PlainRankingFormat:
    """The proxy retriever's plain format: the numbers of the chosen candidates, best first, as in `3, 17, 5`.

    Candidates are numbered from 1 in the order in which they are shown. Commas, blanks and line breaks
    separate. A ranking with anything else in it, a number twice or one that no candidate has, is malformed as
    a whole, and so is one that was cut off: a ranking with holes would be another ranking than the one that
    was meant. Thoughts are passed over.
    """

    name = "plain"
    instructions = (
        f"You see numbered passages of a conversation and a question. {ARE_DATA} Reply with the numbers of "
        "the passages that help to answer the question, best first, separated by commas, and nothing else, "
        "as in: 3, 17, 5"
    )
    examples: tuple[str, ...] = ("1", "2, 1", "3 1 2")

    def render(self, view: RankingView) -> str:
        """Return the candidates, one a line, then the question."""
        if view.question is None:
            return END
        lines = ["CANDIDATES"]
        lines += [
            f"{number}. {one_line(render_entry(entry))}" for number, entry in enumerate(view.candidates, 1)
        ]
        lines += [question_line(view.question, view.time), *options_lines(view.options)]
        lines.append(f"CHOOSE at most {view.top_k}")
        return "\n".join(lines)

    def messages(self, view: RankingView) -> tuple[Message, ...]:
        """Return the instructions as the system's message and the view as the user's."""
        return Message("system", self.instructions), Message("user", self.render(view))

    def parse(self, completion: str, view: RankingView) -> Parsed[tuple[int, ...]]:
        """Return the entry ids of the ranking; none if anything is wrong with it."""
        reply = split_thoughts(completion)
        if (error := cut_thought(reply)) is not None:
            return Parsed((), (error,))
        pieces = [piece for piece in SEPARATOR.split(reply.text) if piece]
        if not pieces:
            why = "the ranking is empty; name at least one candidate."
            return Parsed((), (parse_error(ParseErrorKind.EMPTY, "", why),))
        numbers, errors = parse_numbers(pieces, range(1, len(view.candidates) + 1), "candidates")
        if errors:
            return Parsed((), errors)
        return Parsed(tuple(view.candidates[number - 1].id for number in numbers))

    def parse_cut(self, completion: str, view: RankingView) -> Parsed[tuple[int, ...]]:
        """Return the error of a completion that was cut off."""
        return Parsed((), (cut_ranking(completion),))

    def write(self, ranking: Sequence[int], view: RankingView) -> str:
        """Return a completion that parses to these entry ids.

        Raises:
            ValueError: If an id is not among the candidates.
        """
        ids = [entry.id for entry in view.candidates]
        return ", ".join(str(ids.index(id) + 1) for id in ranking)


class PlainAnswerFormat:
    """The answer agent's plain format: a line with the useful entries and a line with the answer.

    ```text
    USE 3, 17
    ANSWER Boston
    ```

    `USE` alone says that no entry is of use. A missing, repeated or malformed line is an error; what the
    other line says still counts. Of a completion that was cut off, the last line is an error if it is the one
    with the entries, and the answer as far as it goes if it is the other. Thoughts are passed over.
    """

    name = "plain"
    instructions = (
        f"You see entries of a memory and a question. {ARE_DATA} Reply with two lines: USE and the numbers "
        "of the entries that tell the answer, best first, then ANSWER and the answer in a few words, as in:\n"
        "USE 3, 17\nANSWER Boston"
    )
    examples = (f"USE\nANSWER {NO_INFORMATION}", "USE 1\nANSWER Boston", "USE 2, 1\nANSWER two cats")

    def __init__(self) -> None:
        self._lines = _Lines()

    def render(self, view: AnswerView) -> str:
        """Return the entries, one a line under their ids, then the question."""
        if view.question is None:
            return END
        return "\n".join(["MEMORY", *self._lines.of(view.entries), question_line(view.question, view.time)])

    def messages(self, view: AnswerView) -> tuple[Message, ...]:
        """Return the instructions as the system's message and the view as the user's."""
        return Message("system", self.instructions), Message("user", self.render(view))

    def parse(self, completion: str, view: AnswerView) -> Parsed[AnswerDecision]:
        """Return the entries and the answer, empty where the completion has none."""
        return self._parse(completion, view)

    def parse_cut(self, completion: str, view: AnswerView) -> Parsed[AnswerDecision]:
        """Return the same for a completion that was cut off: entries on its last line are an error."""
        return self._parse(completion, view, is_cut=True)

    def _parse(self, completion: str, view: AnswerView, *, is_cut: bool = False) -> Parsed[AnswerDecision]:
        reply = split_thoughts(completion, _ANSWER_LINE)
        found: dict[str, str] = {}
        errors: list[ParseError] = []
        lines = reply.text.split("\n")
        if (error := cut_thought(reply)) is not None:
            errors.append(error)
        elif is_cut and lines[-1].split()[:1] == ["USE"]:
            why = "the line was cut off, so it names no entry."
            errors.append(parse_error(ParseErrorKind.CUT_OFF, lines.pop(), why))
        for line in lines:
            verb, _, rest = line.strip().partition(" ")
            if not verb:
                continue
            if verb not in ("USE", "ANSWER"):
                errors.append(
                    parse_error(ParseErrorKind.UNKNOWN_VERB, line, "lines start with USE or ANSWER.")
                )
            elif verb in found:
                errors.append(parse_error(ParseErrorKind.DUPLICATE, line, f"{verb} was said before."))
            else:
                found[verb] = rest.strip()
            if len(errors) > 8:
                break  # A long text without form is one failure, not thousands.
        if not found and reply.is_cut:
            return Parsed(AnswerDecision((), ""), tuple(errors))
        if not found and not errors:
            errors.append(
                parse_error(ParseErrorKind.EMPTY, "", "the completion is empty; answer the question.")
            )
            return Parsed(AnswerDecision((), ""), tuple(errors))
        for verb in ("USE", "ANSWER"):
            if verb not in found:
                errors.append(parse_error(ParseErrorKind.MISSING_LINE, "", f"there is no {verb} line."))
        pieces = [piece for piece in SEPARATOR.split(found.get("USE", "")) if piece]
        useful, number_errors = parse_numbers(pieces, {entry.id for entry in view.entries}, "entries shown")
        errors.extend(number_errors)
        answer = found.get("ANSWER", "")
        if "ANSWER" in found and not answer:
            errors.append(parse_error(ParseErrorKind.MISSING_TEXT, "ANSWER", "the answer is empty."))
        if (error := without_surrogates(answer)) is not None:
            errors.append(error)
            answer = ""
        return Parsed(AnswerDecision(() if number_errors else useful, answer), tuple(errors))

    def write(self, decision: AnswerDecision, view: AnswerView) -> str:
        """Return a completion that parses to this decision, the answer as one line."""
        use = f"USE {', '.join(map(str, decision.useful))}".rstrip()
        return f"{use}\nANSWER {one_line(decision.answer)}".rstrip()


def _parse_operation(line: str, chunk: Chunk | None) -> Operation | ParseError:
    verb, *rest = line.split(None, 1)
    argument = rest[0] if rest else ""
    if verb == "NOOP":
        return _without_text(Noop(), argument, line)
    if verb == "ADD":
        if not argument:
            return parse_error(ParseErrorKind.MISSING_TEXT, line, "write ADD and the text.")
        return _add(argument, chunk, ())
    if verb == "DELETE":
        id, *more = argument.split(None, 1) or [""]
        if not re.fullmatch(_ID, id):
            return parse_error(ParseErrorKind.BAD_ID, line, "write DELETE and one entry number.")
        return _without_text(Delete(int(id)), more[0] if more else "", line)
    if verb in ("UPDATE", "REPLACE"):
        match = (_ID_AND_TEXT if verb == "UPDATE" else _IDS_AND_TEXT).fullmatch(argument)
        if match is None:
            return _missing_id_or_text(verb, argument, line)
        ids = tuple(map(int, match[1].split(",")))
        return _update(ids[0], match[2], chunk) if verb == "UPDATE" else _add(match[2], chunk, ids)
    why = "a line starts with ADD, REPLACE, UPDATE, DELETE or NOOP."
    return parse_error(ParseErrorKind.UNKNOWN_VERB, line, why)


def _without_text(operation: Operation, text: str, line: str) -> Operation | ParseError:
    if text:
        return parse_error(ParseErrorKind.EXTRA_TEXT, line, "nothing may follow on the line.")
    return operation


def _missing_id_or_text(verb: str, argument: str, line: str) -> ParseError:
    if re.fullmatch(rf"{_ID}(?:,{_ID})*", argument) and ("," not in argument or verb == "REPLACE"):
        return parse_error(ParseErrorKind.MISSING_TEXT, line, f"write {verb}, the entry number and the text.")
    return parse_error(ParseErrorKind.BAD_ID, line, f"an entry number must follow {verb}.")


def _add(text: str, chunk: Chunk | None, evicts: tuple[int, ...]) -> Add:
    text, sources, time = provenance(text, chunk)
    return Add(text, sources, time, evicts=evicts)


def _update(id: int, text: str, chunk: Chunk | None) -> Update:
    text, sources, time = provenance(text, chunk)
    return Update(id, text, sources, time)


def _write_operation(operation: Operation) -> str:
    match operation:
        case Add(text=text, evicts=()):
            return f"ADD {one_line(text)}"
        case Add(text=text, evicts=evicts):
            return f"REPLACE {','.join(map(str, evicts))} {one_line(text)}"
        case Update(id=id, text=text):
            return f"UPDATE {id} {one_line(text)}"
        case Delete(id=id):
            return f"DELETE {id}"
        case Noop():
            return "NOOP"
    raise ValueError(f"the plain format cannot express {operation!r}.")
