from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.prompts.mem_alpha import MemAlphaFormat
from memdojo.envs.prompts.protocol import ParseError, ParseErrorKind
from memdojo.envs.prompts.tool_calls import Call, in_block, read_calls, write_call

FUNCTIONS = {"note": ("kind", "text"), "drop": ("kind", "number")}
NOTE = '{"name": "note", "arguments": {"kind": "a", "text": "Ann moved"}}'


def _calls(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = list(read_calls(text, FUNCTIONS))
    assert all(isinstance(each, Call) for each in found), found
    return [(each.name, dict(each.arguments)) for each in found if isinstance(each, Call)]


def _kinds(text: str) -> list[ParseErrorKind | None]:
    return [each.kind if isinstance(each, ParseError) else None for each in read_calls(text, FUNCTIONS)]


def test_blocks_of_a_template_are_read_and_what_stands_around_them_is_not() -> None:
    text = f"I will note it.\n{in_block(NOTE)}\nnote('b', 'x')\n<tool_call>{NOTE}"
    assert _calls(text) == [("note", {"kind": "a", "text": "Ann moved"})] * 2


def test_one_call_a_line_in_the_form_of_json_or_of_a_program() -> None:
    text = f"""Sure:
{NOTE}
- {NOTE}
drop("a", number=3)
note(kind='b', text='it\\'s a "note"\\nwith two lines')
drop()
Done."""
    assert _calls(text) == [
        ("note", {"kind": "a", "text": "Ann moved"}),
        ("note", {"kind": "a", "text": "Ann moved"}),
        ("drop", {"kind": "a", "number": 3}),
        ("note", {"kind": "b", "text": 'it\'s a "note"\nwith two lines'}),
        ("drop", {}),
    ]


def test_other_names_of_the_arguments_lists_and_json_over_several_lines() -> None:
    arguments = {"kind": "a", "number": 1}
    texts = [
        json.dumps({"name": "drop", "parameters": arguments}),
        json.dumps({"name": "drop", "arguments": json.dumps(arguments)}),
        json.dumps([{"name": "drop", "arguments": arguments}]),
        json.dumps({"name": "drop", "arguments": arguments}, indent=2),
        f"```json\n{json.dumps({'name': 'drop', 'arguments': arguments}, indent=2)}\n```",
    ]
    for text in texts:
        assert _calls(text) == [("drop", arguments)]


def test_what_is_nearly_json_is_repaired() -> None:
    for broken in (
        '{"name": "note", "arguments": {"kind": "a", "text": "Ann moved",},}',
        '{"name": "note", "arguments": {"kind": "a", "text": "Ann moved"',
        '{"name": "note", "arguments": {"kind": "a", "text": "Ann moved',
        '{"name": "note",\n "arguments": {"kind": "a",\n "text": "Ann moved"',
    ):
        assert _calls(broken) == [("note", {"kind": "a", "text": "Ann moved"})], broken
    # A repaired line does not swallow the next one.
    assert _calls(f'{{"name": "drop", "arguments": {{"kind": "b",}}}}\n{NOTE}') == [
        ("drop", {"kind": "b"}),
        ("note", {"kind": "a", "text": "Ann moved"}),
    ]
    assert _calls('{"name": "note", "arguments": {"kind": "a", "text": "two\nlines"}}') == [
        ("note", {"kind": "a", "text": "two\nlines"})
    ]


def test_what_is_thought_aloud_is_not_read() -> None:
    assert _calls(f"<think>{NOTE}</think>{NOTE}") == [("note", {"kind": "a", "text": "Ann moved"})]
    assert _calls(f"{NOTE}</think>\nNothing.") == []
    assert _calls(f"<think>{NOTE}") == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"name": "fly", "arguments": {}}', ParseErrorKind.UNKNOWN_VERB),
        ('{"event": "ADD"}', ParseErrorKind.BAD_JSON),
        ("{note}", ParseErrorKind.BAD_JSON),
        ("[3]", ParseErrorKind.BAD_JSON),
        ('{"name": "note", "arguments": 3}', ParseErrorKind.BAD_JSON),
        ('{"name": "note", "arguments": "{"}', ParseErrorKind.BAD_JSON),
        ("note(a b)", ParseErrorKind.BAD_JSON),
        ("drop('a', 1, 2)", ParseErrorKind.BAD_JSON),
        ("<tool_call>note it</tool_call>", ParseErrorKind.BAD_JSON),
        ("<tool_call></tool_call>", ParseErrorKind.BAD_JSON),
    ],
)
def test_what_looks_like_a_call_and_is_none_is_an_error(text: str, kind: ParseErrorKind) -> None:
    assert _kinds(text) == [kind]
    assert _kinds(f"{text}\n{text}" if "tool_call" not in text else text + text) == [kind, kind]


def test_prose_is_no_call() -> None:
    for text in ("", "\n", "Nothing to note.", "I would note that Ann moved.", "notes (two) follow"):
        assert _kinds(text) == []


@given(
    st.text(st.sampled_from('{}[]"\\,:()\n note drop name arguments<tool_call></tool_call>19a'), max_size=80)
)
def test_no_text_raises(text: str) -> None:
    list(read_calls(text, FUNCTIONS))


def test_odd_texts_do_not_raise() -> None:
    for text in (
        "{" * 5000,
        "[" * 100_000,
        '{"name": ' + "9" * 5000,
        "note(" * 500,
        "\ud800{",
        "</think>" * 9,
    ):
        # A format reads no further than one call beyond its limit.
        list(islice(read_calls(text, FUNCTIONS), MemAlphaFormat().max_calls + 1))


def test_a_written_call_is_read_back() -> None:
    arguments = {"kind": "c", "text": 'a "quote", a \\ and\na line </think'}
    assert _calls(write_call("note", arguments)) == [("note", arguments)]
    assert _calls(in_block(write_call("note", arguments))) == [("note", arguments)]
