"""TRL's GRPOTrainer as a second opinion on loss and gradient of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from memdojo.agents.language.network import PolicyNetwork
from memdojo.train.algorithms.grpo import Grpo
from memdojo.train.algorithms.settings import GrpoSettings
from memdojo.train.config.language import MemdojoLearnerSettings
from memdojo.train.language.learner import LanguageLearner
from memdojo.train.language.trajectories import LanguageGroup, LanguageTrajectory, Row

pytestmark = [
    pytest.mark.slow,  # TRL and what it brings take long to load.
    # Whatever TRL and its libraries warn of when they are loaded is theirs.
    pytest.mark.filterwarnings("ignore"),
]

CLIP_LOW, CLIP_HIGH, KL, TEMPERATURE = 0.1, 0.15, 0.3, 0.8


def _model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        initializer_range=0.2,
    )
    return LlamaForCausalLM(config).eval()


def _groups() -> list[LanguageGroup]:
    rng = np.random.default_rng(3)

    def row() -> Row:
        prompt, response = (rng.integers(4, 64, rng.integers(1, most)).astype(np.int32) for most in (9, 7))
        return Row(prompt, response, np.zeros(len(response), np.float32), float(rng.normal()))

    return [
        tuple(LanguageTrajectory("s", tuple(row() for _ in range(size))) for size in sizes)
        for sizes in ((3, 1, 2), (2, 2))
    ]


def _trl_trainer(model: LlamaForCausalLM, folder: Path) -> Any:
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast
    from trl import GRPOConfig, GRPOTrainer

    vocabulary = {f"t{number}": number for number in range(64)}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(vocabulary, unk_token="t1")),
        pad_token="t0",
        eos_token="t2",
    )
    config = GRPOConfig(
        output_dir=str(folder),
        loss_type="dapo",
        epsilon=CLIP_LOW,
        epsilon_high=CLIP_HIGH,
        temperature=TEMPERATURE,
        per_device_train_batch_size=2,
        num_generations=2,
        use_cpu=True,
        bf16=False,
        report_to=[],
        gradient_checkpointing=False,
        disable_dropout=True,
        use_bias_correction_kl=False,
    )
    return GRPOTrainer(
        model=model,
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=config,
        train_dataset=Dataset.from_dict({"prompt": ["t5", "t6"]}),
        processing_class=tokenizer,
    )


def _pad(sequences: Sequence[np.ndarray], *, left: bool) -> tuple[Tensor, Tensor]:
    longest = max(map(len, sequences))
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, sequence in enumerate(sequences):
        span = slice(longest - len(sequence), None) if left else slice(len(sequence))
        ids[place, span] = torch.from_numpy(sequence).long()
        mask[place, span] = 1
    return ids, mask


def _on_response(model: LlamaForCausalLM, row: Row) -> Tensor:
    ids = torch.from_numpy(np.concatenate([row.prompt_ids, row.response_ids])).long()[None]
    with torch.no_grad():
        logits = model(ids).logits[0, len(row.prompt_ids) - 1 : -1] / TEMPERATURE
    return torch.log_softmax(logits, -1)[torch.arange(len(row.response_ids)), ids[0, len(row.prompt_ids) :]]


def _pad_floats(series: Sequence[Tensor]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(series), batch_first=True)


def _reference() -> LlamaForCausalLM:
    """The policy that a KL term holds on to: the model that training begins with, a little changed."""
    reference = _model()
    with torch.no_grad():
        reference.model.norm.weight.mul_(1.1)
    return reference


def _settings(kl_coefficient: float, epochs: int) -> GrpoSettings:
    return GrpoSettings(
        name="grpo",
        num_updates=1,
        epochs=epochs,
        clip_low=CLIP_LOW,
        clip_high=CLIP_HIGH,
        advantage="rows",
        importance_cap=0.0,  # TRL corrects only what vLLM sampled for it.
        kl_coefficient=kl_coefficient,
        max_gradient_norm=1e9,
        learning_rate=1e-3,  # A larger step clips every token, and nothing is left to compare.
    )


def _learn(groups: list[LanguageGroup], settings: GrpoSettings) -> tuple[LlamaForCausalLM, dict[str, float]]:
    """Return the model after an update by memdojo's learner, with the gradient of its last step."""
    model = _model()
    learner = LanguageLearner(
        PolicyNetwork(model),
        Grpo(settings),
        MemdojoLearnerSettings(micro_batch_tokens=40),
        temperature=TEMPERATURE,
        accelerator=Accelerator(cpu=True),
        reference=PolicyNetwork(_reference()) if settings.kl_coefficient else None,
        seed=0,
    )
    return model, learner.update(groups, 0)


def _trl_loss(
    model: LlamaForCausalLM, groups: list[LanguageGroup], settings: GrpoSettings, folder: Path
) -> float:
    """Return TRL's loss of the same rows, and leave its gradient in the model."""
    rows = [row for group in groups for trajectory in group for row in trajectory.rows]
    prompt_ids, prompt_mask = _pad([row.prompt_ids for row in rows], left=True)
    completion_ids, completion_mask = _pad([row.response_ids for row in rows], left=False)
    inputs = {
        "prompt_ids": prompt_ids,
        "prompt_mask": prompt_mask,
        "completion_ids": completion_ids,
        "completion_mask": completion_mask,
        "advantages": torch.from_numpy(Grpo(settings).estimate(groups, np.zeros(0)).advantages).float(),
        "old_per_token_logps": _pad_floats([_on_response(_model(), row) for row in rows]),
        "ref_per_token_logps": _pad_floats([_on_response(_reference(), row) for row in rows]),
        "num_items_in_batch": completion_mask.sum(),
    }
    trainer = _trl_trainer(model, folder)
    # Given to its constructor, the coefficient would make it load a reference model from a folder.
    trainer.beta = settings.kl_coefficient
    trainer.current_gradient_accumulation_steps = 1
    # The trainer counts what `steps_per_generation` batches hold; these rows are all of one.
    trainer.args.steps_per_generation = 1
    trainer.model.train()
    trainer.model.zero_grad()
    loss = trainer.compute_loss(trainer.model, inputs)
    torch.autograd.backward(loss)
    return float(loss.detach())


def _relative_difference(ours: LlamaForCausalLM, theirs: LlamaForCausalLM) -> float:
    """Return the norm of the difference of the two gradients, as a share of the second one's."""
    expected = {name: parameter.grad for name, parameter in theirs.named_parameters()}
    found = {name: parameter.grad for name, parameter in ours.named_parameters()}
    assert found.keys() == expected.keys()
    norm = torch.cat([gradient.flatten() for gradient in expected.values()]).norm()
    assert norm > 0.01
    return float(torch.cat([(found[name] - expected[name]).flatten() for name in found]).norm() / norm)


@pytest.mark.parametrize("kl_coefficient", [0.0, KL])
@pytest.mark.parametrize("epochs", [1, 2])
def test_loss_and_gradient_are_those_of_trl(kl_coefficient: float, epochs: int, tmp_path: Path) -> None:
    assert version("trl").startswith("1.16."), "its loss moves between releases: compare again"
    groups = _groups()
    ours, metrics = _learn(groups, _settings(kl_coefficient, epochs))
    # TRL's gradient is taken where the last step began.
    theirs = _model() if epochs == 1 else _learn(groups, _settings(kl_coefficient, epochs=1))[0]
    loss = _trl_loss(theirs, groups, _settings(kl_coefficient, epochs), tmp_path)
    if epochs == 1:
        assert metrics["loss"] == pytest.approx(loss, rel=1e-5, abs=1e-6)
    else:
        assert metrics["clip_fraction"] > 0
    assert _relative_difference(ours, theirs) <= 1e-5
