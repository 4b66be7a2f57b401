from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable

import pytest
from transformers import PreTrainedTokenizerFast

from memdojo.agents.engines.chat import EngineChat, Reply, Said, reply_after_thought
from memdojo.agents.engines.engine import GenerationRequest
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.engines.settings import DEFAULT_THINKING_TOKENS
from memdojo.envs.prompts.protocol import Message
from memdojo.errors import EngineError, ModelError

CONVERSATION = (Message("system", "Be short."), Message("user", "Where?"))


def _say(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    return list(tokenizer.encode(text))


def test_a_reply_has_a_text_or_a_reason() -> None:
    assert Reply("").text == ""
    with pytest.raises(ValueError, match="or None and the reason"):
        Reply(None)
    with pytest.raises(ValueError, match="or None and the reason"):
        Reply("Oslo", "timed out")


def test_conversations_are_rendered_by_the_template(tokenizer: PreTrainedTokenizerFast) -> None:
    engine = ScriptedEngine([_say(tokenizer, " In Oslo <end>")])
    assert EngineChat(engine, tokenizer).reply([CONVERSATION], 9, temperature=0.5) == [Reply("In Oslo")]
    text = "<start>system\nBe short.<end><start>user\nWhere?<end><start>assistant\n"
    assert engine.requests == [GenerationRequest(tuple(_say(tokenizer, text)), 9, 0.5)]


def test_replies_come_in_the_order_of_the_conversations(tokenizer: PreTrainedTokenizerFast) -> None:
    engine = ScriptedEngine(
        lambda prompt_ids: _say(tokenizer, str(len(prompt_ids))), delays_s={0: 0.03, 1: 0.01}
    )
    conversations = [CONVERSATION, CONVERSATION[1:], CONVERSATION[:1]]
    replies = EngineChat(engine, tokenizer).reply(conversations, 9)
    lengths = [str(len(request.prompt_ids)) for request in engine.requests]
    assert [reply.text for reply in replies] == lengths
    assert len(set(lengths)) == 3


def test_an_engine_that_cannot_is_a_reply_with_an_error(tokenizer: PreTrainedTokenizerFast) -> None:
    engine = ScriptedEngine(lambda prompt_ids: _say(tokenizer, "yes"), failing={0: EngineError("it died.")})
    chat = EngineChat(engine, tokenizer)
    assert asyncio.run(chat.reply_one(CONVERSATION, 4)) == Reply(None, "it died.")
    assert asyncio.run(chat.reply_one(CONVERSATION, 4)) == Reply("yes")


def test_the_fingerprint_is_that_of_the_engine(tokenizer: PreTrainedTokenizerFast) -> None:
    assert EngineChat(ScriptedEngine([]), tokenizer).fingerprint == "chat(scripted(weights=0))"


def test_a_tokenizer_without_a_template_is_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    plain = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer)
    with pytest.raises(ModelError, match="has no chat template"):
        EngineChat(ScriptedEngine([]), plain)


def _ask(*said: Said | Reply) -> tuple[Callable[[int], Awaitable[Said | Reply]], list[int]]:
    limits: list[int] = []

    async def ask(limit: int) -> Said | Reply:
        limits.append(limit)
        return said[len(limits) - 1]

    return ask, limits


def _reply(*said: Said | Reply, thinking_tokens: int = 100) -> tuple[Reply, list[int]]:
    ask, limits = _ask(*said)
    return asyncio.run(reply_after_thought(ask, 10, thinking_tokens)), limits


def test_a_reply_that_needs_no_thought_is_asked_for_once() -> None:
    assert _reply(Said(" Oslo ")) == (Reply("Oslo"), [10])
    assert _reply(Said("Oslo, which", is_cut=True)) == (Reply("Oslo, which", is_cut=True), [10])
    assert _reply(Said("<think>Or Rome?</think>Oslo")) == (Reply("Oslo", thought="Or Rome?"), [10])
    assert _reply(Said("Oslo", "Or Rome?")) == (Reply("Oslo", thought="Or Rome?"), [10])
    assert _reply(Reply(None, "it died.")) == (Reply(None, "it died."), [10])
    assert _reply(Said("")) == (Reply(""), [10])


def test_a_thought_gets_the_room_that_it_needs() -> None:
    thinking = Said("<think>Or Ro", is_cut=True)
    assert _reply(thinking, Said("<think>Or Rome?</think>\n\nOslo")) == (
        Reply("Oslo", thought="Or Rome?"),
        [10, 110],
    )
    # Where the server tells it apart, or keeps it to itself, there is no text yet.
    assert _reply(Said("", "Or Ro", True), Said("Oslo", "Or Rome?"))[0].text == "Oslo"


@pytest.mark.parametrize(
    ("said", "thinking_tokens", "why", "limits"),
    [
        (
            [Said("<think>Or", is_cut=True), Said("<think>Or Rome", is_cut=True)],
            100,
            "after 110 tokens",
            [10, 110],
        ),
        ([Said("<think>Or", is_cut=True)], 0, "after 10 tokens", [10]),
        ([Said("<think>Or Rome")], 100, "cut off in its thought", [10]),
        ([Said("<think>Or Rome?</think>")], 100, "replied nothing", [10]),
        ([Said("", "Or Rome?")], 100, "replied nothing", [10]),
    ],
)
def test_a_thought_is_never_a_reply(
    said: list[Said], thinking_tokens: int, why: str, limits: list[int]
) -> None:
    reply, asked = _reply(*said, thinking_tokens=thinking_tokens)
    assert reply.text is None
    assert why in reply.error
    assert reply.thought.startswith("Or")
    assert asked == limits


def test_an_engine_whose_template_opens_the_thought_is_understood(tokenizer: PreTrainedTokenizerFast) -> None:
    opening = copy.deepcopy(tokenizer)
    opening.chat_template += "{{ '<think>\n' }}"
    whole = _say(tokenizer, "Or Rome? </think> Oslo")
    engine = ScriptedEngine(lambda prompt_ids: whole)
    (reply,) = EngineChat(engine, opening).reply([CONVERSATION], 3)
    assert (reply.text, reply.thought) == ("Oslo", "Or Rome?")
    assert [request.max_tokens for request in engine.requests] == [3, 3 + DEFAULT_THINKING_TOKENS]
    # One that replies at once has closed nothing.
    engine = ScriptedEngine([_say(tokenizer, "Oslo")])
    assert EngineChat(engine, opening).reply([CONVERSATION], 9) == [Reply("Oslo")]


def test_the_room_for_thoughts_is_named_where_it_is_another(tokenizer: PreTrainedTokenizerFast) -> None:
    chat = EngineChat(ScriptedEngine([]), tokenizer, thinking_tokens=5)
    assert chat.fingerprint == "chat(scripted(weights=0), thinking_tokens=5)"


def test_replies_come_in_a_notebook_as_well(tokenizer: PreTrainedTokenizerFast) -> None:
    async def cell() -> list[Reply]:
        return EngineChat(ScriptedEngine([_say(tokenizer, "Oslo")]), tokenizer).reply([CONVERSATION], 9)

    assert asyncio.run(cell()) == [Reply("Oslo")]
