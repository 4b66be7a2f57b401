"""Function calls in what a model writes, in the forms that models and chat templates give them.

A call is read as

- a JSON object `{"name": ..., "arguments": {...}}`. `parameters` may stand for `arguments`, `tool_name` or
  `function` for `name`, a JSON text for the object of the arguments, a list for several calls, and a message
  of OpenAI's form with `tool_calls` for its calls (Qwen, Hermes, Llama, Mistral, Phi, Command R);
- a name that stands before the JSON object of its arguments (`<function=NAME>{...}`, DeepSeek, Kimi, gpt-oss,
  newer Mistral);
- tags around name and arguments, `<function=NAME><parameter=KEY>text</parameter></function>` (Qwen3-Coder)
  and
  `<invoke name="NAME"><parameter name="KEY">text</parameter></invoke>`;
- a call as a program would write it, `NAME("text", key=3)`, also in a list.

Calls stand between the marks that a template puts round them (`<tool_call>`, `[TOOL_CALLS]`, `<|python_tag|>`
and others), and then what stands elsewhere is worth nothing; or without any marks, JSON or a program's call
at the begin of a line, and JSON that has a function's name at any place. What looks like a call and is none
is an error, and so is one that was cut off: a call counts where its last bracket or tag was written, and
nothing is closed for the model. Marks within the texts of a call are text. Thoughts (`split_thoughts`) are
not read.

In JSON, line breaks within texts are taken as they are and commas before a closing bracket are passed over.
The time is proportional to the length of the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .json_values import JSONReader
from .protocol import ParseError, ParseErrorKind, parse_error
from .thoughts import split_thoughts

MAX_FOUND = 1000
"""Calls and errors that are read of one completion."""

_BLOCK_BEGINS = (
    r"<(?:\w{1,12}:)?tool_calls?>|<(?:｜DSML｜)?function_calls?>|<functioncall>|<\|tool_calls?\|>|<\|tool_call>|<\|tool_call_start\|>"
    r"|<\|tool_calls_section_begin\|>|<\|tool_call_begin\|>|<｜tool▁calls?▁begin｜>|<\|START_ACTION\|>"
    r"|\[TOOL_CALLS\]|<\|python_tag\|>|<\|channel\|>commentary(?=\s?to=)"
)
_BLOCK_ENDS = (
    r"</(?:\w{1,12}:)?tool_calls?>|</(?:｜DSML｜)?function_calls?>|</functioncall>|<\|/tool_calls?\|>|<tool_call\|>|<\|tool_call_end\|>"
    r"|<\|tool_calls_section_end\|>|<｜tool▁calls?▁end｜>|<\|END_ACTION\|>|<\|call\|>"
)
_CALL_MARK = re.compile(
    rf"{_BLOCK_BEGINS}|{_BLOCK_ENDS}|\[ARGS\]|<\|tool_call_argument_begin\|>|<｜tool▁sep｜>"
)
_NAME_KEYS = ("name", "tool_name", "function")
_CALL_KEY = r'"(?:(?:name|tool_name|function|tool_calls)"\s*+:|type"\s*+:\s*+"function")'
_LINE_BEGINS = r"^[ \t]*+(?:(?:[-*]|\d{1,3}\.)[ \t]++)?+"
# What models write between a function's name and the object of its arguments.
_JOINT = (
    r"(?:\s|:\d{1,4}|[>:\]=]|\[ARGS\]|```(?:json)?|<\|tool_call_argument_begin\|>|<｜tool▁sep｜>|<\|message\|>"
    r"|<\|constrain\|>json|<\|channel\|>commentary|json|Action Input|[Aa]rguments){0,12}+"
)
_PROGRAM_BEGINS = r"(?:(?:print\(|await |functions\.|default_api\.|tools?\.|[a-z_]\w{0,20}[ ]?=[ ]?){0,2}+)"
_BETWEEN_VALUES = re.compile(r"\s*+[,;]?\s*+(?=[{\[])")
# Of MiniMax and DeepSeek, whose tags have these before their names.
_SPACE = r"(?:\w{1,12}:|｜DSML｜)?"
# A text reaches to the tag that closes it and that another tag follows, and never into another call.
_PARAMETER = re.compile(
    rf"""\s*+<{_SPACE}parameter(?:=|\s++name=)["']?(?P<key>\w{{1,60}})["']?[^<>]{{0,60}}>"""
    rf"""(?P<value>(?:(?!<function=|<{_SPACE}invoke\s).)*?)"""
    rf"""</{_SPACE}parameter>(?=\s*+(?:<{_SPACE}parameter[=\s]|</function>|</{_SPACE}invoke>))""",
    re.DOTALL,
)
_TAG_ENDS = re.compile(rf"\s*+(?:</function>|</{_SPACE}invoke>)")
_OBJECT_BEGINS = re.compile(r"\s*+(?=\{)")
_ARGUMENT = re.compile(
    r"""\s*+(?:([A-Za-z_]\w{0,40}+)\s*+=\s*+)?+"""
    r"""("(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|[+-]?\d{1,18}+|None|null|true|false|True|False)\s*+(,|\))""",
    re.DOTALL,
)
_NO_ARGUMENTS = re.compile(r"\s*+\)")
_DECODER = json.JSONDecoder(strict=False)
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
_WHY_NO_JSON = "the JSON does not parse, or has no end."


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


Found = Call | ParseError


def read_calls(
    completion: str, functions: Mapping[str, Sequence[str]], *, is_cut: bool = False
) -> list[Found]:
    """Return the calls of a completion in order, with an error for each piece that only looks like one.

    Never raises, whatever the text; nothing at all is found in a whole text without calls.

    Args:
        completion: What a model wrote.
        functions: The names of the parameters, in order, by the name of each function.
        is_cut: Whether the model reached its limit of tokens. Then what follows the last call is an error,
            and so is a reply without a call.
    """
    writes = re.compile(rf"{_LINE_BEGINS}(?:{'|'.join(map(re.escape, functions))}) ?\(")
    reply = split_thoughts(completion, writes)
    if reply.is_cut:
        why = "the thought has no end, so no call follows it."
        cut_thought = [parse_error(ParseErrorKind.CUT_OFF, reply.thought, why)]
    else:
        cut_thought = []
    reader = _Reader(reply.text, functions)
    found = reader.read()
    rest = reply.text[reader.end_of_last :].strip()
    is_told = bool(cut_thought) or (bool(found) and isinstance(found[-1], ParseError))
    if is_cut and not is_told and (rest or not found):
        found.append(parse_error(ParseErrorKind.CUT_OFF, rest, "the reply was cut off before its end."))
    return found + cut_thought


def is_call_mark(token: str) -> bool:
    """Return whether a token begins or ends a block of calls, or stands within one."""
    return _CALL_MARK.fullmatch(token) is not None


def write_call(name: str, arguments: Mapping[str, Any]) -> str:
    """Return a call as one line of JSON."""
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def in_block(call: str) -> str:
    """Return a call as the block of a chat template."""
    return f"<tool_call>\n{call}\n</tool_call>"


class _Reader:
    """Goes once through a text, from one place where a call may begin to the next.

    Attributes:
        end_of_last: Where the last call, or the mark behind it, ends.
    """

    def __init__(self, text: str, functions: Mapping[str, Sequence[str]]) -> None:
        self._text = text
        self._functions = functions
        self._json = JSONReader(text, lenient=True)
        self._inside: list[Found] = []
        self._outside: list[Found] = []
        # Where the present block begins, and how much was found before it; None outside of blocks.
        self._block: tuple[int, int] | None = None
        self._has_blocks = False
        self.end_of_last = 0
        names = "|".join(map(re.escape, functions))
        program = rf"(?:{names})[ ]?\("
        self._place = re.compile(
            rf"(?P<block>{_BLOCK_BEGINS})|(?P<end>{_BLOCK_ENDS})"
            rf"|<function=(?P<function>[^\s<>{{]{{1,64}})>"
            rf"|<{_SPACE}invoke\s++name=[\"'](?P<invoke>[^\"'<>]{{1,64}})[\"']>"
            rf"|(?<!\w)(?P<named>{names}){_JOINT}(?=\{{)"
            rf"|(?:{_LINE_BEGINS}|(?<=[|ls]>)\s?|(?<=[\]\[])\s?){_PROGRAM_BEGINS}(?P<program>{program})"
            rf"|{_LINE_BEGINS}(?P<value>[{{\[])(?!TOOL_CALLS|\s*+{_PROGRAM_BEGINS}{program})"
            rf"|(?P<inline>\{{(?=\s*+{_CALL_KEY})|\[(?=\s*+\{{\s*+{_CALL_KEY}))"
            rf"|(?P<bracket>[{{\[])(?!\s*+{_PROGRAM_BEGINS}{program})",
            re.MULTILINE,
        )
        self._next_program = re.compile(rf"\s*+[,;]\s*+(?P<program>{program})")

    def read(self) -> list[Found]:
        """Return what was found: only what stands in blocks, where there is one."""
        position = 0
        while len(self._inside) <= MAX_FOUND and len(self._outside) <= MAX_FOUND:
            place = self._place.search(self._text, position)
            if place is None:
                break
            position = self._take(place)
        self._end_block(len(self._text))
        return self._inside if self._has_blocks else self._outside

    @property
    def _found(self) -> list[Found]:
        return self._outside if self._block is None else self._inside

    def _take(self, place: re.Match[str]) -> int:
        """Read what begins at a place, and return where to go on."""
        kind = place.lastgroup
        if kind == "block":
            return self._begin_block(place)
        if kind == "end":
            self._end_block(place.start())
            self.end_of_last = place.end()
            return place.end()
        if kind in ("function", "invoke"):
            return self._tags(place, place[kind])
        if kind == "program":
            return self._programs(place)
        if kind == "named":
            return self._named(place.start(), place["named"], place.end())
        begin = place.start(kind)  # type: ignore[arg-type]  # One of the groups has matched.
        if kind == "bracket" and self._block is None:
            return place.end()
        return self._value(begin)

    def _begin_block(self, place: re.Match[str]) -> int:
        # Blocks in a block, as of all calls and of each, begin one behind the other.
        if self._block is None or self._text[self._block[0] : place.start()].strip():
            self._end_block(place.start())
        self._has_blocks = True
        self._block = place.end(), len(self._inside)
        return place.end()

    def _end_block(self, end: int) -> None:
        if self._block is not None and len(self._inside) == self._block[1]:
            fragment = self._text[self._block[0] : end].strip()
            self._inside.append(parse_error(ParseErrorKind.BAD_JSON, fragment, _WHY_NO_CALL))
        self._block = None

    def _value(self, begin: int) -> int:
        """Read a JSON value, and those that follow it."""
        while True:
            value = self._json.read(begin)
            if value is None:
                return self._fail(begin, _WHY_NO_JSON)
            self._found.extend(_calls_of(value.value, self._text[begin : value.end], self._functions))
            self.end_of_last = value.end
            following = _BETWEEN_VALUES.match(self._text, value.end)
            if following is None or len(self._found) > MAX_FOUND:
                return value.end
            begin = following.end()

    def _named(self, begin: int, name: str, brace: int) -> int:
        """Read the object of arguments behind the name of a function."""
        value = self._json.read(brace)
        if value is None:
            return self._fail(begin, _WHY_NO_JSON)
        fragment = self._text[begin : value.end]
        if value.value.get("name") in self._functions:
            self._found.extend(_calls_of(value.value, fragment, self._functions))
        else:
            self._found.append(Call(name, value.value, fragment))
        self.end_of_last = value.end
        return value.end

    def _tags(self, place: re.Match[str], name: str) -> int:
        """Read a call whose name and arguments stand in tags."""
        if name not in self._functions:
            self._found.append(_unknown(place[0], self._functions))
            return place.end()
        brace = _OBJECT_BEGINS.match(self._text, place.end())
        if brace is not None:
            return self._named(place.start(), name, brace.end())
        arguments: dict[str, Any] = {}
        position = place.end()
        while (parameter := _PARAMETER.match(self._text, position)) is not None:
            arguments[parameter["key"]] = parameter["value"].removeprefix("\n").removesuffix("\n")
            position = parameter.end()
        end = _TAG_ENDS.match(self._text, position)
        if end is None:
            return self._fail(place.start(), f"the tags of {name} are not closed.")
        self._found.append(Call(name, arguments, self._text[place.start() : end.end()]))
        self.end_of_last = end.end()
        return end.end()

    def _programs(self, place: re.Match[str] | None) -> int:
        """Read a program's call, and those that follow it in a list."""
        end = 0
        while place is not None:
            begin, name = place.start("program"), place["program"].rstrip("( ")
            arguments, end = _read_arguments(self._text, place.end(), self._functions[name])
            if arguments is None:
                why = f"write {name}({', '.join(self._functions[name])}) with texts in quotes."
                return self._fail(begin, why)
            self._found.append(Call(name, arguments, self._text[begin:end]))
            self.end_of_last = end
            place = None if len(self._found) > MAX_FOUND else self._next_program.match(self._text, end)
        return end

    def _fail(self, begin: int, why: str) -> int:
        """Note a call that is none, and return where its line ends."""
        end = self._text.find("\n", begin)
        end = len(self._text) if end < 0 else end
        self._found.append(parse_error(ParseErrorKind.BAD_JSON, self._text[begin:end], why))
        self.end_of_last = end
        return max(end, begin + 1)


def _calls_of(value: object, fragment: str, functions: Mapping[str, Sequence[str]]) -> Iterator[Found]:
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    for each in value if isinstance(value, list) else [value]:
        yield _call_of(each, fragment, functions)


def _call_of(value: object, fragment: str, functions: Mapping[str, Sequence[str]]) -> Found:
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    name = next((value[key] for key in _NAME_KEYS if key in value), None) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(name, str):
        return parse_error(ParseErrorKind.BAD_JSON, fragment, _WHY_NO_CALL)
    if name not in functions:
        return _unknown(fragment, functions)
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = _DECODER.decode(arguments)
        except (ValueError, RecursionError):
            arguments = None
    if not isinstance(arguments, dict):
        return parse_error(ParseErrorKind.BAD_JSON, fragment, "the arguments are no JSON object.")
    return Call(name, arguments, fragment)


def _unknown(fragment: str, functions: Mapping[str, Sequence[str]]) -> ParseError:
    why = f"there is no such function; there are {', '.join(functions)}."
    return parse_error(ParseErrorKind.UNKNOWN_VERB, fragment, why)


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
