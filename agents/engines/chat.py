"""Chat models, messages in and text out: the ground of answerers and judges."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from memdojo.envs.prompts.protocol import Message
from memdojo.errors import EngineError, ModelError

from .chat_encoding import ChatEncoder
from .engine import GenerationRequest, Sampler

Conversation = Sequence[Message]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        text: Its words; None if the reply failed.
        error: Why there are none; empty otherwise.

    Raises:
        ValueError: If there is neither text nor error, or both.
    """

    text: str | None
    error: str = ""

    def __post_init__(self) -> None:
        if (self.text is None) != bool(self.error):
            raise ValueError(
                f"Reply({self.text!r}, {self.error!r}): give a text, or None and the reason for having none."
            )


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


class EngineChat:
    """Speaks to an engine in the words of a tokenizer's chat template; see `ChatEncoder`.

    Args:
        engine: Samples the replies.
        tokenizer: Of the engine's model, from transformers.

    Raises:
        ModelError: If the tokenizer has no chat template.
    """

    def __init__(self, engine: Sampler, tokenizer: Any) -> None:
        if not tokenizer.chat_template:
            raise ModelError(
                f"the tokenizer of {tokenizer.name_or_path!r} has no chat template; use an "
                "instruction-tuned model, or put a chat_template.jinja into its folder."
            )
        self._engine = engine
        self._tokenizer = tokenizer
        self._chat = ChatEncoder(tokenizer)

    @property
    def fingerprint(self) -> str:
        """That of the engine."""
        return f"chat({self._engine.fingerprint})"

    async def reply_one(self, conversation: Conversation, max_tokens: int, temperature: float = 0.0) -> Reply:
        """Reply to one conversation; an engine that cannot is a reply with an error."""
        request = GenerationRequest(self._chat.encode(conversation), max_tokens, temperature)
        try:
            generation = await self._engine.generate(request)
        except EngineError as error:
            return Reply(None, str(error))
        return Reply(self._tokenizer.decode(generation.token_ids, skip_special_tokens=True).strip())

    def reply(
        self, conversations: Sequence[Conversation], max_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Reply to all conversations at the same time."""

        async def gather() -> list[Reply]:
            replies = (self.reply_one(each, max_tokens, temperature) for each in conversations)
            return list(await asyncio.gather(*replies))

        return asyncio.run(gather())
