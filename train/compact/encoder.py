"""Tunes the last layers of a text encoder on labels of turns, before a policy learns from its vectors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from memdojo.agents.compact.base import mlp
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.memory.embedders import TunableEmbedder
from memdojo.envs.types import Stream
from memdojo.errors import DivergenceError

from ..config.tables import EncoderConfig, TeacherName
from .labels import Labels

STREAMS_PER_STEP = 2
"""Streams behind one gradient."""
OTHERS_PER_FACT = 2
"""Turns that are not worth writing, drawn for each that is: most turns are small talk."""
TEXTS_AT_A_TIME = 32
"""Texts of like lengths that are encoded together, so that few tokens are padding."""
WARM_UP_STEPS = 20
HEAD_LEARNING_RATE = 1e-3
LARGEST_GRADIENT_NORM = 1.0


@dataclass(frozen=True, slots=True)
class _LabelledTurns:
    """The turns of a stream: their texts, which are worth writing, and what each makes outdated."""

    texts: Sequence[str]
    facts: Sequence[int]
    others: Sequence[int]
    targets: dict[int, int]


class _Heads(nn.Module):
    """Say of vectors what the policy must be able to see in them; thrown away after the tuning."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        # Unit vectors have small components, and products of them smaller ones.
        self._scale = dim**0.5
        self.keep = nn.Linear(dim, 1)
        self.supersede = mlp(2 * dim, 64, 1, output_gain=1.0)
        self.drop = nn.Dropout(0.1)

    def losses(self, vectors: Tensor, turns: _LabelledTurns) -> tuple[Tensor, Tensor]:
        """Return the loss of telling facts from other turns, and that of telling what a fact supersedes.

        Args:
            vectors: Of the facts, then of the other turns that were drawn.
            turns: Of the stream.
        """
        is_fact = torch.arange(len(vectors)) < len(turns.facts)
        keep = self.keep(self.drop(vectors) * self._scale).squeeze(1)
        keep_loss = binary_cross_entropy_with_logits(keep, is_fact.float())
        facts = vectors[: len(turns.facts)]
        new, old = torch.tril_indices(len(facts), len(facts), -1)
        if not len(new):
            return keep_loss, vectors.new_zeros(())
        pairs = torch.cat([facts[new] * facts[old] * self._scale, (facts[new] - facts[old]).abs()], dim=1)
        # Each fact chooses among the earlier ones, and none of them as the last column.
        scores = torch.full((len(facts), len(facts) + 1), -torch.inf)
        scores[:, -1] = 0
        scores[new, old] = self.supersede(self.drop(pairs) * self._scale).squeeze(1)
        place = {turn: number for number, turn in enumerate(turns.facts)}
        right = [place.get(turns.targets.get(turn, -1), len(facts)) for turn in turns.facts]
        return keep_loss, cross_entropy(scores, torch.tensor(right))


def tune_encoder(
    embedder: TunableEmbedder,
    streams: Sequence[Stream],
    teacher: TeacherName,
    settings: EncoderConfig,
    *,
    seed: int,
    num_threads: int,
    message: Callable[[str], None],
) -> dict[str, Tensor]:
    """Train the last layers of an encoder to tell what to keep, and which fact makes which outdated.

    Args:
        embedder: Stays as it is.
        streams: In chunks of single turns; some of them have labels.
        teacher: By whom they are labelled.
        settings: How long to train what.
        seed: Of all that is drawn.
        num_threads: Cores to compute on.
        message: Is told of each pass.

    Returns:
        The weights of the layers that were tuned, for `TunableEmbedder.with_weights`.

    Raises:
        ConfigError: If the encoder has fewer layers than should be tuned.
        DivergenceError: If the loss is no longer finite.
    """
    turns = [each for stream in streams if (each := _labelled(stream, teacher)).facts]
    tuned = embedder.with_weights({})
    weights = tuned.upper_layers(settings.tuned_layers)
    rng = np.random.default_rng((seed, len(turns)))
    with torch.random.fork_rng(devices=[]), _threads(num_threads):
        torch.manual_seed(seed)
        heads = _Heads(embedder.dim)
        optimizer = torch.optim.AdamW(
            [
                {"params": list(weights.values()), "lr": settings.learning_rate},
                {"params": heads.parameters(), "lr": HEAD_LEARNING_RATE},
            ]
        )
        num_steps = settings.epochs * -(-len(turns) // STREAMS_PER_STEP)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / WARM_UP_STEPS, 1 - step / num_steps)
        )
        for epoch in range(settings.epochs):
            history = []
            for chosen in _pieces(rng.permutation(len(turns)).tolist(), STREAMS_PER_STEP):
                losses = [heads.losses(_encode(tuned, turns[each], rng), turns[each]) for each in chosen]
                total = torch.stack([keep + supersede for keep, supersede in losses]).sum()
                if not torch.isfinite(total):
                    raise DivergenceError(
                        f"tuning the encoder gave loss {float(total.detach())}; lower encoder.learning_rate."
                    )
                optimizer.zero_grad()
                torch.autograd.backward(total, inputs=[*weights.values(), *heads.parameters()])
                nn.utils.clip_grad_norm_([*weights.values(), *heads.parameters()], LARGEST_GRADIENT_NORM)
                optimizer.step()
                schedule.step()
                history += [[float(loss.detach()) for loss in pair] for pair in losses]
            keep, supersede = np.mean(history, axis=0)
            message(
                f"encoder: pass {epoch + 1} of {settings.epochs}, loss {keep:.3f} of what to keep and "
                f"{supersede:.3f} of what is outdated"
            )
    return {name: value.detach().clone() for name, value in weights.items()}


def _labelled(stream: Stream, teacher: TeacherName) -> _LabelledTurns:
    context = StreamContext(stream)
    labels = Labels(context, teacher)
    worth = labels.are_worth_writing
    return _LabelledTurns(
        context.turn_texts,
        np.flatnonzero(worth).tolist(),
        np.flatnonzero(~worth).tolist(),
        dict(labels.targets),
    )


def _encode(embedder: TunableEmbedder, turns: _LabelledTurns, rng: np.random.Generator) -> Tensor:
    """Return the vectors of a stream's facts, and of others that are drawn."""
    num_others = min(len(turns.others), OTHERS_PER_FACT * len(turns.facts))
    chosen = [*turns.facts, *rng.choice(turns.others, num_others, replace=False).tolist()]
    order = sorted(range(len(chosen)), key=lambda place: len(turns.texts[chosen[place]]))
    parts = []
    for places in _pieces(order, TEXTS_AT_A_TIME):
        with torch.autocast("cpu", torch.bfloat16, enabled=_multiplies_bfloat16()):
            parts.append(embedder.vectors([turns.texts[chosen[place]] for place in places]))
    vectors = torch.cat(parts)
    return vectors[torch.tensor(order).argsort()]


def _pieces(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Yield the items in pieces of `size`, the last one maybe shorter."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _multiplies_bfloat16() -> bool:
    """True where the processor has instructions for it, which make an encoder two to three times as fast."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


@contextlib.contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
