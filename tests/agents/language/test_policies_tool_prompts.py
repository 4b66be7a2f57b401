"""Function calls through chat templates: those that have words for tools, and those that have none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from memdojo.agents.language.policies import PromptEncoder, has_words_for_tools
from memdojo.agents.language.tiny import CHAT_TEMPLATE, train_tokenizer
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.mem_alpha import MemAlphaFormat
from memdojo.envs.prompts.protocol import ManagerView
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Add, Capacity, Chunk, MemoryEntry, Noop, Turn

CHUNK = Chunk(0, (Turn("t1", "Ann", "I moved to Boston."),), time=datetime(2023, 5, 8))
ENTRIES = tuple(
    MemoryEntry(id, "semantic", f"Ann likes tea number {id}", None, 0, id, ()) for id in range(1, 9)
)
CORE = MemoryEntry(9, "core", "Ann is a nurse.", None, 0, 0, ())
VIEW = ManagerView(CHUNK, (*ENTRIES, CORE), Capacity(), 0)
MOVED = Add("Ann moved to Boston", ("t1",), CHUNK.time, "episodic", unique=True)

# As templates of the Qwen family have it: the tools stand before the system's message, calls in blocks.
WITH_TOOLS = (
    "{% if tools %}<|system|>{{ messages[0]['content'] }}\n<tools>"
    "{% for tool in tools %}\n{{ tool | tojson }}{% endfor %}\n</tools>\n"
    'Reply with <tool_call>{"name": ..., "arguments": ...}</tool_call><|end|>'
    "{% set messages = messages[1:] %}{% endif %}" + CHAT_TEMPLATE
)
REFUSING = "{% if tools %}{{ raise_exception('no tools here') }}{% endif %}" + CHAT_TEMPLATE


@pytest.fixture
def tokenizer() -> Any:
    return train_tokenizer(load_streams("synthetic:train", num_streams=20), 1024)


def _prompt(encoder: PromptEncoder, view: ManagerView = VIEW) -> str:
    return encoder.decode_prompt(encoder.encode(view).ids)


def test_a_template_with_words_for_tools_describes_the_functions(tokenizer: Any) -> None:
    tokenizer.chat_template = WITH_TOOLS
    encoder = PromptEncoder(tokenizer, MemAlphaFormat(), 5000)
    prompt = _prompt(encoder)
    for name in ("new_memory_insert", "memory_update", "memory_delete"):
        assert prompt.count(f'"name": "{name}"') == 1
    assert "Ann is a nurse." in prompt
    assert "[8] Ann likes tea number 8" in prompt
    assert "[3] " not in prompt
    assert prompt.endswith("<|user|>NEW 2023-05-08\nAnn: I moved to Boston.<|end|><|assistant|>")
    # A reply that is taught has the form of the template, and one that is sampled is read in it.
    reply = encoder.write((MOVED,), VIEW)
    assert reply.startswith("<tool_call>\n{")
    assert encoder.format.parse(encoder.decode(encoder.encode_reply(reply)), VIEW).decision == (MOVED,)


def test_without_such_words_the_format_describes_them(tokenizer: Any) -> None:
    for template in (CHAT_TEMPLATE, REFUSING):
        tokenizer.chat_template = template
        encoder = PromptEncoder(tokenizer, MemAlphaFormat(), 5000)
        prompt = _prompt(encoder)
        assert "one function call a line" in prompt
        assert "<tools>" not in prompt
        reply = encoder.write((MOVED,), VIEW)
        assert reply.startswith('{"name": "new_memory_insert"')
        assert encoder.format.parse(encoder.decode(encoder.encode_reply(reply)), VIEW).decision == (MOVED,)


def test_whether_a_template_has_words_is_seen_by_what_it_renders(tokenizer: Any) -> None:
    tools = MemAlphaFormat().tools
    expected = {CHAT_TEMPLATE: False, WITH_TOOLS: True, REFUSING: False}
    for template, has_words in expected.items():
        tokenizer.chat_template = template
        assert has_words_for_tools(tokenizer, tools) is has_words


def test_formats_without_functions_are_as_they_were(tokenizer: Any) -> None:
    tokenizer.chat_template = WITH_TOOLS
    encoder = PromptEncoder(tokenizer, BriefFormat(), 5000)
    assert "<tools>" not in _prompt(encoder)
    assert encoder.write((Noop(),), VIEW) == "NOOP"


def test_a_prompt_that_is_too_long_loses_entries_and_the_core_block_last(tokenizer: Any) -> None:
    encoder = PromptEncoder(tokenizer, MemAlphaFormat(), 5000)
    whole = encoder.encode(VIEW)
    assert whole.num_left_out == 0
    shorter = PromptEncoder(tokenizer, MemAlphaFormat(), len(whole.ids) - 1).encode(VIEW)
    # Five of the eight entries are shown, so four have to go before the prompt is any shorter.
    assert [entry.id for entry in shorter.view.entries] == [5, 6, 7, 8, 9]
    assert shorter.num_left_out == 4
    least = len(encoder.encode(ManagerView(CHUNK, (CORE,), Capacity(), 0)).ids)
    barely = PromptEncoder(tokenizer, MemAlphaFormat(), least).encode(VIEW)
    assert [entry.id for entry in barely.view.entries] == [9]
