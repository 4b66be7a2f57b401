"""Facts about a model's folder that engines need: end tokens, and the names and shapes of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memdojo.errors import EngineError, MissingDependencyError, ModelError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What configuration and tokenizer say.

    Attributes:
        end_token_ids: Tokens that end a turn: those of the generation configuration and the tokenizer's.
        vocab_size: Token ids are below it.
        max_context_tokens: Longest prompt and reply together; None if the model has no limit.
    """

    end_token_ids: frozenset[int]
    vocab_size: int
    max_context_tokens: int | None


def read_model_facts(model: str) -> ModelFacts:
    """Read the facts of a model's folder or hub id.

    Raises:
        MissingDependencyError: If transformers is not installed.
        ModelError: If configuration or tokenizer cannot be loaded, or neither names an end token.
    """
    transformers = _import_transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(model, trust_remote_code=False).get_text_config()
        vocab_size = int(config.vocab_size)
        ends = _as_ids(config.eos_token_id) | _as_ids(_generation_end(model))
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, trust_remote_code=False)
        ends |= _as_ids(tokenizer.eos_token_id)
    except Exception as error:  # Its libraries raise whatever a damaged file leads them to.
        raise _not_a_model(model, error) from error
    if not ends:
        raise ModelError(
            f"the model {model!r} names no end token, so that no reply would ever end; set eos_token_id in "
            "its generation_config.json or tokenizer_config.json."
        )
    return ModelFacts(frozenset(ends), vocab_size, getattr(config, "max_position_embeddings", None))


def read_weight_shapes(model: str) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of a whole state dict, tied weights included; loads no weights.

    Raises:
        ModelError: If the configuration cannot be loaded.
    """
    import torch

    transformers = _import_transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(model, trust_remote_code=False)
        with torch.device("meta"):
            empty = transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except Exception as error:  # Its libraries raise whatever a damaged file leads them to.
        raise _not_a_model(model, error) from error
    return {name: tuple(tensor.shape) for name, tensor in empty.state_dict().items()}


def check_weights(weights: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse weights that are not a whole state dict of the model.

    Raises:
        EngineError: If names are missing, unknown, or of another shape.
    """
    missing, unknown = sorted(shapes.keys() - weights.keys()), sorted(weights.keys() - shapes.keys())
    if missing or unknown:
        parts = [
            f"{what}: {_few(names)}" for what, names in (("missing", missing), ("unknown", unknown)) if names
        ]
        raise EngineError(
            f"the weights do not fit the engine's model ({'; '.join(parts)}); send the whole state dict of "
            "a model of the same kind, tied weights included and adapters merged."
        )
    wrong = [name for name, shape in shapes.items() if tuple(weights[name].shape) != shape]
    if wrong:
        name = wrong[0]
        raise EngineError(
            f"the weights do not fit the engine's model: {name} has the shape {tuple(weights[name].shape)} "
            f"instead of {shapes[name]}; send the state dict of a model of the same size."
        )


def _generation_end(model: str) -> Any:
    transformers = _import_transformers()
    try:
        return transformers.GenerationConfig.from_pretrained(model).eos_token_id
    except OSError:
        return None  # A folder may lack the file: then the model's configuration and the tokenizer tell.


def _as_ids(value: Any) -> set[int]:
    if value is None:
        return set()
    ids = {value} if isinstance(value, int) else set(value)
    if not all(isinstance(each, int) for each in ids):
        raise ValueError(f"eos_token_id is {value!r}")
    return ids


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def needs_own_code(model: str, error: BaseException) -> ModelError | None:
    """Return what to say where transformers failed because a model brings code of its own; else None.

    Code that comes with a model is never run: whoever made the model would run it here.
    """
    if "trust_remote_code" not in str(error):
        return None
    return ModelError(
        f"{model} needs code of its own, which memdojo does not run; use a model of an architecture that "
        "transformers itself has."
    )


def _not_a_model(model: str, error: Exception) -> ModelError:
    if (own_code := needs_own_code(model, error)) is not None:
        return own_code
    line = (str(error).strip() or repr(error)).splitlines()[0]
    return ModelError(
        f"{model!r} is not a language model that can be loaded ({line}); give a folder with config.json, "
        "weights and tokenizer, or a hub id."
    )


def _import_transformers() -> Any:
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "a language model needs transformers, which is not installed; run pip install "
            "'memdojo[language]'."
        ) from error
    return transformers
