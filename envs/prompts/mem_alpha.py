"""Mem-alpha's format of a manager: function calls on a memory of three kinds, only part of which is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ..episodes.entry_kinds import EPISODIC_KIND, SEMANTIC_KIND
from ..quoting import block, one_line
from ..streams.rendering import render_entry
from ..types import CORE_KIND, Add, Delete, Noop, Operation, Rewrite, Update
from .mem_alpha_view import MEMORY_TYPES, NO_ENTRY, core_of, latest, memory_type, without_evictions
from .pieces import news, provenance, without_surrogates
from .protocol import ManagerView, Message, Parsed, ParseError, ParseErrorKind, parse_error
from .tool_calls import Call, in_block, read_calls, write_call

INSERT, UPDATE, DELETE = "new_memory_insert", "memory_update", "memory_delete"

NO_CALL = "Nothing to note."
"""A reply that leaves the memory as it is."""

_PARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        INSERT: ("memory_type", "content"),
        UPDATE: ("memory_type", "new_content", "memory_id"),
        DELETE: ("memory_type", "memory_id"),
    }
)
_ABOUT = {
    INSERT: "Write a new note. The core block is written so only while it is empty.",
    UPDATE: "Let a note, or the core block, read as the new content, all of it.",
    DELETE: "Delete a note that is wrong or no longer needed, or empty the core block.",
}
_ABOUT_PARAMETER: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "memory_type": {"type": "string", "enum": list(MEMORY_TYPES), "description": "The part of memory."},
        "content": {"type": "string", "description": "The text; it tells the time where that matters."},
        "new_content": {"type": "string", "description": "The whole new text."},
        "memory_id": {
            "type": "integer",
            "description": "The number of the note; the core block has none.",
        },
    }
)
_TASK = (
    "You keep the memory of somebody who reads along: a conversation, or texts that arrive piece by piece. "
    "Later, questions are answered from this memory alone. It has three parts. core is one short text that "
    "is always at hand: who the people are, and what holds for them. semantic has notes on what is true and "
    "stays so. episodic has notes on what happened or will happen, each with its time. You see the core "
    "block, the latest notes with their numbers, and what is new. Write down what may be asked for, once "
    "each; correct what has changed; delete what is wrong. "
)
_BY_TOOLS = "Call functions, as many as you need. If there is nothing to change, reply without a call."
_BY_TEXT = (
    "Reply with one function call a line, as JSON, and nothing else:\n"
    '{"name": "new_memory_insert", "arguments": {"memory_type": "semantic", "content": "..."}} writes a new '
    "note\n"
    '{"name": "memory_update", "arguments": {"memory_type": "episodic", "new_content": "...", "memory_id": '
    "12}} lets note 12 read as the new content\n"
    '{"name": "memory_update", "arguments": {"memory_type": "core", "new_content": "..."}} writes the core '
    "block anew, all of it\n"
    '{"name": "memory_delete", "arguments": {"memory_type": "semantic", "memory_id": 12}} deletes note 12\n'
    f"If there is nothing to change, reply: {NO_CALL}"
)


class MemAlphaFormat:
    """Function calls, as Mem-alpha (arXiv:2509.25911, section 3) has them.

    ```json
    {"name": "new_memory_insert", "arguments": {"memory_type": "episodic", "content": "On 8 May Caro..."}}
    {"name": "memory_update", "arguments": {"memory_type": "core", "new_content": "Caroline is a nurse."}}
    {"name": "memory_delete", "arguments": {"memory_type": "semantic", "memory_id": 3}}
    ```

    Where the tokenizer's chat template has words for tools it gets `tools`, and the calls come in its blocks;
    elsewhere they are described in the instructions and come one a line. `read_calls` says in which forms
    they are read, whichever was asked for. Each malformed call is one error, and the others still count; a
    call that was cut off is malformed. Thoughts are passed over. A reply without a call is a NOOP.

    The memory is shown in part: the core block whole, its lines after the first indented, and of the semantic
    and episodic entries those that were written or rewritten last. Ids are those of the store. An id that is
    not shown works if the store has it; one of another memory type than the call says counts as unknown.

    An insert that says what an entry of its type says already is refused (`Add.unique`). Texts get their
    sources and time as in the plain format; the core block has lines and no time.

    Args:
        num_semantic: Most entries of this type that are shown.
        num_episodic: The same for episodic ones.
        max_calls: Calls that are read; what follows is one error.
    """

    name = "mem_alpha"
    instructions = f"{_TASK}\n\n{_BY_TEXT}"
    examples = (
        NO_CALL,
        write_call(INSERT, {"memory_type": SEMANTIC_KIND, "content": "Caroline lives in Boston"}),
        write_call(INSERT, {"memory_type": EPISODIC_KIND, "content": "On 8 May 2023 Melanie ran a marathon"}),
        write_call(UPDATE, {"memory_type": CORE_KIND, "new_content": "Caroline is a nurse."}),
        write_call(
            UPDATE, {"memory_type": SEMANTIC_KIND, "new_content": "Caroline has two cats", "memory_id": 1}
        ),
        write_call(DELETE, {"memory_type": EPISODIC_KIND, "memory_id": 1}),
    )

    def __init__(self, num_semantic: int = 5, num_episodic: int = 5, max_calls: int = 64) -> None:
        if min(num_semantic, num_episodic) < 0 or max_calls < 1:
            raise ValueError(
                f"num_semantic is {num_semantic}, num_episodic {num_episodic} and max_calls {max_calls}; "
                "give no negative number of entries, and at least one call."
            )
        self.num_shown = {SEMANTIC_KIND: num_semantic, EPISODIC_KIND: num_episodic}
        self.max_calls = max_calls

    @property
    def tools(self) -> tuple[dict[str, Any], ...]:
        """The functions as JSON schemas, for a chat template."""
        return tuple(
            {
                "type": "function",
                "function": {
                    "name": name,
                    "description": _ABOUT[name],
                    "parameters": {
                        "type": "object",
                        "properties": {each: _ABOUT_PARAMETER[each] for each in parameters},
                        "required": [each for each in parameters if each != "memory_id"],
                    },
                },
            }
            for name, parameters in _PARAMETERS.items()
        )

    def render(self, view: ManagerView) -> str:
        """Return the memory as far as it is shown, then what is new."""
        return "\n".join([self._memory(view), *news(view)])

    def messages(self, view: ManagerView) -> tuple[Message, ...]:
        """Return instructions and memory as the system's message and what is new as the user's."""
        return self._messages(self.instructions, view)

    def tool_messages(self, view: ManagerView) -> tuple[Message, ...]:
        """Return the same for a template that describes the tools itself."""
        return self._messages(_TASK + _BY_TOOLS, view)

    def parse(self, completion: str, view: ManagerView) -> Parsed[tuple[Operation, ...]]:
        """Return the operations of the well-formed calls, and an error for each other one."""
        return self._parse(completion, view)

    def parse_cut(self, completion: str, view: ManagerView) -> Parsed[tuple[Operation, ...]]:
        """Return the same for a completion that was cut off: what follows its last call is an error."""
        return self._parse(completion, view, is_cut=True)

    def _parse(
        self, completion: str, view: ManagerView, *, is_cut: bool = False
    ) -> Parsed[tuple[Operation, ...]]:
        operations: list[Operation] = []
        errors: list[ParseError] = []
        found = read_calls(completion, _PARAMETERS, is_cut=is_cut)
        for call in found[: self.max_calls]:
            parsed = call if isinstance(call, ParseError) else _operation(call, view)
            if isinstance(parsed, ParseError):
                errors.append(without_surrogates(parsed.fragment) or parsed)
            else:
                operations.append(parsed)
        if len(found) > self.max_calls:
            why = f"more than {self.max_calls} calls; the rest was not read."
            errors.append(parse_error(ParseErrorKind.TOO_MANY, "", why))
        if not found:
            operations.append(Noop())
        return Parsed(tuple(operations), tuple(errors))

    def write(self, operations: Sequence[Operation], view: ManagerView) -> str:
        """Return a completion that parses to these operations, one call a line.

        Sources, times, utilities and kinds beyond the three memory types have no words in this format.
        Entries that leave a full store with an ADD are deleted before it.

        Raises:
            ValueError: If an operation names an entry that is not shown.
        """
        return "\n".join(_calls(operations, view)) or NO_CALL

    def write_for_tools(self, operations: Sequence[Operation], view: ManagerView) -> str:
        """Return the same in the blocks of a chat template.

        Raises:
            ValueError: As `write`.
        """
        return "\n".join(map(in_block, _calls(operations, view))) or NO_CALL

    def _messages(self, instructions: str, view: ManagerView) -> tuple[Message, ...]:
        return Message("system", f"{instructions}\n\n{self._memory(view)}"), Message(
            "user", "\n".join(news(view))
        )

    def _memory(self, view: ManagerView) -> str:
        core = core_of(view)
        lines = ["CORE", *(["(empty)"] if core is None else block(core.text))]
        for kind in (SEMANTIC_KIND, EPISODIC_KIND):
            shown = latest(view.entries, kind, self.num_shown[kind])
            lines.append(f"{kind.upper()}, the latest {len(shown)}" if shown else f"{kind.upper()}, none")
            lines += [f"[{entry.id}] {one_line(render_entry(entry))}" for entry in shown]
        return "\n".join(lines)


def _operation(call: Call, view: ManagerView) -> Operation | ParseError:
    """Return what a call does; the store says whether the entry that it names exists."""
    kind = call.arguments.get("memory_type")
    if kind not in MEMORY_TYPES:
        why = f"memory_type is {', '.join(MEMORY_TYPES[:-1])} or {MEMORY_TYPES[-1]}."
        return parse_error(ParseErrorKind.BAD_ARGUMENT, call.fragment, why)
    text = ""
    if call.name != DELETE:
        given = call.arguments.get(_PARAMETERS[call.name][1])
        if not isinstance(given, str) or not given.strip():
            why = f"{call.name} needs a text as {_PARAMETERS[call.name][1]}."
            return parse_error(ParseErrorKind.MISSING_TEXT, call.fragment, why)
        if (error := without_surrogates(given)) is not None:
            return error
        text = given
    if call.name == INSERT:
        return _insert(kind, text, view)
    if kind == CORE_KIND:
        return _change_core(call.name, text, view)
    id = _id(call.arguments.get("memory_id"))
    if id is None:
        why = f"{call.name} of {kind} memory needs the number of an entry as memory_id."
        return parse_error(ParseErrorKind.BAD_ID, call.fragment, why)
    entry = next((entry for entry in view.entries if entry.id == id), None)
    known = entry.kind if entry is not None and memory_type(entry) == kind else kind
    if call.name == DELETE:
        return Delete(id, known)
    return Update(id, *provenance(text, view.chunk), entry_kind=known)


def _insert(kind: str, text: str, view: ManagerView) -> Add:
    line, sources, time = provenance(text, view.chunk)
    if kind == CORE_KIND:
        return Add(_lines(text), sources, entry_kind=kind)
    return Add(line, sources, time, kind, unique=True)


def _change_core(name: str, text: str, view: ManagerView) -> Operation:
    if name == UPDATE:
        return Rewrite(_lines(text), provenance(text, view.chunk)[1])
    core = core_of(view)
    return Delete(NO_ENTRY if core is None else core.id, CORE_KIND)


def _lines(text: str) -> str:
    return "\n".join(line for each in text.splitlines() if (line := one_line(each)))


def _id(value: object) -> int | None:
    """Return the id that a number, or a text of digits, stands for."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _calls(operations: Sequence[Operation], view: ManagerView) -> Iterator[str]:
    for operation in without_evictions(operations):
        match operation:
            case Noop():
                continue
            case Add(text=text):
                yield write_call(INSERT, {"memory_type": memory_type(operation), "content": text})
            case Rewrite(text=text):
                yield write_call(UPDATE, {"memory_type": CORE_KIND, "new_content": text})
            case Update(id=id, text=text):
                yield write_call(UPDATE, _named(id, view, new_content=text))
            case Delete(id=id):
                yield write_call(DELETE, _named(id, view))
            case _:
                raise ValueError(f"the format mem_alpha cannot express {operation!r}.")


def _named(id: int, view: ManagerView, **arguments: str) -> dict[str, Any]:
    """Return the arguments of a call that names an entry."""
    entry = next((entry for entry in view.entries if entry.id == id), None)
    if entry is None:
        raise ValueError(f"entry {id} is not among the {len(view.entries)} entries of the view.")
    kind = memory_type(entry)
    number = {} if kind == CORE_KIND else {"memory_id": id}
    return {"memory_type": kind, **arguments, **number}
