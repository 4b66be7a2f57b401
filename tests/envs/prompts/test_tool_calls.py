from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.envs.prompts.protocol import ParseError, ParseErrorKind
from memdojo.envs.prompts.tool_calls import Call, in_block, read_calls, write_call

FUNCTIONS = {"note": ("kind", "text"), "drop": ("kind", "number")}
NOTE = '{"name": "note", "arguments": {"kind": "a", "text": "Ann moved"}}'
MOVED = ("note", {"kind": "a", "text": "Ann moved"})

GIVEN = '{"kind": "a", "number": 37}'
DROP = f'{{"name": "drop", "arguments": {GIVEN}}}'
MESSAGE = {"function": {"name": "drop", "arguments": GIVEN}, "id": "c1", "type": "function"}
FORMS = {
    "Qwen and Hermes": f"<tool_call>\n{DROP}\n</tool_call>",
    "Llama 3.1": f'<|python_tag|>{{"name": "drop", "parameters": {GIVEN}}}',
    "Llama 3.2": f'{{"name": "drop", "parameters": {GIVEN}}}',
    "Llama's own functions": f"<function=drop>{GIVEN}</function>",
    "Llama 4": '[drop(kind="a", number=37)]',
    "Mistral": f"[TOOL_CALLS][{DROP}]",
    "newer Mistral": f"[TOOL_CALLS]drop[ARGS]{GIVEN}",
    "Qwen3-Coder": "<tool_call>\n<function=drop>\n<parameter=kind>\na\n</parameter>\n<parameter=number>\n37\n"
    "</parameter>\n</function>\n</tool_call>",
    "MiniMax": '<minimax:tool_call>\n<invoke name="drop">\n<parameter name="kind">a</parameter>\n'
    '<parameter name="number">37</parameter>\n</invoke>\n</minimax:tool_call>',
    "DeepSeek V3": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>drop\n```json\n"
    f"{GIVEN}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "DeepSeek V3.1": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>drop<｜tool▁sep｜>"
    f"{GIVEN}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "DeepSeek V3.2": '<｜DSML｜function_calls>\n<｜DSML｜invoke name="drop">\n<｜DSML｜parameter name="kind" '
    'string="true">a</｜DSML｜parameter>\n<｜DSML｜parameter name="number" string="false">37'
    "</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
    "Kimi K2": "<|tool_calls_section_begin|><|tool_call_begin|>functions.drop:0<|tool_call_argument_begin|>"
    f"{GIVEN}<|tool_call_end|><|tool_calls_section_end|>",
    "gpt-oss": "<|channel|>analysis<|message|>Which?<|end|><|start|>assistant<|channel|>commentary "
    f"to=functions.drop <|constrain|>json<|message|>{GIVEN}<|call|>",
    "Phi": f"<|tool_call|>[{DROP}]<|/tool_call|>",
    "LFM": '<|tool_call_start|>[drop(kind="a", number=37)]<|tool_call_end|>',
    "Command A": f'<|START_ACTION|>[{{"tool_call_id": "0", "tool_name": "drop", "parameters": {GIVEN}}}]'
    "<|END_ACTION|>",
    "ReAct": f"Thought: it is wrong.\nAction: drop\nAction Input: {GIVEN}",
    "a fence": f"Here it is:\n```json\n{DROP}\n```",
    "a program": "```tool_code\nprint(drop('a', 37))\n```",
    "OpenAI": json.dumps({"role": "assistant", "content": None, "tool_calls": [MESSAGE]}),
    "behind words": f"Sure: {DROP}",
}


def _calls(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = read_calls(text, FUNCTIONS)
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


def test_commas_too_many_and_line_breaks_in_texts_are_taken_as_they_are_meant() -> None:
    assert _calls('{"name": "note", "arguments": {"kind": "a", "text": "Ann moved",},}') == [MOVED]
    # A repaired line does not swallow the next one.
    assert _calls(f'{{"name": "drop", "arguments": {{"kind": "b",}}}}\n{NOTE}') == [
        ("drop", {"kind": "b"}),
        MOVED,
    ]
    assert _calls('{"name": "note", "arguments": {"kind": "a", "text": "two\nlines"}}') == [
        ("note", {"kind": "a", "text": "two\nlines"})
    ]


@pytest.mark.parametrize("form", FORMS, ids=FORMS)
def test_a_call_is_read_in_the_form_of_each_family_of_models(form: str) -> None:
    (call,) = _calls(FORMS[form])
    assert (call[0], {key: str(value) for key, value in call[1].items()}) == (
        "drop",
        {"kind": "a", "number": "37"},
    )


@pytest.mark.parametrize("form", FORMS, ids=FORMS)
def test_a_call_that_was_cut_off_does_nothing_and_is_an_error_where_that_is_known(form: str) -> None:
    text = FORMS[form]
    (whole,) = _calls(text)
    for end in range(1, len(text)):
        found = read_calls(text[:end], FUNCTIONS, is_cut=True)
        calls = [each for each in found if isinstance(each, Call)]
        assert [(each.name, dict(each.arguments)) for each in calls] in ([], [whole]), text[:end]
        # What is left of a mark behind a whole call is an error, too.
        assert calls or found, text[:end]
        if '"number": 3' in text[:end] and not calls:
            assert read_calls(text[:end], FUNCTIONS), text[:end]


@pytest.mark.parametrize(
    "form",
    [
        "<tool_call>drop\n<arg_key>kind</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
        '<|tool_call>call:drop{kind:<|"|>a<|"|>,number:37}<tool_call|>',
        "{'name': 'drop', 'arguments': {'kind': 'a', 'number': 37}}",
        '{"drop": {"kind": "a", "number": 37}}',
        "<tool_call>drop a 37</tool_call>",
        "<function=drop>\n<parameter=kind>\na\n</parameter>",
    ],
)
def test_a_form_that_is_not_read_is_an_error_and_no_empty_reply(form: str) -> None:
    assert _kinds(form) == [ParseErrorKind.BAD_JSON]


@pytest.mark.parametrize(
    "text",
    [
        "Ann asks what </tool_call> ends",
        "a <tool_call> b",
        "</think> is a tag",
        "{[(",
        "<think>",
        "[TOOL_CALLS]",
    ],
)
def test_marks_within_a_text_are_text(text: str) -> None:
    said = ("note", {"kind": "a", "text": text})
    calls = f"{in_block(write_call(*said))}\n{in_block(NOTE)}\n{in_block(write_call(*said))}"
    assert _calls(calls) == [said, MOVED, said]
    assert _calls(f"{write_call(*said)}\n{NOTE}\n{write_call(*said)}") == [said, MOVED, said]
    assert _calls(
        f"<function=note><parameter=kind>a</parameter><parameter=text>{text}</parameter></function>"
    ) == [said]


def test_what_is_thought_aloud_is_not_read() -> None:
    assert _calls(f"<think>{NOTE}</think>{NOTE}") == [MOVED]
    assert _calls(f"{NOTE}</think>\nNothing.") == []
    assert _calls(f"{NOTE}\n<think>{DROP}</think>\n{NOTE}") == [MOVED, MOVED]
    assert _kinds(f"<think>{NOTE}") == [ParseErrorKind.CUT_OFF]
    assert _kinds(f"{NOTE}\n<think>\n{DROP}") == [None, ParseErrorKind.CUT_OFF]


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
    read_calls(text, FUNCTIONS)


def test_odd_texts_do_not_raise() -> None:
    for text in (
        "{" * 5000,
        "[" * 100_000,
        '{"name": ' + "9" * 5000,
        "note(" * 500,
        "\ud800{",
        "</think>" * 9,
    ):
        read_calls(text, FUNCTIONS)


def test_a_written_call_is_read_back() -> None:
    arguments = {"kind": "c", "text": 'a "quote", a \\ and\na line </think'}
    assert _calls(write_call("note", arguments)) == [("note", arguments)]
    assert _calls(in_block(write_call("note", arguments))) == [("note", arguments)]
