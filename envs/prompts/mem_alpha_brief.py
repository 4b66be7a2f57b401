"""Mem-alpha's format for tiny models: the same three memories, with texts named instead of written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..episodes.entry_kinds import EPISODIC_KIND, SEMANTIC_KIND
from ..quoting import one_line
from ..streams.rendering import render_turn
from ..types import CORE_KIND, Add, Delete, MemoryEntry, Noop, Operation, Rewrite, Update
from .lettered import letter_of_turn, lettered_news, time_of, turn_of_letter
from .mem_alpha_view import NO_ENTRY, core_of, latest, memory_type, without_evictions
from .pieces import parse_lines
from .protocol import ManagerView, Message, Parsed, ParseError, ParseErrorKind, parse_error

_KINDS = {"c": CORE_KIND, "s": SEMANTIC_KIND, "e": EPISODIC_KIND}
_SIGNS = {kind: sign for sign, kind in _KINDS.items()}
_PATTERNS = {
    "ADD": re.compile(r"([cse])() ([a-z]{1,3})"),
    "UPDATE": re.compile(r"(?:(c)()|([se]) ([0-9]{1,9})) ([a-z]{1,3})"),
    "DELETE": re.compile(r"(?:(c)()|([se]) ([0-9]{1,9}))()"),
    "NOOP": re.compile(r"()()()"),
}
_USAGE = {
    "ADD": "write ADD, c, s or e, and the letter of a new line.",
    "UPDATE": "write UPDATE, c, or s or e with the number of an entry, and the letter of a new line.",
    "DELETE": "write DELETE and c, or s or e with the number of an entry.",
    "NOOP": "nothing may follow NOOP.",
}


class MemAlphaBriefFormat:
    """Mem-alpha's calls in a few tokens: one a line, new lines by letter, entries by number.

    ```text
    ADD e a
    ADD c b
    UPDATE s 2 a
    UPDATE c a
    DELETE e 1
    DELETE c
    NOOP
    ```

    `c`, `s` and `e` are the core block, semantic and episodic memory. `ADD e a` stores line a as it was said;
    `ADD c b` appends line b to the core block, `UPDATE c a` replaces the block by line a. Entries are
    numbered from 1 as they are shown, those of both types together; what is shown is as in `MemAlphaFormat`.
    Dates are not shown. Each malformed line is one error, and the other lines still count; so is the last
    line of a completion that was cut off. Thoughts are passed over. An empty completion is a NOOP.

    Args:
        num_semantic: Most entries of this type that are shown.
        num_episodic: The same for episodic ones.
        max_operations: Lines that are read; what follows is one error.
    """

    name = "mem_alpha_brief"
    instructions = (
        "You keep the memory of a conversation: c is a block on who the people are, s are lasting facts, e "
        "are events. Reply with one operation a line: ADD e a (remember line a), ADD c a (line a joins the "
        "block), UPDATE s 2 a (entry 2 now reads as line a), UPDATE c a (the block now reads as line a), "
        "DELETE e 2, DELETE c, NOOP (change nothing)."
    )
    examples = ("NOOP", "ADD s a", "ADD e a", "ADD c a", "UPDATE c a", "ADD s a\nADD e a")

    def __init__(self, num_semantic: int = 5, num_episodic: int = 5, max_operations: int = 16) -> None:
        if min(num_semantic, num_episodic) < 0 or max_operations < 1:
            raise ValueError(
                f"num_semantic is {num_semantic}, num_episodic {num_episodic} and max_operations "
                f"{max_operations}; give no negative number of entries, and at least one line."
            )
        self.num_semantic = num_semantic
        self.num_episodic = num_episodic
        self.max_operations = max_operations

    def render(self, view: ManagerView) -> str:
        """Return the core block, the entries under their signs and numbers, and the new lines by letter."""
        core = core_of(view)
        lines = ["MEMORY"]
        if core is not None:
            lines.append(f"c {one_line(core.text)}")
        lines += [
            f"{_SIGNS[memory_type(entry)]} {number} {one_line(entry.text)}"
            for number, entry in enumerate(self._shown(view), 1)
        ]
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

    def _parse(
        self, completion: str, view: ManagerView, *, is_cut: bool = False
    ) -> Parsed[tuple[Operation, ...]]:
        core = core_of(view)
        block = "" if core is None else core.text

        def parse_line(line: str) -> Operation | ParseError:
            nonlocal block
            parsed = self._parse_line(line, view, block)
            if isinstance(parsed, Rewrite):
                block = parsed.text
            return parsed

        return parse_lines(completion, self.max_operations, parse_line, if_empty=Noop(), is_cut=is_cut)

    def write(self, operations: Sequence[Operation], view: ManagerView) -> str:
        """Return a completion that parses to these operations.

        Entries that leave a full store with an ADD are deleted before it.

        Raises:
            ValueError: If an operation writes anything but a turn of the chunk, or names an entry that is not
                shown.
        """
        return "\n".join(self._write_line(each, view) for each in without_evictions(operations))

    def _shown(self, view: ManagerView) -> tuple[MemoryEntry, ...]:
        semantic = latest(view.entries, SEMANTIC_KIND, self.num_semantic)
        return (*semantic, *latest(view.entries, EPISODIC_KIND, self.num_episodic))

    def _parse_line(self, line: str, view: ManagerView, block: str) -> Operation | ParseError:
        verb, _, argument = line.partition(" ")
        if verb not in _PATTERNS:
            why = "a line starts with ADD, UPDATE, DELETE or NOOP."
            return parse_error(ParseErrorKind.UNKNOWN_VERB, line, why)
        match = _PATTERNS[verb].fullmatch(argument)
        if match is None:
            kind = ParseErrorKind.EXTRA_TEXT if verb == "NOOP" else ParseErrorKind.BAD_ID
            return parse_error(kind, line, _USAGE[verb])
        if verb == "NOOP":
            return Noop()
        sign, number, letter = (group for group in match.groups() if group is not None)
        entry = self._entry(sign, number, view)
        if entry is None and number:
            why = f"none of the entries shown is {sign} {number}."
            return parse_error(ParseErrorKind.OUT_OF_RANGE, line, why)
        if verb == "DELETE":
            return Delete(NO_ENTRY, CORE_KIND) if entry is None else Delete(entry.id, entry.kind)
        turn = turn_of_letter(letter, line, view)
        if isinstance(turn, ParseError):
            return turn
        if sign == "c":
            said = render_turn(turn)
            return Rewrite(f"{block}\n{said}" if block and verb == "ADD" else said, (turn.id,))
        if entry is None:
            return Add(render_turn(turn), (turn.id,), time_of(turn, view), _KINDS[sign], unique=True)
        return Update(entry.id, render_turn(turn), (turn.id,), time_of(turn, view), entry.kind)

    def _entry(self, sign: str, number: str, view: ManagerView) -> MemoryEntry | None:
        """Return the entry that a sign and a number stand for; the core block for the sign alone."""
        if sign == "c":
            return core_of(view)
        shown = self._shown(view)
        if not number or not 1 <= int(number) <= len(shown):
            return None
        entry = shown[int(number) - 1]
        return entry if memory_type(entry) == _KINDS[sign] else None

    def _write_line(self, operation: Operation, view: ManagerView) -> str:
        match operation:
            case Noop():
                return "NOOP"
            case Add(text=text):
                return f"ADD {_SIGNS[memory_type(operation)]} {_letter(text, operation, view)}"
            case Rewrite(text=text):
                core = core_of(view)
                if core is not None and text.startswith(f"{core.text}\n"):
                    return f"ADD c {_letter(text[len(core.text) + 1 :], operation, view)}"
                return f"UPDATE c {_letter(text, operation, view)}"
            case Update(id=id, text=text):
                return f"UPDATE {self._name(id, view)} {_letter(text, operation, view)}"
            case Delete(id=id):
                return f"DELETE {self._name(id, view)}"
        raise ValueError(f"the format mem_alpha_brief cannot express {operation!r}.")

    def _name(self, id: int, view: ManagerView) -> str:
        core = core_of(view)
        if core is not None and core.id == id:
            return "c"
        for number, entry in enumerate(self._shown(view), 1):
            if entry.id == id:
                return f"{_SIGNS[memory_type(entry)]} {number}"
        raise ValueError(f"entry {id} is not among the entries shown.")


def _letter(text: str, operation: Operation, view: ManagerView) -> str:
    return letter_of_turn(lambda turn: text == render_turn(turn), operation, view)
