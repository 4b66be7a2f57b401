"""Supervised fine-tuning before reinforcement learning, by TRL's SFTTrainer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from memdojo.agents.language.network import PolicyNetwork
from memdojo.errors import DivergenceError
from memdojo.settings import seed_of_32_bits

from ...config.language import WarmStartConfig
from .demonstrations import Example

NO_LABEL = -100
"""What TRL puts in the place of a token that is not learned."""


class _ReplyTrainer(SFTTrainer):  # type: ignore[misc]  # trl is not typed.
    """Sends nothing but what predicts a reply through the output head, on a CPU too.

    There TRL scores every token of the prompts as well and then leaves them out, which with a vocabulary of
    32,000 takes ten times as long as all the rest of a step of a small model.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._network = PolicyNetwork(self.model)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the mean loss of a reply's tokens."""
        token_ids = inputs["input_ids"]
        # TRL adds what a mixture of experts pays for its routing.
        if token_ids.is_cuda or self.aux_loss_enabled or return_outputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        labels = inputs["labels"][:, 1:]
        in_reply = labels != NO_LABEL
        places = torch.nn.functional.pad(in_reply, (0, 1)).flatten().nonzero().squeeze(1)
        # Padding is on the right, where no token of a reply looks.
        with self.accelerator.autocast():
            scores = self._network(token_ids, places, labels[in_reply], prompt_ends=places[:0])
        num_tokens = in_reply.sum() if num_items_in_batch is None else num_items_in_batch
        return -scores.log_probs.sum() / num_tokens


def fine_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    config: WarmStartConfig,
    *,
    device: str,
    bfloat16: bool,
    seed: int,
    report: Callable[[int, float], None],
) -> float:
    """Train a model on the replies of examples, in place, and return the mean loss of the last steps.

    Args:
        model: Trained as a whole. In float32: bfloat16 would round away steps as small as those of a
            pre-trained model.
        tokenizer: Its tokenizer.
        examples: At least one.
        config: Steps, batch size and learning rate, which falls linearly to 0 after a short rise.
        device: `cpu`, or `cuda`.
        bfloat16: Whether matrices are multiplied in it.
        seed: Orders the examples.
        report: Called now and then with the step and its loss.

    Raises:
        DivergenceError: If the loss is no longer finite.
    """
    disable_progress_bars()
    data = Dataset.from_dict(
        {
            "input_ids": [[*each.prompt_ids, *each.reply_ids] for each in examples],
            "completion_mask": [[0] * len(each.prompt_ids) + [1] * len(each.reply_ids) for each in examples],
        }
    )
    losses: list[float] = []

    class _Watch(TrainerCallback):  # type: ignore[misc]  # transformers is not typed.
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            if logs and "loss" in logs:
                losses.append(float(logs["loss"]))
                report(state.global_step, losses[-1])

    with tempfile.TemporaryDirectory() as folder:
        trainer = _ReplyTrainer(
            model=model,
            args=SFTConfig(
                output_dir=folder,
                max_steps=config.num_steps,
                per_device_train_batch_size=config.batch_size,
                learning_rate=config.learning_rate,
                lr_scheduler_type="linear",
                warmup_steps=max(1, config.num_steps // 20),
                completion_only_loss=True,
                max_length=None,
                logging_steps=max(1, min(10, config.num_steps // 5)),
                report_to="none",
                trust_remote_code=False,
                save_strategy="no",
                disable_tqdm=True,
                use_cpu=device == "cpu",
                bf16=bfloat16,
                gradient_checkpointing=False,
                train_sampling_strategy="random",
                seed=seed_of_32_bits(seed),
            ),
            train_dataset=data,
            processing_class=tokenizer,
            callbacks=[_Watch()],
        )
        # What it prints goes to `report` instead.
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    last = float(np.mean(losses[-3:]))
    if not (np.isfinite(last) and all(bool(torch.isfinite(weight).all()) for weight in model.parameters())):
        raise DivergenceError(
            f"the warm start ended with loss {last}; start anew with a lower warm_start.learning_rate."
        )
    return last
