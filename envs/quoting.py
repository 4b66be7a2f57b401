"""Untrusted text in prompts: what somebody said, wrote or is called never becomes their structure.

Ordinary text stays as it is. A prompt is made of lines, each of which begins with something of ours: a
header, a number, a label. So a text that belongs into one line has no line breaks (`one_line`), a line that
would begin like one of ours is indented (`indented_if_like`), and a text that stands behind a label is put
into quotes where it could be taken for more than a text (`in_quotes`). What a tokenizer would read as a
control token is encoded as text where we encode (`memdojo.agents.engines.chat_encoding`), and broken where
somebody else does (`without_marks`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence

INDENT = "  "
"""Stands before a line of somebody's text that would begin like a line of the prompt."""

MARK = re.compile(
    r"<\|[^<>\s]{1,64}?\|>"  # ChatML, Llama 3, Phi, GPT
    r"|<｜[^<>\s]{1,64}?｜>"  # DeepSeek
    r"|</?(?:s|bos|eos|pad|unk|sep|cls|mask|tools?|think|thinking|thought|reasoning|tool_calls?|tool_response"
    r"|(?:start|end)_of_(?:turn|image|role|text)|turn|im_(?:start|end))>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|TOOL_CONTENT|ARGS|THINK|CLS|SEP|PAD"
    r"|MASK|UNK|BOS|EOS|gMASK|sMASK)\]"
    r"|<</?SYS>>",
    re.IGNORECASE,
)
"""What chat templates and tokenizers of the common families have for roles, turns, thoughts and calls."""

# Of `str.splitlines`, and what else moves the place at which one writes.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(text: str) -> str:
    """Return the text with every run of white space, line breaks included, as one blank."""
    return " ".join(text.split())


def indented_if_like(line: str, labels: Iterable[str]) -> str:
    """Return the text as one line, indented if it begins like one of a prompt's own lines.

    Args:
        line: Somebody's text.
        labels: What the prompt's own lines begin with; compared without regard to case, width and what is
            invisible.
    """
    line = one_line(line)
    start = _plain(line)
    return f"{INDENT}{line}" if any(start.startswith(_plain(label)) for label in labels) else line


def indented_lines(text: str, labels: Iterable[str]) -> list[str]:
    """Return the lines of a text of several, each as `indented_if_like`; blank ones are left out."""
    known = tuple(labels)
    return [indented_if_like(line, known) for line in text.splitlines() if line.strip()]


def in_quotes(text: str, labels: Sequence[str] = ()) -> str:
    """Return the text as it is if it is a plain line, and as a JSON text if it could be taken for more.

    It could be if it has line breaks, begins with a quote, or has one of the labels anywhere.

    Args:
        text: Somebody's text, to stand behind a label of the prompt.
        labels: What the prompt's own lines consist of.
    """
    plain = _plain(text)
    if not (
        _BREAKS.search(text)
        or text.lstrip().startswith('"')
        or any(_plain(label) in plain for label in labels)
    ):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def without_marks(text: str) -> str:
    """Return the text with a blank in each control token, for whoever encodes it out of our sight."""
    return MARK.sub(lambda found: broken(found[0]), text)


def broken(mark: str) -> str:
    """Return a mark that is none any more, and still reads like it."""
    return f"{mark[:1]} {mark[1:]}"


def _plain(text: str) -> str:
    """Return a text as it is compared: without case, width, accents of width, and invisible characters."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in normal if unicodedata.category(letter) != "Cf").casefold()
