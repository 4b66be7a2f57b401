"""A model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from memdojo.envs.quoting import without_marks
from memdojo.errors import MissingDependencyError

from .chat import Conversation, Reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_MAX_QUOTED_CHARACTERS = 200


class EndpointChat:
    """Asks a server that speaks OpenAI's chat completions, such as `vllm serve`.

    The server encodes what it is sent, so control tokens that somebody said are broken by a blank. Whatever
    goes wrong on the way is a `Reply` with an error. A pickled copy connects anew.

    Args:
        model: Name of the model at the endpoint.
        url: Where it is, such as `http://HOST:8000/v1`.
        api_key: Of the endpoint; by default the environment variable OPENAI_API_KEY, or `none`.
        timeout_s: Seconds after which a try is given up.
        max_retries: Tries after the first, with growing pauses, where the endpoint is overloaded, does not
            answer in time, or fails.
        max_concurrency: Requests that are under way at a time.

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
    ) -> None:
        if timeout_s <= 0 or max_retries < 0 or max_concurrency < 1:
            raise ValueError(
                f"timeout_s is {timeout_s}, max_retries {max_retries} and max_concurrency "
                f"{max_concurrency}; give a positive time, no negative count and at least one request."
            )
        _import_openai()
        self._model = model
        self._url = url
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY") or "none"
        self._timeout_s = timeout_s
        self._max_retries = max_retries
        self._max_concurrency = max_concurrency
        # Connections and semaphores belong to the event loop that made them.
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[AsyncOpenAI, asyncio.Semaphore]] = (
            WeakKeyDictionary()
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            self._model,
            self._url,
            {
                "api_key": self._api_key,
                "timeout_s": self._timeout_s,
                "max_retries": self._max_retries,
                "max_concurrency": self._max_concurrency,
            },
        )

    @property
    def fingerprint(self) -> str:
        """Model and place."""
        return f"endpoint(model={self._model}, url={self._url})"

    async def reply_one(self, conversation: Conversation, max_tokens: int, temperature: float = 0.0) -> Reply:
        """Ask for one reply; it carries an error if the request failed."""
        openai = _import_openai()
        client, semaphore = self._client()
        messages: Any = [
            {"role": message.role, "content": without_marks(message.content)} for message in conversation
        ]
        try:
            async with semaphore:
                completion = await client.chat.completions.create(
                    model=self._model, messages=messages, max_tokens=max_tokens, temperature=temperature
                )
        except openai.APITimeoutError:
            return self._failed(f"did not answer within {self._timeout_s:g} s; raise timeout_s")
        except openai.APIConnectionError as error:
            return self._failed(
                f"cannot be reached ({error.__cause__ or error}); check the URL and the server"
            )
        except openai.APIStatusError as error:
            return self._failed(f"answered HTTP {error.status_code}: {_quote(error.message)}")
        except (openai.OpenAIError, ValueError) as error:
            return self._failed(f"answered with what is no chat completion ({_quote(str(error))})")
        return self._read(completion)

    def reply(
        self, conversations: Sequence[Conversation], max_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        """Ask for all replies at the same time, from code that is not asynchronous; in their order."""

        async def gather() -> list[Reply]:
            replies = (self.reply_one(each, max_tokens, temperature) for each in conversations)
            try:
                return list(await asyncio.gather(*replies))
            finally:
                client, _ = self._clients.pop(asyncio.get_running_loop(), (None, None))
                if client is not None:
                    await client.close()

        return asyncio.run(gather())

    def _client(self) -> tuple[AsyncOpenAI, asyncio.Semaphore]:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            client = _import_openai().AsyncOpenAI(
                base_url=self._url,
                api_key=self._api_key,
                timeout=self._timeout_s,
                max_retries=self._max_retries,
            )
            self._clients[loop] = client, asyncio.Semaphore(self._max_concurrency)
        return self._clients[loop]

    def _read(self, completion: Any) -> Reply:
        """Return the text of a completion. The client library does not check what it parses."""
        choices = getattr(completion, "choices", None)
        if not isinstance(choices, list):
            return self._failed(f"answered with what is no chat completion ({_quote(str(completion))})")
        message = getattr(choices[0], "message", None) if choices else None
        text = getattr(message, "content", None)
        if not isinstance(text, str) or not text.strip():
            return self._failed("gave an empty reply")
        return Reply(text.strip())

    def _failed(self, why: str) -> Reply:
        return Reply(None, f"the endpoint {self._url} {why}.")


def _rebuild(model: str, url: str, options: dict[str, Any]) -> EndpointChat:
    return EndpointChat(model, url, **options)


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_QUOTED_CHARACTERS else line[: _MAX_QUOTED_CHARACTERS - 3] + "..."


def _import_openai() -> Any:
    try:
        import openai
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "an endpoint needs the library openai, which is not installed; run pip install "
            "'memdojo[language]'."
        ) from error
    return openai
