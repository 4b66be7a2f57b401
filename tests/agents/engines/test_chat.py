from __future__ import annotations

import asyncio

import pytest
from transformers import PreTrainedTokenizerFast

from memdojo.agents.engines.chat import EngineChat, Reply
from memdojo.agents.engines.engine import GenerationRequest
from memdojo.agents.engines.scripted_engine import ScriptedEngine
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
