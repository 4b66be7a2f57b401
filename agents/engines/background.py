"""An engine that works in a thread of its own, so that callers only await a future."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from memdojo.errors import EngineError, MemdojoError

from .engine import Generation, GenerationRequest, StopReason, check_request

if TYPE_CHECKING:
    from torch import Tensor


class Sampled(NamedTuple):
    """What a backend sampled for a request; fields as in `Generation`."""

    token_ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    stop_reason: StopReason


class Backend(Protocol):
    """What a `BackgroundEngine` drives. Made and called by the engine's thread alone.

    Attributes:
        max_context_tokens: Longest prompt and reply together.
        vocab_size: Token ids are below it.
        gather_s: Seconds to wait for more requests when the first arrives at an idle engine.
    """

    max_context_tokens: int
    vocab_size: int
    gather_s: float

    def add(self, key: int, request: GenerationRequest) -> None:
        """Take a request that `step` shall work on.

        Raises:
            EngineError: If this one request cannot be served.
        """
        ...

    def step(self) -> list[tuple[int, Sampled]]:
        """Work on all requests, and return those that are finished by key."""
        ...

    def abort(self, key: int) -> None:
        """Forget a request."""
        ...

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take new weights while there are no requests.

        Raises:
            EngineError: If the weights do not fit; the old ones are still in place.
        """
        ...

    def close(self) -> None:
        """Release the model's memory."""
        ...


@dataclass(frozen=True, slots=True)
class _Ask:
    request: GenerationRequest
    future: Future[Generation]


@dataclass(frozen=True, slots=True)
class _Load:
    weights: Mapping[str, Tensor]
    version: int
    future: Future[None]


class _Stop(NamedTuple):
    pass


class BackgroundEngine:
    """An `Engine` around a backend.

    Requests may come from any thread and event loop. Each future is resolved when its own request is
    finished. A request whose awaiting task is cancelled is forgotten. An error within the backend fails all
    that wait and all that come later.

    Args:
        make_backend: Makes the backend, within the engine's thread.
        fingerprint: Returns the fingerprint at a version of the weights.

    Raises:
        MemdojoError: What `make_backend` raises.
    """

    def __init__(self, make_backend: Callable[[], Backend], fingerprint: Callable[[int], str]) -> None:
        self._fingerprint = fingerprint
        self._weights_version = 0
        self._commands: queue.SimpleQueue[_Ask | _Load | _Stop] = queue.SimpleQueue()
        self._keys = itertools.count()
        self._pending: dict[int, Future[Generation]] = {}
        self._lock = threading.Lock()
        self._failure: str | None = None
        started: Future[tuple[int, int]] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(make_backend, started), name="memdojo-engine", daemon=True
        )
        self._thread.start()
        # A thread that is cut off in its work at the end of the process takes it down with an abort.
        atexit.register(self.close)
        self._max_context_tokens, self._vocab_size = started.result()

    @property
    def fingerprint(self) -> str:
        """Kind of engine, model, precision and version of the weights."""
        return self._fingerprint(self._weights_version)

    @property
    def weights_version(self) -> int:
        """Version of the present weights; 0 are those of the model's folder."""
        return self._weights_version

    @property
    def failure(self) -> str | None:
        """Why the engine cannot serve any more; None while it can."""
        return self._failure

    async def generate(self, request: GenerationRequest) -> Generation:
        """Continue one prompt.

        Raises:
            ValueError: If the request is malformed.
            EngineError: If the prompt leaves no room for a token or has ids that the model does not know, or
                if the engine has failed or was closed.
        """
        check_request(request)
        length, limit = len(request.prompt_ids), self._max_context_tokens
        if length >= limit:
            raise EngineError(
                f"the prompt has {length} tokens and the context of the engine {limit}, which leaves no "
                "room for a reply; lower policy.max_prompt_tokens, or use a model with a longer context."
            )
        if max(request.prompt_ids) >= self._vocab_size:
            raise EngineError(
                f"the prompt has the token id {max(request.prompt_ids)}, but the model knows those below "
                f"{self._vocab_size}; encode it with the model's own tokenizer."
            )
        future: Future[Generation] = Future()
        self._put(_Ask(request, future))
        return await asyncio.wrap_future(future)

    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> None:
        """Take new weights and forget every prefix computed under the old ones; blocks until it is done.

        Raises:
            EngineError: If a generation is under way, the version is not higher, or names or shapes do not
                fit.
        """
        future: Future[None] = Future()
        self._put(_Load(weights, version, future))
        future.result()

    def close(self) -> None:
        """Release the model's memory; what waits fails."""
        with contextlib.suppress(EngineError):  # Then the thread has ended, or is about to.
            self._put(_Stop())
        self._thread.join()
        atexit.unregister(self.close)

    def _put(self, command: _Ask | _Load | _Stop) -> None:
        # Under the lock, so that nothing is put on the queue after `_fail` has emptied it.
        with self._lock:
            if self._failure is not None:
                raise EngineError(self._failure)
            self._commands.put(command)

    def _run(self, make_backend: Callable[[], Backend], started: Future[tuple[int, int]]) -> None:
        try:
            backend = make_backend()
        except BaseException as error:
            started.set_exception(error)
            return
        started.set_result((backend.max_context_tokens, backend.vocab_size))
        try:
            while self._take_commands(backend):
                if self._pending:
                    self._step(backend)
            self._fail("the engine was closed; make a new one.")
        except Exception as error:
            self._fail(describe_failure(error), error)
        finally:
            backend.close()

    def _take_commands(self, backend: Backend) -> bool:
        """Take all commands that wait, or wait for one if there is nothing else to do; False at the last."""
        if not self._pending:
            if not self._take(self._commands.get(), backend):
                return False
            if self._pending and backend.gather_s:
                time.sleep(backend.gather_s)
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return True
            if not self._take(command, backend):
                return False

    def _take(self, command: _Ask | _Load | _Stop, backend: Backend) -> bool:
        if isinstance(command, _Stop):
            return False
        if isinstance(command, _Load):
            self._load(command, backend)
            return True
        key = next(self._keys)
        # Before `add`, so that a backend that breaks fails this one as well.
        self._pending[key] = command.future
        try:
            backend.add(key, command.request)
        except EngineError as error:
            _set_exception(self._pending.pop(key), error)
        return True

    def _load(self, command: _Load, backend: Backend) -> None:
        try:
            if self._pending:
                raise EngineError(
                    f"weights of version {command.version} came while {len(self._pending)} generations "
                    "were under way; load weights when all have ended."
                )
            if command.version <= self._weights_version:
                raise EngineError(
                    f"weights of version {command.version} came after version {self._weights_version}; "
                    "versions must rise."
                )
            backend.load_weights(command.weights)
        except EngineError as error:
            command.future.set_exception(error)
        except Exception as error:
            # Some weights may be new and some old: such an engine must not serve.
            command.future.set_exception(EngineError(describe_failure(error)))
            raise
        else:
            self._weights_version = command.version
            command.future.set_result(None)

    def _step(self, backend: Backend) -> None:
        for key in [key for key, future in self._pending.items() if future.cancelled()]:
            backend.abort(key)
            del self._pending[key]
        if not self._pending:
            return
        for key, sampled in backend.step():
            future = self._pending.pop(key)
            if future.set_running_or_notify_cancel():
                future.set_result(Generation(*sampled, self._weights_version))

    def _fail(self, message: str, cause: Exception | None = None) -> None:
        with self._lock:
            self._failure = message
            while not self._commands.empty():
                command = self._commands.get()
                if not isinstance(command, _Stop):
                    _set_exception(command.future, EngineError(message), cause)
        for future in self._pending.values():
            # One exception for each: tasks that share one would share its traceback.
            _set_exception(future, EngineError(message), cause)
        self._pending.clear()


def _set_exception(
    future: Future[Generation] | Future[None], error: EngineError, cause: Exception | None = None
) -> None:
    error.__cause__ = error.__cause__ or cause
    if future.set_running_or_notify_cancel():
        future.set_exception(error)


def describe_failure(error: BaseException) -> str:
    """Return one sentence on an error within a backend, with what to lower if memory ran out."""
    text = str(error).strip() or repr(error)
    if isinstance(error, MemdojoError):
        return text
    line = text.splitlines()[0]
    if type(error).__name__ == "OutOfMemoryError" or "out of memory" in text.lower():
        return (
            f"the engine ran out of memory ({line}); lower engine.cache_size, engine.max_sequences, "
            "policy.max_prompt_tokens or, where a learner shares the GPU, learner.micro_batch_tokens."
        )
    return f"the engine failed with {type(error).__name__}: {line}"
