"""A model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from memdojo.envs.prompts.thoughts import split_thoughts
from memdojo.envs.quoting import without_marks
from memdojo.errors import MissingDependencyError, cut_short

from .chat import Conversation, Reply, Said, named_room, reply_after_thought, reply_to_all
from .keys import NO_KEY, may_have_key, without_identity
from .settings import DEFAULT_THINKING_TOKENS

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_MAX_QUOTED_CHARACTERS = 200
_BAD_REQUEST = 400
_REFUSABLE = ("max_tokens", "temperature")
_THOUGHTS = ("reasoning_content", "reasoning")
"""Fields of a message in which servers tell the thought apart from the reply."""
_UNTOLD = "(not told)"
_OPENED = "<think>\n"


class _Connection(NamedTuple):
    """What belongs to the event loop that made it."""

    client: AsyncOpenAI
    semaphore: asyncio.Semaphore
    trying: asyncio.Lock
    closing: AsyncGenerator[None, None]


class EndpointChat:
    """Asks a server that speaks OpenAI's chat completions, such as `vllm serve`.

    The server encodes what it is sent, so control tokens that somebody said are broken by a blank. Whatever
    goes wrong on the way is a `Reply` with an error. A pickled copy connects anew.

    Args:
        model: Name of the model at the endpoint.
        url: Where it is, such as `http://HOST:8000/v1`.
        api_key: Of the endpoint; by default the environment variable OPENAI_API_KEY, or `none`. Under
            `keys_for_named_hosts` the variable counts only for the host of OPENAI_BASE_URL.
        timeout_s: Seconds after which a try is given up.
        max_retries: Tries after the first, with growing pauses, where the endpoint is overloaded, does not
            answer in time, or fails.
        max_concurrency: Requests that are under way at a time.
        thinking_tokens: Most tokens of a thought besides those of the reply; see `reply_after_thought`.

    Raises:
        MissingDependencyError: If the library `openai` is not installed.
        ValueError: If a number is out of range.
    """

    def __init__(
        self,
        model: str,
        url: str,
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        max_retries: int = 2,
        max_concurrency: int = 64,
        thinking_tokens: int = DEFAULT_THINKING_TOKENS,
    ) -> None:
        if timeout_s <= 0 or min(max_retries, thinking_tokens) < 0 or max_concurrency < 1:
            raise ValueError(
                f"timeout_s is {timeout_s}, max_retries {max_retries}, max_concurrency {max_concurrency} and "
                f"thinking_tokens {thinking_tokens}; give a positive time, no negative count and at least "
                "one request."
            )
        _import_openai()
        self._model = model
        self._url = url
        self._is_anonymous = api_key is None and not may_have_key(url)
        known = None if self._is_anonymous else os.environ.get("OPENAI_API_KEY")
        self._api_key = api_key or known or NO_KEY
        self._timeout_s = timeout_s
        self._max_retries = max_retries
        self._max_concurrency = max_concurrency
        self._thinking_tokens = thinking_tokens
        # What is learnt of the server on the way.
        self._limit_name, self._has_temperature = _REFUSABLE[0], True
        self._opens_thoughts: bool | None = None
        self._connections: WeakKeyDictionary[asyncio.AbstractEventLoop, _Connection] = WeakKeyDictionary()

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            self._model,
            self._url,
            self._is_anonymous,
            {
                "api_key": self._api_key,
                "timeout_s": self._timeout_s,
                "max_retries": self._max_retries,
                "max_concurrency": self._max_concurrency,
                "thinking_tokens": self._thinking_tokens,
            },
        )

    @property
    def fingerprint(self) -> str:
        """Model and place, and the room for thoughts where it is not the usual one."""
        return f"endpoint(model={self._model}, url={self._url}{named_room(self._thinking_tokens)})"

    async def reply_one(self, conversation: Conversation, max_tokens: int, temperature: float = 0.0) -> Reply:
        """Ask for one reply; it carries an error if the request failed."""

        async def ask(limit: int) -> Said | Reply:
            said = await self._ask(conversation, limit, temperature)
            if isinstance(said, Reply) or not said.is_cut or said.thought:
                return said
            opens = self._opens_thoughts
            if opens is None and limit == max_tokens and self._thinking_tokens and not _has_thought(said):
                opens = await self._try_whether_thoughts_are_opened(conversation, limit, temperature)
            return Said(f"{_OPENED}{said.text}", is_cut=True) if opens else said

        return await reply_after_thought(ask, max_tokens, self._thinking_tokens)

    async def _try_whether_thoughts_are_opened(
        self, conversation: Conversation, limit: int, temperature: float
    ) -> bool:
        """Return whether the server's chat template opens thoughts itself, after asking for a longer reply.

        Then the beginning of a thought looks like that of any reply; only the mark that closes it tells.
        """
        async with (await self._connection()).trying:
            if self._opens_thoughts is None:
                longer = await self._ask(conversation, limit + self._thinking_tokens, temperature)
                if isinstance(longer, Reply):
                    return False
                self._opens_thoughts = _has_thought(longer)
            return self._opens_thoughts

    async def _ask(self, conversation: Conversation, limit: int, temperature: float) -> Said | Reply:
        openai = _import_openai()
        connection = await self._connection()
        messages: Any = [
            {"role": message.role, "content": without_marks(message.content)} for message in conversation
        ]
        for _ in range(1 + len(_REFUSABLE)):
            options: Any = {
                self._limit_name: limit,
                **({"temperature": temperature} if self._has_temperature else {}),
            }
            try:
                async with connection.semaphore:
                    completion = await connection.client.chat.completions.create(
                        model=self._model, messages=messages, **options
                    )
            except openai.APITimeoutError:
                return self._failed(f"did not answer within {self._timeout_s:g} s; raise timeout_s")
            except openai.APIConnectionError as error:
                return self._failed(
                    f"cannot be reached ({error.__cause__ or error}); check the URL and the server"
                )
            except openai.APIStatusError as error:
                if error.status_code == _BAD_REQUEST and self._do_without(error.message, options):
                    continue
                return self._failed(
                    f"answered HTTP {error.status_code}: {_quote(error.message)}{self._hint(error)}"
                )
            except (openai.OpenAIError, ValueError) as error:
                return self._failed(f"answered with what is no chat completion ({_quote(str(error))})")
            return self._read(completion)
        return self._failed(f"refuses {' and '.join(_REFUSABLE)}")

    def _do_without(self, message: str, sent: Mapping[str, Any]) -> bool:
        """Note that a server refuses an option, as those of reasoning models do; False if it is not that."""
        if "max_completion_tokens" in message and "max_tokens" in sent:
            self._limit_name = "max_completion_tokens"
        elif "temperature" in message and "temperature" in sent:
            self._has_temperature = False
        else:
            return False
        return True

    def reply(
        self, conversations: Sequence[Conversation], max_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Ask for all replies at the same time, from code that is not asynchronous; in their order."""
        return reply_to_all(self, conversations, max_tokens, temperature)

    async def _connection(self) -> _Connection:
        loop = asyncio.get_running_loop()
        if loop not in self._connections:
            client = _import_openai().AsyncOpenAI(
                base_url=self._url,
                api_key=self._api_key,
                timeout=self._timeout_s,
                max_retries=self._max_retries,
                **(without_identity(_import_openai().Omit()) if self._is_anonymous else {}),
            )
            semaphore, closing = asyncio.Semaphore(self._max_concurrency), self._disconnect_at_the_end(client)
            self._connections[loop] = _Connection(client, semaphore, asyncio.Lock(), closing)
            await anext(closing)
        return self._connections[loop]

    async def _disconnect_at_the_end(self, client: AsyncOpenAI) -> AsyncGenerator[None, None]:
        """Close a client together with its event loop, which ends the generators that were begun in it."""
        try:
            yield
        finally:
            # What belongs to a loop points to it, so that it would never leave the weak keys.
            self._connections.pop(asyncio.get_running_loop(), None)
            await client.close()

    def _read(self, completion: Any) -> Said | Reply:
        """Return what a completion says. The client library does not check what it parses."""
        choices = getattr(completion, "choices", None)
        if not isinstance(choices, list):
            return self._failed(f"answered with what is no chat completion ({_quote(str(completion))})")
        choice = choices[0] if choices else None
        message = getattr(choice, "message", None)
        text = _text(message, "content")
        thought = next((found for name in _THOUGHTS if (found := _text(message, name))), "")
        is_cut = getattr(choice, "finish_reason", None) == "length"
        if not text and not thought and is_cut:
            # Some servers keep the thought to themselves.
            thought = _UNTOLD
        if not text and not thought:
            return self._failed("gave an empty reply")
        return Said(text, thought, is_cut)

    def _hint(self, error: Any) -> str:
        """Return why there was no key, where the server misses one."""
        if not self._is_anonymous or error.status_code not in (401, 403):
            return ""
        return (
            "; it was named by a run, so it got no key: name it yourself, or set OPENAI_BASE_URL to it if it "
            "is yours"
        )

    def _failed(self, why: str) -> Reply:
        return Reply(None, f"the endpoint {self._url} {why}.")


def _text(message: Any, name: str) -> str:
    text = getattr(message, name, None)
    return text.strip() if isinstance(text, str) else ""


def _has_thought(said: Said) -> bool:
    parts = split_thoughts(said.text)
    return bool(said.thought or parts.thought or parts.is_cut)


def _rebuild(model: str, url: str, is_anonymous: bool, options: dict[str, Any]) -> EndpointChat:
    chat = EndpointChat(model, url, **options)
    chat._is_anonymous = is_anonymous
    return chat


def _quote(text: str) -> str:
    return cut_short(" ".join(text.split()), _MAX_QUOTED_CHARACTERS)


def _import_openai() -> Any:
    try:
        import openai
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "an endpoint needs the library openai, which is not installed; run pip install "
            "'memdojo[endpoint]'."
        ) from error
    return openai
