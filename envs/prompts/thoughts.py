"""What reasoning models think aloud, and what they reply: one rule for formats, judges and answerers.

A model marks its thoughts in one of the ways of `_MARKS`. What is a thought:

- from a mark that opens one to the mark that closes it, wherever it stands; thoughts may be nested. Where the
  opening marks are too many for the closing ones, a thought ends at the first one that follows.
- everything before a closing mark that nothing has opened: many chat templates open the thought themselves.
- everything behind an opening mark that nothing closes, if the mark begins or ends a line: the thought was
  cut off, and nothing that follows is a reply.

A mark is no mark but a word of the reply within a JSON object, between quotes or backticks, as an opening
mark that nothing closes in the middle of a line, and, in formats whose lines say what they write, behind a
blank in such a line if another blank or, where it opens, nothing follows (`ADD Ann hates <think> tags`).

The words in which templates wrap a reply (`<answer>`, the channel `final`) are taken off it.
"""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from .json_values import JSONReader

_WORD = (
    r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflect(?:ion)?|analysis|rationale|monologue|scratch_?pad)"
)
_NAME = rf"(?:[a-z]{{1,12}}[:|_-]){{0,3}}{_WORD}"

_MARKS: Mapping[str, tuple[str, str]] = {
    # Qwen, DeepSeek, GLM, Seed (`<seed:think>`), MiniMax (`<mm:think>`), and whatever prompts ask for.
    "tag": (rf"(?i:{_NAME}(?:\s[^<>/]{{0,200}})?)>", rf"/(?i:{_NAME})\s?>"),
    # Magistral.
    "bracket": (r"THINK\]", r"/THINK\]"),
    # Kimi.
    "triangle": (r"think▷", r"/think▷"),
    # Cohere (`<|START_THINKING|>`), Sky-T1 (`<|begin_of_thought|>`) and others.
    "bars": (
        rf"\|(?i:(?:start_|begin_(?:of_)?)?{_WORD}(?:_start|_begin)?)\|>",
        rf"\|(?i:/{_WORD}|end_(?:of_)?{_WORD}|{_WORD}_end)\|>",
    ),
    # Tags on their way through a page.
    "escaped": (rf"lt;(?i:{_NAME})&gt;", rf"lt;/(?i:{_NAME})&gt;"),
    # Gemma 4, and MedGemma.
    "gemma": (r"\|channel>thought\b", r"channel\|>"),
    "unused": (r"unused94>", r"unused95>"),
    # gpt-oss; what it says in the channel `commentary` to nobody is no reply either.
    "harmony": (
        r"\|channel\|>(?:analysis|commentary)<\|message\|>",
        r"(?:\|start\|>assistant<)?\|channel\|>final(?:\s?<\|constrain\|>\w{1,20})?<\|message\|>",
    ),
}
"""What opens and what closes a thought, by family, behind the first letter: one of `<`, `[`, `◁` and `&`."""

_CLOSING_IF_OPEN = {"harmony": r"\|end\|>"}
"""Marks that close a thought of their family, and mean nothing where none is open."""

# What is left of gpt-oss's marks where a server drops special tokens.
_BARE_HARMONY = re.compile(r"\s*+analysis(?=[A-Z\"'(])")
_BARE_FINAL = "assistantfinal"

_ROLES = {
    **{f"open_{family}": opening for family, (opening, _) in _MARKS.items()},
    **{f"close_{family}": closing for family, (_, closing) in _MARKS.items()},
    **{f"end_{family}": closing for family, closing in _CLOSING_IF_OPEN.items()},
}
# The first letter stands before the choice, so that it alone is looked for in most of a text.
_MARK = re.compile(r"[<\[◁&](?:" + "|".join(f"(?P<{role}>{mark})" for role, mark in _ROLES.items()) + ")")
_OBJECT = re.compile(r'\{(?=\s*+["}])|\[(?=\s*+\{)')
_PARAMETER = re.compile(r"<parameter\b[^<>]{0,100}>(?:(?!</?parameter\b).)*+</parameter>", re.DOTALL)
_VALUE = re.compile(f"{_OBJECT.pattern}|<parameter")
_BEFORE_REPLY = re.compile(
    r"\s*+(?:<\|start\|>assistant|<\|START_(?:RESPONSE|TEXT)\|>|<\|begin_of_solution\|>|<answer>|<response>)"
)
_BEHIND_REPLY = re.compile(
    r"(?:<\|return\|>|<\|END_(?:RESPONSE|TEXT)\|>|<\|end_of_solution\|>|</answer>|</response>)\s*+\Z"
)
_END_OF_MESSAGE = ("<|return|>",)
_MAX_WRAPPERS = 4
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "„": "“"}
_BLANKS = (" ", "\t")
_LINE_END = ("", "\r", "\n")


class Reply(NamedTuple):
    """A reply without its thoughts.

    Attributes:
        text: What stands outside of all thoughts.
        thought: What was thought, one thought below the other; empty where nothing was.
        is_cut: Whether a thought has no end, so that nothing can follow it.
    """

    text: str
    thought: str = ""
    is_cut: bool = False


def split_thoughts(text: str, writes: re.Pattern[str] | None = None) -> Reply:
    """Return a reply apart from its thoughts, by the rule of this module.

    Args:
        text: What a model wrote.
        writes: Matches the beginning of lines that write a text of the model's own, in formats that have
            such lines.
    """
    if (thought := _BARE_HARMONY.match(text)) is not None:
        inner, is_whole, reply = text[thought.end() :].rpartition(_BARE_FINAL)
        return Reply(reply, inner) if is_whole else Reply("", text[thought.end() :], True)
    pieces: list[str] = []
    thoughts: list[str] = []
    begin = 0
    is_cut = False
    for span in _spans(text, writes):
        if span.kind is _Kind.UNOPENED:
            thoughts.extend(pieces)
            pieces.clear()
            thoughts.append(text[begin : span.end])
        else:
            pieces.append(text[begin : span.start])
            thoughts.append(text[span.start : span.end])
        begin = span.end
        is_cut = span.kind is _Kind.UNCLOSED
    if begin == 0:
        return Reply(_unwrapped(text))
    pieces.append(text[begin:])
    inner = "\n".join(words for each in thoughts if (words := _MARK.sub("", each).strip()))
    return Reply(_unwrapped("".join(pieces)), inner, is_cut)


def opened_thought(prompt: str) -> str:
    """Return the mark at the end of a prompt that opens a thought, so that the reply begins within it.

    Empty where there is none. Many chat templates end like this.
    """
    marks = [mark for mark in _MARK.finditer(prompt.rstrip()) if mark.end() == len(prompt.rstrip())]
    return marks[0][0] if marks and (marks[0].lastgroup or "").startswith("open_") else ""


def closing_mark(opening: str) -> str:
    """Return the mark that closes what another one has opened, such as `</think>` for `<think>`."""
    return opening.replace("START", "END") if "START" in opening else f"{opening[0]}/{opening[1:]}"


def is_thought_mark(token: str) -> bool:
    """Return whether a token opens or closes a thought, or wraps a reply."""
    if _BEFORE_REPLY.fullmatch(token) or _BEHIND_REPLY.fullmatch(token):
        return token not in _END_OF_MESSAGE
    mark = _MARK.fullmatch(token)
    return mark is not None and not (mark.lastgroup or "").startswith("end_")


class _Kind(enum.Enum):
    WHOLE = "whole"
    UNOPENED = "unopened"
    """All before the closing mark that was not thought already."""
    UNCLOSED = "unclosed"


class _Span(NamedTuple):
    start: int
    end: int
    kind: _Kind


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    family: str
    role: str
    closed_by: int | None = None
    """Of a mark that opens: the place in the list of all marks of the one that closes it."""


def _spans(text: str, writes: re.Pattern[str] | None) -> Iterator[_Span]:
    """Yield the thoughts of a text in order, each mark and each value between them looked at once."""
    marks = _marks(text)
    reader = JSONReader(text, lenient=True)
    # Where reading goes on, whether nothing of the reply stands before on its line, and where that line
    # begins.
    position, is_fresh, line = 0, True, 0
    index = 0
    while index < len(marks):
        mark = marks[index]
        index += 1
        if mark.start < position:
            continue
        position, is_fresh = _behind_values(reader, position, mark.start, is_fresh)
        if position > mark.start:
            continue
        line_break = text.rfind("\n", position, mark.start)
        if line_break >= 0:
            line, is_fresh = line_break + 1, True
        begins = is_fresh and not text[max(line, position) : mark.start].strip()
        position, is_fresh = mark.end, False
        if _is_word(text, mark, line, writes):
            continue
        if mark.role == "close":
            yield _Span(0, mark.end, _Kind.UNOPENED)
        elif mark.role != "open":
            continue
        elif mark.closed_by is not None:
            position, index = marks[mark.closed_by].end, mark.closed_by + 1
            yield _Span(mark.start, position, _Kind.WHOLE)
        elif begins or text[position : position + 1] in _LINE_END:
            yield _Span(mark.start, len(text), _Kind.UNCLOSED)
            return
        else:
            continue
        is_fresh, line = True, position


def _marks(text: str) -> list[_Mark]:
    """Return all marks in order, those that open with those that close them."""
    marks: list[_Mark] = []
    opened: defaultdict[str, list[int]] = defaultdict(list)
    for match in _MARK.finditer(text):
        role, _, family = (match.lastgroup or "").partition("_")
        if role == "open":
            opened[family].append(len(marks))
        elif opened[family]:
            place = opened[family].pop()
            marks[place] = replace(marks[place], closed_by=len(marks))
        marks.append(_Mark(match.start(), match.end(), family, role))
    following: dict[str, int] = {}
    for place in reversed(range(len(marks))):
        mark = marks[place]
        if mark.role != "open":
            following[mark.family] = place
        elif mark.closed_by is None:
            marks[place] = replace(mark, closed_by=following.get(mark.family))
    return marks


def _behind_values(reader: JSONReader, position: int, end: int, is_fresh: bool) -> tuple[int, bool]:
    """Return the end of the last value that begins before `end`, and whether nothing stood there."""
    while (start := _VALUE.search(reader.text, position, end)) is not None:
        position, is_fresh = start.end(), False
        if start[0] != "<parameter":
            value = reader.read(start.start())
            position = position if value is None else value.end
        elif (parameter := _PARAMETER.match(reader.text, start.start())) is not None:
            position = parameter.end()
    return position, is_fresh


def _is_word(text: str, mark: _Mark, line: int, writes: re.Pattern[str] | None) -> bool:
    """Return whether a mark is a word of the reply, by what stands around it."""
    before, behind = text[mark.start - 1 : mark.start] if mark.start else "", text[mark.end : mark.end + 1]
    if before in _QUOTES and behind == _QUOTES[before]:
        return True
    is_apart = before in _BLANKS and behind in (_BLANKS if mark.role == "close" else (*_BLANKS, *_LINE_END))
    return is_apart and writes is not None and writes.match(text, line) is not None


def _unwrapped(text: str) -> str:
    begin = 0
    for _ in range(_MAX_WRAPPERS):
        if (wrapper := _BEFORE_REPLY.match(text, begin)) is None:
            break
        begin = wrapper.end()
    text = text[begin:] if begin else text
    for _ in range(_MAX_WRAPPERS):
        if (wrapper := _BEHIND_REPLY.search(text)) is None:
            break
        text = text[: wrapper.start()]
    return text
