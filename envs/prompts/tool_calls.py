"""Function calls in what a model writes, in the forms that models and chat templates give them.

A call is read from

- a block `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, as many chat templates have it; the last
  block may lack its end. Where there is a block, what stands outside of blocks is worth nothing.
- without any block, a line that begins with such a JSON object (which may go on over further lines) or with
  the call as a program would write it, `name("text", key=3)`. Other lines count for nothing.

`parameters` may stand for `arguments`, a JSON text for the object, and a list for several calls. What a model
thinks aloud, up to `</think>`, is not read. A JSON object that does not parse is tried again without commas
before a closing bracket, and with the brackets closed that are open at its end; line breaks within its texts
are taken as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .protocol import ParseError, ParseErrorKind, parse_error

_BLOCK = re.compile(r"<tool_call>(.*?)(?:</tool_call>|(?=<tool_call>)|\Z)", re.DOTALL)
_LINE_START = re.compile(r"[ \t]*(?:[-*] |\d+\. )?[ \t]*")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_ARGUMENT = re.compile(
    r"""\s*(?:([A-Za-z_]\w{0,40})\s*=\s*)?"""
    r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[+-]?\d{1,18}|None|null|true|false|True|False)\s*(,|\))""",
    re.DOTALL,
)
_OPENING, _NO_ARGUMENTS = re.compile(r" *\("), re.compile(r"\s*\)")
_DECODER = json.JSONDecoder(strict=False)
_CLOSING = {"{": "}", "[": "]"}
_WORDS: Mapping[str, Any] = {
    "None": None,
    "null": None,
    "true": True,
    "True": True,
    "false": False,
    "False": False,
}
_ESCAPES = {"n": "\n", "t": "\t"}

_WHY_NO_CALL = 'a call is {"name": ..., "arguments": {...}} with the name of a function.'


@dataclass(frozen=True, slots=True)
class Call:
    """A function call.

    Attributes:
        name: A function that is known.
        arguments: By the names of its parameters, values of any type.
        fragment: What the model wrote.
    """

    name: str
    arguments: Mapping[str, Any]
    fragment: str


def read_calls(completion: str, functions: Mapping[str, Sequence[str]]) -> Iterator[Call | ParseError]:
    """Yield the calls of a completion in order, and an error for each piece that looks like one and is none.

    Never raises, whatever the text; nothing at all is found in a text without calls.

    Args:
        completion: What a model wrote.
        functions: The names of the parameters, in order, by the name of each function.
    """
    text = _without_thoughts(completion)
    if "<tool_call>" not in text:
        yield from _read(text, functions)
        return
    for match in _BLOCK.finditer(text):
        is_empty = True
        for call in _read(match[1], functions):
            is_empty = False
            yield call
        if is_empty:
            yield parse_error(ParseErrorKind.BAD_JSON, match[1].strip(), _WHY_NO_CALL)


def write_call(name: str, arguments: Mapping[str, Any]) -> str:
    """Return a call as one line of JSON."""
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def in_block(call: str) -> str:
    """Return a call as the block of a chat template."""
    return f"<tool_call>\n{call}\n</tool_call>"


def _without_thoughts(text: str) -> str:
    return text.rpartition("</think>")[2].partition("<think>")[0]


def _read(text: str, functions: Mapping[str, Sequence[str]]) -> Iterator[Call | ParseError]:
    position = 0
    while position < len(text):
        start = _LINE_START.match(text, position)
        assert start is not None  # It matches nothing, too.
        line_end = text.find("\n", position)
        line_end = len(text) if line_end < 0 else line_end
        here = start.end()
        position = line_end + 1
        if text[here : here + 1] in _CLOSING:
            value, end = _read_json(text, here, line_end)
            if end > here:
                yield from _calls_of(value, text[here:end], functions)
                # Another object may follow on the same line.
                position = end
            else:
                yield parse_error(ParseErrorKind.BAD_JSON, text[here:line_end], "the JSON does not parse.")
        elif (name := _name_at(text, here, functions)) is not None:
            arguments, end = _read_arguments(text, text.index("(", here) + 1, functions[name])
            fragment = text[here : max(end, line_end)]
            if arguments is None:
                why = f"write {name}({', '.join(functions[name])}) with texts in quotes."
                yield parse_error(ParseErrorKind.BAD_JSON, fragment, why)
            else:
                yield Call(name, arguments, fragment)
                position = end


def _read_json(text: str, start: int, line_end: int) -> tuple[Any, int]:
    """Return the JSON value at `start` and where it ends; `start` itself where there is none."""
    try:
        return _DECODER.raw_decode(text, start)
    # Very deep nesting ends the recursion, and very long numbers are refused as values.
    except (ValueError, RecursionError):
        pass
    # On its line, if that makes a call; else as all that follows.
    for end in (line_end, len(text)):
        try:
            value, _ = _DECODER.raw_decode(_closed(_TRAILING_COMMA.sub("", text[start:end])))
        except (ValueError, RecursionError):
            continue
        if end == len(text) or (isinstance(value, dict) and "name" in value):
            return value, end
    return None, start


def _closed(text: str) -> str:
    """Return the text with the quotes and brackets closed that are open at its end."""
    open_brackets: list[str] = []
    in_text = escaped = False
    for letter in text:
        if in_text:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                in_text = False
        elif letter == '"':
            in_text = True
        elif letter in _CLOSING:
            open_brackets.append(_CLOSING[letter])
        elif letter in "}]" and open_brackets:
            open_brackets.pop()
    return text + ('"' if in_text else "") + "".join(reversed(open_brackets))


def _calls_of(
    value: object, fragment: str, functions: Mapping[str, Sequence[str]]
) -> Iterator[Call | ParseError]:
    for each in value if isinstance(value, list) else [value]:
        yield _call_of(each, fragment, functions)


def _call_of(value: object, fragment: str, functions: Mapping[str, Sequence[str]]) -> Call | ParseError:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return parse_error(ParseErrorKind.BAD_JSON, fragment, _WHY_NO_CALL)
    name = value["name"]
    if name not in functions:
        why = f"there is no such function; there are {', '.join(functions)}."
        return parse_error(ParseErrorKind.UNKNOWN_VERB, fragment, why)
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = _DECODER.decode(arguments)
        except (ValueError, RecursionError):
            arguments = None
    if not isinstance(arguments, dict):
        return parse_error(ParseErrorKind.BAD_JSON, fragment, "the arguments are no JSON object.")
    return Call(name, arguments, fragment)


def _name_at(text: str, position: int, functions: Mapping[str, Sequence[str]]) -> str | None:
    for name in functions:
        if text.startswith(name, position) and _OPENING.match(text, position + len(name)):
            return name
    return None


def _read_arguments(text: str, position: int, parameters: Sequence[str]) -> tuple[dict[str, Any] | None, int]:
    """Return the arguments of a call behind its bracket, and where it ends; None if they are malformed."""
    arguments: dict[str, Any] = {}
    if (end := _NO_ARGUMENTS.match(text, position)) is not None:
        return arguments, end.end()
    for place in range(len(parameters)):
        match = _ARGUMENT.match(text, position)
        if match is None:
            return None, position
        name = match[1] or parameters[place]
        arguments[name] = _value(match[2])
        position = match.end()
        if match[3] == ")":
            return arguments, position
    return None, position


def _value(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "\"'":
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1], flags=re.DOTALL)
    return int(text)
