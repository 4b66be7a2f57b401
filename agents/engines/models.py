"""Language models in Hugging Face folders: checking, loading and saving them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memdojo.errors import MemdojoError, MissingDependencyError, ModelError, missing_for_language, reason_of

try:
    import torch
    from huggingface_hub import HfApi
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        AutoTokenizer,
        GenerationConfig,
        PreTrainedConfig,
        PreTrainedModel,
        PreTrainedTokenizerBase,
    )
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    from transformers.utils import logging
except ImportError as error:
    if (error.name or "").partition(".")[0] in ("torch", "transformers", "huggingface_hub"):
        raise missing_for_language(error.name) from error
    # transformers looks for torchvision and fails with it, although no text model needs it.
    raise MissingDependencyError(
        f"transformers cannot load its models ({reason_of(error)}); a torchvision that does not "
        "fit torch is the usual cause: pip uninstall torchvision torchaudio torchcodec"
    ) from error

from .model_facts import needs_own_code

CONFIG = "config.json"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_WEIGHTS = ("*.safetensors", "*.bin")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
_HUB_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a policy has to know of a model. There is always a chat template: without one there is an error.

    Attributes:
        model: The folder or hub id.
        architecture: Name of the model's class, such as `LlamaForCausalLM`.
        max_context_tokens: Most tokens of prompt and response together.
        vocab_size: Rows of the embedding; the tokenizer may have fewer.
        end_ids: Ids of the tokens that end a response, at least one.
        pad_id: Id of the token that fills up rows.
        pads_with_end: True if that is an end token, as where the tokenizer has no pad token of its own. It is
            harmless where padding is masked by position; a mask made from `pad_id` would hide the ends of
            responses.
        dtype: Precision of the stored weights, such as `bfloat16`.
    """

    model: str
    architecture: str
    max_context_tokens: int
    vocab_size: int
    end_ids: tuple[int, ...]
    pad_id: int
    pads_with_end: bool
    dtype: str


def quieten_transformers() -> None:
    """Keep transformers from showing a bar for every file and a table for every problem."""
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def check_model(model: str) -> ModelInfo:
    """Return what a policy has to know of a model, without reading its weights.

    Args:
        model: Folder of a Hugging Face causal language model, or its hub id.

    Raises:
        ModelError: If there is no model, it is no causal language model, or it lacks a tokenizer, chat
            template or end token.
    """
    config = _load_config(model)
    architecture = _architecture(model, config)
    _require_weights(model)
    tokenizer = load_tokenizer(model)
    length = getattr(config, "max_position_embeddings", None)
    if not isinstance(length, int) or length < 1:
        raise ModelError(
            f"{model}: {CONFIG} does not say how long the context may be; set max_position_embeddings."
        )
    if len(tokenizer) > config.vocab_size:
        raise ModelError(
            f"{model}: the tokenizer has {len(tokenizer)} tokens and the model only {config.vocab_size}; "
            "take the tokenizer that belongs to the model."
        )
    end_ids = end_token_ids(model, tokenizer)
    dtype = config.dtype or torch.float32
    return ModelInfo(
        model,
        architecture,
        length,
        config.vocab_size,
        end_ids,
        tokenizer.pad_token_id,
        tokenizer.pad_token_id in end_ids,
        str(dtype).removeprefix("torch."),
    )


def load_tokenizer(model: str) -> PreTrainedTokenizerBase:
    """Load a model's tokenizer; one without pad token pads with its end token (`ModelInfo.pads_with_end`).

    Raises:
        ModelError: If there is none, or it lacks a chat template or end token.
    """
    folder = _folder(model)
    # Of a known type transformers makes up an empty tokenizer where there is none.
    if folder is not None and not any((folder / name).is_file() for name in _TOKENIZERS):
        raise ModelError(
            f"{model} has no tokenizer (none of {', '.join(_TOKENIZERS)}); save it beside the model."
        )
    if folder is None:
        _load_hub_config(model)
    with _as_model_error(model, "tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder or model, trust_remote_code=False
        )
    if not tokenizer.chat_template:
        raise ModelError(
            f"{model}: the tokenizer has no chat template; use a model that was tuned for chat, or put "
            "a chat_template.jinja into the folder."
        )
    if tokenizer.pad_token_id is not None:
        return tokenizer
    if tokenizer.eos_token is None:
        raise ModelError(
            f"{model}: the tokenizer has neither a pad nor an end token; set pad_token in its "
            "tokenizer_config.json."
        )
    tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_causal_lm(model: str, dtype: str = "auto") -> PreTrainedModel:
    """Load a model, in evaluation mode on the CPU.

    Args:
        model: Folder of a Hugging Face causal language model, or its hub id.
        dtype: Precision of the weights in memory, such as `float32`; `auto` is the stored one.

    Raises:
        ModelError: If there is no such model, or its weights are missing, damaged or of another shape.
    """
    config = _load_config(model)
    _architecture(model, config)
    _require_weights(model)
    with _as_model_error(model, "weights"):
        # With this argument it returns a pair, which its annotation does not say.
        found: Any = AutoModelForCausalLM.from_pretrained(
            _folder(model) or model,
            config=config,
            dtype=dtype,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            trust_remote_code=False,
        )
    loaded, report = found
    # transformers would go on with random numbers in their place.
    wrong = [f"{name} is missing" for name in sorted(report["missing_keys"])]
    wrong += [f"{name} has another shape" for name, *_ in sorted(report["mismatched_keys"])]
    if wrong:
        raise ModelError(
            f"{model}: the weights do not fit {CONFIG}: {wrong[0]}, one of {len(wrong)}; use config and "
            "weights of one model."
        )
    result: PreTrainedModel = loaded.eval()
    return result


def end_token_ids(model: str, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Return the ids that end a response: those of the generation config, then the tokenizer's end token.

    Raises:
        ModelError: If there is none.
    """
    with _as_model_error(model, "end token"):
        try:
            found = GenerationConfig.from_pretrained(_folder(model) or model).eos_token_id
        except OSError:
            # A model may come without the file; its own config then has the same field.
            found = getattr(_load_config(model), "eos_token_id", None)
        ids = found if isinstance(found, list) else [found]
        ends = dict.fromkeys(int(id) for id in (*ids, tokenizer.eos_token_id) if id is not None)
    if not ends:
        raise ModelError(
            f"{model}: no token ends a response; set eos_token in tokenizer_config.json or eos_token_id in "
            "generation_config.json."
        )
    return tuple(ends)


def save_model(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    generation_config: GenerationConfig,
) -> None:
    """Write a Hugging Face folder: config, weights as safetensors, tokenizer with chat template, generation.

    Args:
        folder: Where to write. The caller makes sure that it appears whole or not at all.

    Raises:
        OSError: If the file system refuses.
    """
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    generation_config.save_pretrained(folder)


def _folder(model: str) -> Path | None:
    """Return the local folder of a model; None if `model` is to come from the hub."""
    path = Path(model).expanduser()
    if path.exists():
        return path
    if _HUB_ID.fullmatch(model):
        return None
    raise ModelError(
        f"{model} does not exist; give the folder of a model (memdojo model tiny makes a small one) or a hub "
        "id of the form organisation/name."
    )


def _load_config(model: str) -> PreTrainedConfig:
    folder = _folder(model)
    if folder is None:
        return _load_hub_config(model)
    if not (folder / CONFIG).is_file():
        raise ModelError(
            f"{model} is not a model folder: it has no {CONFIG}; give the folder that a model was saved to."
        )
    with _as_model_error(model, CONFIG):
        config: PreTrainedConfig = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    return config


def _load_hub_config(model: str) -> PreTrainedConfig:
    config: PreTrainedConfig
    try:
        config = AutoConfig.from_pretrained(model, local_files_only=True, trust_remote_code=False)
        return config
    except (OSError, ValueError) as error:
        if (own_code := needs_own_code(model, error)) is not None:
            raise own_code from error
        # Else it was not downloaded before.
    try:
        # Without this question transformers tries for half a minute before it says that there is no network.
        HfApi().model_info(model, timeout=_HUB_TIMEOUT_S)
        config = AutoConfig.from_pretrained(model, trust_remote_code=False)
        return config
    except Exception as error:  # The hub's client has a family of errors for each way to fail.
        if (own_code := needs_own_code(model, error)) is not None:
            raise own_code from error
        raise ModelError(
            f"there is no folder {model} here, and the Hugging Face hub did not give a model of that name "
            f"({_first_line(error)}); any local folder of a model works as well."
        ) from error


def _architecture(model: str, config: PreTrainedConfig) -> str:
    known: set[str] = set()
    for names in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values():
        known.update((names,) if isinstance(names, str) else names)
    declared: list[str] = config.architectures or []
    for name in declared:
        if name in known:
            return name
    what = f"a {declared[0]}" if declared else f"of type {config.model_type!r} without architecture"
    raise ModelError(
        f"{model} is not a causal language model known to transformers: it is {what}; use one whose "
        f"{CONFIG} names a ...ForCausalLM."
    )


def _require_weights(model: str) -> None:
    folder = _folder(model)
    if folder is not None and not any(any(folder.glob(pattern)) for pattern in _WEIGHTS):
        raise ModelError(f"{model} has no weights (no {' or '.join(_WEIGHTS)}); save the model again.")


@contextmanager
def _as_model_error(model: str, what: str) -> Iterator[None]:
    try:
        yield
    except MemdojoError:
        raise
    except Exception as error:  # Its libraries raise whatever a damaged file leads them to.
        if (own_code := needs_own_code(model, error)) is not None:
            raise own_code from error
        raise ModelError(
            f"{model}: its {what} cannot be used ({_first_line(error)}); save the model again, or use "
            "another."
        ) from error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip()
