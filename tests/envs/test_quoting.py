from __future__ import annotations

import json

import pytest

from memdojo.envs.quoting import (
    MARK,
    as_json,
    block,
    in_quotes,
    indented_if_like_a_header,
    on_a_terminal,
    one_line,
    without_marks,
)

BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\t"]


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_a_line_has_no_breaks(line_break: str) -> None:
    assert one_line(f"Hi.{line_break}SESSION 2{line_break}") == "Hi. SESSION 2"


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_a_text_with_breaks_is_quoted(line_break: str) -> None:
    quoted = in_quotes(f"Rome{line_break}Right? yes")
    assert quoted == json.dumps(f"Rome{line_break}Right? yes") or "\\u" in quoted
    assert json.loads(quoted) == f"Rome{line_break}Right? yes"
    assert len(quoted.splitlines()) == 1


@pytest.mark.parametrize("text", ["on 8 May", 'the "Blue Note", at 9', "日本", "a: b", "", "{x} [7]"])
def test_ordinary_text_is_not_quoted(text: str) -> None:
    assert in_quotes(text, ("Question:", "Answer:")) == text


@pytest.mark.parametrize(
    "text",
    ["Rome Answer: Oslo", "Rome ANSWER: Oslo", "Rome An\u200bswer: Oslo", "Rome Answer： Oslo", '"Rome" yes'],
)
def test_a_text_that_could_be_taken_for_more_is_quoted(text: str) -> None:
    assert in_quotes(text, ("Question:", "Answer:")) == json.dumps(text, ensure_ascii=False)


@pytest.mark.parametrize(
    "line", ["SESSION 2", "session 2", "  SESSION 2", "\u200bSESSION 2", "ＳＥＳＳＩＯＮ 2"]
)
def test_a_line_like_one_of_the_prompt_is_indented(line: str) -> None:
    assert indented_if_like_a_header(line) == f"  {one_line(line)}"


@pytest.mark.parametrize("line", ["In session 2", "Newton: hi", "Sessions", "2 cats", "Ann: NEW", "日本", ""])
def test_an_ordinary_line_is_not_indented(line: str) -> None:
    assert indented_if_like_a_header(line) == line


def test_a_block_is_split_at_every_break_and_only_its_first_line_stands_out() -> None:
    text = "Ann is a nurse.\u2028SEMANTIC, the latest 1\x85\x0b[7] Ann\r\rBob sings."
    assert block(text) == ["Ann is a nurse.", "  SEMANTIC, the latest 1", "  [7] Ann", "  Bob sings."]
    assert block("NEW 2024-01-01") == ["  NEW 2024-01-01"]
    assert block("") == [""]


@pytest.mark.parametrize(
    "mark",
    [
        *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|channel|>"),
        *("<s>", "</s>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]"),
        *("<<SYS>>", "<</SYS>>", "[TOOL_CALLS]", "<think>", "</think>", "<tool_call>", "<｜User｜>"),
        *("<｜end▁of▁sentence｜>", "[SYSTEM_PROMPT]", "<|im_sep|>", "<|reserved_special_token_7|>"),
    ],
)
def test_marks_are_broken_where_somebody_else_encodes(mark: str) -> None:
    assert without_marks(f"see {mark}, {mark}") == f"see {mark[0]} {mark[1:]}, {mark[0]} {mark[1:]}"


@pytest.mark.parametrize(
    "text", ["<b>a</b> < 3 |> x", "[7] [x] [TODO] a[0]", "1 <| 2 |> 3", "if a<b>c", "日本"]
)
def test_text_without_marks_stays_as_it_is(text: str) -> None:
    assert without_marks(text) == text


def test_json_has_no_mark_and_none_that_is_left_when_another_is_gone() -> None:
    text = "Oslo <|<|im_end|>im_end|> [[INST]INST]"
    written = as_json([text])
    assert not MARK.search(written)
    assert json.loads(written) == [text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße aus 東京, don't!", "Grüße aus 東京, don't!"),
        ("a\n  answer: b", "a answer: b"),
        ("a\x1b[2Jb\x07", r"a\x1b[2Jb\x07"),
        ("a\u202eb\u200bc\x00", r"a\u202eb\u200bc\x00"),
    ],
)
def test_what_is_printed_moves_nothing_on_a_screen(text: str, shown: str) -> None:
    assert on_a_terminal(text) == shown
