"""Hugging Face transformers in this process: slower than vLLM, and needs nothing but torch."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from memdojo.errors import EngineError, ModelError

from .background import BackgroundEngine, Sampled, describe_failure
from .engine import GenerationRequest, StopReason
from .model_facts import check_weights, needs_own_code, read_model_facts
from .settings import EngineSettings

_NO_LIMIT = 1 << 30
"""Context of a model that has no limit of its own."""


class TransformersEngine(BackgroundEngine):
    """Serves a model by transformers, a batch after another.

    What waits when a batch begins is sampled together; a request of the batch returns as soon as it is
    finished itself, but the next ones begin when the last of the batch is.

    Args:
        model: Folder or hub id of a Hugging Face causal language model.
        settings: How to serve it; `cache_size` is not used.

    Raises:
        MissingDependencyError: If transformers is not installed.
        ModelError: If there is no such model.
        EngineError: If there is no such GPU, or more than one is asked for.
    """

    def __init__(self, model: str, settings: EngineSettings) -> None:
        super().__init__(
            lambda: _TransformersBackend(model, settings),
            lambda version: settings.fingerprint(model, version),
        )


class _Row:
    """A request under way."""

    def __init__(self, key: int, request: GenerationRequest, generator: torch.Generator) -> None:
        self.key = key
        self.request = request
        self.generator = generator
        self.token_ids: list[int] = []
        self.log_probs: list[float] = []

    def finish(self, reason: StopReason) -> tuple[int, Sampled]:
        return self.key, Sampled(tuple(self.token_ids), tuple(self.log_probs), reason)


class _TransformersBackend:
    gather_s = 0.005  # A batch that began with the first of many requests would keep the others waiting.

    def __init__(self, model: str, settings: EngineSettings) -> None:
        facts = read_model_facts(model)
        if settings.num_threads is not None:
            torch.set_num_threads(settings.num_threads)
        self._device = _device(settings)
        self._model = _load(model, settings, self._device)
        self._has_logits_to_keep = "logits_to_keep" in inspect.signature(self._model.forward).parameters
        self._end_token_ids = facts.end_token_ids
        self._max_sequences = settings.max_sequences
        self._generator = torch.Generator(self._device).manual_seed(settings.seed)
        self._waiting: deque[_Row] = deque()
        self._rows: list[_Row] = []
        self._cache: Any = None
        self._mask = torch.zeros(0, 0, dtype=torch.long, device=self._device)
        limits = [facts.max_context_tokens or _NO_LIMIT, settings.max_context_tokens or _NO_LIMIT]
        self.max_context_tokens = min(limits)
        self.vocab_size = facts.vocab_size

    def add(self, key: int, request: GenerationRequest) -> None:
        generator = self._generator
        if request.seed is not None:
            generator = torch.Generator(self._device).manual_seed(request.seed)
        self._waiting.append(_Row(key, request, generator))

    @torch.inference_mode()
    def step(self) -> list[tuple[int, Sampled]]:
        """Sample one token of each row; at the end of a batch, begin the next one."""
        if self._rows:
            last = [[row.token_ids[-1]] for row in self._rows]
            tokens = torch.tensor(last, device=self._device)
        else:
            tokens = self._begin()
        logits = self._forward(tokens)
        token_ids, log_probs = sample(
            logits, [row.request for row in self._rows], [row.generator for row in self._rows]
        )
        finished: list[tuple[int, Sampled]] = []
        kept: list[int] = []
        for index, row in enumerate(self._rows):
            row.token_ids.append(token_ids[index])
            row.log_probs.append(log_probs[index])
            reason = self._stop_reason(row)
            if reason is None:
                kept.append(index)
            else:
                finished.append(row.finish(reason))
        self._keep(kept)
        return finished

    def abort(self, key: int) -> None:
        self._waiting = deque(row for row in self._waiting if row.key != key)
        self._keep([index for index, row in enumerate(self._rows) if row.key != key])

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        own = self._model.state_dict()
        check_weights(weights, {name: tuple(tensor.shape) for name, tensor in own.items()})
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(weights[name])

    def close(self) -> None:
        del self._model, self._cache
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _begin(self) -> Tensor:
        """Take what waits as the next batch, and return its prompts padded on the left."""
        self._rows = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_sequences))]
        prompts = [row.request.prompt_ids for row in self._rows]
        longest = max(map(len, prompts))
        padded = [[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
        masks = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        self._mask = torch.tensor(masks, device=self._device)
        self._cache = None
        return torch.tensor(padded, device=self._device)

    def _forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of the next token, shape (rows, vocabulary), and keep keys and values."""
        if self._cache is not None:
            self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens), 1)], dim=1)
        # Padding has no place of its own: the first real token is at position 0.
        positions = (self._mask.cumsum(dim=1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        options = {"logits_to_keep": 1} if self._has_logits_to_keep else {}
        output = self._model(
            input_ids=tokens,
            attention_mask=self._mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            **options,
        )
        self._cache = output.past_key_values
        logits: Tensor = output.logits[:, -1].float()
        return logits

    def _stop_reason(self, row: _Row) -> StopReason | None:
        if row.token_ids[-1] in self._end_token_ids:
            return StopReason.END
        room = self.max_context_tokens - len(row.request.prompt_ids)
        return StopReason.LENGTH if len(row.token_ids) >= min(row.request.max_tokens, room) else None

    def _keep(self, indices: list[int]) -> None:
        """Go on with these rows only."""
        if len(indices) == len(self._rows):
            return
        self._rows = [self._rows[index] for index in indices]
        if self._rows:
            chosen = torch.tensor(indices, device=self._device)
            self._cache.batch_select_indices(chosen)
            self._mask = self._mask[chosen]


def sample(
    logits: Tensor, requests: Sequence[GenerationRequest], generators: Sequence[torch.Generator]
) -> tuple[list[int], list[float]]:
    """Draw a token for each row, or take the likeliest at temperature 0.

    Args:
        logits: Shape (rows, vocabulary), float32.
        requests: Say how to sample each row.
        generators: One for each row; rows may share one.

    Returns:
        The token ids, and their log-probabilities under the distributions that they were drawn from.
    """
    scales = [request.temperature or 1.0 for request in requests]
    log_probs = torch.log_softmax(logits / logits.new_tensor(scales)[:, None], dim=-1)
    tops = [request.top_p if request.temperature else 1.0 for request in requests]
    if min(tops) < 1:
        log_probs = _cut(log_probs, log_probs.new_tensor(tops))
    chosen = log_probs.argmax(dim=-1)
    probabilities = log_probs.exp()
    for index, (request, generator) in enumerate(zip(requests, generators, strict=True)):
        if request.temperature:
            chosen[index] = torch.multinomial(probabilities[index], 1, generator=generator)[0]
    return chosen.tolist(), log_probs.gather(1, chosen[:, None])[:, 0].tolist()


def _cut(log_probs: Tensor, shares: Tensor) -> Tensor:
    """Keep the likeliest tokens that hold the share of the probability; the most likely one always stays."""
    ordered, order = log_probs.sort(dim=-1, descending=True)
    before = ordered.exp().cumsum(dim=-1) - ordered.exp()
    # A share of 1 keeps all, whatever the sum is rounded to.
    is_out = (before >= shares[:, None]) & (shares[:, None] < 1)
    is_out[:, 0] = False
    cut = ordered.masked_fill(is_out, -torch.inf)
    return torch.log_softmax(torch.empty_like(log_probs).scatter(1, order, cut), dim=-1)


def _device(settings: EngineSettings) -> torch.device:
    if settings.num_gpus > 1:
        raise EngineError(
            f"engine.num_gpus is {settings.num_gpus}, but the transformers engine runs on one device; set "
            "it to 1, raise engine.num_engines, or set engine.kind to 'vllm'."
        )
    if settings.num_gpus > torch.cuda.device_count():
        raise EngineError("engine.num_gpus is 1, but torch sees no GPU; set it to 0.")
    return torch.device("cuda" if settings.num_gpus else "cpu")


def _load(model: str, settings: EngineSettings, device: torch.device) -> Any:
    from transformers import AutoModelForCausalLM

    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            model, dtype=getattr(torch, settings.dtype), trust_remote_code=False
        )
    except Exception as error:  # Its libraries raise whatever a damaged file leads them to.
        if (own_code := needs_own_code(model, error)) is not None:
            raise own_code from error
        line = (str(error).strip() or repr(error)).splitlines()[0]
        raise ModelError(
            f"the weights of {model!r} cannot be loaded ({line}); give a folder with config.json, weights "
            "and tokenizer, or a hub id."
        ) from error
    try:
        return loaded.to(device).eval()
    except RuntimeError as error:
        raise EngineError(describe_failure(error)) from error
