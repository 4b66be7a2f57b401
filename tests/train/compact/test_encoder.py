from __future__ import annotations

import copy
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from builders import Messages, make_stream, run_training
from memdojo.agents.compact.manager import CompactManager
from memdojo.envs.memory.embedders import EMBEDDERS, TunableEmbedder, make_tunable_embedder
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import PlannedOperation, Question
from memdojo.errors import CheckpointError, ConfigError, DivergenceError
from memdojo.train.checkpoints.compact import load_encoder_state, load_policy, load_spec, save_policy
from memdojo.train.compact.encoder import tune_encoder
from memdojo.train.config.files import parse_config
from memdojo.train.config.tables import EncoderConfig
from memdojo.train.dispatch import train
from memdojo.train.runs.folder import RunFolder

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = {"num_sessions": 2, "turns_per_session": 14, "num_facts": 6, "num_questions": 3}


class HashedWords:
    """A text encoder of two layers that learns: the mean of the vectors of a text's words, turned twice."""

    dim = 16
    num_buckets = 512

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.words = torch.randn(self.num_buckets, self.dim, generator=generator)
        self.layers = nn.ParameterDict({f"{layer}": torch.eye(self.dim) for layer in range(2)})
        self.name = "hashed_words"

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        with torch.no_grad():
            rows: npt.NDArray[np.float32] = self.vectors(texts).numpy() if texts else np.zeros((0, self.dim))
        return rows

    def upper_layers(self, num_layers: int) -> dict[str, nn.Parameter]:
        if num_layers > 2:
            raise ConfigError(f"hashed_words has 2 layers, and {num_layers} of them cannot be tuned.")
        return {f"{layer}": self.layers[f"{layer}"] for layer in range(2 - num_layers, 2)}

    def vectors(self, texts: Sequence[str]) -> Tensor:
        buckets = [[zlib.crc32(word.encode()) % self.num_buckets for word in text.split()] for text in texts]
        rows = torch.stack([self.words[of_text or [0]].mean(0) for of_text in buckets])
        for layer in range(2):
            rows = rows + torch.tanh(rows @ self.layers[f"{layer}"])
        return nn.functional.normalize(rows, dim=1)

    def with_weights(self, weights: Mapping[str, Tensor]) -> Self:
        other = copy.deepcopy(self)
        for name, values in weights.items():
            if name not in other.layers or other.layers[name].shape != values.shape:
                raise ValueError(f"{name} has the shape {tuple(values.shape)}")
            other.layers[name].data.copy_(values)
        other.name += "+"
        return other


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with EMBEDDERS.temporarily("hashed_words", HashedWords):
        yield


def _tune(
    embedder: TunableEmbedder, settings: EncoderConfig, seed: int = 0
) -> tuple[dict[str, Tensor], list[str]]:
    told: list[str] = []
    streams = load_streams("synthetic:validation", num_streams=6, **SMALL)
    weights = tune_encoder(
        embedder, streams, "labelled", settings, seed=seed, num_threads=1, message=told.append
    )
    return weights, told


def _losses(line: str) -> tuple[float, float]:
    words = line.split()
    return float(words[words.index("loss") + 1]), float(words[words.index("and") + 1])


def test_an_encoder_learns_to_tell_what_to_keep_and_is_itself_as_it_was() -> None:
    embedder = HashedWords()
    before = {name: value.clone() for name, value in embedder.layers.items()}
    settings = EncoderConfig(tuned_layers=1, epochs=25, learning_rate=3e-2)
    weights, told = _tune(embedder, settings)
    assert list(weights) == ["1"]
    assert not torch.equal(weights["1"], before["1"])
    assert all(torch.equal(value, before[name]) for name, value in embedder.layers.items())
    assert told[0].startswith("encoder: pass 1 of 25, loss ")
    assert len(told) == 25
    first, last = _losses(told[0]), _losses(told[-1])
    assert last[0] < 0.85 * first[0]
    assert last[1] < first[1]
    again, _ = _tune(embedder, settings)
    other, _ = _tune(embedder, settings, seed=1)
    assert torch.equal(again["1"], weights["1"])
    assert not torch.equal(other["1"], weights["1"])


def test_layers_that_are_not_there_and_steps_that_are_too_long_are_refused() -> None:
    with pytest.raises(ConfigError, match="3 of them cannot be tuned"):
        _tune(HashedWords(), EncoderConfig(tuned_layers=3))
    broken = HashedWords()
    broken.words[:] = torch.nan
    with pytest.raises(DivergenceError, match=r"lower encoder\.learning_rate"):
        _tune(broken, EncoderConfig(tuned_layers=1))
    with pytest.raises(ConfigError, match="'hashed_ngrams' has no layers that can be tuned"):
        make_tunable_embedder("hashed_ngrams")


RUN: dict[str, Any] = {
    "name": "run",
    "task": "manager",
    "streams": {
        "train": "synthetic:train",
        "validation": "synthetic:validation",
        "num_train": 4,
        "num_validation": 2,
        "options": SMALL,
    },
    "episode": {"max_entries": 4},
    "features": {"num_candidates": 4, "embedder": "hashed_words", "embedding_inputs": True},
    "policy": {"hidden_dim": 8, "network": "keep_and_supersede"},
    "encoder": {"tuned_layers": 1, "learning_rate": 1e-2},
    "imitation": {"num_updates": 2},
    "reward": {"evidence_recall": 1.0},
    "algorithm": {"name": "grpo", "num_updates": 2, "groups_per_update": 2, "group_size": 2},
    "rollouts": {"num_workers": 0},
    "evaluation": {"every": 1},
}


def test_a_run_tunes_once_and_its_checkpoints_carry_the_layers(tmp_path: Path) -> None:
    run, result = run_training(tmp_path, parse_config(RUN))
    tuned = load_encoder_state(result.best)
    assert list(tuned) == ["1"]
    assert not torch.equal(tuned["1"], torch.eye(16))
    policy = load_policy(result.best)
    assert isinstance(policy, CompactManager)
    assert isinstance(policy.features.embedder, HashedWords)
    torch.testing.assert_close(policy.features.embedder.layers["1"].data, tuned["1"])
    torch.testing.assert_close(policy.features.embedder.layers["0"].data, torch.eye(16))

    longer = parse_config(RUN, ["algorithm.num_updates=3"])
    told = Messages()
    resumed = train(longer, RunFolder.resume(tmp_path, longer), resume=True, progress=told)
    assert resumed.updates == 3
    assert not any(line.startswith("encoder:") for line in told.said)
    newest = run.checkpoint_folder(3)
    torch.testing.assert_close(load_encoder_state(newest)["1"], tuned["1"], rtol=0, atol=0)


def test_layers_of_another_encoder_are_named_as_damage(tmp_path: Path) -> None:
    _, result = run_training(tmp_path, parse_config(RUN))
    spec, network = load_spec(result.best), load_policy(result.best).network
    save_policy(tmp_path / "wrong", {**network.state_dict(), "encoder.1": torch.eye(3)}, spec)
    with pytest.raises(CheckpointError, match="do not fit the encoder"):
        load_policy(tmp_path / "wrong")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["features.embedding_inputs=false"], r"does not see the encoder's vectors"),
        (["features.embedder=hashed_ngrams"], r"no layers that can be tuned"),
        (["encoder.tuned_layers=5"], r"5 of them cannot be tuned"),
        (["encoder.tuned_layers=0"], r"learning_rate is 0\.01, but encoder\.tuned_layers is 0"),
    ],
)
def test_a_configuration_that_cannot_be_meant_says_so(
    tmp_path: Path, overrides: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        run_training(tmp_path, parse_config(RUN, overrides))


@pytest.mark.slow
def test_minilm_tunes_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers", reason="needs the extra embeddings")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    embedder = make_tunable_embedder("sentence_transformer")
    weights, _ = _tune(embedder, EncoderConfig(tuned_layers=1, epochs=1))
    assert all(".layer.5." in name for name in weights)
    tuned = embedder.with_weights(weights)
    texts = ["Ann: I live in Oslo.", "Bob: It rains."]
    assert tuned.name.startswith(f"{embedder.name}+")
    assert np.abs(tuned.embed(texts) - embedder.embed(texts)).max() > 1e-3
    np.testing.assert_array_equal(embedder.with_weights(weights).embed(texts), tuned.embed(texts))
    with pytest.raises(ValueError, match="no such weight"):
        embedder.with_weights({"nothing": torch.zeros(1)})
    with pytest.raises(ConfigError, match="has 6 layers"):
        embedder.upper_layers(7)


def test_streams_with_one_fact_or_with_nothing_else_teach_what_they_can() -> None:
    alone = {"t0": (PlannedOperation("ADD", "I live in Oslo."),)}
    streams = [
        make_stream("I live in Oslo.", "Fine.", oracle=alone),
        make_stream("I live in Oslo.", oracle=alone),
        make_stream("Fine.", "Good.", oracle={"t0": (PlannedOperation("NOOP"),)}),
    ]
    settings = EncoderConfig(tuned_layers=2, epochs=1)
    weights = tune_encoder(
        HashedWords(), streams, "labelled", settings, seed=0, num_threads=1, message=lambda text: None
    )
    assert all(torch.isfinite(value).all() for value in weights.values())
    by_evidence = [
        make_stream(
            "I own a bike.", "Yes.", questions=[Question("q", "What?", ("bike",), evidence=frozenset({"t0"}))]
        )
    ]
    tune_encoder(
        HashedWords(), by_evidence, "oracle", settings, seed=0, num_threads=1, message=lambda text: None
    )
