"""The prompt format of a memory of experience: the plain one, with words for what experience is worth."""

from __future__ import annotations

import re

from ..memory.design_operations import Merge, Tag, Value
from ..quoting import ARE_DATA, one_line
from ..streams.rendering import render_entry
from ..types import Chunk, MemoryEntry, Operation
from .pieces import memory_header, news, provenance
from .plain import PlainFormat
from .protocol import ManagerView, ParseError, ParseErrorKind, parse_error

_ID = r"[0-9]{1,9}"
_VALUE = re.compile(rf"({_ID})\s+([+-]?[0-9]{{1,3}}(?:\.[0-9]{{1,6}})?)")
_DECIMALS = 6
_MERGE = re.compile(rf"({_ID}(?:,{_ID})+)\s+(.*\S)", re.DOTALL)
_TAGS = r"[\w-]{1,40}(?:,[\w-]{1,40}){0,7}"
_TAG = re.compile(rf"({_ID})\s+({_TAGS})")
_TAGS_SHOWN = re.compile(_TAGS)
_WRITING_LINE = re.compile(rf"[ \t]*+(?:ADD|(?:UPDATE|REPLACE|MERGE)[ \t]{_ID}(?:,{_ID})*+)[ \t]")


class ExperienceFormat(PlainFormat):
    """The plain format of managers, which can also value, merge and tag entries.

    ```text
    ADD Sort the red box. ANSWER: B VERDICT: wrong
    VALUE 12 0.5
    MERGE 3,7 wooden boxes go to A
    TAG 12 boxes,wooden
    DELETE 3
    NOOP
    ```

    VALUE sets what an entry is worth, from -1 to 1; MERGE writes a text in place of several entries, which
    becomes the first of them; TAG sets an entry's tags, up to eight words. Utility and tags stand behind an
    entry's number where it has any, as in `[12 +0.50 boxes,wooden]`. All else is as in `PlainFormat`.
    """

    name = "experience"
    instructions = (
        "You keep the memory of somebody who does tasks. You see the memory and the report of the last task: "
        "what was answered, and whether it was right, wrong, or given as the right answer. Later, entries "
        f"are handed over for similar tasks. {ARE_DATA} Reply with one operation a line and nothing else:\n"
        "ADD text (remember the text as a new entry, such as the case or a tip)\n"
        "REPLACE 12 text (the same, and entry 12 leaves if the memory is full)\n"
        "UPDATE 12 text (entry 12 now reads as the text)\n"
        "VALUE 12 0.5 (entry 12 is worth so much, from -1 to 1)\n"
        "MERGE 3,7 text (entries 3 and 7 become one with this text)\n"
        "TAG 12 boxes,wooden (entry 12 has these tags)\n"
        "DELETE 12 (forget entry 12)\n"
        "NOOP (leave the memory as it is)"
    )
    examples = (*PlainFormat.examples, "VALUE 1 0.5", "MERGE 1,2 wooden boxes go to A", "TAG 1 boxes,wooden")
    writing_line = _WRITING_LINE

    def render(self, view: ManagerView) -> str:
        """Return the memory, an entry a line, and what was newly said, a turn a line."""
        entries = (f"[{_marks(entry)}] {one_line(render_entry(entry))}" for entry in view.entries)
        return "\n".join([memory_header(view), *entries, *news(view)])

    def parse_line(self, line: str, chunk: Chunk | None) -> Operation | ParseError:
        """Return the operation of a line without blanks around it, or what is wrong with it."""
        operation = _parse_own(line, chunk)
        return super().parse_line(line, chunk) if operation is None else operation

    def write_line(self, operation: Operation) -> str:
        """Return the line of an operation.

        Raises:
            ValueError: If the format has no words for it.
        """
        return _write_own(operation) or super().write_line(operation)


def _marks(entry: MemoryEntry) -> str:
    """Return an entry's number with its utility and tags, as far as it has any that are plain words."""
    worth = [f"{entry.utility:+.2f}"] if entry.utility else []
    tags = ",".join(entry.tags)
    return " ".join([str(entry.id), *worth, *([tags] if _TAGS_SHOWN.fullmatch(tags) else [])])


def _parse_own(line: str, chunk: Chunk | None) -> Operation | ParseError | None:
    """Return what a line comes to that begins with a verb of this format alone; None of others."""
    verb, *rest = line.split(None, 1)
    argument = rest[0] if rest else ""
    if verb == "VALUE":
        if (found := _VALUE.fullmatch(argument)) is None:
            why = "write VALUE, one entry number and a number."
            return parse_error(ParseErrorKind.BAD_ARGUMENT, line, why)
        if abs(float(found[2])) > 1:
            return parse_error(ParseErrorKind.OUT_OF_RANGE, line, "an entry is worth from -1 to 1.")
        return Value(int(found[1]), utility=float(found[2]))
    if verb == "MERGE":
        if (found := _MERGE.fullmatch(argument)) is None:
            why = "write MERGE, two entry numbers or more as in 3,7, and the text."
            return parse_error(ParseErrorKind.BAD_ARGUMENT, line, why)
        text, sources, time = provenance(found[2], chunk)
        return Merge(tuple(map(int, found[1].split(","))), text, sources, time)
    if verb == "TAG":
        if (found := _TAG.fullmatch(argument)) is None:
            why = "write TAG, one entry number and up to eight words as in boxes,wooden."
            return parse_error(ParseErrorKind.BAD_ARGUMENT, line, why)
        return Tag(int(found[1]), tuple(found[2].split(",")))
    return None


def _write_own(operation: Operation) -> str:
    """Return the line of an operation for which this format alone has words; empty of others."""
    match operation:
        case Value(id=id, reads=0, helps=0, utility=float() | int() as utility) if (
            abs(utility) <= 1 and round(utility, _DECIMALS) == utility
        ):
            return f"VALUE {id} {utility:.{_DECIMALS}f}"
        case Merge(ids=ids, text=text) if len(ids) > 1:
            return f"MERGE {','.join(map(str, ids))} {one_line(text)}"
        case Tag(id=id, tags=tags) if _TAGS_SHOWN.fullmatch(",".join(tags)):
            return f"TAG {id} {','.join(tags)}"
    return ""
