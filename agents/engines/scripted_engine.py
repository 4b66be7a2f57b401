"""An engine with scripted replies and no model, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from memdojo.errors import EngineError

from .engine import Generation, GenerationRequest, StopReason, check_request

if TYPE_CHECKING:
    from torch import Tensor

Script = Callable[[tuple[int, ...]], Sequence[int]]
"""From the ids of a prompt to those of its completion."""


class ScriptedEngine:
    """Gives completions from a script, and refuses what no engine could serve.

    Attributes:
        requests: What it was asked, in order.
        loaded: The weights that it was given, by version.

    Args:
        script: The completions in the order of the requests, or a function of the prompt. A completion that
            is longer than the request allows is cut and stops for its length, any other ends.
        log_prob: Log-probability of every token.
        failing: Indices of requests that fail, with the error.
        delays_s: Indices of requests that take so many seconds.
        max_context_tokens: Prompts of this many tokens or more are refused, as by a model.
    """

    def __init__(
        self,
        script: Script | Iterable[Sequence[int]],
        *,
        log_prob: float = -1.0,
        failing: Mapping[int, Exception] | None = None,
        delays_s: Mapping[int, float] | None = None,
        max_context_tokens: int | None = None,
    ) -> None:
        self.requests: list[GenerationRequest] = []
        self.loaded: dict[int, Mapping[str, Tensor]] = {}
        self._script = script if callable(script) else _in_order(script)
        self._log_prob = log_prob
        self._failing = failing or {}
        self._delays_s = delays_s or {}
        self._max_context_tokens = max_context_tokens
        self._weights_version = 0
        self._num_running = 0
        self._is_closed = False

    @property
    def fingerprint(self) -> str:
        """`scripted`, with the version of the weights."""
        return f"scripted(weights={self._weights_version})"

    @property
    def weights_version(self) -> int:
        """Version of the weights that it was given last."""
        return self._weights_version

    async def generate(self, request: GenerationRequest) -> Generation:
        """Return the next completion of the script.

        Raises:
            ValueError: If the request is malformed.
            EngineError: If the prompt is too long, the script is at its end, or the engine was closed.
        """
        check_request(request)
        index = len(self.requests)
        self.requests.append(request)
        if self._is_closed:
            raise EngineError("the engine was closed; make a new one.")
        limit = self._max_context_tokens
        if limit is not None and len(request.prompt_ids) >= limit:
            raise EngineError(f"the prompt has {len(request.prompt_ids)} tokens and the context {limit}.")
        completion = tuple(self._script(request.prompt_ids))
        self._num_running += 1
        try:
            await asyncio.sleep(self._delays_s.get(index, 0.0))
        finally:
            self._num_running -= 1
        if index in self._failing:
            raise self._failing[index]
        token_ids = completion[: request.max_tokens]
        reason = StopReason.END if len(token_ids) == len(completion) else StopReason.LENGTH
        return Generation(token_ids, (self._log_prob,) * len(token_ids), reason, self._weights_version)

    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> None:
        """Remember the weights.

        Raises:
            EngineError: If a generation is under way or the version is not higher.
        """
        if self._num_running:
            raise EngineError(f"weights of version {version} came while {self._num_running} generations ran.")
        if version <= self._weights_version:
            raise EngineError(f"weights of version {version} came after version {self._weights_version}.")
        self.loaded[version] = weights
        self._weights_version = version

    def close(self) -> None:
        """Refuse whatever comes."""
        self._is_closed = True


def _in_order(completions: Iterable[Sequence[int]]) -> Script:
    iterator = iter(completions)

    def script(prompt_ids: tuple[int, ...]) -> Sequence[int]:
        completion = next(iterator, None)
        if completion is None:
            raise EngineError("the script has no more completions; give one for each request.")
        return completion

    return script
