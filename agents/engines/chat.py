"""Chat models, messages in and text out: the ground of answerers and judges."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from memdojo.envs.prompts.protocol import Message
from memdojo.envs.prompts.thoughts import split_thoughts
from memdojo.errors import EngineError, ModelError

from .chat_encoding import ChatEncoder
from .decoding import ReplyDecoder, opened_at_end
from .engine import GenerationRequest, Sampler
from .event_loop import run_coroutine
from .settings import DEFAULT_THINKING_TOKENS

Conversation = Sequence[Message]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        text: Its words without its thoughts; None if the reply failed.
        error: Why there are none; empty otherwise.
        thought: What it thought before, if that is known.
        is_cut: Whether the words reached their limit of tokens, so that more was to come.

    Raises:
        ValueError: If there is neither text nor error, or both.
    """

    text: str | None
    error: str = ""
    thought: str = ""
    is_cut: bool = False

    def __post_init__(self) -> None:
        if (self.text is None) != bool(self.error):
            raise ValueError(
                f"Reply({self.text!r}, {self.error!r}): give a text, or None and the reason for having none."
            )


@dataclass(frozen=True, slots=True)
class Said:
    """What came back for one request, thoughts and all.

    Attributes:
        text: What the model wrote.
        thought: What it thought, where it is told apart from the text already.
        is_cut: Whether it reached the limit of tokens.
    """

    text: str
    thought: str = ""
    is_cut: bool = False


async def reply_after_thought(
    ask: Callable[[int], Awaitable[Said | Reply]], max_tokens: int, thinking_tokens: int
) -> Reply:
    """Return a reply without its thoughts, with room for them where the model needs it.

    A model is asked for as many tokens as its reply may have, as one that does not think should be. If it
    spent them on a thought, it is asked once more with room for the thought. A thought that was cut off even
    so, or that nothing follows, is an error: no thought is ever taken for a reply.

    Args:
        ask: Puts the request with a limit of tokens; a `Reply` with an error where it failed.
        max_tokens: Most tokens of the reply.
        thinking_tokens: Most tokens of the thought; 0 never asks again.
    """
    for limit in (max_tokens, max_tokens + thinking_tokens):
        said = await ask(limit)
        if isinstance(said, Reply):
            return said
        parts = split_thoughts(said.text)
        text, thought = parts.text.strip(), said.thought or parts.thought
        if text or not (thought or parts.is_cut):
            return Reply(text, thought=thought, is_cut=said.is_cut)
        if not (said.is_cut and thinking_tokens):
            break
    if said.is_cut or parts.is_cut:
        return Reply(
            None,
            f"the model was cut off in its thought after {limit} tokens, before it replied; raise "
            "thinking_tokens.",
            thought,
        )
    return Reply(None, "the model thought and then replied nothing.", thought)


def named_room(thinking_tokens: int) -> str:
    """Return how a fingerprint names the room for thoughts; nothing where it is the usual one."""
    return "" if thinking_tokens == DEFAULT_THINKING_TOKENS else f", thinking_tokens={thinking_tokens}"


class ChatModel(Protocol):
    """Replies to conversations; a failure is a `Reply` with an error, not an exception."""

    @property
    def fingerprint(self) -> str:
        """Names all that a reply depends on beside the conversation."""
        ...

    async def reply_one(self, conversation: Conversation, max_tokens: int, temperature: float = 0.0) -> Reply:
        """Reply to one conversation."""
        ...

    def reply(
        self, conversations: Sequence[Conversation], max_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Reply to all conversations at the same time, from code that is not asynchronous; in their order."""
        ...


def reply_to_all(
    chat: ChatModel, conversations: Sequence[Conversation], max_tokens: int, temperature: float
) -> list[Reply]:
    """Return the replies of a chat model that is asked for all of them at the same time, in their order."""

    async def gather() -> list[Reply]:
        replies = (chat.reply_one(each, max_tokens, temperature) for each in conversations)
        return list(await asyncio.gather(*replies))

    return run_coroutine(gather())


class EngineChat:
    """Speaks to an engine in the words of a tokenizer's chat template; see `ChatEncoder`.

    Args:
        engine: Samples the replies.
        tokenizer: Of the engine's model, from transformers.
        thinking_tokens: Most tokens of a thought besides those of the reply; see `reply_after_thought`.

    Raises:
        ModelError: If the tokenizer has no chat template.
    """

    def __init__(
        self, engine: Sampler, tokenizer: Any, thinking_tokens: int = DEFAULT_THINKING_TOKENS
    ) -> None:
        if not tokenizer.chat_template:
            raise ModelError(
                f"the tokenizer of {tokenizer.name_or_path!r} has no chat template; use an "
                "instruction-tuned model, or put a chat_template.jinja into its folder."
            )
        self._engine = engine
        self._tokenizer = tokenizer
        self._thinking_tokens = thinking_tokens
        self._chat = ChatEncoder(tokenizer)
        self._decoder = ReplyDecoder(tokenizer)

    @property
    def fingerprint(self) -> str:
        """That of the engine, and the room for thoughts where it is not the usual one."""
        return f"chat({self._engine.fingerprint}{named_room(self._thinking_tokens)})"

    async def reply_one(self, conversation: Conversation, max_tokens: int, temperature: float = 0.0) -> Reply:
        """Reply to one conversation; an engine that cannot is a reply with an error."""
        prompt_ids = self._chat.encode(conversation)
        opened = opened_at_end(self._tokenizer.decode, prompt_ids)

        async def ask(limit: int) -> Said | Reply:
            try:
                generation = await self._engine.generate(GenerationRequest(prompt_ids, limit, temperature))
            except EngineError as error:
                return Reply(None, str(error))
            text = self._decoder.decode(generation.token_ids)
            return Said(f"{opened}{text}" if generation.is_cut else text, is_cut=generation.is_cut)

        return await reply_after_thought(ask, max_tokens, self._thinking_tokens)

    def reply(
        self, conversations: Sequence[Conversation], max_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Reply to all conversations at the same time."""
        return reply_to_all(self, conversations, max_tokens, temperature)
