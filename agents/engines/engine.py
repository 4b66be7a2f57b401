"""`Engine`: the protocol of inference engines, with their requests and generations."""

from __future__ import annotations

import asyncio
import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .event_loop import run_coroutine

if TYPE_CHECKING:
    from torch import Tensor


class StopReason(enum.Enum):
    """Why a generation ended; compare with `is`."""

    END = "end"
    """The model sampled a token that ends its turn; that token is the last of the generation."""
    LENGTH = "length"
    """The generation reached its limit of tokens."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One prompt to be continued.

    Attributes:
        prompt_ids: Token ids of the whole prompt, at least one.
        max_tokens: Most tokens to sample.
        temperature: Logits are divided by it; 0 takes the likeliest token.
        top_p: Only the likeliest tokens that hold this share of the probability are sampled.
        seed: Makes the sample reproducible in the same engine; None draws anew each time.
    """

    prompt_ids: tuple[int, ...]
    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """What an engine sampled.

    Attributes:
        token_ids: The sampled ids, the one that ended the turn included. Train on these, never on text that
            was tokenised again.
        log_probs: Log-probability of each sampled id under the distribution that it was drawn from (after
            temperature and top-p; at temperature 0 that of the logits as they are), as long as `token_ids`.
            Empty where the engine cannot tell.
        stop_reason: Why it ended.
        weights_version: Version of the weights that sampled it.
    """

    token_ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    stop_reason: StopReason
    weights_version: int

    @property
    def is_cut(self) -> bool:
        """Whether it reached its limit of tokens, so that more was to come."""
        return self.stop_reason is StopReason.LENGTH


class Sampler(Protocol):
    """Samples continuations. Many requests may wait at a time; each returns as soon as it is done."""

    @property
    def fingerprint(self) -> str:
        """Names all that a generation depends on beside its request: model, precision, kind of engine."""
        ...

    @property
    def weights_version(self) -> int:
        """Version of the present weights; 0 are those of the model's folder."""
        ...

    async def generate(self, request: GenerationRequest) -> Generation:
        """Continue one prompt.

        Raises:
            ValueError: If the request is malformed.
            EngineError: If the engine cannot serve the request: a prompt that leaves no room for a token
                within the model's context, an engine that was closed or has failed.
        """
        ...


class Engine(Sampler, Protocol):
    """A sampler that holds a model, whose weights can be replaced."""

    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> None:
        """Take new weights and forget every prefix computed under the old ones.

        Args:
            weights: A whole state dict, tied weights included (the CPU build of vLLM keeps a packed copy).
            version: Must be higher than the present one.

        Raises:
            EngineError: If a generation is under way, the version is not higher, or names or shapes do not
                fit the model.
        """
        ...

    def close(self) -> None:
        """Release the model's memory; the engine is of no use afterwards."""
        ...


@runtime_checkable
class SaysWhyItFailed(Protocol):
    """An engine that can fail once and for all, and says why."""

    @property
    def failure(self) -> str | None:
        """Why the engine cannot serve any more; None while it can."""
        ...


def check_request(request: GenerationRequest) -> None:
    """Refuse what no engine can serve.

    Raises:
        ValueError: If the prompt is empty or holds anything but ids, or a number is out of range.
    """
    if not request.prompt_ids:
        raise ValueError("prompt_ids is empty; give at least one token id.")
    for token_id in request.prompt_ids:
        if type(token_id) is not int or token_id < 0:
            raise ValueError(f"prompt_ids holds {token_id!r}; token ids are plain integers from 0.")
    if request.max_tokens < 1:
        raise ValueError(f"max_tokens is {request.max_tokens}; give at least 1.")
    if not 0 <= request.temperature < math.inf:
        raise ValueError(f"temperature is {request.temperature}; give 0 or a positive number.")
    if not 0 < request.top_p <= 1:
        raise ValueError(f"top_p is {request.top_p}; give a share above 0 and at most 1.")


def generate_all(engine: Sampler, requests: Sequence[GenerationRequest]) -> list[Generation]:
    """Continue all prompts at the same time, from code that is not asynchronous; results in their order.

    Raises:
        EngineError: As `Engine.generate`, for the first request that fails.
    """

    async def gather() -> list[Generation]:
        return list(await asyncio.gather(*map(engine.generate, requests)))

    return run_coroutine(gather())
