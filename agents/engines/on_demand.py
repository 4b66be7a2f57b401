"""An engine that is loaded on first use and can be unloaded in between."""

from __future__ import annotations

import threading

from .engine import Engine, Generation, GenerationRequest
from .registry import make_engine
from .settings import EngineSettings


class EngineOnDemand:
    """A sampler that holds its model's memory only between the first request and `release`.

    Several policies of one process can so be played one after the other where there is room for one model.

    Args:
        model: Folder or hub id of a Hugging Face causal language model.
        settings: How to serve it.
    """

    def __init__(self, model: str, settings: EngineSettings) -> None:
        self._model = model
        self._settings = settings
        self._engine: Engine | None = None
        self._loading = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """Kind of engine, model and precision."""
        return self._settings.fingerprint(self._model, self.weights_version)

    @property
    def weights_version(self) -> int:
        """0, the weights of the model's folder."""
        return 0

    def __reduce__(self) -> tuple[object, ...]:
        return EngineOnDemand, (self._model, self._settings)

    async def generate(self, request: GenerationRequest) -> Generation:
        """Continue one prompt, after loading the model if need be.

        Raises:
            MemdojoError: What `make_engine` and the engine raise.
        """
        with self._loading:
            engine = self._engine
            if engine is None:
                engine = self._engine = make_engine(self._model, self._settings)
        return await engine.generate(request)

    def release(self) -> None:
        """Give the model's memory back until the next request."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
